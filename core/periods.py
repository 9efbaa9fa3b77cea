"""Days, weeks and months in UTC: the same in Python, in PostgreSQL and in SQLite.

A period is named by the day on which it starts. Weeks start on Monday (ISO 8601).
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Date, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from core.errors import InvalidError

# More than thirteen years of days: beyond it a chart shows nothing, and an answer fills memory.
MAX_PERIODS = 5000
_LAST_MONTH = 999_912


class Interval(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class TooManyPeriodsError(InvalidError):
    """The bounds are so far apart that a series between them would have no end."""

    code = "validation_error"
    title = "The request is not valid"

    def __init__(self) -> None:
        detail = f"more than {MAX_PERIODS} periods lie between the bounds"
        error = {"parameter": "interval", "detail": detail, "code": "too_many_periods"}
        super().__init__(f"interval: {detail}", errors=[error])


def period_of(moment: datetime, interval: Interval) -> date:
    """The first day of the period that a moment lies in."""
    day = moment.astimezone(UTC).date()
    if interval is Interval.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if interval is Interval.MONTH else day


def day_number(day: date) -> int:
    """A day as a number that sorts as days do: 20260301."""
    return day.year * 10_000 + day.month * 100 + day.day


def numbered_day(number: int) -> date:
    """The day that a number means; a month's number means its first day."""
    days = number if number > _LAST_MONTH else number * 100 + 1
    return date(days // 10_000, days // 100 % 100, days % 100)


def midnight(day: date) -> datetime:
    """The moment at which a day begins in UTC."""
    return datetime.combine(day, time.min, UTC)


def periods_between(first: date, last: date, interval: Interval) -> list[date]:
    """All periods from one to another, both included."""
    found = list(islice(_from(first, last, interval), MAX_PERIODS + 1))
    if len(found) > MAX_PERIODS:
        raise TooManyPeriodsError
    return found


def spanned_periods(
    start: datetime | None, end: datetime | None, found: Sequence[date], interval: Interval
) -> list[date]:
    """The periods of a series without gaps.

    It reaches from ``start`` to the last instant before ``end``; where a bound is missing, the
    outermost of the periods ``found`` takes its place. With neither there is nothing to tell.
    """
    first = period_of(start, interval) if start else min(found, default=None)
    last = period_of(end - timedelta.resolution, interval) if end else max(found, default=None)
    if first is None or last is None:
        return []
    return periods_between(first, last, interval)


def _from(day: date, last: date, interval: Interval) -> Iterator[date]:
    while day <= last:
        yield day
        day = _next(day, interval)


def _next(day: date, interval: Interval) -> date:
    if interval is Interval.MONTH:
        # No month has more than 31 days, and from the first 31 days never skip one.
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=7 if interval is Interval.WEEK else 1)


class _PeriodStart(FunctionElement[date]):
    """In SQL, the first day of the period that a column of moments lies in."""

    type = Date()
    inherit_cache = True

    unit: ClassVar[str]
    # What leads SQLite's date() from a day to the period's first.
    steps: ClassVar[tuple[str, ...]]


class _DayStart(_PeriodStart):
    inherit_cache = True
    unit, steps = "day", ()


class _WeekStart(_PeriodStart):
    inherit_cache = True
    # "weekday 0" goes on to Sunday unless it is Sunday, and Monday is six days earlier.
    unit, steps = "week", ("weekday 0", "-6 days")


class _MonthStart(_PeriodStart):
    inherit_cache = True
    unit, steps = "month", ("start of month",)


_STARTS: dict[Interval, type[_PeriodStart]] = {
    Interval.DAY: _DayStart,
    Interval.WEEK: _WeekStart,
    Interval.MONTH: _MonthStart,
}


def period_column(moment: ColumnElement[Any], interval: Interval) -> ColumnElement[date]:
    """:func:`period_of` as SQL, to group rows by."""
    return _STARTS[interval](moment)


class _DayNumber(FunctionElement[int]):
    """In SQL, the number of the day that a column of moments lies in."""

    type = Integer()
    inherit_cache = True


def day_number_column(moment: ColumnElement[Any]) -> ColumnElement[int]:
    """:func:`day_number` of a moment's day in UTC, as SQL."""
    return _DayNumber(moment)


@compiles(_DayNumber, "postgresql")
def _number_on_postgresql(element: _DayNumber, compiler: SQLCompiler, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    return f"CAST(to_char({moment} AT TIME ZONE 'UTC', 'YYYYMMDD') AS INTEGER)"


@compiles(_DayNumber, "sqlite")
def _number_on_sqlite(element: _DayNumber, compiler: SQLCompiler, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    return f"CAST(replace(substr({moment}, 1, 10), '-', '') AS INTEGER)"


@compiles(_PeriodStart, "postgresql")
def _on_postgresql(element: _PeriodStart, compiler: SQLCompiler, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    return f"CAST(date_trunc('{element.unit}', {moment} AT TIME ZONE 'UTC') AS DATE)"


@compiles(_PeriodStart, "sqlite")
def _on_sqlite(element: _PeriodStart, compiler: SQLCompiler, **options: Any) -> str:
    # Moments are stored as UTC in ISO 8601 text. Only its date is handed on: date() would round
    # the last half millisecond of a day up to the next.
    day = f"substr({compiler.process(element.clauses, **options)}, 1, 10)"
    return f"date({', '.join([day, *(repr(step) for step in element.steps)])})"
