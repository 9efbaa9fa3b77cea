"""A provider's books beside ours: what is there and not here, here and not there, and differs."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.money import selling_in
from models import RefundStatus
from Payment.flows.compare import compare
from Payment.port import Outcome, PaymentReport, RefundReport
from tests.support.client import Api
from tests.support.fake_provider import FakeProvider, Mood
from tests.support.giving_back import give_back
from tests.support.paying import an_order, begun, told
from tests.support.service import Service
from work.context import unattended


def differences(service: Service, provider: FakeProvider) -> list[tuple[str, str, str, str]]:
    """What is told of all that was begun within a year."""

    def read(command: Any) -> Any:
        return service.database.read_now(unattended(command, service.settings, service.clock))

    async def find() -> list[tuple[str, str, str, str]]:
        since = service.clock() - timedelta(days=365)
        found = compare(provider, since, read)
        return [(one.kind, one.name, one.here, one.there) async for one in found]

    with selling_in(service.settings.currency):
        return asyncio.run(find())


@pytest.fixture
def payment(api: Api, provider: FakeProvider) -> Any:
    assert provider.payments == {}
    return begun(api, an_order(api))


def test_what_nobody_has_paid_differs_from_nothing(
    service: Service, provider: FakeProvider, payment: Any
) -> None:
    assert payment["status"] == "pending"
    assert differences(service, provider) == []


def test_what_was_paid_and_told_agrees(
    api: Api, service: Service, provider: FakeProvider, payment: Any
) -> None:
    told(api, provider, provider.pay(payment["provider_reference"]))
    assert differences(service, provider) == []


class TestAPayment:
    def test_that_nobody_told_of_is_there_and_not_here(
        self, service: Service, provider: FakeProvider, payment: Any
    ) -> None:
        provider.pay(payment["provider_reference"])
        assert differences(service, provider) == [
            ("payment", "pi_1", "100.00 USD pending", "100.00 USD succeeded")
        ]

    def test_of_somebody_else_is_there_and_not_here(
        self, service: Service, provider: FakeProvider
    ) -> None:
        foreign = PaymentReport("pi_foreign", None, Outcome.SUCCEEDED, Decimal(7), "USD")
        provider.payments["pi_foreign"] = foreign
        assert differences(service, provider) == [
            ("payment", "pi_foreign", "nothing", "7.00 USD succeeded")
        ]

    def test_that_the_provider_has_lost_is_here_and_not_there(
        self, api: Api, service: Service, provider: FakeProvider, payment: Any
    ) -> None:
        told(api, provider, provider.pay(payment["provider_reference"]))
        provider.payments.clear()
        assert differences(service, provider) == [("payment", "pi_1", "100.00 arrived", "nothing")]

    def test_of_another_amount_is_told_until_it_is_back(
        self, api: Api, service: Service, provider: FakeProvider, payment: Any
    ) -> None:
        told(api, provider, provider.pay(payment["provider_reference"], amount=Decimal("90.00")))
        assert differences(service, provider) == [
            ("payment", "pi_1", "90.00 USD refunded", "90.00 USD succeeded")
        ]

    def test_of_another_currency_is_told(
        self, api: Api, service: Service, provider: FakeProvider, payment: Any
    ) -> None:
        told(api, provider, provider.pay(payment["provider_reference"], currency="EUR"))
        assert differences(service, provider) == [
            ("payment", "pi_1", "100.00 USD failed", "100.00 EUR succeeded")
        ]

    def test_of_another_currency_is_told_until_somebody_has_sent_it_back(
        self, api: Api, service: Service, provider: FakeProvider, payment: Any
    ) -> None:
        reference = payment["provider_reference"]
        told(api, provider, provider.pay(reference, currency="EUR"))
        amount = provider.payments[reference].amount
        provider.refunds["by hand"] = RefundReport(
            "re_hand", None, reference, RefundStatus.SUCCEEDED, amount, "EUR"
        )
        back = provider.pay(reference, currency="EUR", refunded=amount)
        assert [one[:2] for one in differences(service, provider)] == [("payment", reference)]
        told(api, provider, back)
        assert differences(service, provider) == []

    def test_that_a_person_settled_and_nobody_made_is_told(
        self, api: Api, service: Service, provider: FakeProvider, payment: Any
    ) -> None:
        body = {"status": "success", "reason": "seen on the account"}
        api.patch(f"/api/transactions/{payment['id']}/status", body)
        assert differences(service, provider) == [
            ("payment", "pi_1", "100.00 USD success", "100.00 USD pending")
        ]


def test_a_refund_that_we_know_nothing_of_is_there_and_not_here(
    service: Service, provider: FakeProvider
) -> None:
    status = RefundStatus.SUCCEEDED
    foreign = RefundReport("re_9", None, "pi_9", status, Decimal("5.00"), "USD")
    provider.refunds["foreign"] = foreign
    assert differences(service, provider) == [("refund", "re_9", "nothing", "5.00 USD succeeded")]


def test_pages_are_compared_one_after_the_other(
    api: Api, service: Service, provider: FakeProvider, payment: Any
) -> None:
    told(api, provider, provider.pay(payment["provider_reference"]))
    for number in range(500):
        name = f"pi_other_{number}"
        report = PaymentReport(name, None, Outcome.FAILED, Decimal(1), "USD")
        provider.payments[name] = report
    assert differences(service, provider) == []


class TestARefund:
    @pytest.fixture
    def refund(self, api: Api, service: Service, provider: FakeProvider, payment: Any) -> Any:
        """One that the provider took on."""
        told(api, provider, provider.pay(payment["provider_reference"]))
        provider.mood = Mood.SLOW
        api.post(f"/api/transactions/{payment['id']}/refund")
        give_back(service)
        (one,) = api.get(f"/api/transactions/{payment['id']}/refunds")
        return one

    def test_that_is_on_its_way_on_both_sides_agrees(
        self, service: Service, provider: FakeProvider, refund: Any
    ) -> None:
        assert refund["status"] == "pending"
        assert differences(service, provider) == []

    def test_whose_end_nobody_told_differs(
        self, service: Service, provider: FakeProvider, refund: Any
    ) -> None:
        provider.decide(f"{refund['id']}", RefundStatus.SUCCEEDED)
        assert differences(service, provider) == [
            ("refund", "re_1", "100.00 USD pending", "100.00 USD succeeded")
        ]

    def test_that_was_paid_out_by_hand_agrees_with_one_that_failed(
        self, api: Api, service: Service, provider: FakeProvider, payment: Any, refund: Any
    ) -> None:
        failed = provider.decide(f"{refund['id']}", RefundStatus.FAILED, "closed")
        told(api, provider, failed)
        path = f"/api/transactions/{payment['id']}/refunds/{refund['id']}/settle"
        api.post(path, {"reason": "in cash"})
        assert differences(service, provider) == []
        # The bank has changed its mind: now it went back twice.
        provider.decide(f"{refund['id']}", RefundStatus.SUCCEEDED)
        assert differences(service, provider) == [
            ("refund", "re_1", "100.00 USD succeeded", "100.00 USD succeeded")
        ]

    def test_that_the_provider_has_lost_is_here_and_not_there(
        self, api: Api, service: Service, provider: FakeProvider, refund: Any
    ) -> None:
        told(api, provider, provider.decide(f"{refund['id']}", RefundStatus.SUCCEEDED))
        provider.refunds.clear()
        assert differences(service, provider) == [("refund", "re_1", "100.00 went back", "nothing")]
