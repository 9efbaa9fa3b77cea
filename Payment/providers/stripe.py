"""Payments by Stripe in the front end's own page: a PaymentIntent, confirmed by Stripe's library.

Where that is missing the start is refused: see ``stripe_account``.
"""

from collections.abc import AsyncIterator
from datetime import datetime

from starlette.datastructures import State

from core.settings import Settings
from Payment.port import Begun, Outcome, PaymentAsked, PaymentReport, Shown
from Payment.providers.by_stripe import (
    PAGE,
    ByStripe,
    currency_of,
    id_of,
    reason_of,
    refunded,
    to_amount,
    to_units,
)
from Payment.providers.stripe_account import Told

_KINDS = {
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
}


def make(settings: Settings, _state: State) -> "Stripe":
    return Stripe(settings)


class Stripe(ByStripe):
    name = "stripe"

    @property
    def shown(self) -> Shown:
        return Shown("confirm", self._settings.stripe_publishable_key)

    async def start(self, asked: PaymentAsked) -> Begun:
        """Which methods it may be paid by is a choice of the account's."""
        units = to_units(asked.amount, asked.currency)
        told = await self._account.ask(
            lambda v1: v1.payment_intents.create_async(
                {
                    "amount": units,
                    "currency": asked.currency.lower(),
                    "metadata": {"provider": self.name, "transaction_number": asked.number},
                },
                {"idempotency_key": asked.number},
            )
        )
        with self._account.in_our_words():
            action = {
                "type": "confirm",
                "client_secret": told["client_secret"],
                "publishable_key": self._settings.stripe_publishable_key,
            }
            return Begun(told["id"], action)

    async def look_up(self, reference: str) -> PaymentReport:
        told = await self._account.ask(
            lambda v1: v1.payment_intents.retrieve_async(reference, {"expand": ["latest_charge"]})
        )
        with self._account.in_our_words():
            return _payment(told)

    async def payments_since(self, since: datetime) -> AsyncIterator[PaymentReport]:
        start = int(since.timestamp())
        every = self._account.every(
            lambda v1: v1.payment_intents.list_async(
                {"created": {"gte": start}, "limit": PAGE, "expand": ["data.latest_charge"]}
            )
        )
        async for told in every:
            if self._is_ours(told):
                with self._account.in_our_words():
                    report = _payment(told)
                yield report

    def _payment_of_event(self, kind: str, told: Told) -> PaymentReport | None:
        return _payment(told) if kind in _KINDS and self._is_ours(told) else None

    async def _intent_of(self, reference: str) -> str:
        return reference

    async def _reference_of(self, intent: str | Told) -> str | None:
        """Where only its name is told, the books know whether it is one of ours."""
        is_foreign = not isinstance(intent, str) and not self._is_ours(intent)
        return None if is_foreign else id_of(intent)


def _payment(told: Told) -> PaymentReport:
    """Of a PaymentIntent, as it is now or was when an event was told."""
    currency, is_over = currency_of(told), told["status"] == "canceled"
    declined = reason_of(told["last_payment_error"])
    return PaymentReport(
        reference=told["id"],
        number=told["metadata"].get("transaction_number"),
        outcome=_outcome(told["status"], is_declined=declined is not None),
        # Nothing was received until it was paid.
        amount=to_amount(told.get("amount_received") or told["amount"], currency),
        currency=currency,
        failure_reason="canceled" if is_over else declined,
        refunded=refunded(told, currency),
        is_over=is_over,
    )


def _outcome(status: str, *, is_declined: bool) -> Outcome:
    """What was declined may be tried again; until then it waits for another way to pay."""
    if status == "succeeded":
        return Outcome.SUCCEEDED
    if status == "canceled" or (status == "requires_payment_method" and is_declined):
        return Outcome.FAILED
    return Outcome.PENDING
