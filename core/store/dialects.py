"""What both databases can do, each in words of its own that SQLAlchemy has no one word for."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Dialect,
    Executable,
    FromClause,
    Integer,
    String,
    Table,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import NullType, TypeEngine
from sqlmodel.sql.sqltypes import UTCDateTime

from core.columns import BigId

Processor = Callable[[Any], Any]


class Sql:
    """A database's words, for one statement that is being built."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.is_sqlite = dialect.name == "sqlite"
        # The parameters of the statement that stand for many rows.
        self.given: dict[str, Given] = {}

    def rows(self, name: str, /, **types: TypeEngine[Any]) -> FromClause:
        """A parameter that is given as a list of tuples, with a column for each type."""
        self.given[name] = given = Given(name, types, self.dialect)
        return given.clause

    def new_id(self, table: Table) -> ColumnElement[int]:
        """An id for a row that is going to be inserted, another one in each row.

        SQLite has no sequences, but whoever asks there has the write lock: the next ids are free
        until somebody asks again, which is not before rows were inserted with them.
        """
        if not self.is_sqlite:
            return func.nextval(literal_column(f"'{table.name}_id_seq'"), type_=BigId)
        counter = "(SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = '{}')"
        last = literal_column(counter.format(table.name), BigId)
        return last + func.row_number().over()

    def lock_is_ours(self, number: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether the transaction has a lock of that number now, without waiting for others.

        It is given back with the transaction. SQLite has one writer at a time: whoever asks is the
        one. That it is given the number as well keeps the parameters the same.
        """
        return number.is_not(None) if self.is_sqlite else func.pg_try_advisory_xact_lock(number)

    def insert(self, table: Table) -> Any:
        """An INSERT that may go on with ``on_conflict_do_…``; SQLAlchemy has one for each."""
        return (sqlite if self.is_sqlite else postgresql).insert(table)

    def counted(self, change: Any) -> Executable:
        """A change that ends the transaction unless it is of as many rows as ``expected`` says.

        SQLite's driver tells how many there were; PostgreSQL hears the statements that follow in
        the same message, so it has to count by itself.
        """
        if self.is_sqlite:
            return change  # type: ignore[no-any-return]
        done = change.returning(literal_column("1").label("row")).cte("done")
        found = func.require_rows(func.count(), bindparam("expected", type_=Integer))
        return select(found.label("found")).select_from(done)


class Given:
    """Rows that a request brings along: arrays on PostgreSQL, JSON on SQLite."""

    def __init__(self, name: str, types: Mapping[str, TypeEngine[Any]], dialect: Dialect) -> None:
        self._name = name
        self._is_sqlite = dialect.name == "sqlite"
        self._columns = [f"{name}_{key}" for key in types]
        self._processors = [binding(kind, dialect) for kind in types.values()]
        self.clause = self._json(types) if self._is_sqlite else self._arrays(types)

    def values(self, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """The parameters that stand for the rows."""
        columns = self._processed(rows)
        if self._is_sqlite:
            return {self._name: json.dumps(list(zip(*columns, strict=True)))}
        return {name: array(one) for name, one in zip(self._columns, columns, strict=True)}

    def _processed(self, rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
        """The rows column by column: a request writes some fifty values like this."""
        columns = list(zip(*rows, strict=True)) or [()] * len(self._columns)
        return [
            column if process is None else [process(value) for value in column]
            for column, process in zip(columns, self._processors, strict=True)
        ]

    def _arrays(self, types: Mapping[str, TypeEngine[Any]]) -> FromClause:
        arrays = [
            cast(bindparam(name), postgresql.ARRAY(plain(kind)))
            for name, kind in zip(self._columns, types.values(), strict=True)
        ]
        columns = [column(key, kind) for key, kind in types.items()]
        # PostgreSQL counts the rows from one.
        table = func.unnest(*arrays).table_valued(*columns, name=self._name)
        return table.render_derived()

    def _json(self, types: Mapping[str, TypeEngine[Any]]) -> FromClause:
        items = func.json_each(bindparam(self._name)).table_valued("value", name="items")
        columns = [
            func.json_extract(items.c.value, literal_column(f"'$[{index}]'"), type_=kind).label(key)
            for index, (key, kind) in enumerate(types.items())
        ]
        return select(*columns).subquery(self._name)


@dataclass(frozen=True)
class Prepared:
    """A statement that PostgreSQL parses and plans once for a connection."""

    name: str
    # Tells the server, and carries it out with values: ``PREPARE …`` and ``EXECUTE …``.
    prepare: str
    execute: str
    # Which of the text's parameters it takes; the others are always the same.
    taken: tuple[int, ...]

    @classmethod
    def of(cls, text: str, binds: Sequence[BindParameter[Any]], dialect: Dialect) -> "Prepared":
        """``text`` has its parameters as the driver takes them."""
        pieces = text.split("%s")
        if len(pieces) != len(binds) + 1:
            raise AssertionError(f"not all of these are parameters: {text}")
        types: list[str] = []
        taken: list[int] = []
        written = pieces[0]
        for place, (bind, piece) in enumerate(zip(binds, pieces[1:], strict=True)):
            value = _constant(bind, dialect)
            if value is None:
                taken.append(place)
                types.append(_declared(bind.type, dialect))
                value = f"${len(taken)}"
            written += value + piece
        name = f"nxt_{hashlib.sha256(written.encode()).hexdigest()[:16]}"
        head = f"PREPARE {name} ({', '.join(types)})" if types else f"PREPARE {name}"
        given = f" ({', '.join(['%s'] * len(types))})" if types else ""
        # A doubled per cent sign is one that is no parameter, also for the driver that sends this.
        return cls(name, f"{head} AS {written}", f"EXECUTE {name}{given}", tuple(taken))


def _constant(bind: BindParameter[Any], dialect: Dialect) -> str | None:
    """A value that is part of the statement, written in it: it is not sent each time."""
    if bind.required or not isinstance(bind.value, int | str):
        return None
    literal = bind.type.dialect_impl(dialect).literal_processor(dialect)
    kind = _declared(bind.type, dialect)
    if literal is None or kind == "unknown":
        return None
    return f"CAST({literal(bind.value)} AS {kind})"


def _declared(kind: TypeEngine[Any], dialect: Dialect) -> str:
    """A parameter's type; what is not known is inferred from where it stands."""
    if isinstance(kind, NullType):
        return "unknown"
    if isinstance(plain(kind), String):
        # Without a length: what is too long must be refused, not cut.
        return "text"
    return dialect.type_compiler_instance.process(plain(kind))


def array(values: Sequence[Any]) -> str:
    """PostgreSQL's text for an array: for the driver one value instead of many."""
    return f"{{{','.join([_element(value) for value in values])}}}"


def _element(value: Any) -> str:
    if isinstance(value, int):
        return str(value)
    if value is None:
        return "NULL"
    text = str(value)
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def binding(kind: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    """What makes a value of a type into what the driver takes."""
    return kind.dialect_impl(dialect).bind_processor(dialect)


def fetching(kind: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    """What makes what the driver fetched into a value of a type."""
    if isinstance(kind, UTCDateTime) and dialect.name == "postgresql":
        # The connection speaks UTC, and the driver's values say so.
        return None
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """The database's own type below one of ours."""
    return getattr(kind, "impl_instance", kind)
