"""Engines, sessions, and the owner of every commit.

A request does its database work as one function in one thread, inside one transaction that is
committed before the answer is sent. Who gets a seat for that is decided here: never more than there
are connections, so that nobody waits for the pool while keeping others from it, and nobody waits
longer than a request may take.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import copy_context
from enum import Enum
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, Engine, text
from sqlmodel import Session

from core import deadline
from core.errors import BusyError, DatabaseUnavailableError, RetryTransaction
from core.money import selling_in
from core.settings import Settings
from core.store.connections import Connections
from core.store.currency import claim, currency_problem, is_claimed
from core.store.engines import (
    HEARS_GOODBYE,
    TELLS_OF_WAITING,
    begin_to_read,
    begin_to_write,
    postgres_engine,
    sqlite_engine,
)
from core.store.errors import translated
from core.store.exchange import Begin, Exchange, PostgresExchange, Preparation, exchange_of
from core.store.exports import AT_ONCE, PIECE_SECONDS, Exports
from core.store.fitness import encoding_problem
from core.store.large_reads import expect_large_reads, work_alone
from core.store.open_file import OpenFile
from core.store.postgres_settings import set_for_long, set_in_transaction
from core.store.schema_version import schema_problem
from core.store.seats import Seating, WorkThread
from core.store.sharing import Shared
from core.store.sqlite_exchange import SqliteExchange
from core.store.strands import pause
from core.store.together import Writer
from core.store.turns import require_wal

T = TypeVar("T")
Unit = Callable[[Session], T]

logger = logging.getLogger("nexticket.database")

MAX_ATTEMPTS = 6
# Units that may be with SQLite's one writer at once, which it commits together.
TOGETHER = 64
# Requests that may wait per connection before newcomers are told to come back later.
QUEUE_PER_CONNECTION = 50


class Database:
    """One process's access to the database, from start-up to shutdown.

    ``read``, ``snapshot``, ``probe`` and ``write`` wait for a seat, and keep nothing else of the
    event loop waiting; ``read_now``, ``snapshot_now`` and ``write_now`` work without a seat, while
    their caller waits.
    """

    def __init__(self, settings: Settings, *, schema_is_known: bool = True) -> None:
        self.settings = settings
        self._schema_is_known = schema_is_known
        self._is_sqlite = settings.is_sqlite
        self._preparation = Preparation()
        self.timeout = settings.work_seconds
        size = settings.database_pool_size
        self._file = OpenFile(settings) if self._is_sqlite else None
        if self._file is not None:
            # SQLite has one writer. Queueing for it here is fair; its own busy loop is not.
            self.writer = sqlite_engine(settings, self._file, size=1, writes=True)
            self.reader = sqlite_engine(settings, self._file, size=size)
            self._probe = sqlite_engine(settings, self._file, size=1)
            self._lengthy = sqlite_engine(settings, self._file, size=AT_ONCE)
            self._snapshots = self.reader
        else:
            self.writer = postgres_engine(settings, size=size)
            self.reader = postgres_engine(settings, size=size)
            self._probe = postgres_engine(settings, size=1)
            self._lengthy = postgres_engine(settings, size=AT_ONCE)
            self._snapshots = self.writer
        # SQLite's one writer is as fast as many connections elsewhere: its queue is as long.
        queue = size * QUEUE_PER_CONNECTION
        self._connections: dict[Engine, Connections] = {}
        # What SQLite's one writer commits together; None where each unit has a connection.
        self._writer: Writer | None = None
        if self._file is not None:
            writer = self._writer = Writer(self.writer, self._begins_to_write, self._file)
            # Who may be next with it has a seat, and is one of the queue all the same.
            seats = min(TOGETHER, 1 + queue)
            self._writers = self._seating(self.writer, seats, 1 + queue - seats, lambda: writer)
        else:
            self._writers = self._seating(self.writer, size, queue)
        self._readers = self._seating(self.reader, size, queue)
        self._probers = self._seating(self._probe, 1, queue)
        self._snapshot_readers = self._readers if self._snapshots is self.reader else self._writers
        # What reads much at length; beside all seats.
        self.exports = Exports(
            self._reading_at_length,
            seconds=settings.export_timeout_seconds,
            are_others_served=lambda: self.is_serving,
            # They are rare: nothing of one is kept for the next.
            all_ended=self._lengthy.dispose,
        )

    @property
    def is_serving(self) -> bool:
        """Whether anybody has a seat: what can wait leaves the event loop to them."""
        return bool(self._writers.taken or self._readers.taken)

    async def read(self, unit: Unit[T]) -> T:
        """Run statements that each see their own committed state."""
        return await self._readers.run(lambda: self.read_now(unit))

    async def snapshot(self, unit: Unit[T]) -> T:
        """Run statements that all see the same committed state."""
        return await self._snapshot_readers.run(lambda: self.snapshot_now(unit), is_long=True)

    async def probe(self, unit: Unit[T]) -> T:
        """Read beside all other requests: being busy is no reason to be taken for ill."""
        return await self._probers.run(lambda: self._probed(unit))

    async def write(self, unit: Unit[T]) -> T:
        """Run one transaction and commit it."""
        return await self._writers.run(lambda: self.write_now(unit))

    def read_now(self, unit: Unit[T]) -> T:
        """What :meth:`read` does, in the caller's thread."""
        return self._query(self.reader, unit)

    def snapshot_now(self, unit: Unit[T]) -> T:
        """What :meth:`snapshot` does, in the caller's thread."""
        with _once(), self._session(self._snapshots, _Way.SNAPSHOT) as session:
            return unit(session)

    def share_now(self, session: Session, units: Sequence[Unit[T]]) -> list[T]:
        """What units that read whole tables find in a snapshot, which others can look at as well.

        Each is done by whoever is free, the session itself or a second one in another thread.
        Two use two cores, and leave the others to those who buy. A pooler may have no connection
        for the second until the first gives its own back, and each would wait for the other.
        """
        expect_large_reads(session)
        is_alone = self._is_sqlite or self.settings.database_pool_size == 1
        if is_alone or exchange_of(session).is_pooled:
            return [unit(session) for unit in units]
        snapshot = session.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        work = Shared(units)

        def help_out() -> None:
            with self._session(self._snapshots, _Way.SNAPSHOT) as helper:
                helper.execute(text("SET TRANSACTION SNAPSHOT :id"), {"id": snapshot})
                expect_large_reads(helper)
                work.do(work_alone(helper))

        with ThreadPoolExecutor(1) as helpers:
            helped = helpers.submit(copy_context().run, help_out)
            work.do(work_alone(session))
            failure = helped.exception()
        if failure is not None and not work.is_done:
            raise failure
        # Who could not even begin to help is not missed.
        return work.results

    def write_now(self, unit: Unit[T]) -> T:
        """What :meth:`write` does, in the caller's thread (command line, sweeps, tests).

        A transaction that lost a race is run again as a whole; its effects were rolled back.
        """
        with deadline.within(self.timeout):
            for attempt in range(MAX_ATTEMPTS):
                if attempt:
                    # Losers that come back at different moments do not meet again.
                    pause(random.uniform(0, 0.005 * 2**attempt))
                try:
                    with self._session(self.writer, _Way.WRITE) as session:
                        result = unit(session)
                        commit(session)
                        return result
                except RetryTransaction:
                    if deadline.remaining() < 0:
                        break
        raise BusyError("Too many requests compete for the same objects; try again.")

    def refuse_newcomers(self) -> None:
        """Finish what has a seat and refuse all else; for the thread of the event loop."""
        self.exports.refuse_newcomers()
        for seating in self._seatings:
            seating.refuse_newcomers()

    async def finish(self) -> None:
        """Wait for what is being done, as long as it may take; before the end of the event loop."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.timeout):
                for seating in self._seatings:
                    await seating.emptied()

    def close(self) -> None:
        self.exports.refuse_newcomers()
        for seating in self._seatings:
            seating.close()
        for engine in (self.writer, self.reader, self._probe, self._lengthy):
            engine.dispose()
        if self._file is not None:
            self._file.close()

    @property
    def _seatings(self) -> tuple[Seating, ...]:
        return self._writers, self._readers, self._probers

    def _seating(
        self,
        engine: Engine,
        seats: int,
        queue: int,
        works_in: Callable[[], WorkThread] | None = None,
    ) -> Seating:
        # SQLite is read and written by our own process, which nobody can be told to wait for.
        is_elsewhere = not self._is_sqlite
        connections = Connections(engine, can_be_kept=is_elsewhere and HEARS_GOODBYE)
        self._connections[engine] = connections
        return Seating(
            seats,
            timeout=self.timeout,
            max_waiting=queue,
            keep=connections.keep,
            in_loop=is_elsewhere and TELLS_OF_WAITING,
            works_in=works_in,
        )

    def _probed(self, unit: Unit[T]) -> T:
        found = self._query(self._probe, unit)
        if self._file is not None:
            self._file.require_writable()
        return found

    def _query(self, engine: Engine, unit: Unit[T]) -> T:
        # Single statements need no BEGIN and COMMIT around them: two round trips saved.
        with _once(), self._session(engine, _Way.READ) as session:
            return unit(session)

    @contextmanager
    def _session(self, engine: Engine, way: "_Way") -> Iterator[Session]:
        """A session that is bounded in time, and whose errors speak the service's language."""
        code, bounded = self.settings.currency, deadline.within(self.timeout)
        with bounded, selling_in(code), translated(), self._exchange(engine, way) as exchange:
            session = Session(exchange.connection)
            try:
                exchange.join(session)
                if not self._schema_is_known:
                    self._look_at_schema(session, way)
                yield session
            finally:
                exchange.close()
                if session.in_transaction():
                    # It was used, and forgets what it knows.
                    session.close()

    @contextmanager
    def _reading_at_length(self) -> Iterator[Session]:
        """A snapshot for an export, which bounds each piece of its work itself."""
        with (
            _once(),
            selling_in(self.settings.currency),
            translated(),
            self._lengthy.connect() as connection,
        ):
            exchange = self._exchange_at_length(connection)
            session = Session(exchange.connection)
            try:
                exchange.join(session)
                yield session
            finally:
                exchange.close()

    def _exchange_at_length(self, connection: Connection) -> Exchange:
        if self._file is None:
            local = partial(set_for_long, self.settings, PIECE_SECONDS)
            return PostgresExchange(connection, _Way.SNAPSHOT.value, local, self._preparation)
        require_wal(connection.connection.driver_connection)
        begins = partial(begin_to_read, self.settings)
        return SqliteExchange(connection, begins, self._file)

    @contextmanager
    def _exchange(self, engine: Engine, way: "_Way") -> Iterator[Exchange]:
        if self._writer is not None and way is _Way.WRITE and self._writer.whole is not None:
            yield self._writer.whole.part()
            return
        with self._connections[engine].connected() as connection:
            yield self._exchange_by(connection, way)

    def _exchange_by(self, connection: Connection, way: "_Way") -> Exchange:
        settings = self.settings
        if self._file is None:
            local = partial(set_in_transaction, settings)
            return PostgresExchange(connection, way.value, local, self._preparation)
        if way is _Way.WRITE:
            begins = self._begins_to_write(connection)
        else:
            begins = partial(begin_to_read, settings)
        return SqliteExchange(connection, begins, self._file)

    def _begins_to_write(self, connection: Connection) -> Begin:
        return partial(begin_to_write, self.settings, connection.info["file"])

    def _look_at_schema(self, session: Session, way: "_Way") -> None:
        """What the start could not do, for the database was away."""
        connection, code = session.connection(), self.settings.currency
        problem = (
            encoding_problem(connection)
            or schema_problem(connection)
            or currency_problem(connection, code)
        )
        if problem:
            logger.error("not served: %s", problem)
            raise DatabaseUnavailableError("The database is not ready for this release.")
        if not is_claimed(connection):
            if way is _Way.WRITE:
                claim(connection, code)
        elif way is not _Way.WRITE:
            # Who writes may look at what is not committed yet.
            self._schema_is_known = True


class _Way(Enum):
    """How a unit sees the data; the value is how PostgreSQL is told to begin such a transaction.

    What a transaction is by default, a role or a database may say otherwise.
    """

    READ = None
    SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"


class _once(AbstractContextManager[None]):  # noqa: N801 - reads as a word in `with`
    """Reads are not run again; they hardly ever lose a race (to a migration's locks, say)."""

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, RetryTransaction):
            raise BusyError from error


def commit(session: Session) -> None:
    """For the owner of the unit, which may have something to do if the database refuses."""
    if deadline.remaining() < 0:
        # Nobody would hear of it: better not at all than without the caller's knowledge.
        raise BusyError
    session.flush()
    exchange_of(session).commit()
