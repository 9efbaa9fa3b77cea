"""The books beside those at Stripe, payments and refunds of both ways to pay."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from core.money import selling_in
from Payment.flows.compare import compare
from Payment.providers.by_stripe import ByStripe
from tests.support.client import Api
from tests.support.service import BACKENDS, Service
from tests.support.stripe_shop import begun, opened, stripe_service
from tests.support.stripe_stand_in import StandIn, standing_in
from tests.support.stripe_words import ask, intent, provider, refund
from work.context import unattended

BOTH = pytest.mark.parametrize("name", ["stripe", "stripe_checkout"])


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    with standing_in() as found:
        yield found


@pytest.fixture(scope="module", params=BACKENDS)
def shared_shop(
    request: pytest.FixtureRequest, worker_name: str, stand_in: StandIn
) -> Iterator[Service]:
    with stripe_service(request, f"{worker_name}_stripe_books", stand_in.url) as service:
        yield service


@pytest.fixture
def shop(shared_shop: Service, stand_in: StandIn) -> Iterator[Api]:
    stand_in.clear()
    with opened(shared_shop) as api:
        yield api


@BOTH
def test_what_was_paid_and_asked_about_agrees(
    shop: Api, shared_shop: Service, stand_in: StandIn, name: str
) -> None:
    payment = begun(shop, name)
    stand_in.pay(payment["provider_reference"])
    shop.post(f"/api/transactions/{payment['id']}/sync")
    assert differences(shared_shop, name, stand_in) == []


@BOTH
def test_what_was_paid_and_not_told_is_there(
    shop: Api, shared_shop: Service, stand_in: StandIn, name: str
) -> None:
    reference = begun(shop, name)["provider_reference"]
    stand_in.pay(reference)
    assert differences(shared_shop, name, stand_in) == [
        ("payment", reference, "199.98 USD pending", "199.98 USD succeeded")
    ]


@BOTH
def test_what_was_given_back_by_hand_at_stripe_is_there(
    shop: Api, shared_shop: Service, stand_in: StandIn, name: str
) -> None:
    payment = begun(shop, name)
    stand_in.pay(payment["provider_reference"])
    shop.post(f"/api/transactions/{payment['id']}/sync")
    paid = stand_in.objects[payment["provider_reference"]].get("payment_intent")
    stand_in.put(refund(payment_intent=paid or payment["provider_reference"]))
    assert differences(shared_shop, name, stand_in) == [
        ("refund", "re_1", "nothing", "50.00 USD succeeded")
    ]


@BOTH
def test_what_others_do_with_the_account_is_not_ours(
    shop: Api, shared_shop: Service, stand_in: StandIn, name: str
) -> None:
    begun(shop, name)
    stand_in.put(intent(id="pi_shop", latest_charge=None, metadata={}))
    stand_in.put(refund(id="re_shop", payment_intent="pi_shop"))
    assert differences(shared_shop, name, stand_in) == []


def differences(service: Service, name: str, stand_in: StandIn) -> list[Any]:
    """As ``python cli.py reconcile --provider`` finds them."""

    def read(command: Any) -> Any:
        return service.database.read_now(unattended(command, service.settings, service.clock))

    async def find(by: ByStripe) -> list[Any]:
        found = compare(by, datetime.fromtimestamp(0, UTC), read)
        return [(one.kind, one.name, one.here, one.there) async for one in found]

    with selling_in(service.settings.currency):
        return ask(provider(name, stand_in.url), find)
