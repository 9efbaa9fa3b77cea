"""Statements that are asked again and again: written with SQLAlchemy, compiled once for a database.

Building and compiling a statement costs several times what the database needs to answer it, so
those of hot operations are objects made at import::

    @statement
    def named(_sql: Sql) -> Executable:
        return select(things.c.id).where(things.c.name == bindparam("name"))

    context.rows(named, name="one")

``context.rows`` and ``context.row`` ask, ``context.write`` changes. Changes that always follow one
another are a :class:`Script`, for ``context.write_all``.
"""

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Executable,
    Table,
    bindparam,
    literal_column,
    select,
    true,
    update,
)

from core.store.dialects import Given, Prepared, Processor, Sql, binding, fetching
from core.store.strands import aside

# How many joined statements are remembered: callers ask lists in as many ways as they like.
_JOINED = 1000
Row: TypeAlias = Any
Build = Callable[[Sql], Executable]
Changes: TypeAlias = Iterator[Executable]
Ordering = Callable[[Any], Sequence[ColumnElement[Any]]]


class Statement:
    """One statement for both databases; its parameters are named by ``bindparam``."""

    def __init__(
        self,
        build: Build,
        ordering: Ordering | None = None,
        *,
        plans_anew: bool = False,
        has_names: bool = True,
    ) -> None:
        self.build = build
        # From the columns that it has, how its rows are sorted: kept where it is joined.
        self.ordering = ordering
        # Whether the best way to carry it out depends on what its parameters are.
        self.plans_anew = plans_anew
        # Whether its rows are of use as they are, rather than in parts.
        self.has_names = has_names
        self._compiled: dict[str, Compiled] = {}

    def on(self, dialect: Dialect) -> "Compiled":
        found = self._compiled.get(dialect.name)
        if found is None:
            # Two threads may both come here first; what they make is the same.
            found = Compiled(self, dialect)
            self._compiled[dialect.name] = found
        return found


def statement(build: Build) -> Statement:
    """The statement that a function builds, once for each database."""
    return Statement(build)


class Script:
    """Changes that follow one another; each takes those of the values that it names.

    They are planned each time: how many rows they are of depends on the values.
    """

    def __init__(self, build: Callable[[Sql], Changes]) -> None:
        self._build = build
        self._made: dict[str, list[Statement]] = {}

    def on(self, dialect: Dialect) -> list[Statement]:
        made = self._made.get(dialect.name)
        if made is None:
            # A tenth of a second and more, in which nobody else would be served.
            made = self._made[dialect.name] = aside(partial(self._make, dialect))
        return made

    def _make(self, dialect: Dialect) -> list[Statement]:
        made = [_planned_anew(change) for change in self._build(Sql(dialect))]
        for change in made:
            change.on(dialect)
        return made


def _planned_anew(change: Executable) -> Statement:
    return Statement(lambda _sql: change, plans_anew=True)


@cache
def changing(table: Table, known: tuple[str, ...], fields: tuple[str, ...]) -> Statement:
    """An UPDATE of some columns, ``to_…``, where others are still as they are known, ``is_…``."""

    def build(sql: Sql) -> Executable:
        columns = table.c
        as_known = [columns[name] == bindparam(f"is_{name}") for name in known]
        values = {name: bindparam(f"to_{name}", type_=columns[name].type) for name in fields}
        return sql.counted(update(table).where(*as_known).values(values))

    return Statement(build)


class Compiled:
    """A statement in the words of one database: its text, its parameters, its rows."""

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        sql = Sql(dialect)
        built: Any = statement.build(sql)
        compiled: Any = built.compile(dialect=dialect)
        if compiled.insert_prefetch or compiled.update_prefetch:
            raise AssertionError("a default of SQLAlchemy's would have to be computed: name it")
        self.text = str(compiled)
        self._given: Mapping[str, Given] = sql.given
        # Both drivers take parameters by position.
        self._positions: Sequence[str] = compiled.positiontup
        self._constants: dict[str, Any] = {}
        self._processors: dict[str, Processor | None] = {}
        for bind, name in compiled.bind_names.items():
            process = self._processors[name] = binding(bind.type, dialect)
            if not bind.required:
                self._constants[name] = process(bind.value) if process else bind.value
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        # What has to be given.
        self.required = frozenset(name for name, bind in binds.items() if bind.required)
        # How PostgreSQL is told of it once for a connection; None where each time is another.
        self.prepared = None
        if not (sql.is_sqlite or statement.plans_anew):
            positions = [binds[name] for name in self._positions]
            self.prepared = Prepared.of(self.text, positions, dialect)
        columns = _columns_of(built)
        self.names = [str(column.key) for column in columns]
        self.row = _row_of(self.names)
        self._has_names = statement.has_names
        processors = enumerate(fetching(column.type, dialect) for column in columns)
        self._fetching = [(index, process) for index, process in processors if process]

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """Parameters as the driver takes them."""
        values = dict(self._constants)
        for name, value in given.items():
            rows = self._given.get(name)
            if rows is not None:
                values.update(rows.values(value))
                continue
            process = self._processors[name]
            values[name] = value if process is None else process(value)
        return [values[name] for name in self._positions]

    def rows(self, fetched: list[Any]) -> list[Row]:
        """What the driver fetched, as rows with names, and values of the columns' types."""
        typed = self._typed(fetched)
        return [self.row._make(values) for values in typed] if self._has_names else typed

    def _typed(self, fetched: list[Any]) -> list[Any]:
        if not self._fetching:
            return fetched
        rows = [list(values) for values in fetched]
        for index, process in self._fetching:
            for row in rows:
                row[index] = process(row[index])
        return rows


def _row_of(names: list[str]) -> Any:
    """A tuple with names, and a mapping of them as SQLAlchemy's own rows have."""
    bare: Any = namedtuple("Row", names)  # type: ignore[misc]  # noqa: PYI024
    return type("Row", (bare,), {"__slots__": (), "_mapping": property(bare._asdict)})


def _columns_of(built: Any) -> list[ColumnElement[Any]]:
    """What comes back: the columns of a SELECT, or those that a change returns."""
    if getattr(built, "is_select", False):
        return list(built.selected_columns)
    return list(built.exported_columns)


class Joined:
    """Statements that have one row or none, and a last one that may have many, asked as one.

    The first column of each is never null, so that a row tells whether it is one.
    """

    def __init__(self, questions: tuple[Statement, ...], last: Statement | None) -> None:
        self._parts = (*questions, *(() if last is None else (last,)))
        self._last = last
        self.statement = Statement(
            self._build,
            plans_anew=any(part.plans_anew for part in self._parts),
            has_names=False,
        )

    def parted(self, dialect: Dialect, rows: Sequence[Row]) -> tuple[list[Row | None], list[Row]]:
        """The answers to the questions, None where there is no row, and the rows of the last."""
        answers: list[Row | None] = []
        start = 0
        for part in self._parts:
            made = part.on(dialect)
            end = start + len(made.names)
            if part is self._last and part is self._parts[-1]:
                found = [made.row._make(row[start:end]) for row in rows]
                return answers, [row for row in found if row[0] is not None]
            answers.append(
                made.row._make(rows[0][start:end]) if rows[0][start] is not None else None
            )
            start = end
        return answers, []

    def _build(self, sql: Sql) -> Executable:
        parts = [_select_of(part, sql).subquery(f"q{n}") for n, part in enumerate(self._parts)]
        columns = [column.label(f"{part.name}_{column.key}") for part in parts for column in part.c]
        asked: Any = select(literal_column("1").label("one")).subquery("asked")
        for part in parts:
            asked = asked.outerjoin(part, true())
        together = select(*columns).select_from(asked)
        if self._last is not None and self._last.ordering is not None:
            together = together.order_by(*self._last.ordering(parts[-1].c))
        return together


@lru_cache(_JOINED)
def joined(questions: tuple[Statement, ...], last: Statement | None) -> Joined:
    return Joined(questions, last)


def _select_of(part: Statement, sql: Sql) -> Any:
    return part.build(sql)
