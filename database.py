"""Engines, sessions, and the owner of every commit.

A request does its database work as one function in one thread, inside one transaction that is
committed before the answer is sent. Who gets a thread is decided here, before one is taken:
never more than there are connections, so that nobody waits for the pool while holding a thread,
and nobody waits longer than a request may take.
"""

import logging
import math
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

from core.database_errors import is_retryable, translate
from core.errors import BusyError, RetryTransaction
from core.settings import Settings

T = TypeVar("T")
Operation = Callable[[Session], T]

logger = logging.getLogger("nexticket.database")

MAX_ATTEMPTS = 6
# Requests that may wait per connection before newcomers are told to come back later.
QUEUE_PER_CONNECTION = 50


class Database:
    """One process's access to the database, from start-up to shutdown."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.timeout = settings.request_timeout_seconds
        size = settings.database_pool_size
        if settings.is_sqlite:
            # SQLite has one writer. Queueing for it here is fair; its own busy loop is not.
            self.writer = _sqlite_engine(settings, size=1, begin="BEGIN IMMEDIATE")
            self.reader = _sqlite_engine(settings, size=size, begin="BEGIN")
            self._snapshots = self.reader
        else:
            self.writer = _postgres_engine(settings, size=size)
            # Single statements need no BEGIN and COMMIT around them: two round trips saved.
            self.reader = _postgres_engine(settings, size=size, isolation_level="AUTOCOMMIT")
            self._snapshots = self.writer
        self._write_gate = _Gate(self.writer, self.timeout)
        self._read_gate = _Gate(self.reader, self.timeout)
        self._snapshot_gate = (
            self._read_gate if self._snapshots is self.reader else self._write_gate
        )

    async def read(self, operation: Operation[T]) -> T:
        """Run statements that each see their own committed state."""
        return await self._read_gate.run(lambda: self.query(operation))

    async def snapshot(self, operation: Operation[T]) -> T:
        """Run statements that all see the same committed state."""
        return await self._snapshot_gate.run(lambda: self.query_snapshot(operation))

    async def write(self, operation: Operation[T]) -> T:
        """Run one transaction and commit it."""
        return await self._write_gate.run(lambda: self.transact(operation))

    def query(self, operation: Operation[T]) -> T:
        """What :meth:`read` does, in the caller's thread."""
        with _translated(), Session(self.reader) as session:
            return operation(session)

    def query_snapshot(self, operation: Operation[T]) -> T:
        """What :meth:`snapshot` does, in the caller's thread."""
        options: dict[str, Any] = {}
        if not self.settings.is_sqlite:
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with _translated(), Session(self._snapshots) as session:
            session.connection(execution_options=options)
            return operation(session)

    def transact(self, operation: Operation[T]) -> T:
        """What :meth:`write` does, in the caller's thread (command line, sweeps, tests).

        A transaction that lost a race is run again as a whole; its effects were rolled back.
        """
        deadline = time.monotonic() + self.timeout
        for attempt in range(MAX_ATTEMPTS):
            if attempt:
                # Losers that come back at different moments do not meet again.
                time.sleep(random.uniform(0, 0.005 * 2**attempt))
            try:
                with _translated(), Session(self.writer) as session:
                    result = operation(session)
                    session.commit()
                    return result
            except RetryTransaction:
                if time.monotonic() > deadline:
                    break
        raise BusyError("Too many requests compete for the same objects; try again.")

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


class _Gate:
    """Lets in as many as there are connections, the others in the order they came."""

    def __init__(self, engine: Engine, timeout: float) -> None:
        assert isinstance(engine.pool, QueuePool)  # noqa: S101 - created below
        size = engine.pool.size()
        self._seats = CapacityLimiter(size)
        # Behind the seats must be no second queue, as the default limit of 40 threads would be.
        self._threads = CapacityLimiter(math.inf)
        self._max_waiting = size * QUEUE_PER_CONNECTION
        self._timeout = timeout

    async def run(self, work: Callable[[], T]) -> T:
        if self._seats.statistics().tasks_waiting >= self._max_waiting:
            raise BusyError
        seat = object()
        try:
            with anyio.fail_after(self._timeout):
                await self._seats.acquire_on_behalf_of(seat)
        except TimeoutError:
            raise BusyError from None
        try:
            return await to_thread.run_sync(work, limiter=self._threads)
        finally:
            self._seats.release_on_behalf_of(seat)


class _translated(AbstractContextManager[None]):  # noqa: N801 - reads as a word in `with`
    """Database errors leave as the service's own refusals, the same for both databases."""

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, DBAPIError):
            return
        if is_retryable(error):
            raise RetryTransaction from error
        refusal = translate(error)
        if refusal is not None:
            logger.info("database refused: %s", refusal.code, exc_info=error)
            raise refusal from error


def _postgres_engine(settings: Settings, *, size: int, **options: Any) -> Engine:
    milliseconds = int(settings.request_timeout_seconds * 1000)
    limits = (
        f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"
        f" -c idle_in_transaction_session_timeout={milliseconds} -c timezone=UTC"
    )
    return create_engine(
        settings.database,
        pool_size=size,
        max_overflow=0,
        pool_timeout=settings.request_timeout_seconds,
        pool_pre_ping=True,
        connect_args={
            "application_name": settings.app_name,
            "connect_timeout": max(2, round(settings.request_timeout_seconds)),
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "options": limits,
        },
        **options,
    )


def _sqlite_engine(settings: Settings, *, size: int, begin: str) -> Engine:
    engine = create_engine(
        settings.database,
        pool_size=size,
        max_overflow=0,
        pool_timeout=settings.request_timeout_seconds,
        connect_args={"timeout": settings.request_timeout_seconds, "check_same_thread": False},
    )

    def configure(driver_connection: Any, _record: object) -> None:
        # The driver must not begin transactions by itself: it would begin them DEFERRED, and two
        # readers that both turn writer oversell or fail.
        driver_connection.isolation_level = None
        driver_connection.execute("PRAGMA journal_mode=WAL")
        driver_connection.execute("PRAGMA synchronous=FULL")
        driver_connection.execute("PRAGMA foreign_keys=ON")

    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", begin_transaction)
    return engine
