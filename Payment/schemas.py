"""Payments by providers on the wire."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from core.money import Amount
from core.pagination import ListQuery
from core.schemas import Input, Output, ServedTime, Words
from Ledger.schemas import ActorShown
from models import EventOutcome, RefundStatus

_STRIPE: dict[str, Any] = {
    "payment_method": "stripe",
    "next_action": "confirm",
    "publishable_key": "pk_live_…",
}


class WayToPay(Output):
    """A way to pay that a front end can offer."""

    payment_method: str = Field(description="What to send when a transaction is created.")
    next_action: Literal["confirm", "redirect"] = Field(
        description="What the `next_action` of such a transaction will be."
    )
    publishable_key: str | None = Field(
        description="What the provider's library needs in the browser; it is no secret."
    )


class WaysToPay(Output):
    """The ways to pay by a provider; money by all others is settled by the box office."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"methods": [_STRIPE], "currency": "USD"}]}
    )

    methods: list[WayToPay]
    currency: str


class WebhookHeard(Output):
    """That an event was remembered."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"outcome": "applied"}]})

    outcome: EventOutcome = Field(description="What came of it; `known` where it was heard before.")


class RefundRead(Output):
    """Money of a transaction that goes back to its payer, as the ledger has it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 31,
                    "transaction_id": 1,
                    "amount": 50.0,
                    "currency": "USD",
                    "status": "failed",
                    "reason": "moved seats",
                    "provider": "stripe",
                    "provider_reference": "re_1042",
                    "attempt": 1,
                    "failure_reason": "expired_or_canceled_card",
                    "is_by_hand": False,
                    "settled_reason": None,
                    "asked_by": {"name": "user:2", "role": "staff", "means": "session:4"},
                    "created_at": "2024-11-02T10:31:00.000001Z",
                    "ended_at": "2024-11-02T10:31:12.000001Z",
                }
            ]
        }
    )

    id: int = Field(description="That of its line in the ledger.")
    transaction_id: int
    amount: Amount
    currency: str
    status: RefundStatus = Field(
        description="Whether it has arrived; `refunded_amount` of the transaction says what was "
        "decided. Money that the box office gave back itself has `succeeded`."
    )
    reason: str | None = Field(
        description="What was said when it was given back; else what it went back with: the "
        "`failure_reason` of money that bought nothing, `order_cancelled` or `order_expired`."
    )
    provider: str | None = Field(description="Who gives it back; null: the box office.")
    provider_reference: str | None = Field(
        description="What the provider calls it, once it has taken it on."
    )
    attempt: int | None = Field(description="Which try at the provider it is.")
    failure_reason: str | None = Field(description="The provider's word for why it has failed.")
    is_by_hand: bool = Field(description="Whether the box office gave it back itself.")
    settled_reason: str | None = Field(
        description="What was said when it was settled in the provider's place; for the box office."
    )
    asked_by: ActorShown | None = Field(
        description="Whose doing it was; for the box office, and of one's own doings."
    )
    created_at: ServedTime
    ended_at: ServedTime | None = Field(
        description="When it had arrived, or failed; null while it is on its way."
    )


class RefundSettlement(Input):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "Paid out in cash, the card had expired."}]}
    )

    reason: Words = Field(description="How the money went back without the provider. It is kept.")


class RefundList(ListQuery):
    """Refunds by the order in which they were decided."""
