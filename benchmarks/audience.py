"""Listeners in a process of their own: they hear what a service tells, and count it."""

import asyncio
import gc
import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import uvloop

START_SECONDS = 120
_EVENT = b"\nevent: "


@dataclass(frozen=True)
class Heard:
    """By all of them together, since they were asked before."""

    # Events, and in how many pieces they came.
    events: int
    pieces: int
    # Who still listens.
    listening: int


class Audience:
    """Speaks with the process of the listeners."""

    def __init__(self, line: "Connection[str, Heard]") -> None:
        self._line = line

    def heard(self) -> Heard:
        self._line.send("heard")
        return self._line.recv()


@contextmanager
def audience(host: str, port: int, paths: Sequence[str]) -> Iterator[Audience]:
    """A listener for each path, all of which have heard something by now."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_listen, args=(there, host, port, paths), daemon=True)
    process.start()
    there.close()
    try:
        if not here.poll(START_SECONDS):
            raise RuntimeError("not everybody could listen")
        here.recv()
        yield Audience(here)
    finally:
        process.terminate()
        process.join()
        here.close()


def _listen(line: "Connection[Heard, str]", host: str, port: int, paths: Sequence[str]) -> None:
    gc.disable()
    # A listener is an open file.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(_listen_on(line, host, port, paths))


async def _listen_on(
    line: "Connection[Heard, str]", host: str, port: int, paths: Sequence[str]
) -> None:
    loop = asyncio.get_running_loop()
    room = _Room(len(paths))
    for path in paths:
        await loop.create_connection(partial(_Listener, room, host, path), host, port)
    await room.all_hear.wait()
    line.send(room.take())

    def answer() -> None:
        line.recv()
        line.send(room.take())

    loop.add_reader(line.fileno(), answer)
    # Until the process is ended.
    await loop.create_future()


class _Room:
    def __init__(self, expected: int) -> None:
        self.events = self.pieces = self.listening = 0
        self.all_hear = asyncio.Event()
        self._expected = expected

    def take(self) -> Heard:
        heard = Heard(self.events, self.pieces, self.listening)
        self.events = self.pieces = 0
        return heard

    def begin(self) -> None:
        self.listening += 1
        if self.listening == self._expected:
            self.all_hear.set()


class _Listener(asyncio.Protocol):
    def __init__(self, room: _Room, host: str, path: str) -> None:
        self._room = room
        self._request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        self._hears = False

    def connection_made(self, transport: Any) -> None:
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        events = data.count(_EVENT)
        if events and not self._hears:
            self._hears = True
            self._room.begin()
        elif events:
            self._room.events += events
            self._room.pieces += 1

    def connection_lost(self, _error: Exception | None) -> None:
        if self._hears:
            self._room.listening -= 1
