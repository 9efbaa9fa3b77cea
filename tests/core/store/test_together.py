"""Who waits for SQLite's one writer is committed with others, and told for itself alone."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from core import deadline
from core.errors import (
    BusyError,
    ConstraintConflictError,
    DatabaseUnavailableError,
    NotAllowedError,
)
from core.store.exchange import exchange_of
from database import Database
from tests.support.service import settings_for
from tests.support.waiting import PATIENCE, Held, until

Unit = Callable[[Session], Any]
ENDLESS = text("""
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
    INSERT INTO words SELECT i FROM n""")


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    """With a table of words, each of which it knows once."""
    database = Database(settings_for(URL.create("sqlite", database=str(file))))
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE words (word TEXT PRIMARY KEY)")
        late = "REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED"
        connection.execute(f"CREATE TABLE badges (user_id INTEGER {late})")
    yield database
    database.close()


def written(*said: str) -> Unit:
    def unit(session: Session) -> tuple[str, ...]:
        for word in said:
            session.execute(text("INSERT INTO words VALUES (:word)"), {"word": word})
        return said

    return unit


def words(session: Session) -> set[str]:
    return set(session.execute(text("SELECT word FROM words")).scalars())


def read(database: Database) -> set[str]:
    """What is committed."""
    return database.read_now(words)


def came_of(database: Database, *units: Unit, at: Callable[[], None] = lambda: None) -> list[Any]:
    """The answer of each, or the error; all are with the writer before the first goes on."""

    async def scene() -> list[Any]:
        held = Held()
        first = asyncio.create_task(database.write(held))
        await until(held.entered)
        others = [asyncio.create_task(database.write(unit)) for unit in units]
        await asyncio.sleep(0)
        at()
        held.released.set()
        _, *answers = await asyncio.gather(first, *others, return_exceptions=True)
        return answers

    return asyncio.run(scene())


@pytest.fixture
def commits(database: Database) -> list[str]:
    """What the writer's connection is told of transactions, from here on."""
    said: list[str] = []

    def hear(statement: str) -> None:
        if statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
            said.append(statement)

    with database.writer.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.set_trace_callback(hear)
    return said


def test_those_who_wait_are_one_commit(database: Database, commits: list[str]) -> None:
    said = [(f"word {number}",) for number in range(10)]
    assert came_of(database, *(written(*one) for one in said)) == said
    assert read(database) == {one for (one,) in said}
    assert commits.count("COMMIT") == 1


def test_who_is_alone_waits_for_nobody(database: Database, commits: list[str]) -> None:
    assert asyncio.run(database.write(written("alone"))) == ("alone",)
    assert read(database) == {"alone"}
    assert [one for one in commits if not one.startswith("ROLLBACK")] == [
        "BEGIN IMMEDIATE",
        "COMMIT",
    ]


def test_what_one_is_refused_is_taken_back_alone(database: Database) -> None:
    def refused(session: Session) -> None:
        written("half")(session)
        raise NotAllowedError

    before, refusal, after = came_of(database, written("before"), refused, written("after"))
    assert (before, after) == (("before",), ("after",))
    assert isinstance(refusal, NotAllowedError)
    assert read(database) == {"before", "after"}


def test_each_sees_what_those_before_have_done(database: Database) -> None:
    _, seen = came_of(database, written("before"), words)
    assert seen == {"before"}


def test_what_is_undone_in_the_midst_leaves_what_comes_after_it(database: Database) -> None:
    def unsteady(session: Session) -> None:
        written("taken back")(session)
        exchange_of(session).undo()
        written("kept")(session)

    came_of(database, written("before"), unsteady)
    assert read(database) == {"before", "kept"}


def test_nobody_is_told_of_success_before_the_commit(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = database._file
    assert file is not None
    carried_out: list[set[str]] = []

    def lose() -> None:
        # All were carried out by now, and none of it can be seen.
        carried_out.append(read(database))
        raise DatabaseUnavailableError

    monkeypatch.setattr(file, "require_database", lose)
    answers = came_of(database, written("one"), written("two"))
    assert carried_out == [set()]
    assert [type(answer) for answer in answers] == [DatabaseUnavailableError] * 2
    assert read(database) == set()


def test_those_who_are_lost_with_another_are_carried_out_again(database: Database) -> None:
    """SQLite takes back the whole transaction where it interrupts a change."""

    def endless(session: Session) -> None:
        with deadline.within(0.05):
            session.execute(ENDLESS)

    before, interrupted, after = came_of(database, written("before"), endless, written("after"))
    assert (before, after) == (("before",), ("after",))
    assert isinstance(interrupted, BusyError)
    assert read(database) == {"before", "after"}


def test_who_was_interrupted_goes_on_with_nothing(database: Database) -> None:
    """It would be in a transaction that nobody has begun, and that its savepoint ends."""

    def stubborn(session: Session) -> None:
        with pytest.raises(OperationalError), deadline.within(0.05):
            session.execute(ENDLESS)
        exchange_of(session).undo()
        written("stubborn")(session)

    [answer] = came_of(database, stubborn)
    assert isinstance(answer, BusyError)
    assert read(database) == set()


def test_a_rule_that_is_asked_at_the_commit_is_broken_by_one_alone(database: Database) -> None:
    def nobodys_badge(session: Session) -> None:
        session.execute(text("INSERT INTO badges VALUES (77)"))

    before, refused, after = came_of(database, written("before"), nobodys_badge, written("after"))
    assert (before, after) == (("before",), ("after",))
    assert isinstance(refused, ConstraintConflictError)
    assert read(database) == {"before", "after"}


def test_who_waits_too_long_is_sent_away_and_nothing_of_it_is_done(database: Database) -> None:
    async def hasty(database: Database) -> None:
        with deadline.within(0.05):
            await database.write(written("hasty"))

    async def scene() -> None:
        held = Held()
        first = asyncio.create_task(database.write(held))
        await until(held.entered)
        with pytest.raises(BusyError):
            await asyncio.wait_for(hasty(database), PATIENCE)
        # The one before it is still at work.
        assert not first.done()
        held.released.set()
        await first

    asyncio.run(scene())
    assert read(database) == set()


def test_other_threads_have_transactions_of_their_own(database: Database) -> None:
    """Of who writes in his own thread, nothing waits for those who are with the writer."""
    entered = threading.Event()

    def beside() -> None:
        entered.set()
        database.write_now(written("beside"))

    thread = threading.Thread(target=beside)

    def meanwhile() -> None:
        thread.start()
        assert entered.wait(PATIENCE)

    came_of(database, written("one"), at=meanwhile)
    thread.join(PATIENCE)
    assert read(database) == {"one", "beside"}
