"""Which sums make up a range of time: whole months and days, and the rows at ragged edges.

Periods are numbered as in ``tables/reports.py``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import BindParameter, ColumnElement, Integer, bindparam, false, or_
from sqlmodel.sql.sqltypes import UTCDateTime

from core.periods import Interval, day_number, next_month
from core.zones import midnight

# From a first number to one that is not included.
Numbers = tuple[int, int]
Moment: TypeAlias = datetime | BindParameter[datetime]
Edge = tuple[Moment | None, Moment | None]

ALL_TIME: Numbers = (0, 1)
ALL_MONTHS: Numbers = (1, 1_000_000)
ALL_DAYS: Numbers = (1_000_000, 100_000_000)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Spans:
    """Parts of a range that do not overlap."""

    # Of which periods the sums are added up.
    sums: tuple[Numbers, ...]
    # Which days these are, for what is not in the sums yet.
    days: Numbers | None
    # What of the range is no whole day.
    edges: tuple[tuple[datetime | None, datetime | None], ...]
    # For each edge 1, or -1 where the sums have it and the range has not; empty: 1.
    signs: tuple[int, ...] = ()


def spans_of(start: datetime | None, end: datetime | None, *, by: Interval | None = None) -> Spans:
    """A range from ``start`` to before ``end``; ``by`` periods that must be told apart."""
    if start is None and end is None:
        sums = {None: ALL_TIME, Interval.MONTH: ALL_MONTHS}.get(by, ALL_DAYS)
        return Spans((sums,), ALL_DAYS, ())
    first = _next_midnight(start) if start else None
    last = end.astimezone(UTC).date() if end else None
    if first and last and first >= last:
        return Spans((), None, ((start, end),))
    edges: list[tuple[datetime | None, datetime | None]] = []
    if start and first and start < midnight(first):
        edges.append((start, midnight(first)))
    if end and last and end > midnight(last):
        edges.append((midnight(last), end))
    days = _days(first, last)
    sums_of_days = (days,) if by in {Interval.DAY, Interval.WEEK} else _with_months(first, last)
    return Spans(sums_of_days, days, tuple(edges))


def one_sum_of(start: datetime | None, end: datetime | None) -> Spans | None:
    """A range as the sum of all time, or of a month; None where it is far from being either.

    A month of another zone is one in UTC, with something more or less at its ends.
    """
    if start is None and end is None:
        return Spans((ALL_TIME,), ALL_DAYS, ())
    if start is None or end is None:
        return None
    first = (start.astimezone(UTC) + _DAY).date().replace(day=1)
    bounds = ((start, midnight(first), -1), (end, midnight(next_month(first)), 1))
    if any(abs(bound - of_month) >= _DAY for bound, of_month, _ in bounds):
        return None
    apart = [one for one in bounds if one[0] != one[1]]
    month = _month_number(first)
    return Spans(
        sums=((month, month + 1),),
        days=_days(first, next_month(first)),
        edges=tuple((min(bound, other), max(bound, other)) for bound, other, _ in apart),
        signs=tuple(sign if bound > other else -sign for bound, other, sign in apart),
    )


@dataclass(frozen=True)
class Frame:
    """The shape of spans, for statements that are made once; the spans' numbers are parameters.

    ``name`` tells these from the parameters of another frame.
    """

    name: str
    # Whether each of the sums is one period.
    sums: tuple[bool, ...]
    has_days: bool
    # Which bounds each edge has.
    edged: tuple[tuple[bool, bool], ...]
    signs: tuple[int, ...]

    @classmethod
    def of(cls, name: str, spans: Spans) -> "Frame":
        ones = tuple(behind == first + 1 for first, behind in spans.sums)
        edged = tuple((start is not None, end is not None) for start, end in spans.edges)
        signs = spans.signs or (1,) * len(edged)
        return cls(name, ones, spans.days is not None, edged, signs)

    def values(self, spans: Spans) -> Iterator[tuple[str, Any]]:
        """What the parameters are for spans of this shape."""
        days = [] if spans.days is None else [("days", spans.days)]
        for name, (first, behind) in [*enumerate(spans.sums), *days]:
            yield f"{self.name}_{name}_first", first
            yield f"{self.name}_{name}_last", behind - 1
        for number, (start, end) in enumerate(spans.edges):
            yield f"{self.name}_{number}_start", start
            yield f"{self.name}_{number}_end", end

    def in_sums(self, period: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether sums of a period are part of the range."""
        found = [
            period == self._number(f"{n}_first") if is_one else self._between(period, n)
            for n, is_one in enumerate(self.sums)
        ]
        return or_(*found) if found else false()

    def in_days(self, day: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether a day is one of the range's whole days."""
        return self._between(day, "days")

    @property
    def edges(self) -> tuple[Edge, ...]:
        return tuple(
            (
                moment(f"{self.name}_{number}_start") if has_start else None,
                moment(f"{self.name}_{number}_end") if has_end else None,
            )
            for number, (has_start, has_end) in enumerate(self.edged)
        )

    def _between(self, number: ColumnElement[int], name: object) -> ColumnElement[bool]:
        return number.between(self._number(f"{name}_first"), self._number(f"{name}_last"))

    def _number(self, name: str) -> BindParameter[int]:
        return bindparam(f"{self.name}_{name}", type_=Integer)


def moment(name: str) -> BindParameter[datetime]:
    return bindparam(name, type_=UTCDateTime)


def _next_midnight(moment: datetime) -> date:
    """The first day that begins at a moment or after it; the last there is has none after it."""
    day = moment.astimezone(UTC).date()
    return day if midnight(day) == moment or day == date.max else day + timedelta(days=1)


def _days(first: date | None, last: date | None) -> Numbers:
    lowest, behind = ALL_DAYS
    return (
        max(day_number(first), lowest) if first else lowest,
        max(day_number(last), lowest) if last else behind,
    )


def _with_months(first: date | None, last: date | None) -> tuple[Numbers, ...]:
    """Whole months, and the days before the first and after the last of them."""
    month = _next_month(first) if first else None
    end = last.replace(day=1) if last else None
    if month and end and month >= end:
        return (_days(first, last),)
    spans = []
    if first and month and first < month:
        spans.append(_days(first, month))
    lowest, behind = ALL_MONTHS
    spans.append((_month_number(month) if month else lowest, _month_number(end) if end else behind))
    if last and end and end < last:
        spans.append(_days(end, last))
    return tuple(spans)


def _next_month(day: date) -> date:
    """The first day of the first month that begins on a day or after it."""
    if day.day == 1 or (day.year, day.month) == (date.max.year, date.max.month):
        return day.replace(day=1) if day.day == 1 else date.max
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def _month_number(day: date) -> int:
    return day_number(day) // 100
