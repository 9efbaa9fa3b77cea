"""Whole purchases, by everybody who may buy: what is listed succeeds, and nothing else does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.client import Api

ACTIONS = ("update", "add_item", "pay", "confirm", "complete", "cancel", "refund", "delete")
# What an action makes of an order; naming the state that it is in succeeds without being one.
MAKES = {"confirm": "confirmed", "complete": "completed", "cancel": "cancelled"}
ROLES = ("customer", "staff", "admin")


def move(api: Api, order: Any, *statuses: str) -> None:
    for status in statuses:
        api.patch(f"/api/orders/{order['id']}/status", {"status": status})


def run_out(api: Api, order: Any) -> None:
    """Its hold, and nobody's log-in."""
    ended = text("UPDATE orders SET expires_at = created_at WHERE id = :id")
    with api.app.state.database.writer.begin() as connection:
        connection.execute(ended, {"id": order["id"]})


def run_out_announced(api: Api, order: Any) -> None:
    api.payment(order)
    run_out(api, order)


def given_up(api: Api, order: Any) -> None:
    api.payment(order)
    move(api, order, "cancelled")


def refunded(api: Api, order: Any) -> None:
    paid = api.settle(api.payment(order))
    api.post(f"/api/transactions/{paid['id']}/refund")


# What the box office made of an order of two for 100 each, or of others.
SCENES: dict[str, Callable[[Api, Any], object]] = {
    "placed": lambda _api, _order: None,
    "announced": lambda api, order: api.payment(order),
    "declined": lambda api, order: api.settle(api.payment(order), "failed"),
    "paid in part": lambda api, order: api.settle(api.payment(order, 50)),
    "paid": lambda api, order: api.settle(api.payment(order)),
    "invoiced": lambda api, order: move(api, order, "confirmed"),
    "completed": lambda api, order: move(api, order, "confirmed", "completed"),
    "cancelled": lambda api, order: move(api, order, "cancelled"),
    "given up while a card was tried": given_up,
    "refunded": refunded,
    "run out": run_out,
    "run out while a card was tried": run_out_announced,
    "free": lambda _api, _order: None,
    "empty": lambda _api, _order: None,
}


def placed(api: Api, buyer: Any, name: str) -> Any:
    """An order that is in one of the scenes now."""
    ticket = api.ticket(price=0 if name == "free" else 100)
    order = api.order(buyer, *([] if name == "empty" else [(ticket, 2)]))
    SCENES[name](api, order)
    return order


def attempts(api: Api, order: Any, action: str) -> list[tuple[str, str, Any]]:
    """The ways to do it, of which one has to succeed."""
    path = f"/api/orders/{order['id']}"
    if action == "refund":
        known = api.get(f"/api/transactions/order/{order['id']}")
        return [("POST", f"/api/transactions/{one['id']}/refund", None) for one in known]
    line = {"ticket_id": api.ticket()["id"], "quantity": 1} if action == "add_item" else None
    payment = {"order_id": order["id"], "payment_method": "card"}
    ways: dict[str, tuple[str, str, Any]] = {
        "update": ("PUT", path, {"notes": "x"}),
        "add_item": ("POST", f"{path}/items", line),
        "pay": ("POST", "/api/transactions/", payment),
        "cancel": ("POST", f"{path}/cancel", None),
        "delete": ("DELETE", path, None),
    }
    named = ("PATCH", f"{path}/status", {"status": MAKES.get(action)})
    return [ways.get(action, named)]


def succeeds(api: Api, caller: Api, order: Any, action: str) -> bool:
    tried = [
        caller.request(method, path, json=body)
        for method, path, body in attempts(api, order, action)
    ]
    return any(response.is_success for response in tried)


@dataclass
class Parties:
    api: Api
    buyer: Any
    # Who looks at the orders.
    caller: Api
    recipient: str | None = None

    def shown(self, name: str) -> Any:
        """An order in a scene, as the caller sees it."""
        order = placed(self.api, self.buyer, name)
        if self.recipient:
            path = f"/api/orders/{order['id']}/users"
            self.api.post(path, {"recipient": self.recipient})
        return self.caller.again(order, "orders")


@pytest.fixture(params=["buyer", "box office", "box office that bought it", "recipient"])
def parties(request: pytest.FixtureRequest, api: Api) -> Parties:
    buyer, theirs = api.someone("customer", "buyer")
    if request.param == "buyer":
        return Parties(api, buyer, theirs)
    if request.param == "recipient":
        return Parties(api, buyer, api.someone("customer", "friend")[1], "friend")
    member, office = api.someone("staff")
    return Parties(api, buyer if request.param == "box office" else member, office)


def test_what_is_listed_succeeds_and_nothing_else_does(parties: Parties) -> None:
    api, caller = parties.api, parties.caller
    for name in SCENES:
        order = parties.shown(name)
        state = "cancelled" if name.startswith("run out") else order["status"]
        for action in ACTIONS:
            if MAKES.get(action) == state:
                assert action not in order["allowed_actions"], name
            elif action not in order["allowed_actions"]:
                assert not succeeds(api, caller, order, action), (name, action)
        for action in order["allowed_actions"]:
            assert succeeds(api, caller, parties.shown(name), action), (name, action)


@pytest.mark.parametrize(
    ("method", "end", "action"), [("PATCH", "deactivate", "add_item"), ("POST", "erase", "update")]
)
def test_what_is_not_done_for_a_buyer_who_is_gone_is_not_listed(
    api: Api, method: str, end: str, action: str
) -> None:
    buyer, staff = api.user(), api.someone("staff")[1]
    order = staff.again(placed(api, buyer, "placed"), "orders")
    assert action in order["allowed_actions"]
    assert api.request(method, f"/api/users/{buyer['id']}/{end}").is_success
    for served in (staff.again(order, "orders"), *staff.get("/api/orders/")):
        assert action not in served["allowed_actions"]
    assert not succeeds(api, staff, order, action)


def test_a_purchase_goes_from_the_cart_to_the_door(api: Api) -> None:
    """By what is listed alone; of what is paid, a colleague says that it came."""
    colleague = api.someone("staff", "colleague")[1]
    for role in ROLES:
        user, own = api.someone(role)
        for price in (0, 100):
            goes_to_the_door(api, user, own, colleague, price)


def goes_to_the_door(api: Api, user: Any, own: Api, colleague: Api, price: int) -> None:
    ticket = api.ticket(price=price)
    own.post("/api/cart/", {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": 2})
    order = own.post(f"/api/orders/from-cart/{user['id']}")
    if price:
        assert {"pay", "confirm"} & set(order["allowed_actions"]) == {"pay"}
        colleague.settle(own.payment(order))
    else:
        assert {"pay", "confirm"} & set(order["allowed_actions"]) == {"confirm"}
        move(own, order, "confirmed")
    assert "complete" not in own.again(order, "orders")["allowed_actions"]
    assert "complete" in colleague.again(order, "orders")["allowed_actions"]
    move(colleague, order, "completed")
    assert own.again(order, "orders")["allowed_actions"] == ["update"]
    assert api.stock(ticket) == (98, 0, 2, 0)
