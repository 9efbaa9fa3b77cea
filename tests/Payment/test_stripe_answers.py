"""What Stripe answers, and what comes of it: with a stand-in for Stripe."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from models import RefundStatus
from Payment.port import (
    Outcome,
    PaymentAsked,
    RefundAsked,
    RefusedError,
)
from Payment.providers.by_stripe import ByStripe
from tests.support.stripe_stand_in import StandIn, standing_in
from tests.support.stripe_words import NUMBER, ask, intent, provider, refund, session

ASKED = PaymentAsked(NUMBER, Decimal("199.98"), "USD", NUMBER)
BOTH = pytest.mark.parametrize("name", ["stripe", "stripe_checkout"])
PI, CS = "pi_of_cs_1", "cs_1"


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with standing_in() as found:
        yield found


class TestSessions:
    def test_a_buyer_is_sent_to_a_page_for_what_was_asked(self, stand_in: StandIn) -> None:
        begun = ask(provider("stripe_checkout", stand_in.url), lambda by: by.start(ASKED))
        (asked,) = stand_in.asked
        page = f"https://checkout.stripe.com/c/pay/{CS}"
        assert (begun.reference, begun.next_action) == (CS, {"type": "redirect", "url": page})
        told = {"provider": "stripe_checkout", "transaction_number": NUMBER}
        back = f"https://shop.example/thanks?lang=en&transaction_number={NUMBER}"
        assert asked.params == {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": "1",
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": "19998",
                        "product_data": {"name": NUMBER},
                    },
                }
            ],
            "adaptive_pricing": {"enabled": "false"},
            "client_reference_id": NUMBER,
            "metadata": told,
            "payment_intent_data": {"metadata": told},
            "success_url": back,
            "cancel_url": back,
        }

    def test_a_session_is_pending_until_it_is_paid(self, stand_in: StandIn) -> None:
        async def pay(by: ByStripe) -> tuple[Any, Any]:
            reference = (await by.start(ASKED)).reference
            before = await by.look_up(reference)
            stand_in.pay(reference)
            return before, await by.look_up(reference)

        before, after = ask(provider("stripe_checkout", stand_in.url), pay)
        assert (before.outcome, before.is_over) == (Outcome.PENDING, False)
        assert (after.outcome, after.number) == (Outcome.SUCCEEDED, NUMBER)
        assert (after.amount, after.currency) == (Decimal("199.98"), "USD")

    @pytest.mark.parametrize(
        ("about", "its_intent", "outcome", "reason"),
        [
            ({"status": "expired", "payment_status": "unpaid"}, None, Outcome.FAILED, "expired"),
            # Paid by a way that takes days.
            (
                {"status": "complete", "payment_status": "unpaid"},
                {"status": "processing"},
                Outcome.PENDING,
                None,
            ),
            (
                {"status": "complete", "payment_status": "unpaid"},
                {
                    "status": "requires_payment_method",
                    "last_payment_error": {"code": "payment_intent_payment_attempt_failed"},
                },
                Outcome.FAILED,
                "payment_intent_payment_attempt_failed",
            ),
            # The page is still there, to try another card.
            (
                {"status": "open", "payment_status": "unpaid"},
                {
                    "status": "requires_payment_method",
                    "last_payment_error": {"code": "card_declined"},
                },
                Outcome.PENDING,
                "card_declined",
            ),
        ],
    )
    def test_a_session_ends_with_its_page(
        self,
        stand_in: StandIn,
        about: dict[str, Any],
        its_intent: dict[str, Any] | None,
        outcome: Outcome,
        reason: str | None,
    ) -> None:
        if its_intent is not None:
            stand_in.put(intent(id="pi_1", latest_charge=None, **its_intent))
        its_id = None if its_intent is None else "pi_1"
        stand_in.put(session(payment_intent=its_id, **about))
        report = ask(provider("stripe_checkout", stand_in.url), lambda by: by.look_up(CS))
        assert (report.outcome, report.failure_reason) == (outcome, reason)
        assert report.is_over is (outcome is Outcome.FAILED)

    def test_what_was_not_paid_can_not_go_back(self, stand_in: StandIn) -> None:
        stand_in.put(session(status="open", payment_status="unpaid", payment_intent=None))
        with pytest.raises(RefusedError, match="not_paid"):
            ask(provider("stripe_checkout", stand_in.url), lambda by: by.refund(back(CS)))


class TestIntents:
    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            ({"code": "card_declined", "decline_code": "insufficient_funds"}, "insufficient_funds"),
            ({"code": "expired_card"}, "expired_card"),
            # Who tries a stolen card need not know that it is known.
            ({"code": "card_declined", "decline_code": "stolen_card"}, "generic_decline"),
        ],
    )
    def test_a_decline_has_a_reason_that_its_buyer_may_know(
        self, stand_in: StandIn, error: dict[str, str], reason: str
    ) -> None:
        declined = {"status": "requires_payment_method", "last_payment_error": error}
        stand_in.put(intent(amount_received=0, latest_charge=None, **declined))
        report = ask(provider("stripe", stand_in.url), lambda by: by.look_up("pi_1"))
        assert (report.outcome, report.failure_reason) == (Outcome.FAILED, reason)
        assert report.amount == Decimal("199.98")

    @pytest.mark.parametrize("status", ["processing", "requires_action", "requires_capture"])
    def test_what_goes_on_is_pending(self, stand_in: StandIn, status: str) -> None:
        stand_in.put(intent(status=status, amount_received=0, latest_charge=None))
        report = ask(provider("stripe", stand_in.url), lambda by: by.look_up("pi_1"))
        assert report.outcome is Outcome.PENDING


class TestAskingTwice:
    @BOTH
    def test_a_payment_is_begun_once(self, stand_in: StandIn, name: str) -> None:
        async def twice(by: ByStripe) -> list[Any]:
            return [await by.start(ASKED) for _ in range(2)]

        first, second = ask(provider(name, stand_in.url), twice)
        assert first == second
        assert {asked.headers["idempotency-key"] for asked in stand_in.asked} == {NUMBER}

    @BOTH
    @pytest.mark.parametrize("is_forgotten", [False, True])
    def test_money_goes_back_once(
        self, stand_in: StandIn, name: str, *, is_forgotten: bool
    ) -> None:
        async def twice(by: ByStripe) -> tuple[Any, ...]:
            reference = (await by.start(ASKED)).reference
            stand_in.pay(reference)
            first = await by.refund(back(reference))
            if is_forgotten:
                stand_in.forget_keys()
            return first, await by.refund(back(reference)), await by.look_up(reference)

        first, second, payment = ask(provider(name, stand_in.url), twice)
        assert first == second
        assert (first.status, first.key) == (RefundStatus.SUCCEEDED, "7")
        assert (first.payment_reference, payment.refunded) == (payment.reference, Decimal("50.00"))

    def test_a_refund_whose_answer_was_lost_is_found_again(self, stand_in: StandIn) -> None:
        async def lose(by: ByStripe) -> Any:
            reference = (await by.start(ASKED)).reference
            stand_in.pay(reference)
            known = {"provider": "stripe", "refund_key": "7", "payment_reference": reference}
            stand_in.put(refund(id="re_lost", payment_intent=reference, metadata=known))
            return await by.refund(back(reference))

        assert ask(provider("stripe", stand_in.url), lose).reference == "re_lost"

    def test_keys_of_two_deployments_with_one_account_do_not_meet(self, stand_in: StandIn) -> None:
        async def give_back(by: ByStripe) -> None:
            for number in ("TXN-ONE", "TXN-TWO"):
                asked = PaymentAsked(number, Decimal(100), "USD", number)
                reference = (await by.start(asked)).reference
                stand_in.pay(reference)
                # The ledgers of both begin with 1.
                report = await by.refund(back(reference, key="1"))
                assert report.payment_reference == reference

        ask(provider("stripe", stand_in.url), give_back)


class TestRefunds:
    @BOTH
    def test_more_than_was_paid_is_refused(self, stand_in: StandIn, name: str) -> None:
        async def give_back(by: ByStripe) -> None:
            reference = (await by.start(ASKED)).reference
            stand_in.pay(reference)
            await by.refund(back(reference, amount="199.98"))
            with pytest.raises(RefusedError, match="charge_already_refunded"):
                await by.refund(back(reference, key="8"))

        ask(provider(name, stand_in.url), give_back)

    @pytest.mark.parametrize(
        ("told", "status", "reason"),
        [
            ({"status": "pending"}, RefundStatus.PENDING, None),
            ({"status": "requires_action"}, RefundStatus.PENDING, None),
            (
                {"status": "failed", "failure_reason": "lost_or_stolen_card"},
                RefundStatus.FAILED,
                "lost_or_stolen_card",
            ),
            ({"status": "canceled", "failure_reason": None}, RefundStatus.FAILED, "canceled"),
        ],
    )
    def test_a_refund_is_as_far_as_stripe_says(
        self,
        stand_in: StandIn,
        told: dict[str, str | None],
        status: RefundStatus,
        reason: str | None,
    ) -> None:
        stand_in.put(refund(**told))
        report = ask(provider("stripe", stand_in.url), lambda by: by.look_up_refund("re_1"))
        assert (report.status, report.failure_reason) == (status, reason)


class TestLists:
    """Pages of two, and somebody else's payments among ours."""

    NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)

    def fill(self, stand_in: StandIn) -> None:
        theirs = {"status": "open", "payment_status": "unpaid", "payment_intent": None}
        for hours in range(-1, 5):
            created = int((self.NOON + timedelta(hours=hours)).timestamp())
            stand_in.put(intent(id=f"pi_{hours}", latest_charge=None), created)
            stand_in.put(session(id=f"cs_{hours}", **theirs), created)
            stand_in.put(refund(id=f"re_{hours}", payment_intent=f"pi_{hours}"), created)
        stand_in.put(intent(id="pi_other", latest_charge=None, metadata={}), created)
        of_session = {"provider": "stripe_checkout", "transaction_number": "TXN-ONE"}
        stand_in.put(intent(id=PI, latest_charge=None, metadata=of_session), created)
        stand_in.put(session(id="cs_paid", payment_intent=PI), created)
        stand_in.put(refund(id="re_paid", payment_intent=PI), created)
        stand_in.put(refund(id="re_other", payment_intent="pi_other"), created)

    def test_payments_since_a_time(self, stand_in: StandIn) -> None:
        self.fill(stand_in)
        assert self.listed("stripe", stand_in) == {f"pi_{hours}" for hours in range(5)}
        found = self.listed("stripe_checkout", stand_in)
        assert found == {f"cs_{hours}" for hours in range(5)} | {"cs_paid"}

    def listed(self, name: str, stand_in: StandIn) -> set[str]:
        async def all_since(by: ByStripe) -> set[str]:
            return {one.reference async for one in by.payments_since(self.NOON)}

        return ask(provider(name, stand_in.url), all_since)

    def test_refunds_since_a_time_with_the_payment_that_we_know(self, stand_in: StandIn) -> None:
        self.fill(stand_in)

        async def all_since(by: ByStripe) -> dict[str, str]:
            found = by.refunds_since(self.NOON)
            return {one.reference: one.payment_reference async for one in found}

        by_session = ask(provider("stripe_checkout", stand_in.url), all_since)
        assert by_session == {"re_paid": "cs_paid"}
        by_intent = ask(provider("stripe", stand_in.url), all_since)
        assert by_intent == {f"re_{hours}": f"pi_{hours}" for hours in range(5)}


def back(reference: str, key: str = "7", amount: str = "50.00") -> RefundAsked:
    return RefundAsked(key, reference, Decimal(amount), "USD")
