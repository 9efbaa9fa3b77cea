"""Listening to what the service says to its database."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from sqlalchemy import BigInteger, Executable, bindparam, column, event, insert, select, table

from core.store.dialects import Sql
from core.store.exchange import Exchange
from core.store.statements import Compiled, statement
from database import Database


@statement
def badge_written(_sql: Sql) -> Executable:
    """Of a table of the tests' own, whose rule is checked at the commit."""
    badges = table("badges", column("user_id", BigInteger))
    return insert(badges).from_select(["user_id"], select(bindparam("user_id", type_=BigInteger)))


Listener = Callable[[str, Any], None]


@contextmanager
def listening(database: Database, hear: Listener) -> Iterator[None]:
    """Hear the (SQL, parameters) of every statement before it is sent, however it is sent."""
    values = Compiled.values

    def compiled(self: Compiled, given: Any) -> Any:
        parameters = values(self, given)
        hear(self.text, parameters)
        return parameters

    def listen(_connection: Any, _cursor: Any, sql: str, parameters: Any, *_: Any) -> None:
        hear(sql, parameters)

    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compiled, "values", compiled)
        for engine in (database.reader, database.writer):
            event.listen(engine, "before_cursor_execute", listen)
            stack.callback(event.remove, engine, "before_cursor_execute", listen)
        yield


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """The (SQL, parameters) of every statement inside the block, transactions' frames left out."""
    heard: list[tuple[str, Any]] = []
    with listening(database, lambda sql, parameters: heard.append((sql, parameters))):
        yield heard


@contextmanager
def messages(database: Database) -> Iterator[list[str]]:
    """What is sent to the database at once, each time that somebody waits for it."""
    sent: list[str] = []
    send = Exchange._send

    def sending(self: Exchange, text: str, say: Callable[[], Any]) -> Any:
        sent.append(text)
        return send(self, text, say)

    def listen(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        sent.append(sql)

    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Exchange, "_send", sending)
        for engine in (database.reader, database.writer):
            event.listen(engine, "before_cursor_execute", listen)
            stack.callback(event.remove, engine, "before_cursor_execute", listen)
        yield sent
