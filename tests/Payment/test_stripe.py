"""Paying by Stripe: the service, Stripe's own library, and a fake Stripe in another process."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from models import RefundStatus
from Payment.port import Outcome, PaymentAsked, RefundAsked, RefusedError
from Payment.providers.by_stripe import ByStripe
from tests.support.client import Api
from tests.support.giving_back import give_back
from tests.support.localstripe import LocalStripe, Mailbox, localstripe, mailbox
from tests.support.service import BACKENDS, Service
from tests.support.stripe_shop import begun, opened, stripe_service
from tests.support.stripe_words import (
    PUBLISHABLE_KEY,
    WEBHOOK_SECRET,
    ask,
    event,
    intent,
    provider,
    signed,
)

T = TypeVar("T")
WEBHOOKS = "/api/payments/webhooks/stripe"
# Stripe's number for a card whose payments are declined.
DECLINED = "pm_card_chargeCustomerFail"
ASKED = PaymentAsked("TXN-3FHB8RWZ2C", Decimal("199.98"), "USD", "TXN-3FHB8RWZ2C")


@pytest.fixture(scope="module")
def fake() -> Iterator[LocalStripe]:
    with localstripe() as found:
        yield found


@pytest.fixture(scope="module")
def post() -> Iterator[Mailbox]:
    with mailbox() as found:
        yield found


@pytest.fixture(scope="module", params=BACKENDS)
def shared_shop(
    request: pytest.FixtureRequest, worker_name: str, fake: LocalStripe
) -> Iterator[Service]:
    with stripe_service(request, f"{worker_name}_stripe", fake.url) as service:
        yield service


@pytest.fixture
def shop(shared_shop: Service) -> Iterator[Api]:
    with opened(shared_shop) as api:
        # The fake signs by the clock of the machine.
        api.clock.now = datetime.now(UTC)
        yield api


class TestPaying:
    def test_a_front_end_is_told_what_it_needs(self, shop: Api) -> None:
        assert shop.get("/api/payments/methods")["methods"] == [
            {
                "payment_method": "stripe",
                "next_action": "confirm",
                "publishable_key": PUBLISHABLE_KEY,
            },
            {
                "payment_method": "stripe_checkout",
                "next_action": "redirect",
                "publishable_key": None,
            },
        ]

    def test_a_payment_is_begun_with_what_its_buyer_confirms_it_by(
        self, shop: Api, fake: LocalStripe
    ) -> None:
        payment = begun(shop)
        there = fake.intent(payment["provider_reference"])
        assert (payment["status"], payment["provider"]) == ("pending", "stripe")
        assert payment["next_action"] == {
            "type": "confirm",
            "client_secret": there["client_secret"],
            "publishable_key": PUBLISHABLE_KEY,
        }
        assert (there["amount"], there["currency"]) == (19998, "usd")
        assert there["metadata"] == {
            "provider": "stripe",
            "transaction_number": payment["transaction_number"],
        }

    def test_stripes_word_confirms_the_order(
        self, shop: Api, fake: LocalStripe, post: Mailbox
    ) -> None:
        fake.send_webhooks_to(post, WEBHOOK_SECRET)
        payment = begun(shop)
        assert fake.confirm(payment["provider_reference"]).json()["status"] == "succeeded"
        assert told(shop, *post.about(payment["provider_reference"])) == "applied"
        assert shop.again(payment, "transactions")["status"] == "success"
        assert shop.get(f"/api/orders/{payment['order_id']}")["status"] == "confirmed"

    def test_stripes_word_about_a_decline_has_its_reason(
        self, shop: Api, fake: LocalStripe, post: Mailbox
    ) -> None:
        fake.send_webhooks_to(post, WEBHOOK_SECRET)
        payment = begun(shop)
        assert fake.confirm(payment["provider_reference"], DECLINED).status_code == 402
        assert told(shop, *post.about(payment["provider_reference"])) == "applied"
        failed = shop.again(payment, "transactions")
        assert (failed["status"], failed["failure_reason"]) == ("failed", "card_declined")
        assert shop.get(f"/api/orders/{payment['order_id']}")["status"] == "pending"

    def test_asking_finds_what_no_webhook_told(self, shop: Api, fake: LocalStripe) -> None:
        payment = begun(shop)
        fake.confirm(payment["provider_reference"])
        synced = shop.post(f"/api/transactions/{payment['id']}/sync")
        assert synced["status"] == "success"
        assert shop.get(f"/api/orders/{payment['order_id']}")["status"] == "confirmed"

    def test_money_of_an_amount_that_was_not_asked_for_confirms_nothing(self, shop: Api) -> None:
        payment = begun(shop)
        about = {"provider": "stripe", "transaction_number": payment["transaction_number"]}
        paid = intent(id=payment["provider_reference"], amount_received=100, metadata=about)
        raw = event("payment_intent.succeeded", paid)
        assert told(shop, raw, signed(raw, shop.clock())) == "differs"
        assert shop.get(f"/api/orders/{payment['order_id']}")["status"] == "pending"

    def test_money_goes_back_by_stripe(
        self, shop: Api, shared_shop: Service, fake: LocalStripe
    ) -> None:
        payment = begun(shop)
        fake.confirm(payment["provider_reference"])
        shop.post(f"/api/transactions/{payment['id']}/sync")
        shop.post(f"/api/transactions/{payment['id']}/refund", {"amount": 50})
        assert give_back(shared_shop) == 1
        (refund,) = shop.get(f"/api/transactions/{payment['id']}/refunds")
        there = fake.intent(payment["provider_reference"])["latest_charge"]
        assert (refund["status"], refund["amount"]) == ("succeeded", 50)
        assert refund["provider_reference"] == there["refunds"]["data"][0]["id"]
        assert there["amount_refunded"] == 5000


class TestAsking:
    """The provider alone, for what the service does with its answers is told elsewhere."""

    def test_a_payment_is_looked_up(self, fake: LocalStripe) -> None:
        async def pay(by: ByStripe) -> tuple[Any, Any]:
            reference = (await by.start(ASKED)).reference
            before = await by.look_up(reference)
            fake.confirm(reference)
            return before, await by.look_up(reference)

        before, after = asked(fake, pay)
        assert (before.outcome, after.outcome) == (Outcome.PENDING, Outcome.SUCCEEDED)
        assert (after.number, after.amount, after.currency) == (
            ASKED.number,
            Decimal("199.98"),
            "USD",
        )

    def test_a_declined_payment_may_be_tried_again(self, fake: LocalStripe) -> None:
        async def fail(by: ByStripe) -> Any:
            reference = (await by.start(ASKED)).reference
            fake.confirm(reference, DECLINED)
            return await by.look_up(reference)

        report = asked(fake, fail)
        assert (report.outcome, report.failure_reason) == (Outcome.FAILED, "card_declined")
        assert not report.is_over

    def test_a_cancelled_payment_is_over(self, fake: LocalStripe) -> None:
        async def cancel(by: ByStripe) -> Any:
            reference = (await by.start(ASKED)).reference
            fake.cancel(reference)
            return await by.look_up(reference)

        report = asked(fake, cancel)
        assert (report.outcome, report.is_over) == (Outcome.FAILED, True)

    def test_money_goes_back_in_parts(self, fake: LocalStripe) -> None:
        async def give_back(by: ByStripe) -> tuple[Any, ...]:
            reference = await paid(by, fake)
            part = await by.refund(back(reference, "7", "50.00"))
            rest = await by.refund(back(reference, "8", "149.98"))
            return part, rest, await by.look_up_refund(part.reference), await by.look_up(reference)

        part, rest, found, payment = asked(fake, give_back)
        assert found == part
        assert (part.status, part.key, part.amount) == (
            RefundStatus.SUCCEEDED,
            "7",
            Decimal("50.00"),
        )
        assert part.payment_reference == payment.reference
        assert rest.reference != part.reference
        assert payment.refunded == Decimal("199.98")

    def test_money_goes_back_once_even_where_stripe_has_forgotten_the_key(
        self, fake: LocalStripe
    ) -> None:
        """This fake knows no keys at all, as Stripe knows them for a day only."""

        async def repeat(by: ByStripe) -> tuple[Any, ...]:
            reference = await paid(by, fake)
            twice = [await by.refund(back(reference, "7", "50.00")) for _ in range(2)]
            return *twice, await by.look_up(reference)

        first, second, payment = asked(fake, repeat)
        assert first == second
        assert payment.refunded == Decimal("50.00")

    def test_money_that_never_came_does_not_go_back(self, fake: LocalStripe) -> None:
        async def give_back(by: ByStripe) -> None:
            reference = (await by.start(ASKED)).reference
            fake.confirm(reference, DECLINED)
            with pytest.raises(RefusedError):
                await by.refund(back(reference, "7", "50.00"))

        asked(fake, give_back)


def told(shop: Api, raw: bytes, headers: dict[str, str]) -> Any:
    """What came of a webhook, as it is sent on to the service byte by byte."""
    kept = {name: headers[name] for name in headers if name == "stripe-signature"}
    return shop.request("POST", WEBHOOKS, content=raw, headers=kept).json()["outcome"]


def asked(fake: LocalStripe, question: Callable[[ByStripe], Awaitable[T]]) -> T:
    return ask(provider("stripe", fake.url), question)


async def paid(by: ByStripe, fake: LocalStripe) -> str:
    reference = (await by.start(ASKED)).reference
    fake.confirm(reference)
    return reference


def back(reference: str, key: str, amount: str) -> RefundAsked:
    return RefundAsked(key, reference, Decimal(amount), "USD")
