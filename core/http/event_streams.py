"""Answers that go on for as long as their caller listens: server-sent events.

A browser's ``EventSource`` reads them, and asks again when the connection ends. The standard is
https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import Any, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.errors import DomainError
from core.http.hanging_up import hang_up_of
from core.http.problems import responses

logger = logging.getLogger("nexticket.streams")

EVENTS = "text/event-stream"
# What stands between listens for signs of life, and may take half a minute without one for an end.
BEAT_SECONDS = 15.0
# Who takes no more of it for so long is not waited for.
PATIENCE_SECONDS = 10.0
# When a listener whose connection has ended comes back, in milliseconds: not all at once.
_RETRY = range(2_000, 5_000)
_BEAT = b":\n\n"

_HEADERS = {
    "Cache-Control": "no-store",
    # nginx would keep events back until it has a buffer full of them.
    "X-Accel-Buffering": "no",
}


class Source(Protocol):
    """What a stream tells. Whoever has news for it, or ends it, sets its bell."""

    bell: asyncio.Event

    @property
    def is_over(self) -> bool:
        """Whether nothing will follow what was taken by now."""

    def news(self) -> bytes:
        """Events that were not taken yet; of what has changed twice, the newer one."""

    def close(self) -> None: ...


class EventsAnswer(Response):
    """How a stream is declared in the OpenAPI document."""

    media_type = EVENTS


def event(name: str, data: bytes) -> bytes:
    """An event whose data are one line."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


def event_responses(
    *names: str, example: dict[str, str], description: str, errors: Sequence[type[DomainError]]
) -> dict[int | str, dict[str, Any]]:
    """The answers of a stream, for ``responses=`` of its route; the schema is of one event."""
    fields = {"event": {"type": "string", "enum": list(names)}, "data": _JSON, "id": _ID}
    one = {"type": "object", "required": ["event", "data"], "properties": fields}
    content = {EVENTS: {"schema": one, "example": example}}
    return {200: {"description": description, "content": content}, **responses(*errors)}


_JSON = {"type": "string", "contentMediaType": "application/json"}
_ID = {"type": "string", "description": "To be sent back as `Last-Event-ID`."}


class EventStream(EventsAnswer):
    """Sends events when there are any, and a sign of life when there were none for a while.

    What waits for a listener waits in the source. Who does not listen is left without the end of
    the answer, for which the server closes the connection.
    """

    def __init__(
        self,
        source: Source,
        *,
        beat_seconds: float = BEAT_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        super().__init__(headers=_HEADERS, media_type=EVENTS)
        # It has no length.
        del self.headers["content-length"]
        self._source = source
        self._beat_seconds = beat_seconds
        self._patience = patience_seconds
        # Whether something was sent since the last beat.
        self._is_alive = True
        self._beats = False
        self._timer: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._begin_beat()
        try:
            with hang_up_of(receive) as hung_up:
                hung_up.add_done_callback(lambda _: self._source.bell.set())
                await self._send(scope, hung_up, send)
        except TimeoutError:
            logger.info("stream broken off", extra={"reason": "it is not read"})
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._source.close()

    async def _send(self, scope: Scope, hung_up: "asyncio.Task[None]", send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await self._sent(send, start)
        # Who only asked for the head shows by now.
        if scope["method"] != "HEAD":
            retry = b"retry: %d\n\n" % random.choice(_RETRY)
            await self._sent(send, _body(retry + self._source.news()))
            await self._send_news(hung_up, send)
        if not hung_up.done():
            await self._sent(send, _body(b"", more=False))

    async def _send_news(self, hung_up: "asyncio.Task[None]", send: Send) -> None:
        source = self._source
        while not (source.is_over or hung_up.done()):
            await source.bell.wait()
            source.bell.clear()
            piece = source.news() or (_BEAT if self._beats else b"")
            self._beats = False
            if piece and not hung_up.done():
                await self._sent(send, _body(piece))

    async def _sent(self, send: Send, message: dict[str, Any]) -> None:
        self._is_alive = True
        async with asyncio.timeout(self._patience):
            await send(message)

    def _begin_beat(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._beat_seconds, self._beat)

    def _beat(self) -> None:
        self._beats, self._is_alive = not self._is_alive, False
        if self._beats:
            self._source.bell.set()
        self._begin_beat()


def _body(piece: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": piece, "more_body": more}
