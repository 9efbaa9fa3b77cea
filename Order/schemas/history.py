"""An order's story on the wire: what moved, who moved it, and what was said about it."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from core.money import Amount
from core.schemas import Output, ServedTime
from Ledger.schemas import ActorShown, Cause
from models import OrderStatus
from Order.schemas.dispute import DISPUTE_EXAMPLE, DisputeRead

# Where the units of a ticket that an order asks for can be.
Counter = Literal["available", "reserved", "sold", "withheld"]
Direction = Literal["received", "returned"]


class StockMove(Output):
    """Units of a ticket that went from one of its counters to another for the order."""

    ticket_id: int
    quantity: int
    from_counter: Counter
    to_counter: Counter
    amount: Amount = Field(description="What the units are worth at the order's prices.")


class MoneyMove(Output):
    """Money that was received for the order, or went back."""

    transaction_id: int
    direction: Direction
    amount: Amount
    reason: str | None = Field(
        description="Why somebody gave it back, or said in a provider's place that it came, in "
        "their words; for the box office."
    )


class OrderEvent(Output):
    """What one request did to the order, for one reason."""

    occurred_at: ServedTime
    event: Cause
    request_id: str = Field(
        description="The service's own id of the request that did it; `sweep` where a hold that "
        "ran out was swept up, `migration` for what is older than the ledger."
    )
    client_request_id: str | None = Field(
        description="What the caller sent as `X-Request-ID`. Shown as `actor` is."
    )
    actor: ActorShown | None = Field(
        description="Whose doing it was; for the box office, and of one's own doings."
    )
    from_status: OrderStatus | None = Field(
        description="Null where the event did not change the status, or made the order."
    )
    to_status: OrderStatus | None = Field(description="Null: the event did not change the status.")
    stock: list[StockMove]
    money: list[MoneyMove]


_PLACED: dict[str, Any] = {
    "occurred_at": "2024-11-02T10:30:00.000001Z",
    "event": "order_placed",
    "request_id": "8f14e45fceea4671",
    "client_request_id": None,
    "actor": {"name": "user:1", "role": "customer", "means": "session:4"},
    "from_status": None,
    "to_status": "pending",
    "stock": [
        {
            "ticket_id": 1,
            "quantity": 2,
            "from_counter": "available",
            "to_counter": "reserved",
            "amount": 199.98,
        }
    ],
    "money": [],
}
_PAID: dict[str, Any] = {
    **_PLACED,
    "occurred_at": "2024-11-02T10:32:00.000001Z",
    "event": "payment_received",
    "request_id": "c9f0f895fb98ab91",
    "client_request_id": "till-2-0815",
    "actor": {"name": "user:2", "role": "staff", "means": "key:1"},
    "to_status": None,
    "stock": [],
    "money": [
        {"transaction_id": 1, "direction": "received", "amount": 199.98, "reason": None},
    ],
}
_NOT_PAID: dict[str, Any] = {
    "transaction_id": 2,
    "request_id": "45c48cce2e2d7fbd",
    "reason": "the provider has closed its account",
    "occurred_at": "2024-11-02T10:35:00.000001Z",
}


class PaymentReasonShown(Output):
    """Why somebody said, in a provider's place, that a payment failed."""

    transaction_id: int
    request_id: str = Field(description="The service's own id of the request that did it.")
    reason: str
    occurred_at: ServedTime


class OrderHistory(Output):
    """An order's story, as the ledger tells it, and what is told beside it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "order_id": 1,
                    "order_reference": "ORD-7KQ2M9XWPA",
                    "currency": "USD",
                    "events": [_PLACED, _PAID],
                    "reasons": [_NOT_PAID],
                    "disputes": [DISPUTE_EXAMPLE],
                }
            ]
        }
    )

    order_id: int
    order_reference: str
    currency: str
    events: list[OrderEvent] = Field(description="Oldest first.")
    reasons: list[PaymentReasonShown] = Field(
        description="What was said about payments while no money moved, oldest first; for the box "
        "office, and empty for others."
    )
    disputes: list[DisputeRead] = Field(
        description="What payers' banks ask back, oldest first; for the box office, and empty for "
        "others."
    )
