"""Carts on the wire."""

from typing import Any, ClassVar

from pydantic import ConfigDict

from core.money import Amount
from core.pagination import ListQuery
from core.schemas import Changes, Id, Input, Output, Quantity, Resource, ServedTime
from models import TicketStatus


class CartItemCreate(Input):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"user_id": 1, "ticket_id": 1, "quantity": 2}]}
    )

    user_id: Id
    ticket_id: Id
    quantity: Quantity


class CartTicket(Output):
    """The ticket of a cart line, as it is now."""

    event_name: str
    event_date: ServedTime
    venue: str
    category: str
    status: TicketStatus
    available_quantity: int


_EXAMPLE: dict[str, Any] = {
    "id": 1,
    "user_id": 1,
    "ticket_id": 1,
    "quantity": 2,
    "unit_price": 99.99,
    "line_total": 199.98,
    "currency": "USD",
    "ticket": {
        "event_name": "Concert 2024",
        "event_date": "2024-12-25T20:00:00Z",
        "venue": "Main Arena",
        "category": "VIP",
        "status": "available",
        "available_quantity": 100,
    },
    "created_at": "2024-11-02T10:30:00.000001Z",
    "updated_at": "2024-11-02T10:30:00.000001Z",
}


class CartItemRead(Resource):
    PATH = "/api/cart/{id}"
    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: int
    user_id: int
    ticket_id: int
    quantity: int
    unit_price: Amount
    line_total: Amount
    currency: str
    ticket: CartTicket
    created_at: ServedTime
    updated_at: ServedTime


class CartItemUpdate(Changes):
    model_config = ConfigDict(json_schema_extra={"examples": [{"quantity": 3}]})
    served_as: ClassVar[Any] = CartItemRead

    quantity: Quantity


class CartTotal(Output):
    """What the cart costs at today's prices."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user_id": 1,
                    "total_items": 1,
                    "total_quantity": 2,
                    "total_amount": 199.98,
                    "currency": "USD",
                    "items": [_EXAMPLE],
                }
            ]
        }
    )

    user_id: int
    total_items: int
    total_quantity: int
    total_amount: Amount
    currency: str
    items: list[CartItemRead]


class CartList(ListQuery):
    """A cart is listed like every other list."""
