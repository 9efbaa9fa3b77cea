"""Reading much at length, beside those who sell.

An export may take minutes, and its caller as long to take it. It has a connection, a thread and a
transaction of its own, outside of the seats and their pools, so that it keeps nothing from a sale;
while others are served it rests most of the time, and what nobody takes is not made.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlmodel import Session

from core import deadline
from core.errors import BusyError, RetryTransaction, StoppingError
from core.money import selling_in
from core.settings import Settings
from core.store.engines import begin_to_read, postgres_engine, sqlite_engine
from core.store.errors import translated
from core.store.exchange import Exchange, PostgresExchange, Preparation
from core.store.open_file import OpenFile
from core.store.postgres_settings import set_in_transaction
from core.store.sqlite_exchange import SqliteExchange

T = TypeVar("T")

# In a process. The database keeps what was changed since each of them began.
AT_ONCE = 2
# The part of its time that an export works while others are served, and the longest rest.
_SHARE = 0.06
_LONGEST_REST = 2
_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Exports:
    """Starts exports, so many at once; for the thread of the event loop."""

    def __init__(
        self,
        settings: Settings,
        file: OpenFile | None,
        preparation: Preparation,
        are_others_served: Callable[[], bool],
    ) -> None:
        # All waits of its connections come from the time that a request has.
        seconds = {"request_timeout_seconds": settings.export_timeout_seconds}
        self._settings = settings.model_copy(update=seconds)
        self._file = file
        self._preparation = preparation
        self._are_others_served = are_others_served
        self._engine: Engine | None = None
        self._under_way = 0
        self._is_closed = False

    async def start(self, unit: Callable[[Session], Iterator[T]]) -> "Export[T]":
        """What the unit yields, its first piece made: who can't begin is refused here."""
        if self._is_closed:
            raise StoppingError
        if self._under_way >= AT_ONCE:
            raise BusyError("So many exports are under way; try again later.")
        self._under_way += 1
        export = Export(self._made(unit), self._rest_after, self._ended)
        try:
            await export.make_first()
        except BaseException:
            await export.close()
            raise
        return export

    def refuse_newcomers(self) -> None:
        """And break off what is under way: it could take longer than anybody waits for an end."""
        self._is_closed = True

    def close(self) -> None:
        self.refuse_newcomers()
        self._dispose()

    def _rest_after(self, seconds: float) -> float:
        """How long to rest after so long a work."""
        if self._is_closed:
            raise StoppingError
        if not self._are_others_served():
            return 0
        return min(seconds * (1 / _SHARE - 1), _LONGEST_REST)

    def _ended(self) -> None:
        self._under_way -= 1
        if not self._under_way:
            # Exports are rare: nothing of the next one is kept at hand.
            self._dispose()

    def _dispose(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    def _made(self, unit: Callable[[Session], Iterator[T]]) -> Iterator[T]:
        """In one snapshot; whoever asks for the pieces is in the export's own thread."""
        settings = self._settings
        bounded, selling = deadline.within(settings.work_seconds), selling_in(settings.currency)
        with bounded, selling, translated(), self._opened().connect() as connection:
            exchange = self._exchange(connection)
            session = Session(exchange.connection)
            exchange.join(session)
            try:
                for piece in unit(session):
                    yield piece
                    if deadline.remaining() < 0:
                        raise BusyError("The export takes longer than it may.")
            except RetryTransaction as error:
                raise BusyError from error
            finally:
                exchange.close()

    def _exchange(self, connection: Connection) -> Exchange:
        settings = self._settings
        if self._file is not None:
            return SqliteExchange(connection, partial(begin_to_read, settings), self._file)
        local = partial(set_in_transaction, settings)
        return PostgresExchange(connection, _SNAPSHOT, local, self._preparation)

    def _opened(self) -> Engine:
        if self._engine is None:
            if self._file is not None:
                self._engine = sqlite_engine(self._settings, self._file, size=AT_ONCE)
            else:
                self._engine = postgres_engine(self._settings, size=AT_ONCE)
        return self._engine


class Export(Generic[T]):
    """Pieces, each made when somebody is ready for it; to be closed."""

    def __init__(
        self, made: Iterator[T], rest_after: Callable[[float], float], ended: Callable[[], None]
    ) -> None:
        self._made = made
        self._rest_after = rest_after
        self._ended = ended
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="export")
        # Not the request's, whose deadline is not the export's.
        self._context = Context()
        self._first: list[T] = []

    async def make_first(self) -> None:
        with suppress(StopAsyncIteration):
            self._first.append(await self._make())

    def __aiter__(self) -> "Export[T]":
        return self

    async def __anext__(self) -> T:
        return self._first.pop() if self._first else await self._make()

    async def close(self) -> None:
        """Also in the midst of it."""
        try:
            await asyncio.shield(self._in_thread(self._made.close))  # type: ignore[attr-defined]
        finally:
            self._thread.shutdown(wait=False)
            self._ended()

    async def _make(self) -> T:
        begun = time.monotonic()
        made = await self._in_thread(partial(next, self._made, None))
        if made is None:
            raise StopAsyncIteration
        if (rest := self._rest_after(time.monotonic() - begun)) > 0:
            await asyncio.sleep(rest)
        return made

    def _in_thread(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._thread, self._context.run, work)
