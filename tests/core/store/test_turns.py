"""Writers of one SQLite file take turns, whatever processes they are in."""

import fcntl
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, text
from sqlmodel import Session

from core import deadline
from core.errors import BusyError
from database import Database
from tests.support.service import fresh_database, settings_for

PATIENCE = 20


@pytest.fixture
def url(request: pytest.FixtureRequest, worker_name: str) -> Iterator[URL]:
    with fresh_database("sqlite", request, f"{worker_name}_turn") as url:
        # Only a migration would make it.
        Path(str(url.database)).touch()
        yield url


@contextmanager
def process(url: URL) -> Iterator[Database]:
    """All that processes share of a database is its files, so another access is another one."""
    with closing(Database(settings_for(url, request_timeout_seconds=PATIENCE))) as database:
        yield database


def begin(session: Session) -> None:
    session.execute(text("SELECT 1"))


def turn_of(url: URL) -> Path:
    return Path(f"{url.database}-turn")


def is_taken(turn: Path) -> bool:
    with turn.open("ab") as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_who_has_written_comes_after_who_waits(url: URL) -> None:
    order: list[str] = []

    def write(database: Database, name: str, *, first: Callable[[], None]) -> None:
        def note(session: Session) -> None:
            begin(session)
            order.append(name)
            first()

        database.write_now(note)

    def let_them_come() -> None:
        pool.submit(write, theirs, "theirs", first=lambda: None)
        until(lambda: is_taken(turn_of(url)))

    with process(url) as ours, process(url) as theirs, ThreadPoolExecutor(1) as pool:
        for _ in range(10):
            write(ours, "ours", first=let_them_come)
            # At once, long before SQLite's own waiting would look again.
            write(ours, "ours again", first=lambda: None)
    assert order == ["ours", "theirs", "ours again"] * 10


def test_a_turn_dies_with_its_process(url: URL) -> None:
    take = "import fcntl, sys; f = open(sys.argv[1], 'ab'); fcntl.flock(f, fcntl.LOCK_EX); input()"
    holder = subprocess.Popen([sys.executable, "-c", take, turn_of(url)], stdin=subprocess.PIPE)
    with holder, process(url) as database, ThreadPoolExecutor(1) as pool:
        until(turn_of(url).exists)
        until(lambda: is_taken(turn_of(url)))
        write = pool.submit(database.write_now, begin)
        holder.kill()
        write.result(PATIENCE)


def test_a_process_that_stands_still_is_waited_for_until_the_deadline(url: URL) -> None:
    with process(url) as database, turn_of(url).open("ab") as held:
        fcntl.flock(held.fileno(), fcntl.LOCK_EX)
        started = time.monotonic()
        with deadline.within(0.2), pytest.raises(BusyError):
            database.write_now(begin)
        assert time.monotonic() - started < PATIENCE / 2


def test_where_there_can_be_no_turn_writers_write_all_the_same(url: URL) -> None:
    turn_of(url).mkdir()
    with process(url) as database:
        database.write_now(begin)


def test_readers_take_no_turn(url: URL) -> None:
    with process(url) as database, turn_of(url).open("ab") as held:
        fcntl.flock(held.fileno(), fcntl.LOCK_EX)
        started = time.monotonic()
        database.read_now(begin)
        assert time.monotonic() - started < PATIENCE / 2


def test_who_will_write_has_the_lock_before_they_read(url: URL) -> None:
    """What was read is still so when it is written: two readers that turn writer would not be."""

    def look(session: Session) -> None:
        begin(session)
        other = sqlite3.connect(str(url.database), timeout=0, isolation_level=None)
        with closing(other), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")

    with process(url) as one:
        one.write_now(look)
