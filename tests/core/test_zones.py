"""When days begin, held against the clocks themselves: zoneinfo tells what they show."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.zones import day_start, local_day, time_zone
from tests.support.local_clocks import begins

ZONES = (
    "UTC",
    "Asia/Colombo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Toronto",
    "Africa/Monrovia",
    "Europe/Amsterdam",
)
ZONE = st.sampled_from(ZONES).map(ZoneInfo)
DAY = st.dates(date(1880, 1, 1), date(2040, 1, 1))


@given(DAY, ZONE)
def test_a_day_begins_when_the_clocks_first_show_it_or_a_later_one(
    day: date, zone: ZoneInfo
) -> None:
    assert day_start(day, zone) == begins(day, zone)


@given(DAY, st.integers(0, 86_399_999_999), ZONE)
def test_days_follow_each_other_without_gaps(day: date, microseconds: int, zone: ZoneInfo) -> None:
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    moment += timedelta(microseconds=microseconds)
    found = local_day(moment, zone)
    assert day_start(found, zone) <= moment < day_start(found + timedelta(days=1), zone)


@pytest.mark.parametrize(
    ("zone", "day", "moment"),
    [
        ("Asia/Colombo", "2026-03-01", "2026-02-28T18:30:00"),
        ("Asia/Kathmandu", "2026-03-01", "2026-02-28T18:15:00"),
        # Half an hour of daylight saving.
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00"),
        ("Australia/Lord_Howe", "2026-04-06", "2026-04-05T13:30:00"),
        ("Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00"),
        # There was no midnight: clocks jumped over it.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00"),
        # There were two: clocks were put back at one in the morning.
        ("America/Havana", "2020-11-01", "2020-11-01T04:00:00"),
        # There was no such day.
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00"),
        ("Africa/Monrovia", "1970-05-01", "1970-05-01T00:44:30"),
    ],
)
def test_days_begin_at_local_midnight(zone: str, day: str, moment: str) -> None:
    expected = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert day_start(date.fromisoformat(day), time_zone(zone)) == expected


@pytest.mark.parametrize("name", ["", "Ceylon", "Asia", "../UTC", "/etc/localtime", "localtime"])
def test_what_is_no_zone_of_iana_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone such as Asia/Colombo"):
        time_zone(name)
