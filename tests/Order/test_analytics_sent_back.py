"""Whatever range a report tells may be sent back, and is answered as before."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.periods import Interval
from core.zones import time_zone
from Order.schemas.analytics import AnalyticsQuery
from Order.services.report_range import Range
from tests.support.client import Api
from tests.support.folding import fold
from tests.support.service import Service
from tests.support.shop import REPORTS, SERIES, open_shop, report

# From half a day behind UTC to more than half a day before it.
ZONES = ("Etc/GMT+12", "America/New_York", "UTC", "Asia/Colombo", "Pacific/Kiritimati")
BOUNDS: tuple[dict[str, str], ...] = (
    {},
    {"start": "2026-03-01", "end": "2026-03-02"},
    # At both ends of the years that may be told, by days and by moments.
    {"start": "0002-01-01"},
    {"end": "9998-12-31"},
    {"start": "0002-01-01", "end": "0002-01-02"},
    {"start": "9998-12-31", "end": "9998-12-31"},
    {"start": "0002-01-01T00:00:00Z", "end": "0002-01-01T00:00:00.000001Z"},
    {"start": "9998-12-31T23:59:59.999999Z", "end": "9999-01-01T00:00:00Z"},
)
FIRST, LAST = date(2, 1, 1), date(9998, 12, 31)
NAMES = sorted(available_timezones() - {"localtime", "Factory"})


def sent_back(answer: Any) -> dict[str, str]:
    return {name: value for name, value in answer["period"].items() if value is not None}


def test_the_range_of_a_report_is_answered_as_before(api: Api, service: Service) -> None:
    open_shop(api)
    fold(service)
    for zone, bounds, name in product(ZONES, BOUNDS, REPORTS):
        answer = report(api, name, **bounds, timezone=zone, interval="week")
        assert report(api, name, **sent_back(answer)) == answer, (zone, bounds, name)


@pytest.mark.parametrize("zone", ZONES)
def test_the_periods_of_a_series_can_be_asked_for(api: Api, zone: str) -> None:
    for bounds, interval, name in product(BOUNDS[4:], Interval, SERIES):
        answer = report(api, name, **bounds, timezone=zone, interval=interval)
        begun = answer["series"][0]["period_start"]
        again = report(api, name, **sent_back(answer) | {"start": begun})
        assert again["series"] == answer["series"]


def test_the_range_of_a_series_that_only_reaches_what_there_is_is_answered_as_before(
    api: Api,
) -> None:
    open_shop(api)
    bounds = ({"start": "1990-01-01"}, {"end": "2050-12-31"}, {"end": "2200-12-31"})
    for name, bound in product(SERIES, bounds):
        answer = report(api, name, **bound, timezone="America/New_York")
        assert answer["period"]["interval"] == "day", name
        assert len(answer["series"]) < 5000
        assert report(api, name, **sent_back(answer)) == answer, (name, bound)


def test_the_grown_interval_of_a_range_is_answered_as_before(api: Api) -> None:
    open_shop(api)
    api.clock.now = datetime(2000, 1, 1, 12, tzinfo=UTC)
    api.user("early")
    for bounds in ({"start": "1990-01-01"}, {"end": "2050-12-31"}, {"end": "2200-12-31"}):
        answer = report(api, "users", **bounds, timezone="America/New_York")
        assert answer["period"]["interval"] == "week"
        assert report(api, "users", **sent_back(answer)) == answer


_EDGES = st.dates(FIRST, FIRST + timedelta(days=2)) | st.dates(LAST - timedelta(days=2), LAST)


@settings(deadline=None, database=None, derandomize=True)
@given(st.sampled_from(NAMES), st.tuples(_EDGES | st.dates(FIRST, LAST), _EDGES))
def test_a_range_of_days_of_any_zone_is_one_of_moments(name: str, days: tuple[date, date]) -> None:
    start, end = (day.isoformat() for day in sorted(days))
    asked = Range.of(AnalyticsQuery.model_validate({"start": start, "end": end}), time_zone(name))
    told = asked.told().model_dump(mode="json")
    assert Range.of(AnalyticsQuery.model_validate(told), ZoneInfo("UTC")) == asked
