"""What is kept about a person, on the wire."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.money import Amount
from core.schemas import IdParameter, Input, Output, ServedTime, WholeNumber
from Ledger.schemas import Cause
from models import MovementKind, OrderStatus, RefundStatus
from Order.schemas.dispute import DISPUTE_EXAMPLE, DisputeRead
from Order.schemas.order import OrderItemSold
from Order.schemas.transaction import TransactionRead
from User.schemas.identity import ApiKeyRead
from User.schemas.user import UserRead

# Of each part besides the orders.
MAX_ROWS = 1000

Part = Literal["log_ins", "api_keys", "cart", "shared_orders"]


class ExportQuery(BaseModel):
    """Which of the orders; all else is told each time."""

    model_config = ConfigDict(extra="forbid")

    after: IdParameter | None = Field(
        default=None, description="The `next_after` of the answer before: its orders follow."
    )
    limit: WholeNumber = Field(
        default=100, ge=1, le=100, description="How many orders are told at once."
    )


class Erasure(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"despite_open_orders": True}]})

    despite_open_orders: bool = Field(
        default=False,
        strict=True,
        description="Erase although there are tickets for events to come: they stay sold, and only "
        "who has the order's reference can ask for them. Although money is due: administrators "
        "only.",
    )


class LogInRecord(Output):
    id: int
    created_at: ServedTime
    updated_at: ServedTime = Field(description="When it was prolonged last.")
    expires_at: ServedTime
    revoked_at: ServedTime | None = Field(description="When it was ended before its time.")
    device: str | None = Field(description="What the program called itself, in plain words.")


class SecondFactorRecord(Output):
    """That there is one; neither its secret nor a recovery code is told."""

    enrolled_at: ServedTime
    recovery_codes_left: int


class CartRecord(Output):
    ticket_id: int
    quantity: int
    created_at: ServedTime
    updated_at: ServedTime


class SharedOrderRecord(Output):
    """An order of somebody else's that the user may look at."""

    order_id: int
    created_at: ServedTime


class RecipientRecord(Output):
    """Somebody who may look at an order of the user's."""

    user_id: int
    created_at: ServedTime


class LedgerRecord(Output):
    """A line of the ledger: what went from where to where, and why."""

    id: int
    kind: MovementKind
    cause: Cause
    origin: str
    target: str
    quantity: int
    amount: Amount
    ticket_id: int | None
    transaction_id: int | None
    created_at: ServedTime


class RefundRecord(Output):
    """Money that a provider gives back, and how far it is."""

    movement_id: int = Field(description="The line of the ledger by which it was given back.")
    transaction_id: int
    amount: Amount
    status: RefundStatus
    provider: str
    provider_reference: str | None
    reason: str | None = Field(
        description="Why it failed, in the provider's word; of what was settled by hand, what was "
        "said then."
    )
    is_by_hand: bool
    created_at: ServedTime
    updated_at: ServedTime


class ReasonRecord(Output):
    """What was said about a payment when it was given back, or settled in a provider's place."""

    transaction_id: int
    reason: str
    created_at: ServedTime


class OrderRecord(Output):
    id: int
    order_reference: str
    status: OrderStatus
    total_amount: Amount
    amount_paid: Amount
    amount_refunded: Amount
    currency: str
    notes: str | None
    cancel_reason: str | None
    expires_at: ServedTime | None
    confirmed_at: ServedTime | None
    created_at: ServedTime
    updated_at: ServedTime
    items: list[OrderItemSold]
    transactions: list[TransactionRead] = Field(
        description="Without the `next_action` of those that are pending."
    )
    refunds: list[RefundRecord]
    reasons: list[ReasonRecord]
    disputes: list[DisputeRead]
    recipients: list[RecipientRecord]
    ledger: list[LedgerRecord] = Field(description="Oldest first.")


def _example(model: type[BaseModel]) -> dict[str, Any]:
    """The one that the documentation of the object itself shows."""
    examples: Any = model.model_config["json_schema_extra"]
    found: dict[str, Any] = examples["examples"][0]
    return found


_TIME = "2024-11-02T10:30:00.000001Z"
_LINE: dict[str, Any] = {
    "id": 1,
    "kind": "stock",
    "cause": "order_placed",
    "origin": "available",
    "target": "reserved",
    "quantity": 2,
    "amount": 199.98,
    "ticket_id": 1,
    "transaction_id": None,
    "created_at": _TIME,
}
_REFUND: dict[str, Any] = {
    "movement_id": 9,
    "transaction_id": 1,
    "amount": 50.0,
    "status": "succeeded",
    "provider": "stripe",
    "provider_reference": "re_1042",
    "reason": None,
    "is_by_hand": False,
    "created_at": _TIME,
    "updated_at": _TIME,
}
_ORDER: dict[str, Any] = {
    "id": 1,
    "order_reference": "ORD-7KQ2M9XWPA",
    "status": "pending",
    "total_amount": 199.98,
    "amount_paid": 0.0,
    "amount_refunded": 0.0,
    "currency": "USD",
    "notes": "aisle seats, please",
    "cancel_reason": None,
    "expires_at": "2024-11-02T10:45:00.000001Z",
    "confirmed_at": None,
    "created_at": _TIME,
    "updated_at": _TIME,
    "items": [_example(OrderItemSold)],
    "transactions": [_example(TransactionRead)],
    "refunds": [_REFUND],
    "reasons": [{"transaction_id": 1, "reason": "moved seats", "created_at": _TIME}],
    "disputes": [DISPUTE_EXAMPLE],
    "recipients": [{"user_id": 2, "created_at": _TIME}],
    "ledger": [_LINE],
}
_LOG_IN: dict[str, Any] = {
    "id": 1,
    "created_at": _TIME,
    "updated_at": _TIME,
    "expires_at": "2024-12-02T10:30:00.000001Z",
    "revoked_at": None,
}


class PersonalData(Output):
    """All that is kept about a person, as of one moment; no secret and no hash is among it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "exported_at": _TIME,
                    "user": _example(UserRead),
                    "second_factor": {"enrolled_at": _TIME, "recovery_codes_left": 10},
                    "log_ins": [_LOG_IN],
                    "api_keys": [_example(ApiKeyRead)],
                    "cart": [
                        {"ticket_id": 1, "quantity": 1, "created_at": _TIME, "updated_at": _TIME}
                    ],
                    "shared_orders": [{"order_id": 7, "created_at": _TIME}],
                    "incomplete": [],
                    "order_count": 1,
                    "orders": [_ORDER],
                    "next_after": None,
                }
            ]
        }
    )

    exported_at: ServedTime
    user: UserRead
    second_factor: SecondFactorRecord | None
    log_ins: list[LogInRecord]
    api_keys: list[ApiKeyRead]
    cart: list[CartRecord]
    shared_orders: list[SharedOrderRecord]
    incomplete: list[Part] = Field(
        description=f"The lists of which only the newest {MAX_ROWS:,} are told."
    )
    order_count: int = Field(description="How many orders there are, told here or not.")
    orders: list[OrderRecord] = Field(description="Oldest first, from behind `after`.")
    next_after: int | None = Field(description="The `after` of what follows; null at the end.")
