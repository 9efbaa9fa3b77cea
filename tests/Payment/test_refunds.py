"""Money that goes back by a provider: all that the ledger says, each line once."""

from decimal import Decimal
from typing import Any

import pytest

from tests.Order.test_expiry import sweep
from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.fake_provider import FakeProvider
from tests.support.giving_back import (
    arrived,
    give_back,
    give_back_part,
    note,
    paid,
    refund,
    refunds,
    send,
)
from tests.support.paying import begun
from tests.support.service import Service

# Of all that is paid here.
PRICE = 100


def on_request(api: Api, provider: FakeProvider) -> Any:
    _, payment = paid(api, provider)
    api.post(f"/api/transactions/{payment['id']}/refund", {"reason": "seat broken"})
    return payment


def with_its_order(api: Api, provider: FakeProvider) -> Any:
    order, payment = paid(api, provider)
    api.post(f"/api/orders/{order['id']}/cancel", {"reason": "rain"})
    return payment


def of_a_hold_that_ran_out(api: Api, provider: FakeProvider) -> Any:
    order = api.order(api.user(), (api.ticket(price=2 * PRICE), 1))
    payment = arrived(api, provider, begun(api, order, amount=PRICE))
    api.clock.advance(hours=1)
    return payment


def late(api: Api, provider: FakeProvider) -> Any:
    """The hold ran out, and the ticket costs something else now."""
    ticket = api.ticket(price=PRICE)
    payment = begun(api, api.order(api.user(), (ticket, 1)))
    api.clock.advance(hours=1)
    api.put(f"/api/tickets/{ticket['id']}", {"price": 2 * PRICE})
    return arrived(api, provider, payment)


def of_a_cancelled_order(api: Api, provider: FakeProvider) -> Any:
    order = api.order(api.user(), (api.ticket(price=PRICE), 1))
    payment = begun(api, order)
    api.post(f"/api/orders/{order['id']}/cancel")
    return arrived(api, provider, payment)


def double(api: Api, provider: FakeProvider) -> Any:
    order = api.order(api.user(), (api.ticket(price=PRICE), 1))
    payments = [begun(api, order) for _ in range(2)]
    return [arrived(api, provider, payment) for payment in payments][1]


def of_another_amount(api: Api, provider: FakeProvider) -> Any:
    order = api.order(api.user(), (api.ticket(price=2 * PRICE), 1))
    return arrived(api, provider, begun(api, order), amount=Decimal(PRICE))


# What has money go back, and what is told of why.
WAYS = {
    on_request: "seat broken",
    with_its_order: "order_cancelled",
    of_a_hold_that_ran_out: "order_expired",
    late: "order_expired",
    of_a_cancelled_order: "order_cancelled",
    double: "already_paid",
    of_another_amount: "amount_differs",
}
EACH_WAY = pytest.mark.parametrize("way", WAYS, ids=lambda one: one.__name__)


class TestEachWay:
    @EACH_WAY
    def test_arrives_at_the_provider_once(
        self, api: Api, service: Service, provider: FakeProvider, way: Any
    ) -> None:
        payment = way(api, provider)
        sweep(service)
        for _ in range(3):
            give_back(service)
            api.clock.advance(hours=2)
        (asked,) = provider.asked
        assert (asked.reference, asked.currency) == (payment["provider_reference"], "USD")
        assert provider.given_back == [PRICE]
        assert disagreements(service.database) == []

    @EACH_WAY
    def test_is_told_with_its_reason(
        self, api: Api, service: Service, provider: FakeProvider, way: Any
    ) -> None:
        payment = way(api, provider)
        sweep(service)
        shown = refund(api, payment)
        assert (shown["amount"], shown["reason"]) == (PRICE, WAYS[way])
        assert shown["transaction_id"] == payment["id"]
        assert api.again(payment, "transactions")["refunded_amount"] == PRICE


class TestParts:
    def test_are_refunds_of_their_own(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        _, payment = paid(api, provider)
        for amount in (10, 20.5):
            give_back_part(api, payment, amount)
            give_back(service)
        assert [one["amount"] for one in refunds(api, payment)] == [10, 20.5]
        assert provider.given_back == [Decimal(10), Decimal("20.5")]
        keys = [one.key for one in provider.asked]
        assert keys == [str(one["id"]) for one in refunds(api, payment)]

    def test_of_many_orders_go_as_well(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        """More than are seen to at a time."""
        _, payment = paid(api, provider)
        for _ in range(20):
            give_back_part(api, payment, 1)
        assert note(service) == 20
        assert send(service) == 20
        assert provider.given_back == [Decimal(1)] * 20


class TestIsTold:
    def test_as_pending_before_anybody_has_looked(self, api: Api, provider: FakeProvider) -> None:
        payment = on_request(api, provider)
        shown = refund(api, payment)
        assert (shown["status"], shown["attempt"], shown["is_by_hand"]) == ("pending", 1, False)
        assert (shown["provider"], shown["provider_reference"]) == ("stripe", None)

    def test_as_succeeded_once_the_provider_has(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        payment = on_request(api, provider)
        assert note(service) == 1
        shown = refund(api, payment)
        assert (shown["status"], shown["ended_at"]) == ("pending", None)
        assert send(service) == 1
        shown = refund(api, payment)
        assert (shown["status"], shown["provider_reference"]) == ("succeeded", "re_1")
        assert shown["ended_at"] > shown["created_at"]

    def test_as_succeeded_where_no_provider_is_in_it(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        _, payment = api.paid_order(api.user(), (api.ticket(), 1))
        api.post(f"/api/transactions/{payment['id']}/refund")
        assert give_back(service) == 0
        shown = refund(api, payment)
        assert (shown["status"], shown["is_by_hand"]) == ("succeeded", True)
        assert shown["ended_at"] == shown["created_at"]
        assert (shown["provider"], shown["attempt"]) == (None, None)
        assert provider.asked == []

    def test_with_whose_doing_it_was_to_the_box_office(
        self, api: Api, provider: FakeProvider
    ) -> None:
        buyer, owner = api.someone("customer")
        clerk, staff = api.someone("staff")
        order = api.order(buyer, (api.ticket(price=PRICE), 1))
        payment = arrived(api, provider, begun(owner, order))
        staff.post(f"/api/transactions/{payment['id']}/refund", {"reason": "rain"})
        assert refund(staff, payment)["asked_by"]["name"] == f"user:{clerk['id']}"
        shown = refund(owner, payment)
        assert (shown["asked_by"], shown["reason"]) == (None, "rain")

    def test_to_nobody_else(self, api: Api, provider: FakeProvider) -> None:
        payment = on_request(api, provider)
        _, stranger = api.someone("customer")
        problem = stranger.refused("GET", f"/api/transactions/{payment['id']}/refunds")
        assert problem["code"] == "transaction_not_found"


class TestNoted:
    def test_is_each_line_once_however_often_the_ledger_is_looked_through(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        on_request(api, provider)
        assert [note(service) for _ in range(3)] == [1, 0, 0]

    def test_is_nothing_of_money_that_comes(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        paid(api, provider)
        assert note(service) == 0
