"""Keeps the event loop free to look around, however many requests arrive at once."""

import asyncio
import gc
from collections import deque
from weakref import WeakKeyDictionary

from starlette.types import ASGIApp, Receive, Scope, Send

from core.http.middleware import route_path

# Who asks these wants to know whether we live, most of all when many others ask us for work.
_AHEAD = frozenset({"/health", "/health/ready"})


# How many objects more make a first round, and how many rounds one of the next kind: of full ones a
# tenth of what Python makes.
_ROUNDS = (700, 10, 100)


def leave_startup_alone() -> None:
    """Take what the start has made out of the garbage collector's rounds.

    It is in use until the end. Looking through it stops every thread for a tenth of a second,
    again and again, and finds nothing.
    """
    gc.collect()
    gc.freeze()
    # A full round looks through all that belongs to requests under way, of which hundreds may wait
    # for a provider, and finds nothing either: the younger ones have found it.
    gc.set_threshold(*_ROUNDS)


class Pace:
    """Lets one in per turn of an event loop, in the order in which they came."""

    def __init__(self) -> None:
        self._doors: WeakKeyDictionary[asyncio.AbstractEventLoop, _Door] = WeakKeyDictionary()

    async def turn(self) -> None:
        loop = asyncio.get_running_loop()
        door = self._doors.get(loop)
        if door is None:
            door = self._doors[loop] = _Door()
        if door.is_taken:
            turn: asyncio.Future[None] = loop.create_future()
            door.waiting.append(turn)
            await turn
        else:
            door.is_taken = True
            loop.call_soon(door.let_one_in, loop)


class _Door:
    __slots__ = ("is_taken", "waiting")

    def __init__(self) -> None:
        # Whether somebody was let in in this turn.
        self.is_taken = False
        self.waiting: deque[asyncio.Future[None]] = deque()

    def let_one_in(self, loop: asyncio.AbstractEventLoop) -> None:
        self.is_taken = bool(self.waiting)
        if not self.is_taken:
            return
        turn = self.waiting.popleft()
        if not turn.done():
            turn.set_result(None)
        # In the next turn: before it, the loop looks for what else has come.
        loop.call_soon(self.let_one_in, loop)


class PacingMiddleware:
    """Lets requests in at that pace.

    A crowd that was told to come back in a second comes at the same moment. Each of them costs a
    millisecond before it first waits for anything, and all of them would be begun in a row.
    """

    def __init__(self, app: ASGIApp, *, pace: Pace) -> None:
        self.app = app
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and route_path(scope) not in _AHEAD:
            await self._pace.turn()
        await self.app(scope, receive, send)
