"""How the two databases are spoken to: pools, transactions, and the end of every wait."""

import math
import select
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import extensions
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from core import deadline
from core.settings import Settings
from core.store.exchange import listen_to_sessions
from core.store.open_file import OpenFile, existing_file
from core.store.postgres_settings import connect_arguments, set_once
from core.store.strands import current
from core.store.turns import begin_in_turn, use_wal

# An answer that is under way at the deadline is still heard: it may be that of a COMMIT.
_GRACE_SECONDS = 0.25
# How many steps of SQLite's machine lie between two looks at the clock: a few milliseconds.
_STEPS = 100_000
# Windows has no poll(); there the connect timeout and the keepalives must do.
_EVENTS = (
    {extensions.POLL_READ: select.POLLIN, extensions.POLL_WRITE: select.POLLOUT}
    if hasattr(select, "poll")
    else {}
)


# Without poll() nobody hears that the server hung up, except by asking it. Nor does the driver tell
# when it waits.
HEARS_GOODBYE = TELLS_OF_WAITING = bool(_EVENTS)


def postgres_engine(settings: Settings, *, size: int) -> Engine:
    """Connections that leave transactions to us: psycopg2 would send a BEGIN by itself.

    Who has a seat keeps a connection; as many again may be borrowed by those who have none.
    """
    _bound_waiting()
    engine = create_engine(
        settings.database,
        hide_parameters=True,
        pool_size=size,
        max_overflow=size,
        pool_timeout=settings.work_seconds,
        pool_pre_ping=not HEARS_GOODBYE,
        connect_args=connect_arguments(settings, settings.work_seconds),
        isolation_level="AUTOCOMMIT",
        # By name, the driver decodes each name again each time.
        paramstyle="format",
        # It would ask each new connection for a type that no table has.
        use_native_hstore=False,
    )
    event.listen(engine, "connect", partial(set_once, settings))
    listen_to_sessions(engine)
    if HEARS_GOODBYE:
        event.listen(engine, "checkout", _check_for_goodbye)
    return engine


def says_goodbye(driver_connection: Any) -> bool:
    """What a ping finds out, without its round trip: the server speaks unasked to hang up.

    Where it says something else, a connection is made anew for nothing; that is rare.
    """
    return _is_ready(driver_connection, select.POLLIN, 0)


def _check_for_goodbye(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    was_used = record.info.setdefault("was_used", False)
    record.info["was_used"] = True
    if was_used and says_goodbye(connection):
        raise InvalidatePoolError


def sqlite_engine(settings: Settings, file: OpenFile, *, size: int, writes: bool = False) -> Engine:
    engine = create_engine(
        existing_file(settings.database),
        hide_parameters=True,
        pool_size=size,
        max_overflow=0,
        pool_timeout=settings.work_seconds,
        connect_args={"timeout": settings.work_seconds, "check_same_thread": False},
    )

    def configure(driver_connection: Any, record: ConnectionPoolEntry) -> None:
        _require_file(file, driver_connection)
        # The driver must not begin transactions by itself: it would begin them DEFERRED, and two
        # readers that both turn writer oversell or fail.
        driver_connection.isolation_level = None
        with deadline.within(settings.work_seconds):
            use_wal(driver_connection)
        driver_connection.execute("PRAGMA synchronous=FULL")
        driver_connection.execute("PRAGMA foreign_keys=ON")
        driver_connection.set_progress_handler(_time_is_up, _STEPS)
        if writes:
            # They wait in a queue instead.
            driver_connection.execute("PRAGMA busy_timeout=0")
            record.info["file"] = _file_of(driver_connection)

    event.listen(engine, "connect", configure)
    listen_to_sessions(engine)
    return engine


def begin_to_read(settings: Settings, driver_connection: sqlite3.Connection) -> None:
    """See one state of the data until the end."""
    seconds = min(max(deadline.remaining(), 0), settings.work_seconds)
    driver_connection.execute(f"PRAGMA busy_timeout={round(seconds * 1000)}")
    driver_connection.execute("BEGIN")


def begin_to_write(settings: Settings, file: Path, driver_connection: sqlite3.Connection) -> None:
    """Another process may hold the write lock: wait for it as long as the request may."""
    with deadline.within(settings.work_seconds):
        begin_in_turn(driver_connection, file)


def _require_file(file: OpenFile, driver_connection: sqlite3.Connection) -> None:
    """Before anything is read: the log at hand would be put into another file than its own."""
    try:
        file.open()
        file.require_all()
    except BaseException:
        driver_connection.close()
        raise


def _file_of(driver_connection: sqlite3.Connection) -> Path:
    (_, _, file), *_ = driver_connection.execute("PRAGMA database_list")
    return Path(file)


def _time_is_up() -> bool:
    """Ends a statement that computes past the deadline."""
    return deadline.remaining() < 0


def _bound_waiting() -> None:
    """psycopg2 waits for ever on a server that stops answering, unless it waits our way."""
    if _EVENTS:
        extensions.set_wait_callback(_wait_until_deadline)


def _wait_until_deadline(connection: Any) -> None:
    strand = current()
    while (state := connection.poll()) != extensions.POLL_OK:
        seconds = max(deadline.remaining() + _GRACE_SECONDS, 0)
        if strand is None:
            is_ready = _is_ready(connection, _EVENTS[state], seconds)
        else:
            is_to_write = state == extensions.POLL_WRITE
            is_ready = strand.wait(connection.fileno(), is_to_write=is_to_write, seconds=seconds)
        if not is_ready:
            # psycopg2 closes the connection, so the server ends the transaction.
            raise psycopg2.OperationalError("the server did not answer in time")


def _is_ready(connection: Any, events: int, seconds: float) -> bool:
    # Made anew each time: while connecting, one address after the other is tried.
    waiting = select.poll()
    waiting.register(connection.fileno(), events)
    return bool(waiting.poll(None if seconds == math.inf else seconds * 1000))
