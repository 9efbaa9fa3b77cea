"""What holds for every report: its bounds, series and filters, to the cent."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.client import Api
from tests.support.folding import fold
from tests.support.service import Service
from tests.support.shop import REPORTS, SERIES, figures, open_shop, pay, refund, report, set_status


def sell(api: Api, user: Any, ticket: Any, quantity: int = 1) -> Any:
    return set_status(api, api.order(user, (ticket, quantity)), "confirmed")


def starts(rows: list[Any]) -> list[str]:
    """The days of a series, which begin at midnight in UTC."""
    assert all(row["period_start"].endswith("T00:00:00Z") for row in rows)
    return [row["period_start"][:10] for row in rows]


class TestBounds:
    @pytest.fixture
    def noon(self, api: Api) -> str:
        """When the only sale of Sunday 1 March 2026 was confirmed."""
        moment: str = sell(api, api.user(), api.ticket())["confirmed_at"]
        assert moment.startswith("2026-03-01T12:00:00.")
        return moment

    @pytest.mark.usefixtures("noon")
    def test_a_date_includes_its_day_and_a_time_is_exclusive(self, api: Api) -> None:
        asked: list[tuple[dict[str, str], int]] = [
            ({}, 1),
            ({"start": "2026-03-01", "end": "2026-03-01"}, 1),
            ({"start": "2026-03-02"}, 0),
            ({"end": "2026-02-28"}, 0),
            # A time is exclusive, and midnight is a time.
            ({"end": "2026-03-01T00:00:00"}, 0),
            ({"end": "2026-03-02T00:00:00"}, 1),
            # Without an offset it is UTC, with one it is that moment.
            ({"start": "2026-03-01T12:00:00"}, 1),
            ({"start": "2026-03-01T12:01:00"}, 0),
            ({"start": "2026-03-01T13:00:00+01:00"}, 1),
            ({"start": "2026-03-01T12:01:00+01:00", "end": "2026-03-01T13:00:00+01:00"}, 0),
        ]
        for bounds, sold in asked:
            found = report(api, "sales", **bounds)["totals"]
            assert found == figures(sold, sold, sold * 99.99), bounds

    @pytest.mark.usefixtures("noon")
    def test_reports_without_a_series_can_be_asked_for_all_years_there_are(self, api: Api) -> None:
        bounds = {"start": "0002-01-01", "end": "9998-12-30"}
        assert report(api, "dashboard", **bounds)["totals"]["tickets_sold"] == 1
        assert report(api, "tickets", **bounds)["sold_quantity"] == 1

    def test_the_start_is_inclusive_and_the_end_exclusive_to_the_instant(
        self, api: Api, noon: str
    ) -> None:
        next_instant = (datetime.fromisoformat(noon) + timedelta.resolution).isoformat()
        assert report(api, "sales", start=noon, end=next_instant)["totals"]["orders"] == 1
        assert report(api, "sales", start=next_instant)["totals"]["orders"] == 0
        assert report(api, "sales", end=noon)["totals"]["orders"] == 0

    def test_the_answer_tells_the_period_that_was_asked_for(self, api: Api) -> None:
        bounds = {"start": "2026-03-01", "end": "2026-03-31", "interval": "week"}
        expected = {
            "start": "2026-03-01T00:00:00Z",
            "end": "2026-04-01T00:00:00Z",
            "interval": "week",
            "timezone": "UTC",
        }
        for name in REPORTS:
            assert report(api, name, **bounds)["period"] == expected


class TestSeries:
    def test_it_has_a_row_for_every_day_between_the_bounds(self, api: Api) -> None:
        for name in SERIES:
            rows = report(api, name, start="2024-02-28", end="2024-03-01")["series"]
            assert starts(rows) == ["2024-02-28", "2024-02-29", "2024-03-01"]
            assert all(
                not value for row in rows for key, value in row.items() if "start" not in key
            )

    def test_weeks_start_on_monday(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        sell(api, user, ticket, 1)
        # From Sunday noon to the first minutes of Monday.
        api.clock.advance(hours=12, minutes=1)
        sell(api, user, ticket, 2)
        api.clock.advance(days=14)
        sell(api, user, ticket, 4)
        rows = report(api, "sales", interval="week")["series"]
        assert starts(rows) == ["2026-02-23", "2026-03-02", "2026-03-09", "2026-03-16"]
        assert [row["tickets_sold"] for row in rows] == [1, 2, 0, 4]

    def test_months_start_on_the_first(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        for units in (1, 2, 4):
            sell(api, user, ticket, units)
            api.clock.advance(days=30)
        # At noon of 1 March, 31 March and 30 April.
        rows = report(api, "sales", interval="month", end="2026-05-31")["series"]
        assert starts(rows) == ["2026-03-01", "2026-04-01", "2026-05-01"]
        assert [row["tickets_sold"] for row in rows] == [3, 4, 0]

    def test_a_bound_inside_a_period_shows_the_period_with_what_lies_in_bounds(
        self, api: Api
    ) -> None:
        user, ticket = api.user(), api.ticket()
        sell(api, user, ticket, 1)
        api.clock.advance(days=1)
        sell(api, user, ticket, 2)
        bounds = {"start": "2026-03-02", "end": "2026-04-01T00:00:00", "interval": "month"}
        rows = report(api, "sales", **bounds)["series"]
        assert starts(rows) == ["2026-03-01"]
        assert rows[0]["tickets_sold"] == 2

    def test_no_day_is_lost_or_doubled_where_clocks_change_in_other_zones(self, api: Api) -> None:
        for bounds, days in (
            ({"start": "2026-03-27", "end": "2026-03-31"}, 5),
            ({"start": "2026-10-23", "end": "2026-10-27"}, 5),
        ):
            rows = starts(report(api, "sales", **bounds)["series"])
            assert len(set(rows)) == len(rows) == days

    def test_its_rows_add_up_to_the_totals(self, api: Api) -> None:
        open_shop(api)
        for interval in ("day", "week", "month"):
            sales = report(api, "sales", interval=interval)
            for name in ("orders", "tickets_sold"):
                assert sum(row[name] for row in sales["series"]) == sales["totals"][name]
            users = report(api, "users", interval=interval)
            assert sum(row["new_users"] for row in users["series"]) == users["new_users"]

    def test_more_than_five_thousand_periods_are_refused(self, api: Api) -> None:
        bounds = {"start": "2010-01-01", "end": "2023-09-09"}
        for name in SERIES:
            assert len(report(api, name, **bounds)["series"]) == 5000
            problem = api.refused(
                "GET", f"/api/analytics/{name}", start="2010-01-01", end="2023-09-10"
            )
            assert (problem["status"], problem["code"]) == (422, "validation_error")
            assert problem["errors"] == [
                {
                    "parameter": "interval",
                    "detail": "more than 5000 periods lie between the bounds",
                    "code": "too_many_periods",
                }
            ]
            weeks = report(api, name, interval="week", start="2010-01-01", end="2023-09-10")
            assert len(weeks["series"]) == 715


class TestFilters:
    def test_they_match_the_whole_name_in_any_case_and_script(self, api: Api) -> None:
        user = api.user()
        named = api.ticket(event_name="Élan à París", category="Straße", price=10)
        longer = api.ticket(event_name="Élan à París II", category="Straßen", price=20)
        for ticket in (named, longer):
            api.paid_order(user, (ticket, 1))
        for spelling in ("ÉLAN À PARÍS", "élan à parís", "  Élan à París "):
            by_event = {"event_name": spelling}
            assert report(api, "sales", **by_event)["totals"]["revenue"] == 10
            assert report(api, "dashboard", **by_event)["totals"]["gross_revenue"] == 10
            assert report(api, "revenue", **by_event)["gross_revenue"] == 10
            assert report(api, "users", **by_event)["top_customers"][0]["spent"] == 10
            assert report(api, "tickets", **by_event)["total_tickets"] == 1
        assert report(api, "sales", category="STRASSE")["totals"]["revenue"] == 10

    def test_letters_are_no_wildcards(self, api: Api) -> None:
        sell(api, api.user(), api.ticket(event_name="100% Live_Now"))
        assert report(api, "sales", event_name="100% live_now")["totals"]["orders"] == 1
        for pattern in ("%", "100%", "100_ Live_Now", "100% Live%"):
            assert report(api, "sales", event_name=pattern)["totals"]["orders"] == 0

    def test_names_that_differ_in_case_only_are_one_row(self, api: Api) -> None:
        user = api.user()
        for name, category in (("ÖPERA", "VIP"), ("Öpera", "vip")):
            sell(api, user, api.ticket(event_name=name, category=category, price=10))
        sales, stock = report(api, "sales"), report(api, "tickets")
        assert [row["revenue"] for row in sales["by_event"]] == [20]
        assert [row["orders"] for row in sales["by_category"]] == [2]
        assert [row["total_quantity"] for row in stock["by_category"]] == [200]
        # A row's name leads back to the row.
        name = sales["by_event"][0]["event_name"]
        assert report(api, "sales", event_name=name)["totals"] == figures(2, 2, 20)

    def test_an_order_with_several_such_lines_counts_once(self, api: Api) -> None:
        kinds = [api.ticket(price=10, category=name) for name in ("A", "B")]
        order = api.order(api.user(), (kinds[0], 1), (kinds[1], 1))
        pay(api, order, by="card")
        name = kinds[0]["event_name"]
        assert report(api, "sales", event_name=name)["totals"] == figures(1, 2, 20)
        assert report(api, "revenue", event_name=name)["gross_revenue"] == 20
        dashboard = report(api, "dashboard", event_name=name)
        assert dashboard["totals"]["orders"] == len(dashboard["recent_orders"]) == 1
        assert dashboard["transactions_by_status"]["success"] == 1

    def test_a_name_that_nothing_has_finds_nothing(self, api: Api) -> None:
        open_shop(api)
        dashboard = report(api, "dashboard", event_name="Nothing")
        assert (dashboard["totals"]["orders"], dashboard["totals"]["tickets"]) == (0, 0)
        assert (dashboard["top_events"], dashboard["recent_orders"]) == ([], [])
        assert report(api, "tickets", category="Nothing")["by_category"] == []


class TestNamesAsSold:
    """A ticket that is renamed was sold as one event, and is on sale as another."""

    @pytest.fixture
    def renamed(self, api: Api, service: Service) -> Any:
        """Sold five times as a gala, three times as a ball, and held once as each."""
        ticket, ann = api.ticket(event_name="Gala", category="VIP", price=10), api.user("ann")
        api.paid_order(ann, (ticket, 5))
        api.order(ann, (ticket, 1))
        fold(service)
        api.clock.advance(minutes=5)
        names = {"event_name": "Ball", "category": "Floor"}
        ticket = api.put(f"/api/tickets/{ticket['id']}", names)
        api.paid_order(ann, (ticket, 3))
        api.order(api.user("bob"), (ticket, 2))
        return ticket

    @pytest.mark.usefixtures("renamed")
    def test_every_report_means_what_was_sold_under_the_name(
        self, api: Api, service: Service
    ) -> None:
        asked: list[tuple[dict[str, str], int, int]] = [
            ({"event_name": "gala"}, 5, 1),
            ({"event_name": "BALL"}, 3, 2),
            ({"category": "vip"}, 5, 1),
            ({"event_name": "ball", "category": "floor"}, 3, 2),
        ]
        for _ in range(2):
            for names, sold, held in asked:
                self._means(api, names, sold, held)
            fold(service)

    def _means(self, api: Api, names: dict[str, str], sold: int, held: int) -> None:
        assert report(api, "sales", **names)["totals"] == figures(1, sold, sold * 10)
        assert report(api, "revenue", **names)["gross_revenue"] == sold * 10
        assert report(api, "users", **names)["top_customers"][0]["tickets"] == sold
        totals = report(api, "dashboard", **names)["totals"]
        assert (totals["tickets"], totals["tickets_sold"]) == (1, sold)
        stock = report(api, "tickets", **names)
        assert (stock["total_tickets"], stock["sold_quantity"]) == (1, sold)
        for rows in ("by_category", "by_venue", "top_selling"):
            assert [row["sold_quantity"] for row in stock[rows]] == [sold], rows
        assert [row["held_quantity"] for row in stock["most_held"]] == [held]

    @pytest.mark.usefixtures("renamed")
    def test_names_that_belong_to_different_sales_find_nothing(self, api: Api) -> None:
        names = {"event_name": "gala", "category": "floor"}
        assert report(api, "sales", **names)["totals"] == figures(0, 0, 0)
        assert report(api, "tickets", **names)["total_tickets"] == 0
        assert report(api, "dashboard", **names)["totals"]["tickets"] == 0

    def test_stock_is_told_of_a_period_under_the_names_of_its_sales(
        self, api: Api, renamed: Any
    ) -> None:
        later = {"start": "2026-03-01T12:04:00"}
        assert report(api, "tickets", event_name="gala", **later)["total_tickets"] == 0
        found = report(api, "tickets", event_name="ball", end="2026-03-01T12:04:00")
        # It is on sale as a ball.
        assert (found["total_tickets"], found["sold_quantity"]) == (1, 0)
        assert found["total_quantity"] == renamed["total_quantity"]

    def test_the_parameters_say_so_alike_in_every_report(self, api: Api) -> None:
        told = set()
        for name in REPORTS:
            operation = api.document["paths"][f"/api/analytics/{name}"]["get"]
            told |= {
                parameter["description"]
                for parameter in operation["parameters"]
                if parameter["name"] in {"event_name", "category"}
            }
        assert len(told) == 2
        assert all("when the ticket was sold" in description for description in told)


class TestTheFirst:
    """Of what has no end, ten are told."""

    def test_top_customers_are_the_first_ten(self, api: Api) -> None:
        ticket = api.ticket(price=1)
        for number in range(11):
            user = api.user(f"user_{number:02}")
            set_status(api, api.order(user, (ticket, number // 2 + 1)), "confirmed")
        top = report(api, "users")["top_customers"]
        assert [row["spent"] for row in top] == [6, 5, 5, 4, 4, 3, 3, 2, 2, 1]
        assert [row["user_id"] for row in top] == [11, 9, 10, 7, 8, 5, 6, 3, 4, 1]

    def test_the_lists_of_tickets_have_ten_rows_at_most(self, api: Api) -> None:
        user = api.user()
        for number in range(11):
            ticket = api.ticket(total_quantity=200, available_quantity=20)
            set_status(api, api.order(user, (ticket, 11 - number)), "confirmed")
        tickets = report(api, "tickets")
        assert [row["ticket_id"] for row in tickets["top_selling"]] == list(range(1, 11))
        assert [row["available_quantity"] for row in tickets["low_stock"]] == list(range(9, 19))


class TestReconciliation:
    def test_every_cent_of_many_lines_is_there(self, api: Api) -> None:
        user = api.user()
        tickets = [
            api.ticket(price=price, total_quantity=10_000, event_name=f"Event {price}")
            for price in (0.01, 0.07, 0.1, 0.7, 33.33, 1234.56, 9_999_999.99)
        ]
        for number in range(30):
            lines = [(ticket, (number * 7 + i * 3) % 13 + 1) for i, ticket in enumerate(tickets)]
            _, paid = api.paid_order(user, *lines)
            if number % 3 == 0:
                refund(api, paid, round(0.07 * (number + 1), 2))
        self._check(api)

    def test_whatever_became_of_the_orders(self, api: Api) -> None:
        open_shop(api)
        self._check(api)

    def _check(self, api: Api) -> None:
        """The reports against sums over what the lists answer."""
        orders = api.get("/api/orders/", limit=100)
        payments = api.get("/api/transactions/", limit=100)
        sold = [order for order in orders if order["status"] in {"confirmed", "completed"}]
        lines = [line for order in sold for line in order["items"]]
        by_event: Counter[str] = Counter()
        for line in lines:
            by_event[line["event_name"]] += exact(line["line_total"])
        sales, revenue = report(api, "sales"), report(api, "revenue")
        assert exact(sales["totals"]["revenue"]) == sum(by_event.values())
        assert {r["event_name"]: exact(r["revenue"]) for r in sales["by_event"]} == by_event
        assert sum(exact(row["revenue"]) for row in sales["series"]) == sum(by_event.values())
        assert sales["totals"]["tickets_sold"] == sum(line["quantity"] for line in lines)
        received = [row for row in payments if row["status"] in {"success", "refunded"}]
        gross = sum(exact(row["amount"]) for row in received)
        refunded = sum(exact(row["refunded_amount"]) for row in received)
        assert (exact(revenue["gross_revenue"]), exact(revenue["refunded"])) == (gross, refunded)
        assert exact(revenue["net_revenue"]) == gross - refunded
        assert gross == sum(exact(order["amount_paid"]) for order in orders)
        assert refunded == sum(exact(order["amount_refunded"]) for order in orders)
        for name, total in (("gross", gross), ("refunded", refunded), ("net", gross - refunded)):
            for rows in (revenue["series"], revenue["by_payment_method"]):
                assert sum(exact(row[name]) for row in rows) == total


def exact(number: float) -> int:
    """The cents of a JSON number; the test fails here if it has fractions of them."""
    cents = Decimal(str(number)) * 100
    assert cents == int(cents)
    return int(cents)
