"""Requests that keep others waiting, and an access so narrow that they do."""

import os
import select
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from sqlalchemy import text
from sqlmodel import Session

from core.store.strands import current
from database import Database
from tests.support.service import Service

PATIENCE = 20
_WAITING = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'""")


class Moment:
    """An event that a unit of work waits for without keeping its thread from others."""

    def __init__(self) -> None:
        self._descriptor, self._end = os.pipe()
        for one in (self._descriptor, self._end):
            weakref.finalize(self, os.close, one)

    def set(self) -> None:
        # Nobody reads it, so that it is there for all who come.
        os.write(self._end, b".")

    def wait(self, seconds: float) -> bool:
        # An event loop tells one only of each descriptor.
        own = os.dup(self._descriptor)
        try:
            if (strand := current()) is not None:
                return strand.wait(own, is_to_write=False, seconds=seconds)
            return bool(select.select([own], [], [], seconds)[0])
        finally:
            os.close(own)


class Held:
    """An operation that keeps its place until it is let go."""

    def __init__(self) -> None:
        self.entered, self.released = threading.Event(), Moment()

    def __call__(self, _session: Session) -> None:
        # Without a statement: PostgreSQL would end a transaction that stands idle for so long.
        self.entered.set()
        assert self.released.wait(PATIENCE)


async def until(condition: threading.Event) -> None:
    assert await anyio.to_thread.run_sync(condition.wait, PATIENCE)


def comes_to_wait(thread: threading.Thread, database: Database) -> bool:
    """Whether what a thread does waits for a lock of PostgreSQL, before it ends."""
    while thread.is_alive():
        if database.read_now(lambda session: session.execute(_WAITING).scalar_one()):
            return True
    return False


@contextmanager
def one_connection(service: Service, **changes: object) -> Iterator[Database]:
    """Another access to the same database, so narrow that requests wait for each other."""
    settings = service.settings.model_copy(update={"database_pool_size": 1, **changes})
    database = Database(settings)
    try:
        yield database
    finally:
        database.close()
