"""Which connection work is done with: who has a seat has that one's own, all others borrow.

To take a connection from a pool and to give it back costs as much as a small statement. A seat that
does one unit of work after another need not: it keeps what it has for as long as that is in order.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import TracebackType

from sqlalchemy import Connection, Engine

from core.store.engines import says_goodbye
from core.store.strands import aside


class Connections:
    """Those of one pool."""

    def __init__(self, engine: Engine, *, can_be_kept: bool) -> None:
        self._engine = engine
        self._can_be_kept = can_be_kept
        # How often one was found broken: the others were made before that, and are not believed.
        self._breaks = 0

    def keep(self) -> "Place":
        """A place for the one of a seat."""
        return Place(self)

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        place = _place.get()
        if not self._can_be_kept or place is None or not place.is_free_for(self):
            with aside(self._engine.connect) as connection:
                yield connection
            return
        connection = place.connection = self._usable(place)
        place.is_free = False
        try:
            yield connection
        finally:
            place.is_free = True
            if not _is_as_new(connection):
                self._breaks += 1
                place.give_back()

    def _usable(self, place: "Place") -> Connection:
        connection = place.connection
        if connection is not None and place.breaks == self._breaks:
            if not says_goodbye(connection.connection.driver_connection):
                return connection
            self._breaks += 1
        if connection is not None:
            connection.invalidate()
            place.give_back()
        place.breaks = self._breaks
        return aside(self._engine.connect)


class Place:
    """Where a seat keeps a connection; work within finds it there."""

    __slots__ = ("_of", "_token", "breaks", "connection", "is_free")

    def __init__(self, of: Connections) -> None:
        self._of = of
        self.connection: Connection | None = None
        # How many breaks were known when it was made.
        self.breaks = 0
        self.is_free = True

    def is_free_for(self, connections: Connections) -> bool:
        """Not for a helper of who works here, which the context is handed on to."""
        return self.is_free and self._of is connections

    def __enter__(self) -> None:
        self._token: Token[Place | None] = _place.set(self)

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        _place.reset(self._token)

    def give_back(self) -> None:
        if not self.is_free:
            # Somebody is at work with it, and will be when the process ends.
            return
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()


_place: ContextVar[Place | None] = ContextVar("place", default=None)


def _is_as_new(connection: Connection) -> bool:
    """Whether the next unit finds nothing of this one."""
    if connection.closed or connection.invalidated or connection.in_transaction():
        return False
    return not getattr(connection.connection.driver_connection, "closed", False)
