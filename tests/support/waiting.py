"""Requests that keep others waiting, and an access so narrow that they do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from sqlmodel import Session

from database import Database
from tests.support.service import Service

PATIENCE = 20


class Held:
    """An operation that keeps its place until it is let go."""

    def __init__(self) -> None:
        self.entered, self.released = threading.Event(), threading.Event()

    def __call__(self, _session: Session) -> None:
        # Without a statement: PostgreSQL would end a transaction that stands idle for so long.
        self.entered.set()
        assert self.released.wait(PATIENCE)


async def until(condition: threading.Event) -> None:
    assert await anyio.to_thread.run_sync(condition.wait, PATIENCE)


@contextmanager
def one_connection(service: Service, **changes: object) -> Iterator[Database]:
    """Another access to the same database, so narrow that requests wait for each other."""
    settings = service.settings.model_copy(update={"database_pool_size": 1, **changes})
    database = Database(settings)
    try:
        yield database
    finally:
        database.close()
