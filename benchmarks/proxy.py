"""Counts statements and round trips: stands between a service and its PostgreSQL.

The server ends each statement with CommandComplete and each answer with ReadyForQuery, whatever
the driver calls its requests. So any release can be counted, and pipelines as well.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

STATEMENT, ROUND_TRIP = ord("C"), ord("Z")
# A message's kind, and its length, which counts itself but not the kind.
_HEAD = 5
_CHUNK = 65_536


@dataclass
class Messages:
    """The kinds of the messages in a stream that arrives in pieces."""

    counts: Counter[int] = field(default_factory=Counter)
    _rest: bytes = b""

    def feed(self, data: bytes) -> None:
        data = self._rest + data
        at = 0
        while len(data) >= at + _HEAD:
            end = at + 1 + int.from_bytes(data[at + 1 : at + _HEAD], "big")
            if len(data) < end:
                break
            self.counts[data[at]] += 1
            at = end
        self._rest = data[at:]


@dataclass(frozen=True)
class Counts:
    statements: int
    round_trips: int

    def since(self, before: "Counts") -> "Counts":
        return Counts(self.statements - before.statements, self.round_trips - before.round_trips)


class Proxy:
    """Its connections must not be encrypted: it reads along."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._streams: list[Messages] = []

    @property
    def counts(self) -> Counts:
        kinds = sum((stream.counts for stream in list(self._streams)), Counter[int]())
        return Counts(kinds[STATEMENT], kinds[ROUND_TRIP])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        above, below = await asyncio.open_connection(*self._target)
        messages = Messages()
        self._streams.append(messages)
        await asyncio.gather(_pass(reader, below), _pass(above, writer, messages))


async def _pass(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, messages: Messages | None = None
) -> None:
    try:
        with suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                if messages is not None:
                    messages.feed(data)
                writer.write(data)
                await writer.drain()
    finally:
        writer.close()


@contextmanager
def listening(host: str, port: int) -> Iterator[tuple[Proxy, int]]:
    """A proxy before a server, and its port, in a thread that ends with the block."""
    proxy = Proxy(host, port)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    starting = asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result()
    try:
        yield proxy, server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # A socket is closed in the turn of the loop after its stream.
    await asyncio.sleep(0)
