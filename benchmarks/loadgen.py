"""Clients that keep a service busy, cheap enough to share a machine with it.

Each client has one connection and sends its next request when the last one is answered, as the
mix of a shop has it: people look at tickets, some order, some of these pay. Who is answered 503
waits as long as `Retry-After` says.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import uvloop

CRLF = b"\r\n"
# Of a hundred requests; the rest are payments, where there is something to pay.
READS, ORDERS = 60, 30
# The slowest answer that is counted: nothing may take longer than a request may.
PATIENCE = 30


@dataclass(frozen=True)
class Load:
    host: str
    port: int
    clients: int
    seconds: float
    user: int
    tickets: list[int]


@dataclass
class Report:
    """What the clients saw; the times are of answers that are no refusals, in seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    lost: int = 0

    def note(self, status: int, seconds: float) -> None:
        self.statuses[status] += 1
        if status < 400:
            self.times.append(seconds)


def percentile(times: list[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("inf")


def generate(load: Load) -> Report:
    """Blocks until the time is over; meant for a process of its own."""
    return uvloop.run(_generate(load))


async def _generate(load: Load) -> Report:
    report = Report()
    end = time.monotonic() + load.seconds
    clients = (_Client(load, report, seed, end) for seed in range(load.clients))
    await asyncio.gather(*(client.run() for client in clients))
    return report


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[bytes, bytes]


class Wire(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._answer: asyncio.Future[Answer] | None = None

    @classmethod
    async def to(cls, host: str, port: int) -> "Wire":
        _, wire = await asyncio.get_running_loop().create_connection(cls, host, port)
        return wire

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(CRLF * 2)
        if not found:
            return
        status, *lines = head.split(CRLF)
        headers = {name.lower(): value for name, _, value in (x.partition(b": ") for x in lines)}
        if len(rest) < int(headers.get(b"content-length", 0)):
            return
        self._buffer = b""
        if self._answer and not self._answer.done():
            self._answer.set_result(Answer(int(status[9:12]), headers))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError())

    async def ask(self, request: bytes) -> Answer:
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        if self._transport:
            self._transport.close()


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(path: str, body: Any) -> bytes:
    content = json.dumps(body)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n{content}".encode()


class _Client:
    def __init__(self, load: Load, report: Report, seed: int, end: float) -> None:
        self._load = load
        self._report = report
        self._random = random.Random(seed)
        self._end = end
        self._unpaid: list[int] = []
        self._reads = [get(f"/api/tickets/{ticket}") for ticket in load.tickets]

    async def run(self) -> None:
        while time.monotonic() < self._end:
            try:
                await self._shop(await Wire.to(self._load.host, self._load.port))
            except OSError:
                self._report.lost += 1

    async def _shop(self, wire: Wire) -> None:
        try:
            while time.monotonic() < self._end:
                request, done = self._next()
                started = time.monotonic()
                async with asyncio.timeout(PATIENCE):
                    answer = await wire.ask(request)
                self._report.note(answer.status, time.monotonic() - started)
                done(answer)
                if answer.status == 503:
                    await asyncio.sleep(float(answer.headers[b"retry-after"]))
        finally:
            wire.close()

    def _next(self) -> tuple[bytes, Callable[[Answer], object]]:
        dice = self._random.randrange(100)
        if dice < READS:
            return self._random.choice(self._reads), lambda _: None
        if dice < READS + ORDERS or not self._unpaid:
            return self._order(), self._ordered
        payment = {"order_id": self._unpaid.pop(), "payment_method": "card"}
        return post("/api/transactions/", payment), lambda _: None

    def _order(self) -> bytes:
        tickets = self._random.sample(self._load.tickets, self._random.choice((1, 2)))
        items = [{"ticket_id": ticket, "quantity": 1} for ticket in tickets]
        return post("/api/orders/", {"user_id": self._load.user, "items": items})

    def _ordered(self, answer: Answer) -> None:
        if answer.status == 201:
            self._unpaid.append(int(answer.headers[b"location"].rpartition(b"/")[2]))
