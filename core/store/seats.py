"""Who may work with the database at once, in which thread, and how long the others wait.

A seat is a thread. There are as many as there are connections, so that nobody waits for a
connection while keeping a thread from others; and each waits for its next work by itself, which
costs half of what handing work to the event loop's own threads does.
"""

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from queue import SimpleQueue
from typing import Any, TypeVar

from core import deadline
from core.errors import BusyError, DatabaseUnavailableError, StoppingError, UnavailableError

T = TypeVar("T")
Work = Callable[[], Any]


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
        belongings: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        # What a thread has with it for as long as it is a seat.
        self._belongings = belongings
        self._timeout = timeout
        self._max_waiting = max_waiting
        self._unmade = size
        self._seats: list[_Seat] = []
        # The one that was left last is taken first: what it needs is still at hand.
        self._free: list[_Seat] = []
        self._waiting: deque[asyncio.Future[_Seat]] = deque()
        self._is_closed = False
        self._is_away = False

    @property
    def taken(self) -> int:
        return len(self._seats) - len(self._free)

    async def run(self, work: Callable[[], T]) -> T:
        # Time spent in the queue is not given to the work once more.
        with deadline.within(self._timeout):
            seat = self._take() or await self._queue()
            result: T = await seat.do(lambda: self._watched(work), self._leave)
            return result

    def refuse_newcomers(self) -> None:
        """Send away who waits and who comes; who has a seat keeps it."""
        self._is_closed = True
        for turn in self._waiting:
            self._send_away(turn)

    def close(self) -> None:
        """Wait for what is being done, and end the threads."""
        self.refuse_newcomers()
        for seat in self._seats:
            seat.end()
        for seat in self._seats:
            seat.thread.join(self._timeout)

    def _take(self) -> "_Seat | None":
        if self._is_closed:
            raise StoppingError
        if self._free:
            return self._free.pop()
        if not self._unmade:
            return None
        self._unmade -= 1
        seat = _Seat(self._belongings)
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
    """A thread that does one work after another."""

    def __init__(self, belongings: Callable[[], AbstractContextManager[None]]) -> None:
        self._belongings = belongings
        self._works: SimpleQueue[Work | None] = SimpleQueue()
        # What is abandoned when the process ends changes nothing: it was not committed.
        self.thread = threading.Thread(target=self._serve, name="database", daemon=True)
        self.thread.start()

    async def do(self, work: Work, leave: Callable[["_Seat"], None]) -> Any:
        """Do the work; the seat is left when it is done, even if nobody waits for it any more."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        context = contextvars.copy_context()

        def told(result: Any, error: BaseException | None) -> None:
            leave(self)
            if answer.done():
                return
            if error is None:
                answer.set_result(result)
            else:
                answer.set_exception(error)

        def serve() -> None:
            result: Any = None
            failure: BaseException | None = None
            try:
                result = context.run(work)
            except StopIteration as error:
                # No future takes it, so that nobody would ever hear of the end.
                failure = RuntimeError(f"work ended by {error!r}")
            except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                failure = error
            loop.call_soon_threadsafe(told, result, failure)

        self._works.put(serve)
        return await answer

    def end(self) -> None:
        self._works.put(None)

    def _serve(self) -> None:
        with self._belongings():
            while (work := self._works.get()) is not None:
                work()
