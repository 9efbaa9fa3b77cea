"""Which connection a thread works with: one with a seat keeps its own, all others borrow.

To take a connection from a pool and to give it back costs as much as a small statement. A thread
that does one unit of work after another need not: it keeps what it has for as long as that is in
order.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from core.store.engines import says_goodbye


class Connections:
    """Those of one pool."""

    def __init__(self, engine: Engine, *, can_be_kept: bool) -> None:
        self._engine = engine
        self._can_be_kept = can_be_kept
        self._own = _Own()
        # How often one was found broken: the others were made before that, and are not believed.
        self._breaks = 0

    @contextmanager
    def kept(self) -> Iterator[None]:
        """For a thread: what it connects to until the end is one connection."""
        self._own.keeps = self._can_be_kept
        try:
            yield
        finally:
            self._own.keeps = False
            _give_back(self._own.take())

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        if not self._own.keeps:
            with self._engine.connect() as connection:
                yield connection
            return
        connection = self._usable(self._own.take())
        try:
            yield connection
        finally:
            if _is_as_new(connection):
                self._own.connection = connection
            else:
                self._breaks += 1
                _give_back(connection)

    def _usable(self, connection: Connection | None) -> Connection:
        if connection is not None and self._own.breaks == self._breaks:
            if not says_goodbye(connection.connection.driver_connection):
                return connection
            self._breaks += 1
        if connection is not None:
            connection.invalidate()
            _give_back(connection)
        self._own.breaks = self._breaks
        return self._engine.connect()


class _Own(threading.local):
    """What a thread has while it is not at work."""

    keeps = False
    connection: Connection | None = None
    # How many breaks were known when it was made.
    breaks = 0

    def take(self) -> Connection | None:
        connection, self.connection = self.connection, None
        return connection


def _is_as_new(connection: Connection) -> bool:
    """Whether the next unit finds nothing of this one."""
    if connection.closed or connection.invalidated or connection.in_transaction():
        return False
    return not getattr(connection.connection.driver_connection, "closed", False)


def _give_back(connection: Connection | None) -> None:
    if connection is not None:
        connection.close()
