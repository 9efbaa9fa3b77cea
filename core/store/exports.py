"""Reading much at length, beside those who sell.

An export may take minutes, and its caller as long to take it. It has a connection, a thread and a
transaction of its own, outside of the seats and their pools, so that it keeps nothing from a sale;
while others are served it rests most of the time, and what nobody takes is not made.
"""

import asyncio
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, suppress
from contextvars import Context
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from sqlmodel import Session

from core import deadline
from core.errors import BusyError, StoppingError
from core.store.seats import Thread

T = TypeVar("T")
Unit = Callable[[Session], Iterator[T]]

# In a process. The database keeps what was changed since each of them began.
AT_ONCE = 2
# The part of its time that an export works while others are served, and the longest rest.
_SHARE = 0.06
_LONGEST_REST = 5
# What the next rows may take to be found; the first ones have the time of a request.
PIECE_SECONDS = 30


class TooManyExportsError(BusyError):
    """Those that are under way may take minutes."""

    retry_after_seconds: ClassVar[int] = 30

    def __init__(self) -> None:
        super().__init__("So many exports are under way; try again later.")


class Exports:
    """Starts exports, so many at once; for the thread of the event loop.

    ``session`` gives each its snapshot, and ``all_ended`` hears when none is under way any more.
    """

    def __init__(
        self,
        session: Callable[[], AbstractContextManager[Session]],
        *,
        seconds: float,
        are_others_served: Callable[[], bool],
        all_ended: Callable[[], None],
    ) -> None:
        self._session = session
        self._seconds = seconds
        self._are_others_served = are_others_served
        self._all_ended = all_ended
        self.under_way = 0
        self._is_closed = False

    async def start(self, unit: Unit[T]) -> "Export[T]":
        """What the unit yields, its first piece made: who can't begin is refused here, in time."""
        if self._is_closed:
            raise StoppingError
        if self.under_way >= AT_ONCE:
            raise TooManyExportsError
        self.under_way += 1
        export = Export(self._made(unit), self._seconds, self._rest_after, self._ended)
        try:
            await export.make_first()
        except BaseException:
            await export.close()
            raise
        return export

    def refuse_newcomers(self) -> None:
        """And break off what is under way: it could take longer than anybody waits for an end."""
        self._is_closed = True

    def _made(self, unit: Unit[T]) -> Generator[T, None, None]:
        """Whoever asks for the pieces is in the export's own thread."""
        with self._session() as session:
            yield from unit(session)

    def _rest_after(self, seconds: float) -> float:
        """How long to rest after so long a work."""
        if self._is_closed:
            raise StoppingError
        if not self._are_others_served():
            return 0
        return min(seconds * (1 / _SHARE - 1), _LONGEST_REST)

    def _ended(self) -> None:
        self.under_way -= 1
        if not self.under_way:
            self._all_ended()


class Export(Generic[T]):
    """Pieces, each made when somebody is ready for it; to be closed."""

    def __init__(
        self,
        made: Generator[T, None, None],
        seconds: float,
        rest_after: Callable[[float], float],
        ended: Callable[[], None],
    ) -> None:
        self._made = made
        self._ends = time.monotonic() + seconds
        self._rest_after = rest_after
        self._ended = ended
        # What is abandoned when the process ends has changed nothing.
        self._thread = Thread()
        # Not the request's, whose deadline is not the export's.
        self._context = Context()
        self._first: list[T] = []

    async def make_first(self) -> None:
        with suppress(StopAsyncIteration):
            self._first.append(await self._make(min(deadline.remaining(), PIECE_SECONDS)))

    def __aiter__(self) -> "Export[T]":
        return self

    async def __anext__(self) -> T:
        return self._first.pop() if self._first else await self._make(PIECE_SECONDS)

    async def close(self) -> None:
        """Also in the midst of it: after the piece that is being made."""
        closed = self._in_thread(self._made.close)
        closed.add_done_callback(lambda _: self._ended())
        self._thread.end()
        await asyncio.shield(closed)

    async def _make(self, seconds: float) -> T:
        begun = time.monotonic()
        if begun > self._ends:
            raise BusyError("The export takes longer than it may.")
        made: T | None = await self._in_thread(partial(_next, self._made, seconds))
        if made is None:
            raise StopAsyncIteration
        if (rest := self._rest_after(time.monotonic() - begun)) > 0:
            await asyncio.sleep(rest)
        return made

    def _in_thread(self, work: Callable[[], Any]) -> "asyncio.Future[Any]":
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._thread.do(partial(self._context.run, work), lambda outcome: outcome.tell(answer))
        return answer


def _next(made: Iterator[T], seconds: float) -> T | None:
    """None: there is no more."""
    with deadline.within(seconds):
        return next(made, None)
