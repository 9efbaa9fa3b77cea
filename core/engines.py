"""How the two databases are spoken to: pools, transactions, and the end of every wait."""

import math
import select
from typing import Any

import psycopg2
from psycopg2 import extensions
from sqlalchemy import Connection, Engine, create_engine, event

from core import deadline
from core.settings import Settings

# The server's own limits end a statement first and say why; this is the time they have for it.
_GRACE_SECONDS = 1.0
# How many steps of SQLite's machine lie between two looks at the clock: a few milliseconds.
_STEPS = 100_000
# Windows has no poll(); there the connect timeout and the keepalives must do.
_EVENTS = (
    {extensions.POLL_READ: select.POLLIN, extensions.POLL_WRITE: select.POLLOUT}
    if hasattr(select, "poll")
    else {}
)


def postgres_engine(settings: Settings, *, size: int, **options: Any) -> Engine:
    _bound_waiting()
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


def sqlite_engine(settings: Settings, *, size: int, begin: str) -> Engine:
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
        driver_connection.set_progress_handler(_time_is_up, _STEPS)

    def begin_transaction(connection: Connection) -> None:
        # Another process may hold the write lock: wait for it as long as the request may.
        seconds = min(max(deadline.remaining(), 0), settings.request_timeout_seconds)
        driver_connection: Any = connection.connection.driver_connection
        driver_connection.execute(f"PRAGMA busy_timeout={round(seconds * 1000)}")
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", begin_transaction)
    return engine


def _time_is_up() -> bool:
    """Ends a statement that computes past the deadline."""
    return deadline.remaining() < 0


def _bound_waiting() -> None:
    """psycopg2 waits for ever on a server that stops answering, unless it waits our way."""
    if _EVENTS:
        extensions.set_wait_callback(_wait_until_deadline)


def _wait_until_deadline(connection: Any) -> None:
    while (state := connection.poll()) != extensions.POLL_OK:
        # Anew each time: while connecting, one address after the other is tried.
        waiting = select.poll()
        waiting.register(connection.fileno(), _EVENTS[state])
        seconds = max(deadline.remaining() + _GRACE_SECONDS, 0)
        if not waiting.poll(None if seconds == math.inf else seconds * 1000):
            # psycopg2 closes the connection, so the server ends the transaction.
            raise psycopg2.OperationalError("the server did not answer in time")
