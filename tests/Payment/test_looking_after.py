"""A provider that is not heard of is asked: what was lost on the way is lost for nobody."""

from typing import Any

import pytest

from Payment.port import Outcome
from tests.support.client import Api
from tests.support.fake_provider import FakeProvider, Mood
from tests.support.paying import an_order, begin, begun, look_after
from tests.support.service import Service


@pytest.fixture
def order(api: Api) -> Any:
    return an_order(api)


@pytest.fixture
def payment(api: Api, order: Any, provider: FakeProvider) -> Any:
    assert provider.payments == {}
    return begun(api, order)


def sync(api: Api, payment: Any) -> Any:
    return api.post(f"/api/transactions/{payment['id']}/sync")


class TestABuyerWhoComesBack:
    def test_has_the_provider_asked(
        self, api: Api, provider: FakeProvider, order: Any, payment: Any
    ) -> None:
        assert sync(api, payment)["status"] == "pending"
        provider.pay(payment["provider_reference"])
        assert sync(api, payment)["status"] == "success"
        assert api.again(order, "orders")["status"] == "confirmed"

    def test_is_told_of_a_provider_that_does_not_answer(
        self, api: Api, provider: FakeProvider, payment: Any
    ) -> None:
        provider.mood = Mood.AWAY
        problem = api.refused("POST", f"/api/transactions/{payment['id']}/sync")
        assert (problem["status"], problem["code"]) == (503, "payment_provider_unavailable")
        provider.mood = Mood.NONSENSE
        problem = api.refused("POST", f"/api/transactions/{payment['id']}/sync")
        assert (problem["status"], problem["code"]) == (502, "payment_provider_failed")

    def test_has_a_payment_begun_that_was_not(
        self, api: Api, provider: FakeProvider, order: Any
    ) -> None:
        provider.mood = Mood.AWAY
        transaction_id = begin(api, order).json()["transaction_id"]
        provider.mood = Mood.WELL
        assert sync(api, {"id": transaction_id})["next_action"]["type"] == "confirm"

    def test_asks_of_no_payment_of_the_box_office(self, api: Api, order: Any) -> None:
        payment = api.payment(order)
        problem = api.refused("POST", f"/api/transactions/{payment['id']}/sync")
        assert problem["code"] == "not_by_provider"

    def test_asks_of_no_provider_that_is_gone(
        self, api: Api, provider: FakeProvider, payment: Any, service: Service
    ) -> None:
        providers = service.app.state.providers.by_name
        gone = providers.pop(provider.name)
        problem = api.refused("POST", f"/api/transactions/{payment['id']}/sync")
        providers[gone.name] = gone
        assert (problem["code"], problem["provider"]) == (
            "payment_provider_not_configured",
            "stripe",
        )

    def test_asks_of_no_payment_that_is_not_theirs(
        self, api: Api, provider: FakeProvider, payment: Any
    ) -> None:
        provider.pay(payment["provider_reference"])
        _, stranger = api.someone("customer", "eve")
        problem = stranger.refused("POST", f"/api/transactions/{payment['id']}/sync")
        assert problem["status"] == 404
        assert api.again(payment, "transactions")["status"] == "pending"


class TestALostWebhook:
    def test_loses_nothing(
        self, api: Api, provider: FakeProvider, order: Any, payment: Any, service: Service
    ) -> None:
        provider.pay(payment["provider_reference"])
        assert look_after(service) == 0
        api.clock.advance(seconds=31)
        assert look_after(service) == 1
        assert api.again(order, "orders")["status"] == "confirmed"
        assert asked_no_more(api, service)

    def test_after_a_failure_loses_nothing(
        self, api: Api, provider: FakeProvider, order: Any, payment: Any, service: Service
    ) -> None:
        reference = payment["provider_reference"]
        provider.pay(reference, outcome=Outcome.FAILED, failure_reason="declined")
        api.clock.advance(seconds=31)
        look_after(service)
        assert api.again(payment, "transactions")["status"] == "failed"
        provider.pay(reference)
        api.clock.advance(minutes=2)
        look_after(service)
        assert api.again(order, "orders")["status"] == "confirmed"

    def test_keeps_no_other_payment_waiting(
        self, api: Api, provider: FakeProvider, order: Any, payment: Any, service: Service
    ) -> None:
        other = an_order_of_another(api)
        lost = begun(api, other)
        del provider.payments[payment["provider_reference"]]
        provider.pay(lost["provider_reference"])
        api.clock.advance(seconds=31)
        assert look_after(service) == 2
        assert api.again(other, "orders")["status"] == "confirmed"
        assert api.again(order, "orders")["status"] == "pending"


def test_a_provider_that_is_away_is_not_asked_about_all_in_vain(
    api: Api, provider: FakeProvider, service: Service
) -> None:
    buyer, ticket = api.user(), api.ticket()
    for _ in range(10):
        begun(api, api.order(buyer, (ticket, 1)))
    api.clock.advance(seconds=31)
    provider.mood = Mood.AWAY
    assert look_after(service) == 8
    provider.mood = Mood.WELL
    # The others are due as they were, and those that were tried in vain a while later.
    assert look_after(service) == 2
    api.clock.advance(minutes=5)
    assert look_after(service) == 10


class TestNobody:
    def test_is_asked_about_what_is_over(
        self, api: Api, provider: FakeProvider, payment: Any, service: Service
    ) -> None:
        over = {"outcome": Outcome.FAILED, "failure_reason": "expired", "is_over": True}
        provider.pay(payment["provider_reference"], **over)
        api.clock.advance(seconds=31)
        assert look_after(service) == 1
        assert api.again(payment, "transactions")["status"] == "failed"
        assert asked_no_more(api, service)

    def test_is_asked_again_at_once(self, api: Api, payment: Any, service: Service) -> None:
        assert payment["status"] == "pending"
        api.clock.advance(minutes=10)
        assert [look_after(service) for _ in range(2)] == [1, 0]
        api.clock.advance(minutes=10, seconds=1)
        assert look_after(service) == 1

    def test_is_asked_about_what_was_not_paid_for_a_week(
        self, api: Api, payment: Any, service: Service
    ) -> None:
        api.clock.advance(days=7)
        assert look_after(service) == 1
        now = api.again(payment, "transactions")
        assert (now["status"], now["failure_reason"]) == ("failed", "not_paid")
        assert asked_no_more(api, service)

    def test_is_asked_about_what_ended_before_it_was_begun(
        self, api: Api, provider: FakeProvider, order: Any, service: Service
    ) -> None:
        provider.mood = Mood.AWAY
        begin(api, order)
        provider.mood = Mood.WELL
        api.post(f"/api/orders/{order['id']}/cancel")
        api.clock.advance(seconds=31)
        assert look_after(service) == 1
        assert provider.payments == {}
        assert asked_no_more(api, service)


def asked_no_more(api: Api, service: Service) -> bool:
    api.clock.advance(days=2)
    return look_after(service) == 0


def an_order_of_another(api: Api) -> Any:
    return api.order(api.user("jane"), (api.ticket(), 1))
