"""What erasing a person can refuse."""

from typing import Any, ClassVar

from core.errors import ConflictError


class OpenOrdersError(ConflictError):
    """Tickets for events to come would have nobody to show them, and debts nobody to pay them."""

    code = "user_has_open_orders"
    title = "The user has orders that are not over"
    example: ClassVar = {
        "order_count": 1,
        "orders": [
            {
                "order_id": 1,
                "order_reference": "ORD-7KQ2M9XWPA",
                "event_date": "2024-12-25T20:00:00Z",
                "balance_due": 0.0,
            }
        ],
    }

    def __init__(self, order_count: int, orders: list[dict[str, Any]]) -> None:
        super().__init__(
            f"{order_count} sold orders are for events to come, or are not paid yet.",
            order_count=order_count,
            orders=orders,
        )
