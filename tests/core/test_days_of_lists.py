"""A bare date as a bound of a list is the day that the reports of the deployment mean by it."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.client import Api
from tests.support.declared import example_path, is_file, operations
from tests.support.service import Service
from tests.support.shop import report
from work.context import Terms

# Before the first of March in Colombo, in its first minutes and its last, and behind it.
MOMENTS = [
    datetime.fromisoformat(f"2026-{time}:00+00:00")
    for time in ("02-28T18:29", "02-28T18:31", "03-01T18:29", "03-01T18:31")
]
# {list: its bounds, and what is asked for beside them}
LISTS: dict[str, tuple[str, str, dict[str, str]]] = {
    "/api/tickets/": ("date_from", "date_to", {}),
    "/api/tickets/search/by-event": ("date_from", "date_to", {}),
    "/api/orders/": ("created_from", "created_to", {}),
    "/api/orders/search": ("created_from", "created_to", {}),
    "/api/users/1/orders": ("created_from", "created_to", {}),
    "/api/audit": ("created_from", "created_to", {"action": "ticket_changed"}),
}


@pytest.fixture
def filled(api: Api) -> Api:
    """A ticket, an order and an entry of the audit log at each of the moments."""
    user, ticket = api.user(), api.ticket(event_date="2030-01-01T00:00:00Z")
    for price, moment in enumerate(MOMENTS, 1):
        api.clock.now = moment
        api.ticket(event_date=moment.isoformat())
        api.order(user, (ticket, 1))
        api.put(f"/api/tickets/{ticket['id']}", {"price": price})
    return api


def move_to(service: Service, zone: str) -> None:
    terms = Terms.of(service.settings)
    service.app.state.terms = replace(terms, zone=ZoneInfo(zone))


def between(api: Api, path: str, first: str | None, last: str | None) -> list[Any]:
    """Which of the moments a list has between two bounds."""
    from_, to, others = LISTS[path]
    bounds = {name: value for name, value in ((from_, first), (to, last)) if value is not None}
    rows = api.get(path, **bounds, **others)
    field = "event_date" if path.startswith("/api/tickets") else "created_at"
    found = (datetime.fromisoformat(row[field]).replace(second=0, microsecond=0) for row in rows)
    return sorted(MOMENTS.index(moment) for moment in found if moment in MOMENTS)


def test_every_list_with_days_is_tried() -> None:
    documented = {}
    for method, path, operation in operations():
        bounds = [
            one
            for one in operation.get("parameters", ())
            if one["in"] == "query" and "'format': 'date'" in str(one["schema"])
        ]
        is_list = not (path.startswith("/api/analytics") or is_file(operation))
        if method == "GET" and bounds and is_list:
            documented[example_path(path, operation)] = tuple(one["name"] for one in bounds)
            assert all("`TIMEZONE`" in one["description"] for one in bounds), path
    assert documented == {path: names[:2] for path, names in LISTS.items()}


@pytest.mark.parametrize("path", LISTS)
def test_it_is_a_day_of_the_time_zone_of_the_deployment(
    filled: Api, service: Service, path: str
) -> None:
    day = "2026-03-01"
    assert between(filled, path, day, day) == [2, 3]
    assert between(filled, path, None, "2026-02-28") == [0, 1]
    move_to(service, "Asia/Colombo")
    assert between(filled, path, day, day) == [1, 2]
    assert between(filled, path, None, "2026-02-28") == [0]
    assert between(filled, path, "2026-03-02", None) == [3]
    # A time is that moment all the same.
    assert between(filled, path, "2026-03-01T00:00:00", "2026-03-01T18:30:00Z") == [2]
    assert between(filled, path, "2026-03-01T00:00:00+05:30", None) == [1, 2, 3]


def test_the_orders_of_a_day_are_those_that_its_report_counts(
    filled: Api, service: Service
) -> None:
    move_to(service, "Asia/Colombo")
    for day, orders in (("2026-02-28", 1), ("2026-03-01", 2), ("2026-03-02", 1)):
        listed = filled.get("/api/orders/", created_from=day, created_to=day)
        assert len(listed) == orders
        assert report(filled, "dashboard", start=day, end=day)["totals"]["orders"] == orders


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
def test_the_first_and_the_last_day_of_all_have_what_lies_in_them(
    api: Api, service: Service, zone: str
) -> None:
    move_to(service, zone)
    ticket = api.ticket(event_date="9998-12-31T09:00:00Z")
    assert api.get("/api/tickets/", date_from="0002-01-01", date_to="9998-12-31") == [ticket]
    assert api.get("/api/tickets/", date_from="9998-12-31") == [ticket]
    assert api.get("/api/tickets/", date_to="0002-01-01") == []
