"""Clients that send prepared requests as fast as they are answered, and check each answer.

Meant for a process of its own. All that happens in it per request is to find the status and the
end of an answer, so that one core can keep a service busy that has several.
"""

import asyncio
import gc
import itertools
import json
import math
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import uvloop

from benchmarks.loadgen import percentile

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "
RETRY_AFTER = b"retry-after: "


@dataclass(frozen=True)
class Request:
    """What goes over the wire; where there is a tail, a fresh key stands between the two."""

    head: bytes
    tail: bytes = b""


@dataclass(frozen=True)
class Plan:
    """So many clients for so long. Each request is sent once, unless they may be repeated."""

    host: str
    port: int
    requests: Sequence[Request]
    expected: int
    clients: int = 16
    seconds: float = math.inf
    repeated: bool = True


@dataclass
class Outcome:
    """What the clients saw; the times are of the expected answers, in seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    lost: int = 0
    seconds: float = 0
    cpu: float = 0
    # The first answer that nobody expected, to tell what went wrong.
    surprise: str = ""

    @property
    def answers(self) -> int:
        return self.statuses.total()

    @property
    def unexpected(self) -> int:
        return self.answers - len(self.times)

    def slowest(self, share: float) -> float:
        return percentile(self.times, share)


def request(
    method: str, path: str, *, token: str = "", body: Any = None, keyed: bool = False
) -> Request:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    content = "" if body is None else json.dumps(body, separators=(",", ":"))
    if body is not None:
        lines += ["Content-Type: application/json"]
    if method != "GET":
        lines += [f"Content-Length: {len(content)}"]
    if not keyed:
        return Request("\r\n".join([*lines, "", content]).encode())
    head = "\r\n".join([*lines, "Idempotency-Key: "])
    return Request(head.encode(), f"\r\n\r\n{content}".encode())


def drive(plan: Plan) -> Outcome:
    """Blocks until the time is over or all requests are answered."""
    gc.disable()
    try:
        return uvloop.run(_drive(plan))
    finally:
        gc.enable()


async def _drive(plan: Plan) -> Outcome:
    loop = asyncio.get_running_loop()
    run = _Run(plan)
    clients = [_Client(run) for _ in range(plan.clients)]
    for client in clients:
        await loop.create_connection(partial(_itself, client), plan.host, plan.port)
    cpu = time.process_time()
    run.begin()
    for client in clients:
        client.send_next()
    await asyncio.gather(*(client.done for client in clients))
    outcome = run.outcome
    outcome.cpu = time.process_time() - cpu
    outcome.seconds = run.last - run.began
    return outcome


def _itself(client: "_Client") -> "_Client":
    return client


class _Run:
    """What the clients of a plan share."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.outcome = Outcome()
        self.began = self.last = 0.0
        self._until = 0.0
        self._requests = itertools.cycle(plan.requests) if plan.repeated else iter(plan.requests)
        self._keys = _keys()

    def begin(self) -> None:
        self.began = self.last = time.perf_counter()
        self._until = self.began + self.plan.seconds

    def next(self, now: float) -> bytes | None:
        if now >= self._until:
            return None
        following = next(self._requests, None)
        if following is None:
            return None
        if not following.tail:
            return following.head
        return b"".join((following.head, next(self._keys), following.tail))

    def note(self, status: int, answer: bytes, started: float, now: float) -> None:
        self.last = now
        self.outcome.statuses[status] += 1
        if status == self.plan.expected:
            self.outcome.times.append(now - started)
        elif not self.outcome.surprise:
            self.outcome.surprise = answer[-500:].decode(errors="replace")


def _keys() -> Iterator[bytes]:
    """Keys that nobody used before, cheaper than random ones each."""
    run = secrets.token_hex(8)
    return (f"{run}-{number}".encode() for number in itertools.count())


class _Client(asyncio.Protocol):
    """One connection; its next request follows on the answer to the last one."""

    def __init__(self, run: _Run) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._run = run
        self._transport: Any = None
        self._buffer = b""
        self._started = 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def send_next(self) -> None:
        now = time.perf_counter()
        following = self._run.next(now)
        if following is None:
            self._end()
            return
        self._started = now
        self._transport.write(following)

    def data_received(self, data: bytes) -> None:
        answer = self._buffer + data if self._buffer else data
        end = answer.find(HEAD_END)
        if end < 0 or len(answer) < end + len(HEAD_END) + _number(answer, LENGTH, end):
            self._buffer = answer
            return
        self._buffer = b""
        status = int(answer[9:12])
        self._run.note(status, answer, self._started, time.perf_counter())
        if status == 503:  # As it was asked to.
            wait = _number(answer, RETRY_AFTER, end)
            asyncio.get_running_loop().call_later(wait, self.send_next)
            return
        self.send_next()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self._run.outcome.lost += 1
            self._end()

    def _end(self) -> None:
        self.done.set_result(None)
        self._transport.close()


def _number(answer: bytes, name: bytes, end: int) -> int:
    """A header that is a number; the service writes their names in lower case."""
    at = answer.find(name, 0, end)
    if at < 0:
        return 0
    at += len(name)
    stop = answer.find(b"\r", at)
    return int(answer[at:stop])
