"""Holds that were given back, on the wire."""

from typing import Any

from pydantic import ConfigDict, Field

from core.schemas import Output

_ORDER: dict[str, Any] = {
    "id": 3,
    "order_reference": "ORD-7KQ2M9XWPA",
    "items": [{"ticket_id": 1, "quantity": 10}],
}


class ReleasedLine(Output):
    ticket_id: int
    quantity: int


class ReleasedOrder(Output):
    id: int
    order_reference: str
    items: list[ReleasedLine]


class ReleasedHolds(Output):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"user_id": 1, "orders": [_ORDER], "has_more": False}]}
    )

    user_id: int
    orders: list[ReleasedOrder] = Field(description="Which are cancelled now, at most 100.")
    has_more: bool = Field(description="Whether there are more: release again.")
