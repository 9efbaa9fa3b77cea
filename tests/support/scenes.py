"""What scenes of refusals are made of: bodies, and steps that leave the first of its kind."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.support.client import PASSWORD, Api

Call = tuple[str, str, Any] | tuple[str, str, Any, dict[str, str]]
Scene = Callable[[Api], Call]

ORDER_LINE = {"ticket_id": 1, "quantity": 1}
PAYMENT = {"order_id": 1, "payment_method": "card"}


def order_body(quantity: int = 1, lines: int = 1) -> Any:
    return {"user_id": 1, "items": [{"ticket_id": 1, "quantity": quantity}] * lines}


def prepared(*steps: Callable[[Api], object], call: Call) -> Scene:
    def scene(api: Api) -> Call:
        for step in steps:
            step(api)
        return call

    return scene


def just(method: str, path: str, body: Any = None) -> Scene:
    """Refused in an empty service."""
    return prepared(call=(method, path, body))


def by(role: str, *steps: Callable[[Api], object], call: Call) -> Scene:
    """Refused to somebody of this role, who is the user 1."""

    def scene(api: Api) -> Call:
        _, theirs = api.someone(role)
        method, path, body = prepared(*steps, call=call)(api)[:3]
        return method, path, body, theirs.headers

    return scene


# Steps: each leaves the first object of its kind, with the id 1.


def user(api: Api) -> None:
    api.user()


def second_user(api: Api) -> None:
    api.user("jane")


def inactive(api: Api) -> None:
    api.patch("/api/users/1/deactivate")


def erased(api: Api) -> None:
    api.post("/api/users/1/erase")


def ticket(api: Api) -> None:
    api.ticket(total_quantity=500)


def few(api: Api) -> None:
    api.ticket(total_quantity=2)


def stopped(api: Api) -> None:
    api.patch("/api/tickets/1/status", {"status": "cancelled"})


def cart(api: Api) -> None:
    api.post("/api/cart/", {"user_id": 1, **ORDER_LINE})


def full_cart(api: Api) -> None:
    api.post("/api/cart/", {"user_id": 1, "ticket_id": 1, "quantity": 101})


def empty_order(api: Api) -> None:
    api.post("/api/orders/", order_body(lines=0))


def order(api: Api) -> None:
    api.post("/api/orders/", order_body())


def sixty(api: Api) -> None:
    api.post("/api/orders/", order_body(60))


def rest_of_two(api: Api) -> None:
    api.post("/api/orders/", order_body(2))


def ten(api: Api) -> None:
    api.post("/api/orders/", order_body(10))


def ten_open(api: Api) -> None:
    for _ in range(10):
        empty_order(api)


def twenty_unpaid(api: Api) -> None:
    for _ in range(20):
        empty_order(api)
    a_moment_later(api)


def a_moment_later(api: Api) -> None:
    """When holds ran out, and the log-in has not."""
    api.clock.advance(minutes=16)


def confirmed(api: Api) -> None:
    api.patch("/api/orders/1/status", {"status": "confirmed"})


def completed(api: Api) -> None:
    confirmed(api)
    api.patch("/api/orders/1/status", {"status": "completed"})


def cancelled(api: Api) -> None:
    api.post("/api/orders/1/cancel")


def shared(api: Api) -> None:
    api.post("/api/orders/1/users", {"user_id": 2})


def payment(api: Api) -> None:
    api.post("/api/transactions/", PAYMENT)


def referenced(api: Api) -> None:
    api.post("/api/transactions/", {**PAYMENT, "transaction_reference": "ch_77"})


def third_payment(api: Api) -> None:
    """Of a third order, with the reference of the first one's payment."""
    order(api)
    body = {"order_id": 3, "payment_method": "card", "transaction_reference": "ch_77"}
    api.post("/api/transactions/", body)


def settled(api: Api) -> None:
    api.patch("/api/transactions/1/status", {"status": "success"})


def refunded(api: Api) -> None:
    api.post("/api/transactions/1/refund")


LONG_AGO = {"updated_at": "2020-01-01T00:00:00Z"}
STATUS = {"status": "confirmed"}
SUCCESS = {"status": "success"}
RECIPIENT = {"user_id": 2}
NEW_USER = {"username": "new", "email": "new@example.com", "full_name": "New"}
CART_LINE = {"user_id": 1, **ORDER_LINE}


def past(api: Api) -> None:
    api.ticket(event_date="2020-01-01T20:00:00Z")


CREDENTIALS = {"current_password": "not the password", "new_password": "another walk"}
NAME = {"email": "new@example.com"}
PROVEN = {"current_password": PASSWORD}
NEW_KEY = {"name": "till", "role": "staff"}


def last_admin(api: Api) -> None:
    api.user("boss", role="admin")


def many_keys(api: Api) -> None:
    for _ in range(20):
        api.post("/api/auth/api-keys", NEW_KEY)


def by_key(method: str, path: str, body: Any = None) -> Scene:
    """Refused to the API key of the user 1, who is staff."""

    def scene(api: Api) -> Call:
        _, staff = api.someone("staff")
        key = staff.post("/api/auth/api-keys", NEW_KEY)["key"]
        return method, path, body, {"X-API-Key": key}

    return scene


def _second(api: Api) -> None:
    order(api)
    api.post("/api/transactions/", {**PAYMENT, "order_id": 2})
    api.patch("/api/transactions/2/status", SUCCESS)


# Two orders that are paid for, the first with a reference.
two_settled = (user, ticket, order, referenced, settled, _second)


def _another_buys(api: Api) -> None:
    body = {**order_body(), "user_id": api.user("jane")["id"]}
    api.post("/api/orders/", body)


def _refunds_need_an_administrator(api: Api) -> None:
    api.app.state.terms = replace(api.app.state.terms, refund_limit=Decimal(1))


# The order of somebody else, whose money staff may not give back.
paid_by_another = (ticket, _another_buys, payment, settled, _refunds_need_an_administrator)
