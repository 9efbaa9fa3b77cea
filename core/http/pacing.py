"""Keeps the event loop free to look around, however many requests arrive at once."""

import asyncio
import gc
from collections import deque

from starlette.types import ASGIApp, Receive, Scope, Send

from core.http.middleware import route_path

# Who asks these wants to know whether we live, most of all when many others ask us for work.
_AHEAD = frozenset({"/health", "/health/ready"})


def leave_startup_alone() -> None:
    """Take what the start has made out of the garbage collector's rounds.

    It is in use until the end. Looking through it stops every thread for a tenth of a second,
    again and again, and finds nothing.
    """
    gc.collect()
    gc.freeze()


class PacingMiddleware:
    """Lets one request in per turn of the event loop.

    A crowd that was told to come back in a second comes at the same moment. Each of them costs a
    millisecond before it first waits for anything, and all of them would be begun in a row.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        # Whether somebody was let in in this turn.
        self._is_taken = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and route_path(scope) not in _AHEAD:
            await self._turn()
        await self.app(scope, receive, send)

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        if not self._is_taken:
            self._is_taken = True
            loop.call_soon(self._let_one_in, loop)
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _let_one_in(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_taken = bool(self._waiting)
        if not self._is_taken:
            return
        turn = self._waiting.popleft()
        if not turn.done():
            turn.set_result(None)
        # In the next turn: before it, the loop looks for what else has come.
        loop.call_soon(self._let_one_in, loop)
