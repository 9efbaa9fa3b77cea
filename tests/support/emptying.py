"""Each test finds the service's database empty, and most of them leave it so."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary, finalize

from sqlalchemy import Table, delete, make_url, text
from sqlmodel import Session, SQLModel

from database import Database
from models import deployment

# A table and its indexes, in bytes: more than those of any test but the few about many rows.
_LARGE = 1_000_000
# What was written to a database by when it was emptied, and how to find that out.
_untouched: WeakKeyDictionary[Database, Any] = WeakKeyDictionary()
_observers: WeakKeyDictionary[Database, Callable[[], Any]] = WeakKeyDictionary()


def empty(database: Database) -> None:
    """Remove all rows and start the ids anew; what currency it is in a database remembers.

    Where nobody has committed anything since the last time there is nothing to be done, and to find
    that out takes a hundredth of the time.
    """
    committed = commits_to(database)
    if database in _untouched and _untouched[database] == committed():
        return
    is_sqlite = database.settings.is_sqlite
    database.write_now(_empty_sqlite if is_sqlite else clear_postgres)
    _untouched[database] = committed()


def commits_to(database: Database) -> Callable[[], Any]:
    """What tells, asked twice, whether anybody has committed anything in between."""
    if database not in _observers:
        make = _commits_to_file if database.settings.is_sqlite else _end_of_log
        _observers[database] = make(database)
    return _observers[database]


def _commits_to_file(database: Database) -> Callable[[], Any]:
    """SQLite tells each connection whether others have committed."""
    path = make_url(database.settings.database_url).database
    assert path is not None
    observer = sqlite3.connect(path, check_same_thread=False)
    finalize(database, observer.close)
    return lambda: observer.execute("PRAGMA data_version").fetchone()


def _end_of_log(database: Database) -> Callable[[], Any]:
    """PostgreSQL writes down all that is done, sequences included, and some things of its own."""
    question = text("SELECT pg_current_wal_insert_lsn()")
    return lambda: database.read_now(lambda session: session.execute(question).scalar_one())


def emptied_tables() -> list[Table]:
    return [table for table in SQLModel.metadata.sorted_tables if table != deployment]


def _empty_sqlite(session: Session) -> None:
    names = [table.name for table in emptied_tables()]
    filled = " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})"  # noqa: S608 - our own names
        for name in names
    )
    found = set(session.execute(text(filled)).scalars())
    with _without_triggers(session, found):
        for table in reversed(emptied_tables()):
            if table.name in found:
                session.execute(delete(table))
    session.execute(text("DELETE FROM sqlite_sequence"))


def clear_postgres(session: Session) -> None:
    """Not by TRUNCATE, which makes the files of each table anew, and the service plan anew; but
    where many rows were, all that come later would look for theirs among what is left of them.
    """
    # Neither keys nor triggers are asked: nothing is left that they could protect.
    session.execute(text("SET LOCAL session_replication_role = replica"))
    names = [table.name for table in emptied_tables()]
    filled = " UNION ALL ".join(
        f"SELECT '{name}' AS name, pg_total_relation_size('{name}') > {_LARGE} AS is_large"  # noqa: S608 - our own names
        f" WHERE EXISTS (SELECT FROM {name})"
        for name in names
    )
    for name, is_large in session.execute(text(filled)).all():
        removal = f"TRUNCATE {name} CASCADE" if is_large else f"DELETE FROM {name}"  # noqa: S608
        session.execute(text(removal))
    restarted = "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"
    session.execute(text(restarted))


@contextmanager
def _without_triggers(session: Session, tables: set[str]) -> Iterator[None]:
    """The ledger refuses to forget, and tests begin with none."""
    made = (
        "SELECT tbl_name, name, sql FROM sqlite_master"
        " WHERE type = 'trigger' AND sql LIKE '% DELETE ON %'"
    )
    found = [row for row in session.execute(text(made)) if row.tbl_name in tables]
    for _, name, _ in found:
        session.execute(text(f"DROP TRIGGER {name}"))
    yield
    for _, _, statement in found:
        session.execute(text(statement))
