"""Stands in for a payment provider that takes its time, and costs next to nothing meanwhile."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

CRLF = b"\r\n"


class StandIn:
    """Answers all that it is asked with an open payment, after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.waiting = self.most_waiting = 0
        self._numbers = count(1)

    def payment(self) -> bytes:
        number = f"pay_{next(self._numbers)}"
        told: dict[str, Any] = {
            "object": "payment",
            "id": number,
            "status": "open",
            "amount": "10.00",
            "currency": "USD",
            "received": None,
            "amount_refunded": "0.00",
            "error": None,
            "metadata": {},
            "client_secret": f"secret of {number}",
            "publishable_key": "pk",
            "url": f"http://localhost/pay/{number}",
        }
        content = json.dumps(told).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
        return head + str(len(content)).encode() + CRLF * 2 + content


class _Wire(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.Transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(CRLF * 2)
        if not found:
            return
        _, named, rest = head.lower().partition(b"content-length: ")
        if len(body) < (int(rest.partition(CRLF)[0]) if named else 0):
            return
        self._buffer = b""
        stand_in = self._stand_in
        stand_in.waiting += 1
        stand_in.most_waiting = max(stand_in.waiting, stand_in.most_waiting)
        asyncio.get_running_loop().call_later(stand_in.seconds, self._answer)

    def _answer(self) -> None:
        self._stand_in.waiting -= 1
        self._transport.write(self._stand_in.payment())


@contextmanager
def standing_in(seconds: float) -> Iterator[tuple[str, StandIn]]:
    """Its address, while it answers in a thread of its own."""
    stand_in, loop = StandIn(seconds), asyncio.new_event_loop()
    serving = loop.create_server(lambda: _Wire(stand_in), "127.0.0.1", 0)
    server = loop.run_until_complete(serving)
    port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}", stand_in
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()
