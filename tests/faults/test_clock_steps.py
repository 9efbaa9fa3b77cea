"""The machine's clock is set forward and back: nothing breaks, and the books agree."""

from itertools import count
from typing import Any

import pytest

from core.http.idempotency_key import HEADER as KEY
from core.http.idempotency_key import REPLAYED
from tests.support.books import disagreements
from tests.support.client import PASSWORD, Api
from tests.support.service import Service

HOUR = 1
STEPS = pytest.mark.parametrize("hours", [HOUR, -HOUR], ids=["forward", "back"])


@pytest.fixture
def shop(api: Api) -> "Shop":
    return Shop(api)


class Shop:
    """One of everything, made before the step."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.user = api.user(password=PASSWORD)
        self.ticket = api.ticket(total_quantity=100)
        self._keys = count()

    def order(self, key: str | None = None) -> Any:
        items = [{"ticket_id": self.ticket["id"], "quantity": 2}]
        body = {"user_id": self.user["id"], "items": items}
        headers = {KEY: key or f"order-{next(self._keys)}"}
        answer = self.api.request("POST", "/api/orders/", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer

    def step(self, hours: int) -> None:
        self.api.clock.advance(hours=hours)


@pytest.fixture(autouse=True)
def books_agree(service: Service) -> Any:
    yield
    assert disagreements(service.database, clock=service.clock) == []


def test_a_hold_ends_when_the_clock_says_so_and_never_for_nothing(shop: Shop) -> None:
    pending = shop.order().json()
    shop.step(-HOUR)
    assert shop.api.again(pending, "orders")["status"] == "pending"
    shop.step(HOUR)
    assert shop.api.again(pending, "orders")["status"] == "pending"
    shop.step(HOUR)
    # Whoever needs the units gets them, for the hold has run out.
    for _ in range(50):
        shop.order()
    assert shop.api.again(pending, "orders")["cancel_reason"] == "expired"


@STEPS
def test_an_order_is_paid_and_refunded_across_a_step(shop: Shop, hours: int) -> None:
    order = shop.order().json()
    payment = shop.api.payment(order)
    shop.step(hours)
    assert shop.api.settle(payment)["status"] == "success"
    # Even the money that came after the hold has its tickets, for nobody else wanted them.
    assert shop.api.again(order, "orders")["status"] == "confirmed"
    shop.step(hours)
    refund = {"amount": payment["amount"]}
    shop.api.post(f"/api/transactions/{payment['id']}/refund", refund)
    assert shop.api.again(order, "orders")["status"] == "cancelled"
    assert shop.api.stock(shop.ticket) == (100, 0, 0, 0)


@STEPS
def test_a_key_is_answered_as_before(shop: Shop, hours: int) -> None:
    first = shop.order("the-key")
    shop.step(hours)
    again = shop.order("the-key")
    assert (again.json(), again.headers[REPLAYED]) == (first.json(), "true")
    assert shop.api.stock(shop.ticket) == (98, 2, 0, 0)


def test_a_log_in_ends_when_the_clock_says_so_and_comes_back_with_it(shop: Shop) -> None:
    own = shop.api.bearer(shop.api.log_in("john_doe")["access_token"])
    assert own.get("/api/auth/me")["username"] == "john_doe"
    shop.step(HOUR)
    assert own.refused("GET", "/api/auth/me")["code"] == "invalid_token"
    shop.step(-HOUR)
    assert own.get("/api/auth/me")["username"] == "john_doe"


def test_a_log_in_outlives_a_clock_that_goes_back(shop: Shop) -> None:
    own = shop.api.bearer(shop.api.log_in("john_doe")["access_token"])
    shop.step(-HOUR)
    assert own.get("/api/auth/me")["username"] == "john_doe"


@STEPS
def test_what_was_read_before_a_step_is_current_after_it(shop: Shop, hours: int) -> None:
    read = shop.api.again(shop.ticket, "tickets")
    shop.step(hours)
    path = f"/api/tickets/{shop.ticket['id']}"
    changed = shop.api.put(path, {"price": 5, "updated_at": read["updated_at"]})
    # And what is old by now is known for it, even if the clock went back in between.
    stale = shop.api.refused("PUT", path, {"price": 6, "updated_at": read["updated_at"]})
    assert stale["code"] == "stale_object"
    assert changed["updated_at"] != read["updated_at"]


@STEPS
def test_reports_of_all_time_count_what_was_sold_before_and_after(shop: Shop, hours: int) -> None:
    for _ in range(2):
        shop.api.settle(shop.api.payment(shop.order().json()))
        shop.step(hours)
    report = shop.api.get("/api/analytics/sales")
    assert report["totals"]["tickets_sold"] == 4
    assert shop.api.get("/api/analytics/revenue")["net_revenue"] == report["totals"]["revenue"]
