"""What one connection may take: bytes for a head, time to say it, time to hear the answer.

A request meets the middleware once its head is there. What comes before that, and what is left to
be sent after it, is bounded here: uvicorn bounds neither with the parser that it uses.
"""

import asyncio
import logging
import secrets
import sys
from contextlib import suppress
from typing import Any

from fastapi import Request
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from core.http.kinds import AMBIGUOUS, HEADERS_TOO_LARGE, REQUEST_TIMEOUT, Kind
from core.http.problems import problem

try:
    import fcntl
    import termios
except ImportError:
    # Of Python on Windows.
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger("nexticket.connections")

_TOO_MANY = Kind(503, "service_busy", "Too many connections")


class TooLargeError(Exception):
    """A head that is complete, and larger than heads may be."""


class BoundedProtocol(HttpToolsProtocol):
    """Cuts off who says too much before the point, is too slow at it, or does not listen."""

    # nginx passes on as much, as it is set up in deploy/.
    max_head_bytes = 16_384
    # What stands around a body in chunks, and behind it.
    max_framing_bytes = 262_144
    # Within so long a connection has a request, and a request its head.
    head_seconds = 10.0
    # Of an answer that waits to be read, so much is read in such a time: 3 kB a second.
    unread_bytes, unread_seconds = 32_768, 10.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # uvicorn would answer requests on connections that are there, and let all others wait.
        self._max_connections, self.limit_concurrency = self.limit_concurrency, None
        # What came since the last request began, its body left out.
        self._bytes_outside = 0
        self._patience: asyncio.TimerHandle | None = None
        self._hearing: asyncio.TimerHandle | None = None
        self._has_heard = False

    # What uvicorn calls. It happens with each request, and so it does next to nothing.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._max_connections is not None and len(self.connections) > self._max_connections:
            detail = f"There are {self._max_connections} already."
            self._refuse(_TOO_MANY, detail, {"Retry-After": "1"})
        else:
            self._begin_patience()

    def data_received(self, data: bytes) -> None:
        self._bytes_outside += len(data)
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._judge_waiting()
        else:
            self._judge_work()

    def on_headers_complete(self) -> None:
        if self._bytes_outside > self.max_head_bytes and self._head_size() > self.max_head_bytes:
            raise TooLargeError
        self._bytes_outside = 0
        super().on_headers_complete()
        # uvicorn would add trailers to the headers of a request that was judged by its head.
        self.headers = []

    def on_body(self, body: bytes) -> None:
        self._bytes_outside -= len(body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        self._bytes_outside = 0
        super().on_response_complete()
        if self.transport.is_closing():
            self._begin_hearing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own words
        if self._bytes_outside > self.max_head_bytes:
            self._refuse_head()
        else:
            self._refuse(AMBIGUOUS, "What was sent is not HTTP.")

    def pause_writing(self) -> None:
        super().pause_writing()
        self._begin_hearing()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._has_heard = True

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._begin_hearing()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._patience, self._hearing):
            if timer is not None:
                timer.cancel()
        # uvicorn would go on waiting for the next request of a connection that was reset.
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    # Before a request.

    def _judge_waiting(self) -> None:
        """Bytes came, and no request has begun by them; more of them are no reason to wait."""
        if self.transport.is_closing():
            return
        if self._bytes_outside > self.max_head_bytes:
            self._refuse_head()
        elif self._patience is None:
            self._begin_patience()

    def _judge_work(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if self._bytes_outside > self.max_framing_bytes:
            # An answer may have begun, so that another one would stand in the middle of it.
            self._cut("framing is larger than bodies need")

    def _begin_patience(self) -> None:
        self._patience = self.loop.call_later(self.head_seconds, self._end_patience)

    def _end_patience(self) -> None:
        self._patience = None
        if self.transport.is_closing():
            return
        if self._bytes_outside > 0:
            self._refuse(REQUEST_TIMEOUT, "The request did not arrive in time.")
        else:
            self.transport.close()
            self._begin_hearing()

    def _head_size(self) -> int:
        # Four bytes stand around each header.
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _refuse_head(self) -> None:
        self._refuse(HEADERS_TOO_LARGE, f"They have at most {self.max_head_bytes} bytes.")

    def _refuse(self, kind: Kind, detail: str, headers: dict[str, str] | None = None) -> None:
        """Answer what never becomes a request, and hang up."""
        request_id = secrets.token_hex(8)
        scope = {"type": "http", "path": "", "headers": [], "root_path": self.root_path}
        request = Request({**scope, "state": {"request_id": request_id}})
        headers = {"X-Request-ID": request_id, "Connection": "close", **(headers or {})}
        answer = problem(request, kind, detail, headers=headers)
        lines = (b"%b: %b\r\n" % header for header in answer.raw_headers)
        body = bytes(answer.body)
        self.transport.write(b"".join([STATUS_LINE[kind.status], *lines, b"\r\n", body]))
        self.transport.close()
        self._begin_hearing()
        logger.info("refused", extra={"code": kind.code, "request_id": request_id})

    # After an answer.

    def _begin_hearing(self) -> None:
        """Give the caller time to read what is written but not sent."""
        if self._hearing is None:
            self._has_heard = False
            unread = self._unread()
            self._hearing = self.loop.call_later(self.unread_seconds, self._end_hearing, unread)

    def _end_hearing(self, unread_before: int) -> None:
        self._hearing = None
        if not self.transport.get_write_buffer_size():
            return
        if self._has_heard or unread_before - self._unread() >= self.unread_bytes:
            self._begin_hearing()
        else:
            self._cut("the answer is not read")

    def _unread(self) -> int:
        """What waits here, and in the kernel, which takes more only in large pieces."""
        waiting = self.transport.get_write_buffer_size()
        connected = self.transport.get_extra_info("socket")
        if fcntl is not None:
            with suppress(OSError):
                said = fcntl.ioctl(connected.fileno(), termios.TIOCOUTQ, bytes(4))
                waiting += int.from_bytes(said, sys.byteorder)
        return waiting

    def _cut(self, reason: str) -> None:
        logger.info("cut off", extra={"reason": reason})
        self.transport.abort()
