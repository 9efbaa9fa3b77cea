"""What Stripe says, as JSON: payments, refunds, disputes, and events that its secret signs."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from itertools import count
from typing import Any, TypeVar

import stripe
from starlette.datastructures import State

from core.settings import Settings
from Payment.providers import stripe as by_intent
from Payment.providers import stripe_checkout as by_session
from Payment.providers.by_stripe import ByStripe
from tests.support.localstripe import SECRET_KEY

T = TypeVar("T")
WEBHOOK_SECRET = "whsec_of_the_tests"  # noqa: S105
PUBLISHABLE_KEY = "pk_test_shown_to_all"
NUMBER = "TXN-3FHB8RWZ2C"
_numbers = count(1)


def stripe_settings(api_url: str, **changes: object) -> dict[str, object]:
    """Of a service whose two ways to pay by Stripe lead to somebody else."""
    return {
        "payment_providers": ("stripe", "stripe_checkout"),
        "payment_return_url": "https://shop.example/thanks?lang=en",
        "stripe_secret_key": SECRET_KEY,
        "stripe_publishable_key": PUBLISHABLE_KEY,
        "stripe_webhook_secrets": (WEBHOOK_SECRET,),
        "stripe_api_url": api_url,
        **changes,
    }


def provider(name: str, api_url: str, **changes: object) -> ByStripe:
    settings = Settings.model_validate(stripe_settings(api_url, **changes))
    return {"stripe": by_intent.make, "stripe_checkout": by_session.make}[name](settings, State())


def ask(by: ByStripe, question: Callable[[ByStripe], Awaitable[T]]) -> T:
    """What a provider answers, which is of no use any more afterwards."""

    async def asked() -> T:
        try:
            return await question(by)
        finally:
            await by.close()

    return asyncio.run(asked())


def intent(**fields: Any) -> dict[str, Any]:
    """A PaymentIntent that was paid, as long as nothing else is said."""
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 19998,
        "amount_received": 19998,
        "currency": "usd",
        "status": "succeeded",
        "last_payment_error": None,
        "latest_charge": "ch_1",
        "metadata": {"provider": "stripe", "transaction_number": NUMBER},
        **fields,
    }


def session(**fields: Any) -> dict[str, Any]:
    """A Checkout Session that was paid, as long as nothing else is said."""
    return {
        "id": "cs_1",
        "object": "checkout.session",
        "amount_total": 19998,
        "currency": "usd",
        "status": "complete",
        "payment_status": "paid",
        "payment_intent": "pi_1",
        "metadata": {"provider": "stripe_checkout", "transaction_number": NUMBER},
        **fields,
    }


def refund(**fields: Any) -> dict[str, Any]:
    return {
        "id": "re_1",
        "object": "refund",
        "amount": 5000,
        "currency": "usd",
        "payment_intent": "pi_1",
        "charge": "ch_1",
        "status": "succeeded",
        "metadata": {},
        **fields,
    }


def dispute(**fields: Any) -> dict[str, Any]:
    return {
        "id": "du_1",
        "object": "dispute",
        "amount": 19998,
        "currency": "usd",
        "payment_intent": "pi_1",
        "charge": "ch_1",
        "reason": "fraudulent",
        "status": "needs_response",
        "evidence_details": {"due_by": 1798761599},
        "metadata": {},
        **fields,
    }


def event(kind: str, about: dict[str, Any], **fields: Any) -> bytes:
    told = {
        "id": f"evt_{next(_numbers)}",
        "object": "event",
        "type": kind,
        "livemode": False,
        "data": {"object": about},
        **fields,
    }
    return json.dumps(told).encode()


def signed(raw: bytes, at: datetime, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
    """The headers that make it Stripe's word: by the algorithm of Stripe's own library."""
    signature = stripe.WebhookSignature.generate_signature_header(
        raw.decode(), secret, int(at.timestamp())
    )
    return {"stripe-signature": signature}
