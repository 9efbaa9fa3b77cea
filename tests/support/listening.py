"""Somebody who listens to a stream of the application in the tests' own process."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from starlette.types import Message, Scope

from tests.support.service import Service
from tests.support.sockets import PATIENCE
from Ticket.flows.live_stock import LiveStock

_EVENT = re.compile(rb"(?:id: (?P<id>\S+)\n)?event: (?P<name>\S+)\ndata: (?P<data>.+)\n\n")


class Event(NamedTuple):
    name: str
    data: Any
    id: str | None


def events_in(said: bytes) -> list[Event]:
    return [
        Event(found["name"].decode(), json.loads(found["data"]), (found["id"] or b"").decode())
        for found in _EVENT.finditer(said)
    ]


def live_stock(service: Service) -> LiveStock:
    found: LiveStock = service.app.state.live_stock
    return found


def look(service: Service) -> None:
    """The reader's turn, which comes by itself once an hour in tests."""
    assert service.client.portal is not None
    service.client.portal.call(live_stock(service).look)


class Listening:
    """Takes what comes, until it hangs up."""

    def __init__(self, path: str, headers: dict[str, str], address: str) -> None:
        url = urlsplit(path)
        self._scope: Scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": url.path,
            "raw_path": url.path.encode(),
            "root_path": "",
            "scheme": "http",
            "query_string": url.query.encode(),
            "headers": [
                (name.lower().encode(), value.encode("latin-1"))
                for name, value in {"Host": "localhost", **headers}.items()
            ],
            "client": (address, 50000),
            "server": ["localhost", 80],
            "state": {},
        }
        self._heard: Queue[Message] = Queue()
        self._is_asked = False
        self._gone = asyncio.Event()

    async def serve(self, app: Any) -> None:
        await app(self._scope, self._receive, self._send)

    def start(self) -> tuple[int, dict[str, str]]:
        """The status and the headers."""
        message = self._heard.get(timeout=PATIENCE)
        said = {name.decode(): value.decode() for name, value in message["headers"]}
        return message["status"], said

    def piece(self) -> bytes:
        """What comes next; empty at the end."""
        body: bytes = self._heard.get(timeout=PATIENCE)["body"]
        return body

    def events(self) -> list[Event]:
        """The events that come next, together."""
        return events_in(self.piece())

    async def hang_up(self) -> None:
        self._gone.set()

    async def _receive(self) -> Message:
        if not self._is_asked:
            self._is_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self._heard.put(message)


@contextmanager
def listening(
    service: Service,
    path: str,
    headers: dict[str, str] | None = None,
    *,
    address: str = "127.0.0.1",
) -> Iterator[Listening]:
    """Listens as long as the block lasts; what the stream is, is for the caller to look at."""
    portal = service.client.portal
    assert portal is not None
    listener = Listening(path, headers or {}, address)
    served = portal.start_task_soon(listener.serve, service.app)
    try:
        yield listener
    finally:
        portal.call(listener.hang_up)
        served.result(PATIENCE)
