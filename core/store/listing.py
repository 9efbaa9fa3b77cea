"""Lists: in each way that one is asked for, a statement that is made once.

A way is which filters are set, how it is sorted, whether it goes on behind a cursor, and whether
it is counted; what the filters are set to are parameters.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from sqlalchemy import (
    ColumnElement,
    Executable,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
)

from core.columns import BigId
from core.errors import SkipTooDeepError
from core.pagination import MAX_COUNT, MAX_SKIP, Filtered, ListQuery, Page, Sorting, Total
from core.store.dialects import Sql
from core.store.statements import Row, Statement

T = TypeVar("T")
# (statement, its parameters) → its rows: ``Context.rows``.
Ask = Callable[..., list[Row]]
# (statement, rows at a time, its parameters) → its rows, page after page: ``Context.pages``.
AskAll = Callable[..., Iterator[list[Row]]]
# How many ways of a list are remembered: callers make up as many as they like.
_WAYS = 200
# Of what is read as a whole.
_AT_A_TIME = 250
_ESCAPE = "/"


class Filter(Protocol):
    """A condition on the rows of a list, and what a request may set it to."""

    def kind(self, value: Any) -> Hashable:
        """What makes another condition of it."""

    def condition(self, kind: Any) -> ColumnElement[bool]: ...

    def values(self, value: Any) -> Mapping[str, Any]:
        """The condition's parameters."""


@dataclass(frozen=True)
class Where:
    """A condition with one parameter, whatever it is set to."""

    name: str
    clause: ColumnElement[bool]
    prepared: Callable[[Any], Any] = lambda value: value

    def kind(self, value: Any) -> None:  # noqa: ARG002 - of the protocol
        return None

    def condition(self, kind: None) -> ColumnElement[bool]:  # noqa: ARG002
        return self.clause

    def values(self, value: Any) -> Mapping[str, Any]:
        return {self.name: self.prepared(value)}


@dataclass(frozen=True)
class OneOf:
    """A column that has any of some values, or a part of any of them.

    How many there are is rounded up, so that a few statements serve all numbers.
    """

    name: str
    column: ColumnElement[Any]
    prepared: Callable[[Any], Any] = lambda value: value
    is_part: bool = False

    def kind(self, value: Sequence[Any]) -> int:
        return 1 << (len(value) - 1).bit_length()

    def condition(self, kind: int) -> ColumnElement[bool]:
        names = [self._parameter(n) for n in range(kind)]
        if self.is_part:
            return or_(*(containing(self.column, name) for name in names))
        binds = [bindparam(name, type_=self.column.type) for name in names]
        return self.column.in_(binds) if kind > 1 else self.column == binds[0]

    def values(self, value: Sequence[Any]) -> Mapping[str, Any]:
        if len(value) == 1:
            return {self._parameter(0): self.prepared(value[0])}
        said = [self.prepared(one) for one in value]
        said += said[-1:] * (self.kind(value) - len(said))
        return {self._parameter(n): one for n, one in enumerate(said)}

    def _parameter(self, number: int) -> str:
        # SQLAlchemy's own names end in a number.
        return f"{self.name}_{number}_said"


@dataclass(frozen=True)
class Either:
    """One condition or its opposite, or both of them, which is none."""

    clause: ColumnElement[bool]

    def kind(self, value: Sequence[bool]) -> bool | None:
        return value[0] if len(set(value)) == 1 else None

    def condition(self, kind: bool | None) -> ColumnElement[bool]:  # noqa: FBT001
        if kind is None:
            return true()
        return self.clause if kind else ~self.clause

    def values(self, value: Sequence[bool]) -> Mapping[str, Any]:  # noqa: ARG002
        return {}


@dataclass(frozen=True)
class Words:
    """A text in which every word occurs."""

    name: str
    column: ColumnElement[str]
    words: Callable[[str], Sequence[str]]

    def kind(self, value: str) -> int:
        return len(self.words(value))

    def condition(self, kind: int) -> ColumnElement[bool]:
        return and_(*(containing(self.column, f"{self.name}_{n}") for n in range(kind)))

    def values(self, value: str) -> Mapping[str, Any]:
        return {f"{self.name}_{n}": pattern(word) for n, word in enumerate(self.words(value))}


def containing(column: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """The column's text contains the parameter; see :func:`pattern`."""
    return column.like(bindparam(name), escape=_ESCAPE)


def pattern(text: str) -> str:
    """A text as a pattern that finds it anywhere, and nothing else."""
    for special in (_ESCAPE, "%", "_"):
        text = text.replace(special, _ESCAPE + special)
    return f"%{text}%"


@dataclass(frozen=True)
class Around:
    """What makes several rows of each, sorted by ``ties``, of a page that is cut already."""

    build: Callable[[Select[Any], Sorting], Select[Any]]
    ties: tuple[str, ...]


@dataclass(frozen=True)
class _Way:
    sort: str
    kinds: tuple[tuple[str, Hashable], ...]
    goes_on: bool
    skips: bool
    counts: bool


class Listing:
    """A list: the rows that it selects from, its filters, and what it is sorted by."""

    def __init__(
        self,
        source: Select[Any],
        columns: Any,
        filters: Mapping[str, Filter] | None = None,
        around: "Around | None" = None,
    ) -> None:
        self._source = source
        self._columns = columns
        self._filters = filters or {}
        self._around = around
        self._statement = lru_cache(_WAYS)(self._build)
        self._all_of = lru_cache(_WAYS)(self._build_all)

    def page(self, ask: Ask, query: ListQuery, **own: Any) -> Page[Row]:
        """A page of the rows; ``own`` are filters that the request does not set itself."""
        return self.gathered(ask, query, lambda rows: [[row] for row in rows], **own).map(
            lambda rows: rows[0]
        )

    def gathered(
        self, ask: Ask, query: ListQuery, gather: Callable[[list[Row]], list[list[Row]]], **own: Any
    ) -> Page[list[Row]]:
        """A page of objects that have several rows each."""
        if query.skip > MAX_SKIP:
            raise SkipTooDeepError(MAX_SKIP)
        set_to = self._set_to(query, own)
        way, values = self._asked(query, set_to)
        rows, total = ask(self._statement(way), **values), None
        if query.count:
            total = Total.of(rows[0].counted)
            # A page without rows has one all the same, for the count.
            rows = [row for row in rows if row.id is not None]
        found, following = gather(rows), None
        if len(found) > query.limit:
            sorting = Sorting.of(query.sort, self._columns)
            following = {"after": sorting.cursor(found[query.limit - 1][0])}
        return Page(found[: query.limit], following, total)

    def every(self, ask: AskAll, query: Filtered, **own: Any) -> Iterator[list[Row]]:
        """All rows, so many at a time."""
        set_to = self._set_to(query, own)
        found = self._all_of(query.sort, self._kinds(set_to))
        return ask(found, _AT_A_TIME, **self._values(set_to))

    def _set_to(self, query: Filtered, own: Mapping[str, Any]) -> dict[str, Any]:
        asked = ((name, getattr(query, name, None)) for name in self._filters)
        # A filter of the service's own stays one where it is set to None: nobody's are not all.
        return {name: value for name, value in asked if value is not None} | dict(own)

    def _asked(self, query: ListQuery, set_to: Mapping[str, Any]) -> tuple[_Way, dict[str, Any]]:
        kinds = self._kinds(set_to)
        way = _Way(query.sort, kinds, query.after is not None, query.skip > 0, query.count)
        values = self._values(set_to)
        # One more, which tells whether another page follows.
        values["page_size"] = query.limit + 1
        if query.after is not None:
            values |= Sorting.of(query.sort, self._columns).position(query.after)
        if query.skip:
            values["skipped"] = query.skip
        return way, values

    def _kinds(self, set_to: Mapping[str, Any]) -> tuple[tuple[str, Hashable], ...]:
        return tuple((name, self._filters[name].kind(value)) for name, value in set_to.items())

    def _values(self, set_to: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value in set_to.items():
            values |= self._filters[name].values(value)
        return values

    def _filtered(self, kinds: tuple[tuple[str, Hashable], ...]) -> Select[Any]:
        return self._source.where(*(self._filters[name].condition(kind) for name, kind in kinds))

    def _build(self, way: _Way) -> Statement:
        sorting = Sorting.of(way.sort, self._columns)

        def build(_sql: Sql) -> Executable:
            page = self._page(way, sorting)
            return self._with_count(page, way, sorting) if way.counts else page

        return Statement(build, lambda columns: self._sorted(sorting, columns), plans_anew=True)

    def _build_all(self, sort: str, kinds: tuple[tuple[str, Hashable], ...]) -> Statement:
        sorting = Sorting.of(sort, self._columns)
        found = self._filtered(kinds).order_by(*sorting.clauses())
        return Statement(lambda _sql: found, plans_anew=True)

    def _page(self, way: _Way, sorting: Sorting) -> Select[Any]:
        page = self._filtered(way.kinds)
        if way.goes_on:
            page = page.where(sorting.beyond())
        page = page.order_by(*sorting.clauses())
        page = page.limit(bindparam("page_size", type_=Integer))
        if way.skips:
            page = self._found_by_key(page, way, sorting)
        return self._around.build(page, sorting) if self._around else page

    def _found_by_key(self, page: Select[Any], way: _Way, sorting: Sorting) -> Select[Any]:
        """The page behind rows that are passed over: of those an index is read, and no more."""
        keys = page.with_only_columns(sorting.id, maintain_column_froms=True)
        keys = keys.offset(bindparam("skipped", type_=BigId)).correlate(None)
        # What a row is joined with may have the same key.
        found = self._filtered(way.kinds).where(sorting.id.in_(keys))
        return found.order_by(*sorting.clauses())

    def _with_count(self, page: Select[Any], way: _Way, sorting: Sorting) -> Select[Any]:
        """The page with the count in each row, and in a row of nothing else where it is empty."""
        total, rows = self._counted(way.kinds).subquery("total"), page.subquery("listed")
        together = select(total.c.counted, *rows.c).select_from(total.outerjoin(rows, true()))
        return together.order_by(*self._sorted(sorting, rows.c))

    def _sorted(self, sorting: Sorting, columns: Any) -> list[ColumnElement[Any]]:
        """How the rows are sorted, by the columns that they have."""
        name = str(sorting.column.key)
        column = columns.id if sorting.by_id else columns[name]
        made = Sorting(column, columns.id, sorting.descending).clauses()
        return [*made, *(columns[name] for name in (self._around.ties if self._around else ()))]

    def _counted(self, kinds: tuple[tuple[str, Hashable], ...]) -> Select[Any]:
        """How many rows there are; it looks at no more than tell that they are too many."""
        one = literal_column("1", Integer).label("one")
        matching = self._filtered(kinds).with_only_columns(one, maintain_column_froms=True)
        bounded = matching.limit(MAX_COUNT + 1).subquery("matching")
        return select(func.count().label("counted")).select_from(bounded)
