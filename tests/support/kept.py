"""A world that many tests find as it was built, though some of them change it.

To build one takes dozens of requests and log-ins, and for most of what is asked in it nothing is
committed. Where something was, all rows are put back in one go.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Generic, TypeVar

from sqlalchemy import insert, make_url, select, text
from sqlmodel import Session

from database import Database
from tests.support.client import Api
from tests.support.emptying import clear_postgres, commits_to, emptied_tables
from tests.support.handing_out import api_of, begin, handed_out
from tests.support.service import Service

W = TypeVar("W")


class Kept(Generic[W]):
    def __init__(self, service: Service, build: Callable[[Api, Service], W]) -> None:
        self.service = service
        begin(service)
        self._world = build(api_of(service), service)
        # The ids and the times of what comes next are those of a world that was just built.
        self._now = service.clock.now
        self._put_back = _keep(service.database)
        self._committed = commits_to(service.database)
        self._as_kept = self._committed()

    def again(self) -> W:
        """As it was built, whatever was done to it."""
        begin(self.service)
        self.service.clock.now = self._now
        if self._committed() != self._as_kept:
            self._put_back()
            self._as_kept = self._committed()
        return self._world


@contextmanager
def kept(service: Service, build: Callable[[Api, Service], W]) -> Iterator[Kept[W]]:
    """The service is empty before and afterwards."""
    with handed_out(service):
        yield Kept(service, build)


def _keep(database: Database) -> Callable[[], None]:
    """Remember all that there is; what puts it back."""
    return (_keep_file if database.settings.is_sqlite else _keep_rows)(database)


def _keep_file(database: Database) -> Callable[[], None]:
    path = make_url(database.settings.database_url).database
    assert path is not None
    memory = sqlite3.connect(":memory:", check_same_thread=False)
    with closing(sqlite3.connect(path)) as file:
        file.backup(memory)

    def put_back() -> None:
        with closing(sqlite3.connect(path)) as file:
            memory.backup(file)

    return put_back


def _keep_rows(database: Database) -> Callable[[], None]:
    rows, sequences = database.snapshot_now(_read_rows)

    def put_back(session: Session) -> None:
        clear_postgres(session)
        for table, found in rows:
            session.execute(insert(table), found)
        session.execute(_SET, sequences)

    return lambda: database.write_now(put_back)


# What the database works out by itself, and lets nobody say.
_GENERATED = text(
    "SELECT attrelid::regclass::text, attname FROM pg_attribute WHERE attgenerated <> ''"
)
_SEQUENCES = text("SELECT seqrelid::regclass::text FROM pg_sequence")
_SET = text("SELECT setval(CAST(:name AS regclass), :last_value, :is_called)")


def _read_rows(session: Session) -> tuple[list[Any], list[Any]]:
    """(table, rows) of each that has some, parents first; and where each sequence is."""
    made = {tuple(one) for one in session.execute(_GENERATED)}
    found = [(table, session.execute(select(table)).mappings()) for table in emptied_tables()]
    rows = [
        (table, [{k: v for k, v in row.items() if (table.name, k) not in made} for row in read])
        for table, read in found
    ]
    sequences = []
    for name in session.execute(_SEQUENCES).scalars().all():
        told = text(f"SELECT last_value, is_called FROM {name}")  # noqa: S608 - our own names
        sequences.append({"name": name} | dict(session.execute(told).mappings().one()))
    return [(table, read) for table, read in rows if read], sequences
