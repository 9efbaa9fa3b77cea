"""What a unit of work says to SQLite: at once, for it is no message away."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from core.errors import RetryTransaction
from core.store.exchange import Begin, Exchange
from core.store.open_file import OpenFile
from core.store.statements import Row, Statement


class SqliteExchange(Exchange):
    """The driver must leave transactions to us: its ``isolation_level`` is None."""

    def __init__(self, connection: Connection, begin: Begin | None, file: OpenFile) -> None:
        super().__init__(connection)
        self._begin = begin
        self.file = file
        self._is_open = False

    @property
    def is_lost(self) -> bool:
        """SQLite ends a transaction by itself where it interrupts a change, or has no disk left."""
        return self._is_open and (self._connection.invalidated or not self._driver.in_transaction)

    def rows(self, statement: Statement, values: dict[str, Any]) -> list[Row]:
        compiled = statement.on(self.dialect)
        said = compiled.values(values)
        self.flush()
        fetched = self._send(
            compiled.text, lambda: self._driver.execute(compiled.text, said).fetchall()
        )
        return compiled.rows(fetched)

    def pages(self, statement: Statement, values: dict[str, Any], size: int) -> Iterator[list[Row]]:
        compiled = statement.on(self.dialect)
        said = compiled.values(values)
        self.flush()
        found = self._send(compiled.text, lambda: self._driver.execute(compiled.text, said))
        fetched = [None] * size
        while len(fetched) == size:
            fetched = self._send(compiled.text, lambda: found.fetchmany(size))
            yield compiled.rows(fetched)

    def write(self, statement: Statement, values: dict[str, Any], expecting: int | None) -> None:
        compiled = statement.on(self.dialect)
        said = compiled.values(values)
        self.flush()
        self._is_touched = True
        done = self._send(compiled.text, lambda: self._driver.execute(compiled.text, said))
        if expecting is not None and done.rowcount != expecting:
            raise RetryTransaction

    def take_turn(self, name: str) -> None:
        """There is one writer at a time."""

    def flush(self) -> None:
        if self._is_open or self._begin is None:
            return
        begin = self._begin
        self.file.glance()
        self._send("BEGIN", lambda: begin(self._driver))
        self._is_open = True

    def commit(self) -> None:
        if not self._is_open:
            return
        # What can be told by now is told before it is done.
        self.file.require_database()
        try:
            self._send("COMMIT", lambda: self._driver.execute("COMMIT"))
        except DBAPIError:
            # The transaction may still be open, and with it the write lock.
            self._connection.invalidate()
            raise
        self._is_open = False
        # It may have gone into a file that nobody will ever open again.
        self.file.require_database()

    def undo(self) -> None:
        if not self._is_touched:
            return
        # The lock goes with it, and comes back when it is needed again.
        self.close()
        self._is_open = self._is_touched = False

    def close(self) -> None:
        if not self._is_open or self._connection.invalidated:
            return
        try:
            if not self.is_lost:
                self._take_back()
        except self._driver.Error:
            self._connection.invalidate()

    def _take_back(self) -> None:
        self._driver.execute("ROLLBACK")
