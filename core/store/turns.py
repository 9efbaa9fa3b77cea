"""How writers of an SQLite file follow one another, in whatever processes they are.

SQLite's own waiting is no queue: each process looks again after sleeps of up to 100 ms, so that
the one that has just written nearly always writes again, and the others starve. Here a writer
takes the turn before it waits for the write lock, and passes the turn on when it has the lock:
whoever has just written finds the turn taken by the one that waits, and comes after it.

This is about fairness alone; what keeps writers apart is still SQLite's lock. So where the turn
can't be had, as on Windows, they compete as they would without.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from core import deadline
from core.errors import BusyError
from core.store.errors import primary_code

try:
    import fcntl
except ImportError:
    # Of Python on Windows.
    fcntl = None  # type: ignore[assignment]

BEGIN = "BEGIN IMMEDIATE"
WAL = "PRAGMA journal_mode=WAL"
# A writer takes a few milliseconds, so it is worth looking often at first. Nothing can wait for
# a lock of the kernel's until a deadline.
_SHORTEST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.0005, 0.005, 1.05


def begin_in_turn(driver_connection: sqlite3.Connection, file: Path) -> None:
    """Begin to write, until the deadline; the connection's own busy timeout must be zero."""
    with _turn(file):
        for _ in _looks():
            if _executes(driver_connection, BEGIN):
                return
        # Once more, so that SQLite tells what is in the way.
        driver_connection.execute(BEGIN)


def use_wal(driver_connection: sqlite3.Connection) -> None:
    """Let readers and the writer not wait for one another; kept in the file.

    Two that say so of a new file at once would wait for each other, so SQLite does not wait at
    all and refuses one of them, whatever its busy timeout is.
    """
    for _ in _looks():
        if _executes(driver_connection, WAL):
            return
    driver_connection.execute(WAL)


def require_wal(driver_connection: Any) -> None:
    """For who reads at length: without a log, nobody could commit meanwhile."""
    [(mode,)] = driver_connection.execute("PRAGMA journal_mode").fetchall()
    if mode != "wal":
        raise BusyError("The database can't be read at length on a disk without shared memory.")


def _executes(driver_connection: sqlite3.Connection, statement: str) -> bool:
    """Whether nobody was in the way."""
    try:
        driver_connection.execute(statement)
    except sqlite3.OperationalError as error:
        if primary_code(error) != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


@contextmanager
def _turn(file: Path) -> Iterator[None]:
    """The kernel gives it back with the file, also for a process that dies."""
    with ExitStack() as stack:
        with suppress(OSError):
            # Not the database's own file: SQLite loses its locks when anybody closes that one.
            turn = stack.enter_context(file.with_name(f"{file.name}-turn").open("ab"))
            _lock(turn.fileno())
        yield


def _lock(descriptor: int) -> None:
    for _ in _looks() if fcntl else ():
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return


def _looks() -> Iterator[None]:
    """Until the deadline, ever less often."""
    pause = _SHORTEST_PAUSE
    while deadline.remaining() > 0:
        yield
        time.sleep(pause)
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)
