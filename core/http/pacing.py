"""Keeps the event loop free to look around, however many requests arrive at once."""

import asyncio
import gc
import sys
from collections import deque
from weakref import WeakKeyDictionary

from starlette.types import ASGIApp, Receive, Scope, Send

from core.http.middleware import route_path

# Who asks these wants to know whether we live, most of all when many others ask us for work.
_AHEAD = frozenset({"/health", "/health/ready"})


# How many objects more make a first round, and how many rounds one of the next kind: of full ones a
# tenth of what Python makes.
_ROUNDS = (700, 10, 100)
# A tenth of what Python makes them.
_TURN_SECONDS = 0.0005
_LOOKING = frozenset({"GET", "HEAD"})
_LOOKS_IN_A_ROW = 4


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


def take_short_turns() -> None:
    """Have threads that compute give the interpreter back soon.

    The event loop asks for it again each time it has looked around, and would wait for a turn of
    each thread that wants it: those of SQLite, and of reports.
    """
    sys.setswitchinterval(_TURN_SECONDS)


class Pace:
    """Lets one in per turn of an event loop, in the order in which they came.

    Who only looks comes before who changes something: that takes longer. So that a crowd of those
    who look keeps nobody else out, one of the others is let in after some of them.
    """

    def __init__(self) -> None:
        self._doors: WeakKeyDictionary[asyncio.AbstractEventLoop, _Door] = WeakKeyDictionary()

    async def turn(self, *, only_looks: bool = False) -> None:
        loop = asyncio.get_running_loop()
        door = self._doors.get(loop)
        if door is None:
            door = self._doors[loop] = _Door()
        if door.is_taken:
            turn: asyncio.Future[None] = loop.create_future()
            (door.looking if only_looks else door.changing).append(turn)
            await turn
        else:
            door.is_taken = True
            loop.call_soon(door.let_one_in, loop)


class _Door:
    __slots__ = ("changing", "is_taken", "looked", "looking")

    def __init__(self) -> None:
        # Whether somebody was let in in this turn.
        self.is_taken = False
        self.looking: deque[asyncio.Future[None]] = deque()
        self.changing: deque[asyncio.Future[None]] = deque()
        # How many of those who look were let in one after the other.
        self.looked = 0

    def let_one_in(self, loop: asyncio.AbstractEventLoop) -> None:
        line = self._next_line()
        self.is_taken = bool(line)
        if not line:
            return
        turn = line.popleft()
        if not turn.done():
            turn.set_result(None)
        # In the next turn: before it, the loop looks for what else has come.
        loop.call_soon(self.let_one_in, loop)

    def _next_line(self) -> deque[asyncio.Future[None]]:
        others_wait = bool(self.changing)
        if self.looking and not (others_wait and self.looked >= _LOOKS_IN_A_ROW):
            self.looked += 1
            return self.looking
        self.looked = 0
        return self.changing


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
            await self._pace.turn(only_looks=scope["method"] in _LOOKING)
        await self.app(scope, receive, send)
