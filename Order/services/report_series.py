"""Figures by the day, the week or the month of any zone.

Sums are by days and months in UTC. Where a period of the zone begins within such a day, a part of
the day belongs to the period beside: it is told by the quarters of an hour, and moved there.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.periods import (
    Interval,
    TooManyPeriodsError,
    is_quarter,
    numbered_day,
    numbered_quarter,
)
from core.store.statements import Row
from Order.services.report_inquiry import Build, Inquiry
from Order.services.report_range import Range

Added = Mapping[date, Counter[str]]


@dataclass(frozen=True)
class Series:
    """All periods of a range, and the figures of those in which something happened."""

    range: Range
    periods: list[date]
    figures: Added


def series(asked: Inquiry, by_period: Build, in_parts: Build) -> Series:
    """In periods of the length asked for, from bound to bound.

    Where one of them is missing, too many periods end where what there is does, as if both were;
    and if even so they are too many, they are longer.
    """
    rows = asked.rows(by_period)
    for found in _lengths(asked.range):
        added = _added(asked, found, rows, in_parts)
        # What came and went again leaves nothing.
        figures = {day: counts for day, counts in added.items() if counts.pop("counted")}
        for is_bounded in (True, False) if asked.range.is_open else (True,):
            with suppress(TooManyPeriodsError):
                return _spanned(found, figures, is_bounded=is_bounded)
    raise TooManyPeriodsError


def _spanned(found: Range, figures: Added, *, is_bounded: bool) -> Series:
    start, end = (found.start, found.end) if is_bounded else (None, None)
    return Series(found, found.calendar.spanned(start, end, list(figures)), figures)


def _lengths(asked: Range) -> Iterator[Range]:
    yield asked
    if asked.is_open:
        lengths = list(Interval)
        for interval in lengths[lengths.index(asked.calendar.interval) + 1 :]:
            yield asked.by(interval)


def _added(asked: Inquiry, found: Range, rows: list[Row], in_parts: Build) -> Added:
    added: dict[date, Counter[str]] = defaultdict(Counter)
    calendar = found.calendar
    for row in rows:
        added[_period(found, row[0])].update(_figures(row))
    shifts = {
        shift.begins: shift
        for shift in calendar.shifts(row[0] for row in rows if not is_quarter(row[0]))
    }
    for row in asked.rows_in(in_parts, [(shift.begins, shift.ends) for shift in shifts.values()]):
        shift, figures = shifts[row.begins], _figures(row)
        added[shift.taken_from].subtract(figures)
        added[shift.given_to].update(figures)
    return added


def _period(found: Range, number: int) -> date:
    """The period that a quarter of an hour lies in, or that a day or a month is named by."""
    if is_quarter(number):
        return found.calendar.period_of(numbered_quarter(number))
    return found.calendar.first_of(numbered_day(number))


def _figures(row: Row) -> dict[str, Any]:
    return dict(zip(row._fields[1:], row[1:], strict=True))
