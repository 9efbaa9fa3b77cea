"""Orders on the wire."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from core.money import Amount
from core.pagination import AnyOf, Filtered, ListQuery
from core.schemas import (
    FROM,
    UNTIL,
    AsRead,
    Changes,
    Id,
    IdParameter,
    Input,
    LongText,
    LowerBound,
    Name,
    Output,
    Quantity,
    Reference,
    Resource,
    ServedTime,
    UpperBound,
    optional,
)
from models import OrderStatus, TicketStatus, UserOrderRole
from Ticket.schemas import MAX_WORDS, SearchWords

Action = Literal["update", "add_item", "pay", "confirm", "complete", "cancel", "refund", "delete"]
MAX_LINES = 100


class OrderLine(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"ticket_id": 1, "quantity": 2}]})

    ticket_id: Id
    quantity: Quantity = Field(description="At most `MAX_UNITS_PER_TICKET` (100).")


class OrderCreate(Input):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"user_id": 1, "items": [{"ticket_id": 1, "quantity": 2}]}]}
    )

    user_id: Id
    items: Annotated[list[OrderLine], Field(max_length=MAX_LINES)] = Field(
        description="May be empty: add items while the order is pending. "
        "Lines of one ticket are merged."
    )
    notes: LongText | None = None


class OrderCancel(Input, AsRead):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "bought twice"}]})

    reason: Name | None = None


class OrderStatusChange(Input, AsRead):
    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "confirmed"}]})

    status: OrderStatus


_SOLD_EXAMPLE: dict[str, Any] = {
    "id": 1,
    "ticket_id": 1,
    "quantity": 2,
    "unit_price": 99.99,
    "line_total": 199.98,
    "event_name": "Concert 2024",
    "event_date": "2024-12-25T20:00:00Z",
    "venue": "Main Arena",
    "category": "VIP",
}


class OrderItemSold(Output):
    """A line as it was sold."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SOLD_EXAMPLE]})

    id: int
    ticket_id: int
    quantity: int
    unit_price: Amount
    line_total: Amount
    event_name: str
    event_date: ServedTime
    venue: str
    category: str


class OrderItemTicket(Output):
    """The ticket of a line as it is now: an event may be postponed, moved or renamed."""

    event_name: str
    event_date: ServedTime
    venue: str
    status: TicketStatus


_ITEM_EXAMPLE: dict[str, Any] = {
    **_SOLD_EXAMPLE,
    "ticket": {
        "event_name": "Concert 2024",
        "event_date": "2024-12-25T20:00:00Z",
        "venue": "Main Arena",
        "status": "available",
    },
}


class OrderItemRead(OrderItemSold):
    """A line as it was sold, with its ticket as it is now."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ITEM_EXAMPLE]})

    ticket: OrderItemTicket


_EXAMPLE: dict[str, Any] = {
    "id": 1,
    "order_reference": "ORD-7KQ2M9XWPA",
    "user_id": 1,
    "status": "pending",
    "total_amount": 199.98,
    "amount_paid": 0.0,
    "amount_refunded": 0.0,
    "balance_due": 199.98,
    "currency": "USD",
    "notes": None,
    "items": [_ITEM_EXAMPLE],
    "expires_at": "2024-11-02T10:45:00.000001Z",
    "confirmed_at": None,
    "allowed_actions": ["update", "add_item", "pay", "confirm", "cancel", "delete"],
    "cancel_reason": None,
    "created_at": "2024-11-02T10:30:00.000001Z",
    "updated_at": "2024-11-02T10:30:00.000001Z",
}


class OrderRead(Resource):
    PATH = "/api/orders/{id}"
    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: int
    order_reference: str
    user_id: int
    status: OrderStatus
    total_amount: Amount
    amount_paid: Amount = Field(description="All successful money.")
    amount_refunded: Amount = Field(description="What went back of it.")
    balance_due: Amount = Field(description="Still to be paid; nothing for a cancelled order.")
    currency: str
    notes: str | None = Field(description="Not for those that the order is shared with.")
    items: list[OrderItemRead]
    expires_at: ServedTime | None = Field(description="Until then a pending order holds its stock.")
    confirmed_at: ServedTime | None
    allowed_actions: list[Action] = Field(description="What would succeed now.")
    cancel_reason: str | None
    created_at: ServedTime
    updated_at: ServedTime


class OrderHistoryEntry(OrderRead):
    """An order of a user's history."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_EXAMPLE, "role": "owner"}]})

    role: UserOrderRole = Field(description="Whether the user bought it or shares it.")


class OrderUpdate(Changes):
    model_config = ConfigDict(json_schema_extra={"examples": [{"notes": "aisle seats, please"}]})
    served_as: ClassVar[Any] = OrderRead

    notes: LongText | None = None


class OrderFields(Filtered):
    """What orders are found by, one by one or all of them."""

    status: AnyOf[OrderStatus] | None = None
    order_reference: AnyOf[Name] | None = Field(default=None, description="Exact.")
    created_from: LowerBound | None = Field(default=None, description=FROM)
    created_to: UpperBound | None = Field(default=None, description=UNTIL)
    sort: Literal[
        "id",
        "-id",
        "created_at",
        "-created_at",
        "total_amount",
        "-total_amount",
        "status",
        "-status",
    ] = "id"


class OrderFilters(OrderFields, ListQuery):
    """Of a user's history."""


class OrderList(OrderFilters):
    user_id: AnyOf[IdParameter] | None = None


class OrderSearch(OrderList):
    q: SearchWords | None = Field(
        default=None,
        description=(
            "What is known of the order. Its reference begins so; or every word occurs in its "
            "buyer's username and full name, or in name, description, venue and category of one of "
            f"its tickets, in any case and with or without accents; or it is its buyer's whole "
            f"email. {MAX_WORDS} words at most."
        ),
        examples=["jane doe"],
    )
    sort: Literal["-id", "id", "created_at", "-created_at", "total_amount", "-total_amount"] = "-id"


class Buyer(Output):
    """Whose order it is, for who has them at the counter."""

    username: str
    full_name: str


class OrderFound(OrderRead):
    """An order, with whose it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{**_EXAMPLE, "buyer": {"username": "jane_doe", "full_name": "Jane Doe"}}]
        }
    )

    buyer: Buyer


class OrderUserCreate(Input):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"recipient": "jane_doe"}],
            "oneOf": [{"required": ["recipient"]}, {"required": ["user_id"]}],
        }
    )

    recipient: Reference = optional("The username or the email of the recipient, in any case.")
    user_id: Id = optional("Instead, by the box office only.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("one_of", "must have either recipient or user_id")
        return self


class OrderUserRead(Resource):
    """A user's relation to an order."""

    PATH = "/api/orders/{order_id}/users/{user_id}"
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "order_id": 1,
                    "user_id": 2,
                    "username": "jane_doe",
                    "shared_as": "jane_doe",
                    "role": "recipient",
                    "created_at": "2024-11-02T10:31:00.000001Z",
                }
            ]
        }
    )

    order_id: int
    user_id: int
    # Who shares an order learns no more of a recipient than they knew before: ids are guessed.
    username: str | None = Field(
        description="Null where the recipient was named otherwise; administrators see it always."
    )
    shared_as: str | None = Field(description="What the recipient was called by who shared it.")
    role: UserOrderRole
    created_at: ServedTime
