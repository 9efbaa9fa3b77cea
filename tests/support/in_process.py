"""A client of an application in the tests' own process that crosses over to it once a request.

Starlette's makes a stream of each answer, and for that asks the event loop, in its other thread,
eight times: two milliseconds, where most requests of tests take half of one.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import unquote

import httpx2
from anyio.from_thread import BlockingPortal
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.http.event_streams import EVENTS

Portals = Callable[[], AbstractContextManager[BlockingPortal]]


def without_streams(app: ASGIApp) -> ASGIApp:
    """Who asks for a stream of events hears what it says first, and hangs up: it has no end."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        is_stream = has_hung_up = False

        async def hear(message: Message) -> None:
            nonlocal is_stream, has_hung_up
            if message["type"] == "http.response.start":
                is_stream = any(value.startswith(_STREAM) for _, value in message["headers"])
            elif is_stream:
                message = {**message, "more_body": False}
            if not has_hung_up:
                has_hung_up = is_stream and message["type"] == "http.response.body"
                await send(message)

        await app(scope, receive, hear if scope["type"] == "http" else send)

    return serve


_STREAM = EVENTS.encode()


class InProcess(TestClient):
    """Starlette's in all else: the application's life, cookies, redirects.

    Answers are there as a whole, and of streams what they begin with; what fails in the
    application is raised here.
    """

    def __init__(self, app: ASGIApp, *, base_url: str, client: tuple[str, int]) -> None:
        super().__init__(app, base_url, client=client)
        self._transport = _Transport(app, client, self._portal_factory)


class _Transport(httpx2.BaseTransport):
    def __init__(self, app: ASGIApp, client: tuple[str, int], portals: Portals) -> None:
        self._app = without_streams(app)
        self._client = client
        self._portals = portals

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        exchange = _Exchange(request.read())
        with self._portals() as portal:
            portal.call(self._app, self._scope(request), exchange.receive, exchange.send)
        return httpx2.Response(**exchange.answer(request))

    def _scope(self, request: httpx2.Request) -> Scope:
        url = request.url
        raw_path, _, query = url.raw_path.partition(b"?")
        return {
            "type": "http",
            "http_version": "1.1",
            "method": request.method,
            "path": unquote(url.path),
            "raw_path": raw_path,
            "root_path": "",
            "scheme": url.scheme,
            "query_string": query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": self._client,
            "server": [url.host, url.port or {"http": 80, "https": 443}[url.scheme]],
            "state": {},
        }


class _Exchange:
    """One request and its answer, as the application sees them."""

    def __init__(self, body: bytes) -> None:
        self._to_come: list[Message] = [{"type": "http.request", "body": body}]
        self._start: Message | None = None
        self._body: list[bytes] = []
        self._is_answered = asyncio.Event()

    async def receive(self) -> Message:
        if self._to_come:
            return self._to_come.pop()
        # Nobody hangs up before there is an answer.
        await self._is_answered.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            assert self._start is None, "an answer begins once"
            self._start = message
            return
        assert self._start is not None, "an answer begins before its body"
        self._body.append(bytes(message.get("body", b"")))
        if not message.get("more_body", False):
            self._is_answered.set()

    def answer(self, request: httpx2.Request) -> dict[str, Any]:
        assert self._start is not None, "the application did not answer"
        assert self._is_answered.is_set(), "the answer has no end"
        return {
            "status_code": self._start["status"],
            "headers": list(self._start.get("headers", [])),
            "stream": httpx2.ByteStream(b"" if request.method == "HEAD" else b"".join(self._body)),
            "request": request,
        }
