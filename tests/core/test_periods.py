from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from sqlalchemy import ColumnElement, literal, select
from sqlmodel import Session

from core.periods import (
    MAX_PERIODS,
    Calendar,
    Interval,
    TooManyPeriodsError,
    day_number_column,
    day_of_quarter,
    numbered_quarter,
    quarter_number,
    quarter_number_column,
)
from core.zones import day_start
from models import orders
from tests.support.service import Service

UTC_ZONE = ZoneInfo("UTC")
DAYS, WEEKS, MONTHS = (Calendar(UTC_ZONE, interval) for interval in Interval)
# Ends of years, leap days, the first and last instants of a day, and the last of quarters.
MOMENTS = [
    datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
    datetime(1979, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(1980, 1, 1, tzinfo=UTC),
    datetime(2023, 12, 31, 23, 59, 59, 999999, UTC),
    datetime(2024, 1, 1, tzinfo=UTC),
    datetime(2024, 2, 29, 12, 30, tzinfo=UTC),
    datetime(2024, 2, 29, 12, 44, 59, 999999, UTC),
    datetime(2026, 3, 1, 12, 0, 0, 1000, UTC),
    datetime(2026, 3, 1, 9, 14, 59, tzinfo=UTC),
]


def _moment(value: datetime) -> ColumnElement[datetime]:
    return literal(value, orders.c.confirmed_at.type)


class TestPeriodOf:
    @pytest.mark.parametrize(
        ("calendar", "first"),
        [
            (DAYS, date(2024, 2, 29)),
            (WEEKS, date(2024, 2, 26)),
            (MONTHS, date(2024, 2, 1)),
        ],
    )
    def test_a_period_is_named_by_its_first_day(self, calendar: Calendar, first: date) -> None:
        assert calendar.period_of(datetime(2024, 2, 29, 12, tzinfo=UTC)) == first

    def test_weeks_start_on_monday(self) -> None:
        sunday = datetime(2026, 3, 1, 23, 59, 59, 999999, UTC)
        assert WEEKS.period_of(sunday) == date(2026, 2, 23)
        assert WEEKS.period_of(sunday + timedelta.resolution) == date(2026, 3, 2)

    def test_the_day_is_that_of_the_zone(self) -> None:
        evening = datetime(2026, 2, 28, 23, tzinfo=timezone(timedelta(hours=-5)))
        assert DAYS.period_of(evening) == date(2026, 3, 1)
        in_lima = Calendar(ZoneInfo("America/Lima"), Interval.MONTH)
        assert in_lima.period_of(evening) == date(2026, 2, 1)


class TestQuarters:
    def test_are_numbered_by_when_they_begin(self) -> None:
        assert quarter_number(MOMENTS[-1]) == 20260301090000
        assert quarter_number(MOMENTS[6]) == 20240229123000
        assert numbered_quarter(20240229123000) == MOMENTS[5]

    def test_before_1980_it_is_the_second(self) -> None:
        assert quarter_number(MOMENTS[0]) == 19691231235959
        assert quarter_number(MOMENTS[1]) == 19791231235959

    def test_the_database_says_the_same(self, service: Service) -> None:
        columns = [quarter_number_column(_moment(moment)) for moment in MOMENTS]
        days = [day_of_quarter(column) for column in columns]
        of_moments = [day_number_column(_moment(moment)) for moment in MOMENTS]

        def ask(session: Session) -> list[int]:
            return list(session.execute(select(*columns, *days, *of_moments)).one())

        expected = [quarter_number(moment) for moment in MOMENTS]
        expected_days = [number // 1_000_000 for number in expected]
        assert service.database.read_now(ask) == [*expected, *expected_days, *expected_days]


class TestPeriodsBetween:
    def test_months_follow_each_other_across_years_and_short_months(self) -> None:
        months = MONTHS.between(date(2023, 11, 1), date(2024, 4, 1))
        assert [(day.year, day.month, day.day) for day in months] == [
            (2023, 11, 1),
            (2023, 12, 1),
            (2024, 1, 1),
            (2024, 2, 1),
            (2024, 3, 1),
            (2024, 4, 1),
        ]

    @pytest.mark.parametrize(("calendar", "days"), [(DAYS, 1), (WEEKS, 7)])
    def test_days_and_weeks_leave_no_gap(self, calendar: Calendar, days: int) -> None:
        found = calendar.between(date(2024, 2, 26), date(2024, 3, 25))
        assert (found[0], found[-1]) == (date(2024, 2, 26), date(2024, 3, 25))
        assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(days=days)}

    def test_the_limit_itself_is_allowed_and_one_more_is_not(self) -> None:
        first = date(2020, 1, 1)
        last = first + timedelta(days=MAX_PERIODS - 1)
        assert len(DAYS.between(first, last)) == MAX_PERIODS
        with pytest.raises(TooManyPeriodsError):
            DAYS.between(first, last + timedelta(days=1))

    def test_the_outermost_years_are_reached(self) -> None:
        months = MONTHS.between(date(9998, 11, 1), date(9998, 12, 31))
        assert months == [date(9998, 11, 1), date(9998, 12, 1)]


class TestSpannedPeriods:
    START = datetime(2026, 3, 1, 12, tzinfo=UTC)
    END = datetime(2026, 3, 4, tzinfo=UTC)

    def test_an_end_at_midnight_does_not_begin_another_day(self) -> None:
        days = DAYS.spanned(self.START, self.END, [])
        assert days == [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)]

    def test_an_end_after_midnight_does(self) -> None:
        end = self.END + timedelta.resolution
        assert DAYS.spanned(self.START, end, [])[-1] == date(2026, 3, 4)

    def test_what_was_found_takes_the_place_of_a_missing_bound(self) -> None:
        found = [date(2026, 3, 3), date(2026, 3, 2)]
        two = [date(2026, 3, 2), date(2026, 3, 3)]
        assert DAYS.spanned(None, None, found) == two
        assert DAYS.spanned(self.START, None, found) == [date(2026, 3, 1), *two]
        assert DAYS.spanned(None, self.END, found[1:]) == two

    def test_with_neither_bound_nor_row_there_is_no_series(self) -> None:
        assert DAYS.spanned(None, None, []) == []
        assert DAYS.spanned(self.START, None, []) == []
        assert DAYS.spanned(None, self.END, []) == []


def test_a_day_that_a_zone_left_out_is_none() -> None:
    start, end = (datetime(2011, 12, day, 12, tzinfo=UTC) for day in (29, 31))
    in_apia = Calendar(ZoneInfo("Pacific/Apia"), Interval.DAY)
    found = in_apia.spanned(start, end, [])
    assert [day.day for day in found] == [29, 31, 1]


class TestShifts:
    def test_a_day_gives_what_lies_in_the_days_beside_it(self) -> None:
        [east] = Calendar(ZoneInfo("Asia/Colombo"), Interval.DAY).shifts([20260301])
        assert east[:2] == (20260301183000, 20260301235959)
        assert east[2:] == (date(2026, 3, 1), date(2026, 3, 2))
        [west] = Calendar(ZoneInfo("America/Lima"), Interval.DAY).shifts([20260301])
        # To before five o'clock.
        assert west[:2] == (20260301000000, 20260301050000 - 1)
        assert west[2:] == (date(2026, 3, 1), date(2026, 2, 28))

    def test_a_month_gives_a_part_of_its_last_day(self) -> None:
        [east] = Calendar(ZoneInfo("Asia/Colombo"), Interval.MONTH).shifts([202602])
        assert east[:2] == (20260228183000, 20260228235959)
        assert east[2:] == (date(2026, 2, 1), date(2026, 3, 1))

    def test_where_days_are_those_of_utc_nothing_moves(self) -> None:
        summer, winter = 20260701, 20260101
        in_london = Calendar(ZoneInfo("Europe/London"), Interval.DAY)
        assert not [*DAYS.shifts([summer, winter]), *in_london.shifts([winter])]
        assert [*in_london.shifts([summer])]


def test_since_1980_every_day_begins_with_a_quarter_of_an_hour() -> None:
    """The sums know no smaller part of a day."""
    days = [date(year, month, 2) for year in range(1980, 2040, 4) for month in (1, 7)]
    for name in available_timezones():
        for day in days:
            start = day_start(day, ZoneInfo(name))
            assert numbered_quarter(quarter_number(start)) == start, name
