"""A filter that is given several times means any of its values; all else is said once."""

from itertools import combinations
from typing import Any

import pytest

from tests.support.client import Api
from tests.support.declared import example_path, is_of_any_length, operations
from tests.support.operations import build_world

ORDER = 1
# {list: {filter: values, each of which some rows have and others have not}}
FILTERS: dict[str, dict[str, tuple[Any, ...]]] = {
    "/api/tickets/": {
        "status": ("available", "cancelled", "sold"),
        "category": ("vip", "Balcony", "none such"),
        "venue": ("arena", "PARK", "none such"),
        "event_name": ("concert", "play", "none such"),
        "available": ("true", "false"),
    },
    "/api/users/": {"is_active": ("true", "false")},
    "/api/orders/": {
        "status": ("pending", "cancelled", "confirmed", "completed"),
        "user_id": (1, 2, 3),
    },
    "/api/users/1/orders": {"status": ("pending", "cancelled", "confirmed")},
    "/api/transactions/": {
        "status": ("pending", "failed", "refunded"),
        "payment_method": ("card", "cash", "none such"),
        "transaction_reference": ("ch_1", "ch_2", "none such"),
        "order_id": (1, 2, 3),
    },
    f"/api/transactions/order/{ORDER}": {
        "status": ("pending", "failed", "refunded"),
        "payment_method": ("card", "cash", "none such"),
        "transaction_reference": ("ch_1", "ch_2", "none such"),
    },
    "/api/audit": {
        "actor": ("open", "user:1", "user:2"),
        "object": ("ticket:1", "user:2", "ticket:77"),
        "action": ("ticket_changed", "user_deactivated", "none_such"),
    },
}
FILTERS["/api/orders/search"] = FILTERS["/api/orders/"]
FILTERS["/api/tickets/search/by-event"] = FILTERS["/api/tickets/"]
# Tried as well, but drawn anew in each world.
REFERENCES = "order_reference"


@pytest.fixture
def filled(api: Api) -> Api:
    build_world(api)
    api.ticket(event_name="Play", venue="Park", category="Balcony")
    api.ticket(event_name="Concerto", venue="Park Arena")
    api.patch("/api/tickets/2/status", {"status": "cancelled"})
    api.patch("/api/tickets/3/status", {"status": "sold"})
    api.put("/api/tickets/1", {"price": 90})
    api.patch("/api/users/2/deactivate")
    api.user("jane")
    others = [api.order({"id": 1}), api.order({"id": 3}, ({"id": 1}, 1))]
    api.post(f"/api/orders/{others[0]['id']}/cancel")
    api.patch(f"/api/orders/{others[1]['id']}/status", {"status": "confirmed"})
    for number, (order_id, method) in enumerate([(1, "cash"), (3, "card")], start=1):
        body = {"order_id": order_id, "payment_method": method, "amount": 1}
        api.post("/api/transactions/", body | {"transaction_reference": f"ch_{number}"})
    api.patch("/api/transactions/2/status", {"status": "failed"})
    return api


def ids(api: Api, path: str, **query: Any) -> list[Any]:
    return [row["id"] for row in api.get(path, **query)]


def values_of(api: Api, path: str) -> dict[str, tuple[Any, ...]]:
    values = dict(FILTERS[path])
    if "orders" in path:
        references = [row["order_reference"] for row in api.get(path)]
        values[REFERENCES] = (*references[:2], "ORD-0000000000")
    return values


def repeatable(operation: dict[str, Any]) -> dict[str, bool]:
    """Whether each parameter of a query may be repeated, as the document says."""
    found = {}
    for one in operation.get("parameters", ()):
        if one["in"] == "query":
            kinds = one["schema"].get("anyOf", [one["schema"]])
            found[one["name"]] = any(kind.get("type") == "array" for kind in kinds)
    return found


def test_every_filter_of_every_list_is_tried(filled: Api) -> None:
    documented = {}
    for method, path, operation in operations():
        names = {name for name, is_so in repeatable(operation).items() if is_so}
        # Files have the filters of the lists: tests/Order/test_exports.py.
        if method == "GET" and names and not is_of_any_length(operation):
            documented[example_path(path, operation)] = names
    assert documented == {path: set(values_of(filled, path)) for path in FILTERS}


@pytest.mark.parametrize("path", FILTERS)
def test_several_values_are_any_of_them(filled: Api, path: str) -> None:
    order = [row["id"] for row in filled.get(path)]
    for name, values in values_of(filled, path).items():
        alone = {value: ids(filled, path, **{name: value}) for value in values}
        assert {len(found) for found in alone.values()} != {len(order)}, name
        for several in (*combinations(values, 2), values, values * 2):
            any_of_them = {one for value in several for one in alone[value]}
            found = ids(filled, path, **{name: list(several)})
            assert found == [one for one in order if one in any_of_them], (name, several)


def test_the_filters_of_a_list_hold_together(filled: Api) -> None:
    found = ids(
        filled,
        "/api/tickets/",
        status=["cancelled", "sold"],
        venue=["park", "arena"],
        category="vip",
    )
    assert found == [3]


def test_the_next_page_has_the_same_values(filled: Api) -> None:
    query = {"event_name": ["concert", "play"], "limit": 1, "sort": "-id", "count": True}
    answer = filled.request("GET", "/api/tickets/", params=query)
    assert answer.headers["x-total-count"] == "3"
    rows = answer.json()
    while "next" in answer.links:
        answer = filled.request("GET", answer.links["next"]["url"])
        rows += answer.json()
    assert [row["id"] for row in rows] == [3, 2, 1]


def test_customers_see_no_more_by_naming_others(filled: Api) -> None:
    user, customer = filled.someone("customer", "carl")
    own = customer.order(user, ({"id": 1}, 1))
    named = [1, 3, user["id"]]
    assert ids(customer, "/api/orders/", user_id=named) == [own["id"]]
    assert ids(customer, "/api/transactions/", order_id=[1, 3, own["id"]]) == []


def test_more_values_than_anybody_needs_are_refused(filled: Api) -> None:
    for name, most in (("category", 20), ("venue", 8), ("event_name", 8), ("status", 20)):
        value = "sold" if name == "status" else "x"
        filled.get("/api/tickets/", **{name: [value] * most})
        problem = filled.refused("GET", "/api/tickets/", **{name: [value] * (most + 1)})
        (error,) = problem["errors"]
        assert (error["parameter"], error["code"]) == (name, "too_long")


def test_a_wrong_value_among_good_ones_is_told_by_the_filters_name(filled: Api) -> None:
    problem = filled.refused("GET", "/api/orders/", status=["pending", "nope"], user_id=[1, "x"])
    assert {error["parameter"] for error in problem["errors"]} == {"status", "user_id"}


def test_what_can_have_but_one_value_is_not_said_twice(filled: Api) -> None:
    """Bounds, orders and pages, and what a report is about."""
    tried = set()
    for method, path, operation in operations():
        once = [name for name, is_so in repeatable(operation).items() if not is_so]
        for name in once if method == "GET" else ():
            problem = filled.refused("GET", example_path(path, operation), **{name: ["1", "1"]})
            assert (problem["status"], problem["code"]) == (422, "validation_error")
            told = {(error["parameter"], error["code"]) for error in problem["errors"]}
            assert (name, "repeated_parameter") in told, (path, name)
            tried.add(name)
    names = "skip limit sort after count q min_price date_to start event_name interval created_from"
    assert tried >= set(names.split())


def test_an_unknown_parameter_is_told_as_that_however_often_it_is_there(filled: Api) -> None:
    (error,) = filled.refused("GET", "/api/tickets/", nope=["1", "2"])["errors"]
    assert (error["parameter"], error["code"]) == ("nope", "extra_forbidden")
