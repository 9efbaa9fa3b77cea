"""What is served can be sent back, as far out as its values may lie."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.client import Api
from tests.support.operations import build_world
from tests.support.service import Service

# Each lies within the bounds as it is written, and outside of them in UTC.
OVER_THE_EDGE = (
    "9998-12-31T23:00:00-02:00",
    "9998-12-31T23:59:59.999999-00:01",
    "0002-01-01T00:00:00+14:00",
    "0002-01-01T00:00:59+00:01",
)
# And the other way around.
WITHIN = (
    ("9999-01-01T00:00:00+02:00", "9998-12-31T22:00:00Z"),
    ("9999-01-01T13:59:59.999999+14:00", "9998-12-31T23:59:59.999999Z"),
    ("0001-12-31T23:00:00-02:00", "0002-01-01T01:00:00Z"),
    ("0001-12-31T12:00:00-12:00", "0002-01-01T00:00:00Z"),
)

_ZONES = st.builds(lambda hours: timezone(timedelta(hours=hours)), st.integers(-14, 14))
_AT_THE_ENDS = (
    st.datetimes(datetime(1, 1, 1), datetime(2, 1, 3), timezones=_ZONES)  # noqa: DTZ001
    | st.datetimes(datetime(9998, 12, 29), datetime.max, timezones=_ZONES)  # noqa: DTZ001, DTZ901
)
_TIMES = st.sampled_from(OVER_THE_EDGE) | _AT_THE_ENDS.map(datetime.isoformat)
_TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1)
_CENTS = st.integers(0, 999_999_999).map(lambda cents: cents / 100)
# {path: what may be PUT there}
BODIES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "/api/tickets/1": st.fixed_dictionaries(
        {"event_date": _TIMES},
        optional={
            "event_name": _TEXTS,
            "event_description": st.none() | _TEXTS,
            "venue": _TEXTS,
            "category": _TEXTS,
            "price": _CENTS,
            "total_quantity": st.integers(0, 500_000_000),
        },
    ),
    "/api/users/1": st.fixed_dictionaries(
        {},
        optional={
            "username": st.from_regex(r"[A-Za-z0-9_.-]{3,50}", fullmatch=True),
            "email": st.emails() | st.just("Max@Bücher.example"),
            "full_name": _TEXTS,
            "phone_number": st.none() | st.just("+49 (151) 123-45"),
        },
    ),
    "/api/cart/1": st.fixed_dictionaries({"quantity": st.integers(1, 98)}),
    "/api/orders/1": st.fixed_dictionaries({"notes": st.none() | _TEXTS}),
    "/api/transactions/1": st.fixed_dictionaries(
        {"amount": st.integers(1, 9999).map(lambda cents: cents / 100)},
        optional={"payment_method": _TEXTS, "transaction_reference": st.none() | _TEXTS},
    ),
}


@pytest.fixture
def world(api: Api) -> Api:
    build_world(api)
    return api


@pytest.mark.parametrize("path", BODIES)
def test_an_object_that_is_served_can_be_sent_back_whole(world: Api, path: str) -> None:
    @settings(max_examples=25, deadline=None, database=None, derandomize=True)
    @given(BODIES[path])
    def is_so(body: dict[str, Any]) -> None:
        changed = world.request("PUT", path, json=body)
        if changed.status_code == 200:
            served = changed.json()
            again = world.put(path, served)
            assert again | {"updated_at": served["updated_at"]} == served

    is_so()


def test_all_that_can_be_put_is_tried(world: Api) -> None:
    documented = {path for path, methods in world.document["paths"].items() if "put" in methods}
    assert {f"{path.rpartition('{')[0]}1" for path in documented} == BODIES.keys()


class TestTimes:
    def test_are_within_the_bounds_as_they_are_served(self, api: Api) -> None:
        for said, served in WITHIN:
            ticket = api.ticket(event_date=said)
            assert ticket["event_date"] == served
            found = api.get("/api/tickets/", date_from=said, sort="event_date")
            assert found[0] == ticket
            assert api.get("/api/audit/", created_from=said, created_to=said) == []

    def test_that_are_over_the_edge_in_utc_are_no_bounds_of_a_list(self, api: Api) -> None:
        bounds = {
            "/api/tickets/": ("date_from", "date_to"),
            "/api/orders/": ("created_from", "created_to"),
            "/api/audit/": ("created_from", "created_to"),
            "/api/analytics/sales": ("start", "end"),
        }
        for path, names in bounds.items():
            for name in names:
                for said in OVER_THE_EDGE:
                    (error,) = api.refused("GET", path, **{name: said})["errors"]
                    assert (error["parameter"], error["code"]) == (name, "datetime_range")

    def test_of_the_last_day_are_found_by_that_day(self, api: Api) -> None:
        ticket = api.ticket(event_date="9998-12-31T23:59:59.999999Z")
        assert api.get("/api/tickets/", date_from="9998-12-31", date_to="9998-12-31") == [ticket]

    def test_that_end_a_report_can_be_asked_for_again(self, api: Api) -> None:
        said = {"start": "9998-12-30", "end": "9998-12-31"}
        for name in ("dashboard", "sales", "revenue", "users", "tickets"):
            period = api.get(f"/api/analytics/{name}", **said)["period"]
            assert period["end"] == "9999-01-01T00:00:00Z"
            asked = {"start": period["start"], "end": period["end"]}
            assert api.get(f"/api/analytics/{name}", **asked)["period"] == period

    def test_of_a_log_in_key_are_no_others(self, api: Api, service: Service) -> None:
        """Where an end is too late for another reason, this one is told."""
        assert service.settings.is_open
        for said in OVER_THE_EDGE:
            body = {"name": "till", "role": "staff", "expires_at": said}
            (error,) = api.refused("POST", "/api/auth/api-keys", body)["errors"]
            assert (error["pointer"], error["code"]) == ("#/expires_at", "datetime_range")
