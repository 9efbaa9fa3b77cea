"""Transactions on the wire."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from core.money import Amount, PositiveAmount
from core.pagination import AnyOf, Filtered, ListQuery
from core.schemas import (
    IN_ANY_SPELLING,
    AsRead,
    Changes,
    Id,
    IdParameter,
    Input,
    LongText,
    Output,
    Reference,
    Resource,
    ServedTime,
    ShortText,
    Words,
    optional,
)
from models import TransactionStatus


class TransactionCreate(Input):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"order_id": 1, "payment_method": "card"}]}
    )

    order_id: Id
    amount: PositiveAmount | None = Field(default=None, description="Left out: all that is due.")
    payment_method: ShortText = Field(examples=["card"])
    transaction_reference: Reference | None = Field(
        default=None, description="What the payer's provider calls it."
    )


class Confirm(Output):
    """The buyer confirms in the front end, by the provider's own library."""

    type: Literal["confirm"]
    client_secret: str
    publishable_key: str


class Redirect(Output):
    """The buyer pays on a page of the provider's, and comes back."""

    type: Literal["redirect"]
    url: str


NextAction = Annotated[Confirm | Redirect, Field(discriminator="type")]


class TransactionRead(Resource):
    PATH = "/api/transactions/{id}"
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 1,
                    "transaction_number": "TXN-3FHB8RWZ2C",
                    "order_id": 1,
                    "amount": 199.98,
                    "refunded_amount": 0.0,
                    "currency": "USD",
                    "payment_method": "card",
                    "transaction_reference": "ch_1042",
                    "status": "pending",
                    "failure_reason": None,
                    "provider": None,
                    "provider_reference": None,
                    "next_action": None,
                    "created_at": "2024-11-02T10:31:00.000001Z",
                    "updated_at": "2024-11-02T10:31:00.000001Z",
                }
            ]
        }
    )

    id: int
    transaction_number: str
    order_id: int
    amount: Amount
    refunded_amount: Amount
    currency: str
    payment_method: str
    transaction_reference: str | None
    status: TransactionStatus
    failure_reason: str | None = Field(
        description="Why it failed; of money that went back as soon as it came, `already_paid`, "
        "`order_cancelled`, `order_expired`, `units_limit` or `amount_differs`."
    )
    provider: str | None = Field(
        description="Who takes the money and tells what became of it; null: the box office."
    )
    provider_reference: str | None = Field(
        description="What the provider calls the payment; null until it was begun there."
    )
    next_action: NextAction | None = Field(
        description="How its buyer goes on paying, while that is to be done."
    )
    created_at: ServedTime
    updated_at: ServedTime


class TransactionUpdate(Changes):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"transaction_reference": "ch_1042"}]}
    )
    served_as: ClassVar[Any] = TransactionRead

    amount: PositiveAmount = optional()
    payment_method: ShortText = optional()
    transaction_reference: Reference | None = None


class TransactionStatusChange(Input, AsRead):
    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "success"}]})

    status: TransactionStatus
    failure_reason: LongText | None = Field(default=None, description="Why it failed.")
    amount: PositiveAmount | None = Field(
        default=None,
        description="What arrived. If sent, it is refused with `amount_differs` unless the "
        "transaction says the same.",
    )
    reason: Words | None = Field(
        default=None,
        description="Why it is settled by hand; needed where a provider would settle it. It is "
        "kept, and told to the box office in the order's history.",
    )


class Refund(Input, AsRead):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"amount": 50.0, "reason": "moved seats"}]}
    )

    amount: PositiveAmount | None = Field(
        default=None, description="Left out: all that is left of the payment."
    )
    reason: LongText | None = None
    restock: bool = Field(
        default=True,
        strict=True,
        description="When the refund cancels the order: whether its tickets go back on sale "
        "(else they are withheld).",
    )


class TransactionFields(Filtered):
    """What transactions are found by, one by one or all of them."""

    status: AnyOf[TransactionStatus] | None = None
    payment_method: AnyOf[ShortText] | None = Field(
        default=None, description=f"Exact, {IN_ANY_SPELLING}"
    )
    transaction_reference: AnyOf[Reference] | None = Field(default=None, description="Exact.")
    sort: Literal["id", "-id", "created_at", "-created_at", "amount", "-amount"] = "id"


class TransactionFilters(TransactionFields, ListQuery):
    """Of an order's transactions."""


class TransactionList(TransactionFilters):
    order_id: AnyOf[IdParameter] | None = None
