from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from sqlalchemy import ColumnElement, literal, select
from sqlmodel import Session

from core.periods import (
    MAX_PERIODS,
    Interval,
    TooManyPeriodsError,
    midnight,
    period_column,
    period_of,
    periods_between,
    spanned_periods,
)
from models import orders
from tests.support.service import Service

# Ends of years, leap days, a Sunday and a Monday, and the first and last instants of a day.
MOMENTS = [
    datetime(2023, 12, 31, 23, 59, 59, 999999, UTC),
    datetime(2024, 1, 1, tzinfo=UTC),
    datetime(2024, 2, 29, 12, 30, tzinfo=UTC),
    datetime(2024, 12, 30, tzinfo=UTC),
    datetime(2025, 2, 28, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 3, 1, 12, 0, 0, 1000, UTC),
    datetime(2026, 3, 2, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
]


def _moment(value: datetime) -> ColumnElement[datetime]:
    return literal(value, orders.c.confirmed_at.type)


class TestPeriodOf:
    @pytest.mark.parametrize(
        ("interval", "first"),
        [
            (Interval.DAY, date(2024, 2, 29)),
            (Interval.WEEK, date(2024, 2, 26)),
            (Interval.MONTH, date(2024, 2, 1)),
        ],
    )
    def test_a_period_is_named_by_its_first_day(self, interval: Interval, first: date) -> None:
        assert period_of(datetime(2024, 2, 29, 12, tzinfo=UTC), interval) == first

    def test_weeks_start_on_monday(self) -> None:
        sunday = datetime(2026, 3, 1, 23, 59, 59, 999999, UTC)
        assert period_of(sunday, Interval.WEEK) == date(2026, 2, 23)
        assert period_of(sunday + timedelta.resolution, Interval.WEEK) == date(2026, 3, 2)

    def test_the_day_is_that_of_utc(self) -> None:
        evening = datetime(2026, 2, 28, 23, tzinfo=timezone(timedelta(hours=-5)))
        assert period_of(evening, Interval.DAY) == date(2026, 3, 1)
        assert period_of(evening, Interval.MONTH) == date(2026, 3, 1)

    @pytest.mark.parametrize("interval", Interval)
    def test_the_database_says_the_same(self, service: Service, interval: Interval) -> None:
        columns = [period_column(_moment(moment), interval) for moment in MOMENTS]

        def ask(session: Session) -> list[date]:
            return list(session.execute(select(*columns)).one())

        expected = [period_of(moment, interval) for moment in MOMENTS]
        assert service.database.read_now(ask) == expected


class TestPeriodsBetween:
    def test_months_follow_each_other_across_years_and_short_months(self) -> None:
        months = periods_between(date(2023, 11, 1), date(2024, 4, 1), Interval.MONTH)
        assert [(day.year, day.month, day.day) for day in months] == [
            (2023, 11, 1),
            (2023, 12, 1),
            (2024, 1, 1),
            (2024, 2, 1),
            (2024, 3, 1),
            (2024, 4, 1),
        ]

    @pytest.mark.parametrize(("interval", "days"), [(Interval.DAY, 1), (Interval.WEEK, 7)])
    def test_days_and_weeks_leave_no_gap(self, interval: Interval, days: int) -> None:
        found = periods_between(date(2024, 2, 26), date(2024, 3, 25), interval)
        assert (found[0], found[-1]) == (date(2024, 2, 26), date(2024, 3, 25))
        assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(days=days)}

    def test_the_limit_itself_is_allowed_and_one_more_is_not(self) -> None:
        first = date(2020, 1, 1)
        last = first + timedelta(days=MAX_PERIODS - 1)
        assert len(periods_between(first, last, Interval.DAY)) == MAX_PERIODS
        with pytest.raises(TooManyPeriodsError):
            periods_between(first, last + timedelta(days=1), Interval.DAY)

    def test_the_outermost_years_are_reached(self) -> None:
        months = periods_between(date(9998, 11, 1), date(9998, 12, 31), Interval.MONTH)
        assert months == [date(9998, 11, 1), date(9998, 12, 1)]


class TestSpannedPeriods:
    START = datetime(2026, 3, 1, 12, tzinfo=UTC)
    END = datetime(2026, 3, 4, tzinfo=UTC)

    def test_an_end_at_midnight_does_not_begin_another_day(self) -> None:
        days = spanned_periods(self.START, self.END, [], Interval.DAY)
        assert days == [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)]

    def test_an_end_after_midnight_does(self) -> None:
        end = self.END + timedelta.resolution
        assert spanned_periods(self.START, end, [], Interval.DAY)[-1] == date(2026, 3, 4)

    def test_what_was_found_takes_the_place_of_a_missing_bound(self) -> None:
        found = [date(2026, 3, 3), date(2026, 3, 2)]
        two = [date(2026, 3, 2), date(2026, 3, 3)]
        assert spanned_periods(None, None, found, Interval.DAY) == two
        assert spanned_periods(self.START, None, found, Interval.DAY) == [date(2026, 3, 1), *two]
        assert spanned_periods(None, self.END, found[1:], Interval.DAY) == two

    def test_with_neither_bound_nor_row_there_is_no_series(self) -> None:
        assert spanned_periods(None, None, [], Interval.DAY) == []
        assert spanned_periods(self.START, None, [], Interval.DAY) == []
        assert spanned_periods(None, self.END, [], Interval.DAY) == []


def test_midnight_is_utc() -> None:
    assert midnight(date(2026, 3, 1)).isoformat() == "2026-03-01T00:00:00+00:00"
