"""Payments by Stripe on a page of Stripe's: a Checkout Session, to which the buyer is sent.

What it is known by here is the session, which is there before its PaymentIntent. Where Stripe's
library is missing the start is refused: see ``stripe_account``.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING

from starlette.datastructures import State

from core.settings import Settings
from Payment.port import Begun, Outcome, PaymentAsked, PaymentReport, RefusedError, Shown
from Payment.providers.by_stripe import (
    PAGE,
    ByStripe,
    currency_of,
    id_of,
    in_full,
    reason_of,
    refunded,
    to_amount,
    to_units,
)
from Payment.providers.stripe_account import Told
from Payment.return_address import return_address

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

_ASYNC_FAILURE = "checkout.session.async_payment_failed"
_KINDS = {
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    _ASYNC_FAILURE,
}
# Of the intent of a session that its buyer is done with.
_NO_MORE = {"requires_payment_method", "canceled"}


def make(settings: Settings, _state: State) -> "StripeCheckout":
    return StripeCheckout(settings)


class StripeCheckout(ByStripe):
    name = "stripe_checkout"

    @property
    def shown(self) -> Shown:
        return Shown("redirect")

    async def start(self, asked: PaymentAsked) -> Begun:
        params = self._session_for(asked)
        told = await self._account.ask(
            lambda v1: v1.checkout.sessions.create_async(params, {"idempotency_key": asked.number})
        )
        with self._account.in_our_words():
            return Begun(told["id"], {"type": "redirect", "url": told["url"]})

    def _session_for(self, asked: PaymentAsked) -> "SessionCreateParams":
        """Nothing in it depends on the time: asked for again it has to be the same.

        So it expires when Stripe has it expire, after a day. Money that comes later than the hold
        is late money as any other.
        """
        kept = {"provider": self.name, "transaction_number": asked.number}
        address = return_address(self._settings, asked.number)
        return {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": asked.currency.lower(),
                        "unit_amount": to_units(asked.amount, asked.currency),
                        "product_data": {"name": asked.description},
                    },
                }
            ],
            # The books have one currency.
            "adaptive_pricing": {"enabled": False},
            "client_reference_id": asked.number,
            "metadata": kept,
            "payment_intent_data": {"metadata": kept},
            "success_url": address,
            "cancel_url": address,
        }

    async def look_up(self, reference: str) -> PaymentReport:
        told = await self._account.ask(
            lambda v1: v1.checkout.sessions.retrieve_async(
                reference, {"expand": ["payment_intent.latest_charge"]}
            )
        )
        with self._account.in_our_words():
            return _payment(told)

    async def payments_since(self, since: datetime) -> AsyncIterator[PaymentReport]:
        start = int(since.timestamp())
        every = self._account.every(
            lambda v1: v1.checkout.sessions.list_async(
                {
                    "created": {"gte": start},
                    "limit": PAGE,
                    "expand": ["data.payment_intent.latest_charge"],
                }
            )
        )
        async for told in every:
            if self._is_ours(told):
                with self._account.in_our_words():
                    report = _payment(told)
                yield report

    def _payment_of_event(self, kind: str, told: Told) -> PaymentReport | None:
        if kind not in _KINDS or not self._is_ours(told):
            return None
        return _payment(told, has_failed=kind == _ASYNC_FAILURE)

    async def _intent_of(self, reference: str) -> str:
        told = await self._account.ask(lambda v1: v1.checkout.sessions.retrieve_async(reference))
        with self._account.in_our_words():
            if not told["payment_intent"]:
                raise RefusedError("not_paid")
            return id_of(told["payment_intent"])

    async def _reference_of(self, intent: str | Told) -> str | None:
        """Stripe's payment does not say of which session it is."""
        if not isinstance(intent, str) and not self._is_ours(intent):
            return None
        intent_id = id_of(intent)
        told = await self._account.ask(
            lambda v1: v1.checkout.sessions.list_async({"payment_intent": intent_id})
        )
        with self._account.in_our_words():
            return next((str(one["id"]) for one in told["data"] if self._is_ours(one)), None)


def _payment(told: Told, *, has_failed: bool = False) -> PaymentReport:
    """Of a Checkout Session; one that is open may be paid for yet, whatever was declined."""
    currency, intent = currency_of(told), in_full(told["payment_intent"])
    if told["status"] == "complete":
        has_failed = has_failed or intent.get("status") in _NO_MORE
    has_expired, is_paid = told["status"] == "expired", told["payment_status"] == "paid"
    is_over = not is_paid and (has_expired or has_failed)
    pending_or_failed = Outcome.FAILED if is_over else Outcome.PENDING
    return PaymentReport(
        reference=told["id"],
        number=told["metadata"].get("transaction_number"),
        outcome=Outcome.SUCCEEDED if is_paid else pending_or_failed,
        amount=to_amount(told["amount_total"], currency),
        currency=currency,
        failure_reason="expired" if has_expired else reason_of(intent.get("last_payment_error")),
        refunded=refunded(intent, currency),
        is_over=is_over,
    )
