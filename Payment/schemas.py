"""Payments by providers on the wire."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from core.schemas import Output
from models import EventOutcome

_STRIPE: dict[str, Any] = {
    "payment_method": "stripe",
    "next_action": "confirm",
    "publishable_key": "pk_live_…",
}


class PaymentMethod(Output):
    """A way to pay that a front end can offer."""

    payment_method: str = Field(description="What to send when a transaction is created.")
    next_action: Literal["confirm", "redirect"] = Field(
        description="What the `next_action` of such a transaction will be."
    )
    publishable_key: str | None = Field(
        description="What the provider's library needs in the browser; it is no secret."
    )


class PaymentMethods(Output):
    """The ways to pay by a provider; money by all others is settled by the box office."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"methods": [_STRIPE], "currency": "USD"}]}
    )

    methods: list[PaymentMethod]
    currency: str


class WebhookHeard(Output):
    """That an event was remembered."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"outcome": "applied"}]})

    outcome: EventOutcome = Field(description="What came of it; `known` where it was heard before.")
