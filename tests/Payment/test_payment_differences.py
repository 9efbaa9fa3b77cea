"""Money that is not what was asked for is named until it is back with its payer."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from Payment.port import Outcome
from tests.support.client import Api
from tests.support.fake_provider import FakeProvider, Mood
from tests.support.giving_back import arrived, give_back, refund, send
from tests.support.paying import begun, told
from tests.support.service import Service


def named(api: Api) -> list[tuple[str, str, str]]:
    """The rules that are broken, with what was asked and what came."""
    found = api.get("/api/analytics/reconciliation")["differences"]
    return [(one["rule"], one["expected"], one["found"]) for one in found]


@pytest.fixture
def order(api: Api) -> Any:
    return api.order(api.user(), (api.ticket(price=200), 1))


class TestAnotherAmount:
    DIFFERS = ("payments_as_asked", "20000 USD", "15000 USD")

    def test_is_named_until_its_refund_has_arrived(
        self, api: Api, service: Service, provider: FakeProvider, order: Any
    ) -> None:
        arrived(api, provider, begun(api, order), amount=Decimal(150))
        assert named(api) == [self.DIFFERS]
        provider.mood = Mood.SLOW
        give_back(service)
        assert named(api) == [self.DIFFERS]
        provider.mood = Mood.WELL
        (report,) = provider.refunds.values()
        provider.decide(provider.asked[0].key, type(report.status).SUCCEEDED)
        api.clock.advance(hours=2)
        send(service)
        assert named(api) == []

    def test_is_named_until_somebody_has_paid_it_out(
        self, api: Api, service: Service, provider: FakeProvider, order: Any
    ) -> None:
        payment = arrived(api, provider, begun(api, order), amount=Decimal(150))
        provider.mood = Mood.REFUSING
        give_back(service)
        assert [rule for rule, *_ in named(api)] == ["payments_as_asked", "no_refund_failed"]
        path = f"/api/transactions/{payment['id']}/refunds/{refund(api, payment)['id']}"
        api.post(f"{path}/settle", {"reason": "paid out in cash"})
        assert named(api) == []


class TestAnotherCurrency:
    DIFFERS = ("payments_as_asked", "20000 USD", "150 JPY")

    def test_is_named_until_the_provider_says_that_all_went_back(
        self, api: Api, provider: FakeProvider, order: Any
    ) -> None:
        payment = begun(api, order)
        came = arrived(api, provider, payment, amount=Decimal(150), currency="JPY")
        assert (came["status"], came["failure_reason"]) == ("failed", "currency_differs")
        assert named(api) == [self.DIFFERS]
        report = provider.payments[payment["provider_reference"]]
        assert told(api, provider, replace(report, refunded=Decimal(149))) == "known"
        assert named(api) == [self.DIFFERS]
        assert told(api, provider, replace(report, refunded=Decimal(150))) == "applied"
        assert named(api) == []
        assert told(api, provider, replace(report, refunded=Decimal(150))) == "known"

    def test_that_went_back_already_is_not_named(
        self, api: Api, provider: FakeProvider, order: Any
    ) -> None:
        payment = begun(api, order)
        back = {"amount": Decimal(150), "currency": "JPY", "refunded": Decimal(150)}
        came = arrived(api, provider, payment, **back)
        assert came["failure_reason"] == "currency_differs"
        assert named(api) == []

    def test_is_given_back_by_nobody_here(
        self, api: Api, service: Service, provider: FakeProvider, order: Any
    ) -> None:
        payment = begun(api, order)
        arrived(api, provider, payment, amount=Decimal(150), currency="JPY")
        assert give_back(service) == 0
        assert provider.payments[payment["provider_reference"]].outcome is Outcome.SUCCEEDED
