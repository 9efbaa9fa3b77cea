"""Days, weeks and months in a time zone, and the numbers by which sums of them are stored.

A period is named by the day on which it starts. Weeks start on Monday (ISO 8601). Stored are days
and months in UTC, and quarters of an hour, of which days of any zone are made.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Integer, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from core.errors import InvalidError
from core.zones import day_start, local_day, midnight, told

# More than thirteen years of days: beyond it a chart shows nothing, and an answer fills memory.
MAX_PERIODS = 5000
_LAST_MONTH = 999_912
# Zones were as far from UTC as the sun was before they agreed on quarters of an hour, the last of
# them Kiritimati in 1979. What is older is told apart by the second.
QUARTERS_SINCE = datetime(1980, 1, 1, tzinfo=UTC)
_OF_DAY = 1_000_000
_QUARTER = 15


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


class EmptyPeriodError(InvalidError):
    """The bounds of a range leave no room between them."""

    code = "validation_error"
    title = "The request is not valid"

    def __init__(self) -> None:
        detail = "must be later than start"
        error = {"parameter": "end", "detail": detail, "code": "empty_period"}
        super().__init__(f"end: {detail}", errors=[error])


def require_room(start: datetime | None, end: datetime | None) -> None:
    """Raises if there is no time between the bounds of a range."""
    if start and end and end <= start:
        raise EmptyPeriodError


class Shift(NamedTuple):
    """A part of a day in UTC, by its quarters of an hour, that belongs to the period beside."""

    begins: int
    ends: int
    taken_from: date
    given_to: date


@dataclass(frozen=True)
class Calendar:
    """The periods of one length in a zone."""

    zone: ZoneInfo
    interval: Interval

    def period_of(self, moment: datetime) -> date:
        """The first day of the period that a moment lies in."""
        return self.first_of(local_day(moment, self.zone))

    def first_of(self, day: date) -> date:
        """The first day of the period that a day lies in."""
        if self.interval is Interval.WEEK:
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self.interval is Interval.MONTH else day

    def start_of(self, period: date) -> datetime:
        """When a period begins, as far as there is time."""
        return told(day_start(period, self.zone))

    def between(self, first: date, last: date) -> list[date]:
        """All periods from one to another, both included."""
        found = list(islice(self._from(first, last), MAX_PERIODS + 1))
        if len(found) > MAX_PERIODS:
            raise TooManyPeriodsError
        return found

    def spanned(
        self, start: datetime | None, end: datetime | None, found: Sequence[date]
    ) -> list[date]:
        """The periods of a series without gaps.

        It reaches from ``start`` to the last instant before ``end``; where a bound is missing,
        the outermost of the periods ``found`` takes its place. With neither there is nothing to
        tell. A day that the zone left out is none.
        """
        first = self.period_of(start) if start else min(found, default=None)
        last = self.period_of(end - timedelta.resolution) if end else max(found, default=None)
        if first is None or last is None:
            return []
        return [day for day in self.between(first, last) if self._has_length(day)]

    def shifts(self, numbers: Iterable[int]) -> Iterator["Shift"]:
        """What is to be taken from the period that each of some days and months in UTC is named
        by, since it lies in the one before or behind it.
        """
        for number in numbers:
            day = numbered_day(number)
            yield from self._of_period_before(day)
            yield from self._of_period_behind(_following(number, day))

    def _of_period_before(self, day: date) -> Iterator["Shift"]:
        start = self.start_of(day)
        if self.first_of(day) == day and start > midnight(day):
            before = self.first_of(day - timedelta(days=1))
            yield Shift(quarters_of(day)[0], quarter_number(start) - 1, day, before)

    def _of_period_behind(self, day: date) -> Iterator["Shift"]:
        start = self.start_of(day)
        if self.first_of(day) == day and start < midnight(day):
            last = day - timedelta(days=1)
            yield Shift(quarter_number(start), quarters_of(last)[1], self.first_of(last), day)

    def _from(self, day: date, last: date) -> Iterator[date]:
        while day <= last:
            yield day
            day = self._next(day)

    def _next(self, day: date) -> date:
        if self.interval is Interval.MONTH:
            return next_month(day)
        return day + timedelta(days=7 if self.interval is Interval.WEEK else 1)

    def _has_length(self, day: date) -> bool:
        # Zones left out no more than a day.
        return self.interval is not Interval.DAY or self.start_of(day) < self.start_of(
            self._next(day)
        )


def next_month(first: date) -> date:
    """The first day of the month behind one."""
    # No month has more than 31 days, and from the first 31 days never skip one.
    return (first + timedelta(days=31)).replace(day=1)


def day_number(day: date) -> int:
    """A day as a number that sorts as days do: 20260301."""
    return day.year * 10_000 + day.month * 100 + day.day


def numbered_day(number: int) -> date:
    """The day that a number means; a month's number means its first day."""
    days = number if number > _LAST_MONTH else number * 100 + 1
    return date(days // 10_000, days // 100 % 100, days % 100)


def _following(number: int, day: date) -> date:
    """The day behind a numbered day or month, which begins with ``day``."""
    return day + timedelta(days=1) if number > _LAST_MONTH else next_month(day)


def quarter_number(moment: datetime) -> int:
    """The quarter of an hour that a moment lies in, or the second: 20260301234500."""
    utc = moment.astimezone(UTC)
    minute, second = utc.minute, utc.second
    if utc >= QUARTERS_SINCE:
        minute, second = minute // _QUARTER * _QUARTER, 0
    return day_number(utc.date()) * _OF_DAY + utc.hour * 10_000 + minute * 100 + second


def numbered_quarter(number: int) -> datetime:
    """When a quarter of an hour begins."""
    day = numbered_day(number // _OF_DAY)
    hour, minute, second = number // 10_000 % 100, number // 100 % 100, number % 100
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)


def quarters_of(day: date) -> tuple[int, int]:
    """The numbers of the first and of the last moment of a day in UTC."""
    first = day_number(day) * _OF_DAY
    return first, first + 235_959


def is_quarter(number: int) -> bool:
    """Whether a number is that of a quarter of an hour, rather than of a day or a month."""
    return number >= _OF_DAY * 10_000


class _DayNumber(FunctionElement[int]):
    """In SQL, the number of the day that a column of moments lies in."""

    type = Integer()
    inherit_cache = True


class _QuarterNumber(FunctionElement[int]):
    """In SQL, the number of the quarter of an hour that a column of moments lies in."""

    type = BigInteger()
    inherit_cache = True


def day_number_column(moment: ColumnElement[Any]) -> ColumnElement[int]:
    """:func:`day_number` of a moment's day in UTC, as SQL."""
    return _DayNumber(moment)


def quarter_number_column(moment: ColumnElement[Any]) -> ColumnElement[int]:
    """:func:`quarter_number` as SQL."""
    return _QuarterNumber(moment)


def day_of_quarter(quarter: ColumnElement[int]) -> ColumnElement[int]:
    """The number of the day in UTC that a numbered quarter of an hour lies in, as SQL."""
    return quarter // literal_column(str(_OF_DAY), Integer)


@compiles(_DayNumber, "postgresql")
def _day_on_postgresql(element: _DayNumber, compiler: SQLCompiler, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    return f"CAST(to_char({moment} AT TIME ZONE 'UTC', 'YYYYMMDD') AS INTEGER)"


@compiles(_DayNumber, "sqlite")
def _day_on_sqlite(element: _DayNumber, compiler: SQLCompiler, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    return f"CAST(replace(substr({moment}, 1, 10), '-', '') AS INTEGER)"


@compiles(_QuarterNumber, "postgresql")
def _quarter_on_postgresql(element: _QuarterNumber, compiler: SQLCompiler, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    second = f"CAST(to_char({moment} AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS') AS BIGINT)"
    behind = f"mod(mod({second}, 10000), 1500)"
    is_quarter = f"{moment} >= '{QUARTERS_SINCE.isoformat()}'"
    return f"({second} - CASE WHEN {is_quarter} THEN {behind} ELSE 0 END)"


@compiles(_QuarterNumber, "sqlite")
def _quarter_on_sqlite(element: _QuarterNumber, compiler: SQLCompiler, **options: Any) -> str:
    # Moments are stored as UTC in ISO 8601 text.
    moment = compiler.process(element.clauses, **options)
    digits = f"substr({moment}, 1, 10) || substr({moment}, 12, 8)"
    second = f"CAST(replace(replace({digits}, '-', ''), ':', '') AS INTEGER)"
    is_quarter = f"{moment} >= '{QUARTERS_SINCE:%Y-%m-%d}'"
    return f"({second} - CASE WHEN {is_quarter} THEN {second} % 10000 % 1500 ELSE 0 END)"
