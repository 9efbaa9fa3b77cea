"""What a unit of work says to its database, and when it is sent.

A message to PostgreSQL and back costs as much as what most statements do there. So a change is not
sent at once but together with what comes next: a question whose answer somebody waits for, or the
COMMIT. All run in the order in which they were said; only that a change is refused shows no sooner
than it is sent. SQLite is no message away, so there nothing waits.

The unit's SQLModel session speaks through the same connection: first is sent what was said before.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    Executable,
    bindparam,
    event,
    func,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from core.errors import RetryTransaction
from core.store.dialects import Sql
from core.store.postgres_settings import POOLED
from core.store.statements import Compiled, Row, Statement, statement

# What a transaction is for who asks single questions, which each see their own state.
_BY_ITSELF = "BEGIN ISOLATION LEVEL READ COMMITTED"
_EXCHANGE, _PREPARED, _PLANNED_AT = "exchange", "prepared", "planned_at"
# Plans are kept so long. Those of a table that was small read all of it, and the server may take a
# minute to notice that it is not small any more: the first of a sale.
_PLANS_LAST_SECONDS = 5
logger = logging.getLogger("nexticket.database")

R = TypeVar("R")
# There is no such prepared statement, or there is one already.
_OF_ANOTHER_CONNECTION = {"26000", "42P05"}
# A cached plan whose result would be another.
_NOT_AS_PREPARED = _OF_ANOTHER_CONNECTION | {"0A000"}
# Says that a transaction begins; None where each statement is one of its own.
Begin = Callable[[Any], None]


class Local(Protocol):
    """What PostgreSQL has to be told for a transaction, after its BEGIN."""

    def __call__(self, *, is_pooled: bool) -> list[str]: ...


@statement
def _turn_taken(_sql: Sql) -> Executable:
    waiting = func.pg_advisory_xact_lock(bindparam("turn", type_=BigInteger))
    return select(waiting.label("taken"))


def lock_number(name: str) -> int:
    """A name's number among the locks of the database."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def exchange_of(session: Session) -> "Exchange":
    return cast("Exchange", session.info[_EXCHANGE])


class Exchange:
    """Of one connection, for one unit of work."""

    # Whether something in between may give each transaction another connection to the server.
    is_pooled = False

    def __init__(self, connection: Connection) -> None:
        self.dialect = connection.dialect
        self._connection = connection
        self._driver: Any = connection.connection.driver_connection
        # Whether there is anything that could have to be taken back.
        self._is_touched = False
        connection.info[_EXCHANGE] = self

    @property
    def connection(self) -> Connection:
        return self._connection

    def join(self, session: Session) -> None:
        """Let a session of the same connection speak through this exchange."""
        session.info[_EXCHANGE] = self

    def rows(self, statement: Statement, values: dict[str, Any]) -> list[Row]:
        """Ask, and wait for the answer."""
        raise NotImplementedError

    def pages(self, statement: Statement, values: dict[str, Any], size: int) -> Iterator[list[Row]]:
        """Ask once, and hear so many rows at a time, until there are no more."""
        raise NotImplementedError

    def write(self, statement: Statement, values: dict[str, Any], expecting: int | None) -> None:
        """Change something; if it is not of as many rows as expected, the unit is run again."""
        raise NotImplementedError

    def take_turn(self, name: str) -> None:
        """Wait, with the next question, until no other transaction has taken this turn.

        A statement of its own before the question, so that the question sees what the one before
        has committed: a lock that is taken inside of a statement comes after what that sees.
        """
        raise NotImplementedError

    def flush(self) -> None:
        """Send what was said."""
        raise NotImplementedError

    def make_way(self) -> None:
        """The session speaks by itself: first is sent what was said before."""
        self._is_touched = True
        self.flush()

    def commit(self) -> None:
        raise NotImplementedError

    def undo(self) -> None:
        """Take back all that was said and done, and begin anew; who only asked goes on."""
        raise NotImplementedError

    def close(self) -> None:
        """Leave the connection without a transaction."""
        raise NotImplementedError

    def _send(self, text: str, send: Callable[[], R]) -> R:
        """Send a message; ``text`` is it without its values, which no log must tell."""
        try:
            return send()
        except self._driver.Error as error:
            raise self._refused(text, error) from error

    def _refused(self, text: str, error: Exception) -> DBAPIError:
        """The driver's error as SQLAlchemy would raise it."""
        is_gone = self.dialect.is_disconnect(cast("Any", error), self._driver, None)
        if is_gone:
            self._connection.invalidate(error)
        made = DBAPIError.instance(
            text,
            None,
            error,
            self._driver.Error,
            hide_parameters=True,
            connection_invalidated=is_gone,
            dialect=self.dialect,
        )
        return cast("DBAPIError", made)


@dataclass
class Preparation:
    """Whether this process's connections to PostgreSQL keep what was prepared on them.

    They tell themselves that they lead to a pooler, unless that passes itself off as the server.
    """

    is_possible: bool = True


class PostgresExchange(Exchange):
    """The driver's connection must be in autocommit: transactions are begun and ended here."""

    def __init__(
        self,
        connection: Connection,
        begin: str | None,
        local: Local,
        preparation: Preparation,
    ) -> None:
        super().__init__(connection)
        self._info = connection.info
        self._preparation = preparation
        self.is_pooled = not preparation.is_possible or self._info.get(POOLED, False)
        self._begin = begin
        self._local = local
        self._cursor = self._driver.cursor()
        self._is_open = False
        self._unsent: list[str] = []
        self._values: list[Any] = []
        # Statements that are told to the server with the message that is being made.
        self._preparing: list[str] = []
        self._say_begin()

    def rows(self, statement: Statement, values: dict[str, Any]) -> list[Row]:
        compiled = statement.on(self.dialect)
        self._say_statement(compiled, compiled.values(values))
        self.flush()
        return compiled.rows(self._cursor.fetchall())

    def pages(self, statement: Statement, values: dict[str, Any], size: int) -> Iterator[list[Row]]:
        compiled = statement.on(self.dialect)
        self._say(f"DECLARE pages NO SCROLL CURSOR FOR {compiled.text}", compiled.values(values))
        fetched = [None] * size
        while len(fetched) == size:
            self._say(f"FETCH {size} FROM pages")
            self.flush()
            fetched = self._cursor.fetchall()
            yield compiled.rows(fetched)

    def write(self, statement: Statement, values: dict[str, Any], expecting: int | None) -> None:
        compiled = statement.on(self.dialect)
        if expecting is not None:
            values["expected"] = expecting
        self._is_touched = True
        self._say_statement(compiled, compiled.values(values))

    def take_turn(self, name: str) -> None:
        compiled = _turn_taken.on(self.dialect)
        # Nothing that would have to be taken back: it ends with the transaction.
        self._say_statement(compiled, compiled.values({"turn": lock_number(name)}))

    def make_way(self) -> None:
        if self._begin is None and self.is_pooled:
            # What holds for a question is said along with it, but not along with a session's.
            self._begin = _BY_ITSELF
            self._say_begin()
        super().make_way()

    def flush(self) -> None:
        if not self._unsent:
            return
        if self._begin is None and self.is_pooled:
            # A message is a transaction, too.
            self._unsent[:0] = self._local(is_pooled=True)
        message, values = ";\n".join(self._unsent), list(self._values)
        preparing = self._preparing
        self._forget()
        # A transaction may be open from here on, whatever becomes of the message.
        self._is_open = self._begin is not None
        try:
            self._send(message, lambda: self._cursor.execute(message, values))
        except DBAPIError as error:
            self._is_touched = True
            if preparing:
                # Nobody knows how far it came.
                self._prepared = None
            self._require_same_server(error)
            raise
        if preparing and self._prepared is not None:
            self._prepared.update(preparing)

    def commit(self) -> None:
        if not self._is_open and len(self._unsent) <= 1:
            # Nothing was said but that something would be.
            self._forget()
            return
        self._say("COMMIT")
        self.flush()
        if self._cursor.statusmessage != "COMMIT":
            raise AssertionError("an error was passed over: the transaction was rolled back")
        self._is_open = False

    def undo(self) -> None:
        if not self._is_touched:
            return
        self._forget()
        if self._is_open:
            self._say("ROLLBACK")
        self._say_begin()
        self._is_touched = False

    def close(self) -> None:
        self._forget()
        if self._connection.invalidated:
            return
        try:
            if self._is_open:
                self._cursor.execute("ROLLBACK")
            if not self.is_pooled:
                self._look_at_what_is_kept()
        except self._driver.Error:
            # Nobody knows what state it is in.
            self._connection.invalidate()

    def _say_statement(self, compiled: Compiled, values: list[Any]) -> None:
        prepared = compiled.prepared
        known = self._prepared
        if prepared is None or known is None or self.is_pooled:
            self._say(compiled.text, values)
            return
        if prepared.name not in known and prepared.name not in self._preparing:
            self._say(prepared.prepare)
            self._preparing.append(prepared.name)
        self._say(prepared.execute, [values[place] for place in prepared.taken])

    @property
    def _prepared(self) -> set[str] | None:
        """The statements that the server has of this connection; None if that is not known."""
        return cast("set[str] | None", self._info.setdefault(_PREPARED, set()))

    @_prepared.setter
    def _prepared(self, known: set[str] | None) -> None:
        self._info[_PREPARED] = known

    def _require_same_server(self, error: DBAPIError) -> None:
        """Run again without what the server had and has no more, or had already.

        A pooler gives each transaction another connection to the server; and a migration can make
        a plan useless.
        """
        state = getattr(error.orig, "pgcode", None)
        if state not in _NOT_AS_PREPARED:
            return
        if state in _OF_ANOTHER_CONNECTION:
            self._preparation.is_possible = False
            logger.warning("statements are not prepared any more: a pooler is in between")
        self._connection.invalidate()
        raise RetryTransaction from error

    def _look_at_what_is_kept(self) -> None:
        if self._prepared is None:
            self._cursor.execute("SELECT name FROM pg_prepared_statements")
            self._prepared = {name for (name,) in self._cursor.fetchall()}
        now = time.monotonic()
        if now - self._info.setdefault(_PLANNED_AT, now) > _PLANS_LAST_SECONDS:
            self._info[_PLANNED_AT] = now
            # Not along with the next message: in some transactions nothing may come first.
            self._cursor.execute("DISCARD PLANS")

    def _say_begin(self) -> None:
        if self._begin is not None:
            self._say("; ".join([self._begin, *self._local(is_pooled=self.is_pooled)]))

    def _say(self, text: str, values: Sequence[Any] = ()) -> None:
        self._unsent.append(text)
        self._values += values

    def _forget(self) -> None:
        self._unsent.clear()
        self._values.clear()
        self._preparing = []


def listen_to_sessions(engine: Engine) -> None:
    """Keep the order between what sessions say and what was said before."""

    def send_first(connection: Connection, *_: object) -> None:
        exchange: Exchange | None = connection.info.get(_EXCHANGE)
        if exchange is not None:
            exchange.make_way()

    event.listen(engine, "before_cursor_execute", send_first)
