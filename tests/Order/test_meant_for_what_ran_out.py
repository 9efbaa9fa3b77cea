"""A hold ran out and nobody has ended its order yet: what is served is the state that is meant."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.client import Api
from tests.support.conditional import CHANGES, Change, build_conditional_world
from tests.support.declared import contents
from tests.support.service import Service

OF_PAID_MONEY = {
    "update_transaction_of_paid": Change(
        "PUT", "/api/transactions/2", {"transaction_reference": "ch_2"}
    ),
    "change_transaction_status_of_paid": Change(
        "PATCH", "/api/transactions/2/status", {"status": "success"}
    ),
}
ALL = CHANGES | OF_PAID_MONEY
# What comes too late, whatever was seen: the order is over, and its money went back.
TOO_LATE = {
    "add_order_item": "order_not_pending",
    "change_order_status": "invalid_transition",
    "refund_transaction": "refund_exceeds_payment",
    "change_transaction_status_of_paid": "invalid_transition",
}
# Those of orders and their money that say in a body what was seen.
BY_BODY = (
    "update_order",
    "change_order_status",
    "cancel_order",
    "update_transaction",
    "change_transaction_status",
    "refund_transaction",
    *OF_PAID_MONEY,
)
OF_ORDERS = (*BY_BODY, "delete_order", "add_order_item")
DONE = {200, 201, 204}


@pytest.fixture
def world(api: Api) -> Api:
    build_conditional_world(api)
    api.clock.advance(minutes=16)
    assert {one["status"] for one in api.get("/api/orders/")} == {"pending"}
    return api


def said_in_body(change: Change, updated_at: str) -> Change:
    return replace(change, body={**(change.body or {}), "updated_at": updated_at})


def require_carried_out(name: str, answer: Any) -> None:
    """Or refused for what it is."""
    if name in TOO_LATE:
        assert (answer.status_code, answer.json()["code"]) == (409, TOO_LATE[name])
    else:
        assert answer.status_code in DONE, answer.text


@pytest.mark.parametrize("name", ALL)
class TestTheTagThatIsServed:
    def test_is_of_the_present_state(self, world: Api, name: str) -> None:
        change = ALL[name]
        require_carried_out(name, change.send(world, {"If-Match": change.tag(world)}))

    def test_is_needed_by_nobody(self, world: Api, name: str) -> None:
        require_carried_out(name, ALL[name].send(world, {}))


@pytest.mark.parametrize("name", BY_BODY)
def test_the_time_that_is_served_is_of_the_present_state(world: Api, name: str) -> None:
    change = ALL[name]
    require_carried_out(name, said_in_body(change, change.updated_at(world)).send(world, {}))


def require_refused(
    world: Api, service: Service, change: Change, code: str, headers: dict[str, str]
) -> None:
    """With the time at which its object was changed, and not that of an end taken back again."""
    before = contents(service)
    answer = change.send(world, headers)
    assert answer.json()["code"] == code
    assert answer.json()["updated_at"] == change.updated_at(world)
    assert contents(service) == before


@pytest.mark.parametrize("name", OF_ORDERS)
def test_another_tag_is_answered_with_the_time_that_is_served(
    world: Api, service: Service, name: str
) -> None:
    require_refused(world, service, ALL[name], "precondition_failed", {"If-Match": '"0-0"'})


@pytest.mark.parametrize("name", BY_BODY)
def test_another_time_is_answered_with_the_one_that_is_served(
    world: Api, service: Service, name: str
) -> None:
    change = said_in_body(ALL[name], "2026-01-05T18:30:00.000001Z")
    require_refused(world, service, change, "stale_object", {})
