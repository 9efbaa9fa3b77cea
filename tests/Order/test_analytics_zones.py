"""Days, weeks and months of any zone: in bounds and series, to the cent, held against the rows."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.periods import Interval, next_month
from core.zones import day_start
from Order.schemas.analytics import AnalyticsQuery
from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.folding import EVERYTHING, fold
from tests.support.report_lives import CATEGORIES, NAMES
from tests.support.reports_compared import require_equal
from tests.support.service import Service
from tests.support.shop import SERIES, pay, refund, report, set_status
from tests.support.statements import statements
from work.context import Terms

# Where days begin at odd times, and days on which clocks change there.
ODD_DAYS = {
    "Asia/Colombo": date(2026, 3, 1),
    "Asia/Kathmandu": date(2026, 3, 10),
    "Australia/Lord_Howe": date(2026, 4, 5),
    "Europe/Berlin": date(2026, 3, 29),
    "America/New_York": date(2026, 3, 8),
    "America/St_Johns": date(2006, 10, 29),
    "America/Sao_Paulo": date(2018, 11, 4),
    "Pacific/Apia": date(2011, 12, 30),
    # Three quarters of an hour and half a minute from UTC.
    "Africa/Monrovia": date(1970, 5, 1),
}


def at(api: Api, moment: datetime) -> None:
    api.clock.now = moment


def sell(api: Api, user: Any, ticket: Any, quantity: int = 1) -> Any:
    return set_status(api, api.order(user, (ticket, quantity)), "confirmed")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def told(rows: list[Any]) -> dict[str, int]:
    """The tickets sold by when each period begins."""
    return {row["period_start"]: row["tickets_sold"] for row in rows}


class TestBounds:
    def test_a_bare_date_is_a_day_of_the_zone(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        times = ("02-28T18:29:59", "02-28T18:30:00", "03-01T18:30:00")
        for quantity, time in zip((1, 2, 4), times, strict=True):
            at(api, moment(f"2026-{time}"))
            sell(api, user, ticket, quantity)
        asked: list[tuple[dict[str, str], int]] = [
            # The first of March in Colombo: from half past six in the evening before.
            ({"start": "2026-03-01", "end": "2026-03-01"}, 2),
            ({"start": "2026-03-02"}, 4),
            ({"end": "2026-02-28"}, 1),
            # A time is that moment, wherever days begin.
            ({"start": "2026-03-01"}, 6),
            ({"start": "2026-03-01T00:00:00"}, 4),
            ({"start": "2026-03-01T00:00:00+05:30"}, 6),
        ]
        for bounds, sold in asked:
            there = {**bounds, "timezone": "Asia/Colombo"}
            assert report(api, "sales", **there)["totals"]["tickets_sold"] == sold, bounds
            assert report(api, "tickets", **there)["sold_quantity"] == sold, bounds
            assert report(api, "dashboard", **there)["totals"]["tickets_sold"] == sold, bounds

    def test_the_answer_tells_the_moments_and_the_zone(self, api: Api, service: Service) -> None:
        bounds = {"start": "2026-03-29", "end": "2026-03-29", "timezone": "Europe/Berlin"}
        expected = {
            "start": "2026-03-28T23:00:00Z",
            # The day has 23 hours.
            "end": "2026-03-29T22:00:00Z",
            "interval": "day",
            "timezone": "Europe/Berlin",
        }
        assert report(api, "dashboard", **bounds)["period"] == expected
        terms = Terms.of(service.settings)
        service.app.state.terms = replace(terms, zone=ZoneInfo("Europe/Berlin"))
        del bounds["timezone"]
        assert report(api, "sales", **bounds)["period"] == expected
        assert report(api, "sales", **bounds, timezone="UTC")["period"]["timezone"] == "UTC"


class TestSeries:
    def test_days_weeks_and_months_begin_at_local_midnight(
        self, api: Api, service: Service
    ) -> None:
        user, ticket = api.user(), api.ticket()
        # In Colombo: the last quarter of Saturday the 28th of February, the first of Sunday the
        # first of March, and of Monday.
        for quantity, time in enumerate(("02-28T18:15", "02-28T18:30", "03-01T18:31"), 1):
            at(api, moment(f"2026-{time}:00"))
            sell(api, user, ticket, quantity)
        for _ in range(2):
            days, weeks, months = (
                told(report(api, "sales", timezone="Asia/Colombo", interval=interval)["series"])
                for interval in Interval
            )
            assert days == {
                "2026-02-27T18:30:00Z": 1,
                "2026-02-28T18:30:00Z": 2,
                "2026-03-01T18:30:00Z": 3,
            }
            assert weeks == {"2026-02-22T18:30:00Z": 3, "2026-03-01T18:30:00Z": 3}
            assert months == {"2026-01-31T18:30:00Z": 1, "2026-02-28T18:30:00Z": 5}
            fold(service)

    def test_a_day_that_the_zone_left_out_is_not_told(self, api: Api, service: Service) -> None:
        user, ticket = api.user(), api.ticket()
        for quantity, time in enumerate(("30T09:59", "30T10:01"), 1):
            at(api, moment(f"2011-12-{time}:00"))
            sell(api, user, ticket, quantity)
        for _ in range(2):
            assert told(report(api, "sales", timezone="Pacific/Apia")["series"]) == {
                "2011-12-29T10:00:00Z": 1,
                "2011-12-30T10:00:00Z": 2,
            }
            fold(service)

    def test_sums_answer_it_and_no_rows(self, api: Api, service: Service) -> None:
        api.paid_order(api.user(), (api.ticket(), 1))
        fold(service)
        for name in SERIES:
            with statements(service.database) as heard:
                [row] = report(api, name, timezone="Asia/Kathmandu")["series"]
            assert row["period_start"] == "2026-02-28T18:15:00Z"
            asked = [sql for sql, _ in heard if "quarter_sums" in sql]
            assert len(asked) == 1
            rows = ("order_items", "FROM orders", "FROM transactions", "users.created_at")
            assert not [sql for sql, _ in heard if any(table in sql for table in rows)]


class TestOpenRanges:
    def test_one_early_sale_makes_the_periods_longer(self, api: Api, service: Service) -> None:
        user, ticket = api.user(), api.ticket()
        sell(api, user, ticket, 1)
        at(api, moment("1970-01-01T00:30:00"))
        sell(api, user, ticket, 2)
        pay(api, api.order(api.user("ann"), (ticket, 1)), by="card")
        for _ in range(2):
            for zone in ("UTC", "Africa/Monrovia", "Asia/Colombo"):
                found = report(api, "sales", timezone=zone)
                assert found["period"]["interval"] == "week"
                assert found["period"]["start"] is None
                sold = {day: units for day, units in told(found["series"]).items() if units}
                assert list(sold.values()) == [3, 1]
                assert found["series"][0]["period_start"] == min(sold)
            fold(service)
        assert report(api, "users")["period"]["interval"] == "week"
        assert report(api, "sales", interval="month")["period"]["interval"] == "month"
        # Without it they are as they were asked for, with a start as well.
        later = report(api, "sales", start="2026-01-01", timezone="Africa/Monrovia")
        assert later["period"]["interval"] == "day"
        # From the first of that year to the day of the last sale, or of the last registration.
        since = report(api, "sales", start="1969-12-29", timezone="Asia/Colombo")
        assert since["period"]["interval"] == "week"
        assert since["series"][0]["period_start"] == "1969-12-28T18:30:00Z"

    def test_it_grows_once_more_where_weeks_are_too_many(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        sell(api, user, ticket)
        at(api, moment("1899-12-31T12:00:00"))
        sell(api, api.user("ann"), ticket)
        for name in ("sales", "users"):
            found = report(api, name, end="2026-12-31", timezone="Europe/Amsterdam")
            assert found["period"]["interval"] == "month"
            assert len(found["series"]) == 1525

    def test_a_bound_beyond_all_months_is_as_none(self, api: Api, service: Service) -> None:
        bounds = ({"end": "9998-12-31"}, {"start": "0002-01-01"})
        for name in SERIES:
            assert all(report(api, name, **bound)["series"] == [] for bound in bounds)
        user, ticket = api.user(), api.ticket()
        for quantity in (1, 2):
            sell(api, user, ticket, quantity)
            pay(api, api.order(user, (ticket, 1)), by="card")
            api.clock.advance(days=2)
        for _ in range(2):
            for name in SERIES:
                for interval in Interval:
                    unbound = report(api, name, interval=interval)["series"]
                    for bound in bounds:
                        found = report(api, name, **bound, interval=interval)
                        assert found["period"]["interval"] == interval
                        assert found["series"] == unbound
            fold(service)

    def test_who_says_for_ever_gets_the_periods_asked_for_of_what_there_is(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        for _ in range(2):
            sell(api, user, ticket)
            api.clock.advance(days=2)
        for zone in ("UTC", "Asia/Colombo"):
            unbound = report(api, "sales", timezone=zone)["series"]
            assert len(unbound) == 3
            for bound in ({"end": "2100-12-31"}, {"start": "1970-01-01"}):
                found = report(api, "sales", **bound, timezone=zone)
                assert found["period"]["interval"] == "day"
                assert found["series"] == unbound

    def test_a_bound_that_the_periods_asked_for_reach_is_reached(self, api: Api) -> None:
        sell(api, api.user(), api.ticket())
        for interval, end, last in (
            ("day", "2039-11-07", "2039-11-07"),
            ("day", "2039-11-08", "2026-03-01"),
            ("week", "2100-12-31", "2100-12-27"),
            ("week", "2200-12-31", "2026-02-23"),
            ("month", "2200-12-31", "2200-12-01"),
        ):
            found = report(api, "sales", end=end, interval=interval)
            assert found["period"]["interval"] == interval
            assert found["series"][-1]["period_start"] == f"{last}T00:00:00Z"

    def test_one_that_only_longer_periods_reach_is_reached_where_all_there_is_needs_them(
        self, api: Api
    ) -> None:
        user, ticket = api.user(), api.ticket()
        sell(api, user, ticket)
        at(api, moment("2000-01-01T12:00:00"))
        sell(api, api.user("ann"), ticket)
        found = report(api, "sales", end="2050-12-31")
        assert found["period"]["interval"] == "week"
        assert found["series"][-1]["period_start"] == "2050-12-26T00:00:00Z"

    def test_who_says_where_it_begins_and_ends_is_told_that_there_are_too_many(
        self, api: Api
    ) -> None:
        api.paid_order(api.user(), (api.ticket(), 1))
        bounds = {"start": "1970-01-01", "end": "2026-12-31", "timezone": "Asia/Colombo"}
        for name in SERIES:
            problem = api.refused("GET", f"/api/analytics/{name}", **bounds)
            assert problem["errors"][0]["code"] == "too_many_periods"


class TestCustomersOfAMonth:
    @pytest.mark.parametrize("zone", ["Asia/Colombo", "America/New_York"])
    def test_are_those_of_its_sum_and_of_the_rows_at_its_ends(
        self, api: Api, service: Service, zone: str
    ) -> None:
        ann, bob, ticket = api.user("ann"), api.user("bob"), api.ticket(price=1)
        starts = [day_start(date(2026, month, 1), ZoneInfo(zone)) for month in (3, 4)]
        for number, start in enumerate(starts):
            for quantity, minutes in ((1 + 4 * number, -5), (2 + 4 * number, 5)):
                at(api, start + timedelta(minutes=minutes))
                sell(api, ann, ticket, quantity)
        # Only in UTC, or only there, it is this month.
        at(api, starts[1] + timedelta(minutes=10))
        sell(api, bob, ticket, 4)
        month = {"start": "2026-03-01", "end": "2026-03-31", "timezone": zone}
        for _ in range(2):
            with statements(service.database) as heard:
                found = report(api, "users", **month)
            assert [sql for sql, _ in heard if "FROM customer_sums" in sql]
            [best] = found["top_customers"]
            assert (best["username"], best["orders"], best["tickets"]) == ("ann", 2, 7)
            assert (best["spent"], found["returning_users"]) == (7, 1)
            fold(service)


class TestAnyZone:
    def test_reports_are_what_the_rows_add_up_to(self, api: Api, service: Service) -> None:
        source = random.Random(12)
        self._sell_around_midnights(api, service, source)
        for _ in range(2):
            for zone, day in ODD_DAYS.items():
                require_equal(service, self._a_question(source, zone, day))
            fold(service)
        assert disagreements(service.database, clock=service.clock) == []

    def _sell_around_midnights(self, api: Api, service: Service, source: random.Random) -> None:
        users = [api.user(name) for name in ("ann", "bob", "eve")]
        tickets = [
            api.ticket(event_name=name, category=source.choice(CATEGORIES), price=number + 0.07)
            for number, name in enumerate(NAMES)
        ]
        for zone, day in ODD_DAYS.items():
            for after in (-1, 0, 0, 1, 1):
                start = day_start(day + timedelta(days=after), ZoneInfo(zone))
                at(api, start + timedelta(minutes=source.uniform(-40, 40)))
                lines = [(one, source.randint(1, 3)) for one in source.sample(tickets, 2)]
                order = api.order(source.choice(users), *lines)
                paid = pay(api, order, by=source.choice(("card", "cash")))
                if source.random() < 0.3:
                    refund(api, paid, source.choice((None, 0.05)))
            if zone in {"Europe/Berlin", "America/Sao_Paulo"}:
                fold(service, source.choice((30, EVERYTHING)))

    def _a_question(self, source: random.Random, zone: str, day: date) -> AnalyticsQuery:
        first, last = sorted(day + timedelta(days=source.randint(-3, 3)) for _ in "ab")
        start, end = source.choice(
            [
                (f"{first}", f"{last}"),
                (f"{first.replace(day=1)}", f"{last}"),
                (f"{day.replace(day=1)}", f"{next_month(day.replace(day=1)) - timedelta(1)}"),
                (f"{first}T07:07:07.5", f"{last}T21:21:21"),
            ]
        )
        # Statements are made for each way of asking, which takes a while.
        event_name, category = source.choice([(None, None), ("ball", None), ("Gala", "VIP")])
        return AnalyticsQuery.model_validate(
            {
                "start": start,
                "end": end,
                "interval": source.choice([Interval.DAY, *Interval]),
                "timezone": zone,
                "event_name": event_name,
                "category": category,
            }
        )
