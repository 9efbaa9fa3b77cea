"""Who may work with the database at once, where, and how long the others wait.

There are as many seats as connections, so that nobody waits for a connection while keeping a thread
from others.

What mostly waits for a server is done in the thread of the event loop, as a strand: to hand it to
another thread and to take turns with that at the interpreter costs as much as half of a read.
What computes for long, or keeps its thread waiting as SQLite does, has a thread of the seat's own.
"""

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Protocol, TypeVar

from core import deadline
from core.errors import BusyError, DatabaseUnavailableError, StoppingError, UnavailableError
from core.store.strands import Outcome, Strand, Work

T = TypeVar("T")


class Kept(Protocol):
    """What a seat keeps from one work to the next; each work is done within."""

    def __enter__(self) -> object: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> object: ...

    def give_back(self) -> None: ...


class WorkThread(Protocol):
    """Does works elsewhere than in the thread of the event loop."""

    def do(self, work: Work, told: Callable[[Outcome], None]) -> None: ...

    def send_away(self, reason: UnavailableError) -> None:
        """Have who waits to be begun hear that it is not."""

    def end(self) -> None:
        """Do no more than what was given by now."""

    def join(self, timeout: float) -> None: ...


class Seating:
    """Lets in as many as there are seats, the others in the order they came.

    All but the work itself happens in the thread of the event loop.
    """

    def __init__(
        self,
        size: int,
        *,
        timeout: float,
        max_waiting: int,
        keep: Callable[[], Kept],
        in_loop: bool,
        works_in: Callable[[], WorkThread] | None = None,
    ) -> None:
        self._keep = keep
        self._works_in = works_in or Thread
        self._in_loop = in_loop
        self._timeout = timeout
        self._max_waiting = max_waiting
        self._unmade = size
        self._seats: list[_Seat] = []
        # The one that was left last is taken first: what it needs is still at hand.
        self._free: list[_Seat] = []
        self._waiting: deque[asyncio.Future[_Seat]] = deque()
        self._emptied: asyncio.Future[None] | None = None
        self._is_closed = False
        self._is_away = False

    @property
    def taken(self) -> int:
        return len(self._seats) - len(self._free)

    async def run(self, work: Callable[[], T], *, is_long: bool = False) -> T:
        """``is_long`` is what computes for more than some milliseconds at a time."""
        # Time spent in the queue is not given to the work once more.
        with deadline.within(self._timeout):
            seat = self._take() or await self._queue()
            in_loop = self._in_loop and not is_long
            watched = partial(self._watched, work)
            result: T = await seat.do(watched, self._leave, in_loop=in_loop)
            return result

    def refuse_newcomers(self) -> None:
        """Send away who waits and who comes; who has a seat keeps it."""
        self._is_closed = True
        for turn in self._waiting:
            self._send_away(turn)
        for seat in self._seats:
            seat.send_away(self._reason())

    async def emptied(self) -> None:
        """Wait for what is being done."""
        if self.taken:
            self._emptied = asyncio.get_running_loop().create_future()
            await self._emptied

    def close(self) -> None:
        """Let what is being done in threads come to its end, and all else end now."""
        self.refuse_newcomers()
        for seat in self._seats:
            seat.end()
        for seat in self._seats:
            seat.join(self._timeout)

    def _take(self) -> "_Seat | None":
        if self._is_closed:
            raise StoppingError
        if self._free:
            return self._free.pop()
        if not self._unmade:
            return None
        self._unmade -= 1
        seat = _Seat(self._keep(), self._works_in)
        self._seats.append(seat)
        return seat

    async def _queue(self) -> "_Seat":
        if len(self._waiting) >= self._max_waiting:
            raise self._reason()
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[_Seat] = loop.create_future()
        self._waiting.append(turn)
        end = loop.call_later(deadline.remaining(), self._send_away, turn)
        try:
            return await turn
        except (asyncio.CancelledError, UnavailableError):
            self._forget(turn)
            raise
        finally:
            end.cancel()

    def _send_away(self, turn: "asyncio.Future[_Seat]") -> None:
        if not turn.done():
            turn.set_exception(self._reason())

    def _forget(self, turn: "asyncio.Future[_Seat]") -> None:
        """Somebody waits no more; a seat that was just given is given on."""
        if turn in self._waiting:
            self._waiting.remove(turn)
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self._leave(turn.result())

    def _leave(self, seat: "_Seat") -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(seat)
                return
        self._free.append(seat)
        if self._emptied is not None and not self.taken and not self._emptied.done():
            self._emptied.set_result(None)

    def _reason(self) -> UnavailableError:
        """Why there is no seat."""
        if self._is_closed:
            return StoppingError()
        return DatabaseUnavailableError() if self._is_away else BusyError()

    def _watched(self, work: Callable[[], T]) -> T:
        """Remembers whether the database was there: who has a seat finds out for who waits."""
        is_away = False
        try:
            return work()
        except DatabaseUnavailableError:
            is_away = True
            raise
        finally:
            self._is_away = is_away


class _Seat:
    """Does one work after another, and has with it what it keeps from one to the next."""

    def __init__(self, kept: Kept, works_in: Callable[[], WorkThread]) -> None:
        self._kept = kept
        self._works_in = works_in
        self._thread: WorkThread | None = None
        self._strand: Strand | None = None

    async def do(self, work: Work, leave: Callable[["_Seat"], None], *, in_loop: bool) -> Any:
        """Do the work; the seat is left when it is done, even if nobody waits for it any more."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def serve() -> Any:
            with self._kept:
                return work()

        def told(outcome: Outcome) -> None:
            self._strand = None
            leave(self)
            outcome.tell(answer)

        if in_loop:
            self._strand = Strand(serve, told, self._in_thread)
            self._strand.start()
        else:
            self._in_thread(partial(contextvars.copy_context().run, serve), told)
        return await answer

    def send_away(self, reason: UnavailableError) -> None:
        """Not, if what is done here has begun."""
        if self._thread is not None:
            self._thread.send_away(reason)

    def end(self) -> None:
        """Wait for nothing more."""
        if self._strand is not None:
            self._strand.abandon()
        if self._thread is not None:
            self._thread.end()

    def join(self, timeout: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout)
        self._kept.give_back()

    def _in_thread(self, work: Work, told: Callable[[Outcome], None]) -> None:
        self._thread = self._thread or self._works_in()
        self._thread.do(work, told)


class Thread:
    """A seat's own: does one work after another; made by the first that needs it."""

    def __init__(self) -> None:
        self._works: SimpleQueue[Work | None] = SimpleQueue()
        # What is abandoned when the process ends changes nothing: it was not committed.
        self._thread = threading.Thread(target=self._serve, name="database", daemon=True)
        self._thread.start()

    def do(self, work: Work, told: Callable[[Outcome], None]) -> None:
        loop = asyncio.get_running_loop()
        self._works.put(lambda: loop.call_soon_threadsafe(told, Outcome.of(work)))

    def send_away(self, _reason: UnavailableError) -> None:
        """Nobody waits: whoever has the seat is alone with it."""

    def end(self) -> None:
        self._works.put(None)

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    def _serve(self) -> None:
        while (work := self._works.get()) is not None:
            work()
