"""Every operation that takes a body, with one that it accepts, in a world that has all objects."""

from dataclasses import dataclass, field
from typing import Any

from tests.support.client import Api
from tests.support.declared import BODIES

JSON = {"content-type": "application/json"}
# What stands for a literal that no Python value could be written as.
PLACE = "@@"


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    body: dict[str, Any]
    # {JSON pointer: kind of value}, with "?" behind the kind where null is a value too.
    fields: dict[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    body_optional: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


_LINE = BODIES["add_order_item"]
_TICKET = BODIES["create_ticket"]
_TICKET_FIELDS = {
    "event_name": "text",
    "event_description": "text?",
    "event_date": "time",
    "venue": "text",
    "price": "price",
    "total_quantity": "stock",
    "available_quantity": "stock",
    "category": "text",
}
_USER = BODIES["create_user"] | {"username": "jane_doe", "email": "jane@example.com"}
_USER_FIELDS = {
    "username": "text",
    "email": "text",
    "full_name": "text",
    "phone_number": "text?",
}
_PAYMENT_FIELDS = {"amount": "amount", "payment_method": "text", "transaction_reference": "text?"}

OPERATIONS = (
    Operation(
        "POST",
        "/api/tickets/",
        _TICKET,
        _TICKET_FIELDS,
        frozenset(_TICKET) - {"event_description", "available_quantity"},
    ),
    # Two of its units are in an order.
    Operation(
        "PUT",
        "/api/tickets/1",
        _TICKET | {"available_quantity": 98},
        _TICKET_FIELDS | {"updated_at": "time?"},
    ),
    Operation(
        "PATCH",
        "/api/tickets/1/status",
        BODIES["change_ticket_status"],
        {"status": "status"},
        frozenset({"status"}),
    ),
    Operation(
        "POST",
        "/api/auth/api-keys",
        BODIES["create_api_key"] | {"expires_at": "2027-01-01T00:00:00Z"},
        {"name": "text", "expires_at": "time?"},
        frozenset({"name", "role"}),
    ),
    Operation("POST", "/api/users/", _USER, _USER_FIELDS, frozenset(_USER) - {"phone_number"}),
    Operation("PUT", "/api/users/1", _USER, _USER_FIELDS | {"updated_at": "time?"}),
    Operation(
        "POST",
        "/api/users/1/erase",
        BODIES["erase_user"],
        {"despite_open_orders": "boolean"},
        body_optional=True,
    ),
    Operation(
        "POST",
        "/api/cart/",
        BODIES["add_to_cart"],
        {"user_id": "id", "ticket_id": "id", "quantity": "quantity"},
        frozenset({"user_id", "ticket_id", "quantity"}),
    ),
    Operation(
        "PUT",
        "/api/cart/1",
        BODIES["update_cart_item"],
        {"quantity": "quantity", "updated_at": "time?"},
        frozenset({"quantity"}),
    ),
    Operation(
        "POST",
        "/api/orders/",
        BODIES["create_order"] | {"items": [_LINE, _LINE], "notes": "aisle"},
        {
            "user_id": "id",
            "items": "list",
            "items/0": "object",
            "items/1/ticket_id": "id",
            "items/1/quantity": "quantity",
            "notes": "text?",
        },
        frozenset({"user_id", "items", "items/0/ticket_id", "items/1/quantity"}),
    ),
    Operation(
        "PUT", "/api/orders/1", BODIES["update_order"], {"notes": "text?", "updated_at": "time?"}
    ),
    Operation(
        "POST",
        "/api/orders/1/items",
        _LINE,
        {"ticket_id": "id", "quantity": "quantity"},
        frozenset(_LINE),
    ),
    Operation(
        "PATCH",
        "/api/orders/1/status",
        BODIES["change_order_status"],
        {"status": "status", "updated_at": "time?"},
        frozenset({"status"}),
    ),
    Operation(
        "POST",
        "/api/orders/1/cancel",
        BODIES["cancel_order"],
        {"reason": "text?", "updated_at": "time?"},
        body_optional=True,
    ),
    Operation(
        "POST",
        "/api/orders/1/users",
        {"recipient": "friend"},
        {"recipient": "text", "user_id": "id"},
    ),
    Operation(
        "POST",
        "/api/transactions/",
        BODIES["create_transaction"] | {"amount": 1, "transaction_reference": "x"},
        {"order_id": "id", **_PAYMENT_FIELDS, "amount": "amount?"},
        frozenset({"order_id", "payment_method"}),
    ),
    Operation(
        "PUT",
        "/api/transactions/1",
        {"amount": 1, "payment_method": "card", "transaction_reference": "x"},
        _PAYMENT_FIELDS | {"updated_at": "time?"},
    ),
    Operation(
        "PATCH",
        "/api/transactions/1/status",
        BODIES["change_transaction_status"] | {"failure_reason": "x", "amount": 10},
        {
            "status": "status",
            "failure_reason": "text?",
            "amount": "amount?",
            "updated_at": "time?",
        },
        frozenset({"status"}),
    ),
    Operation(
        "POST",
        "/api/transactions/1/refund",
        BODIES["refund_transaction"] | {"restock": True},
        {"amount": "amount?", "reason": "text?", "restock": "boolean", "updated_at": "time?"},
        body_optional=True,
    ),
    Operation(
        "POST",
        "/api/transactions/1/refunds/1/settle",
        BODIES["settle_refund"],
        {"reason": "text"},
        frozenset({"reason"}),
    ),
)


def build_world(api: Api) -> None:
    """Two users, a ticket, a cart line, an order that is pending and a payment for it."""
    api.user("john_doe")
    api.user("friend")
    api.ticket()
    api.post("/api/cart/", {"user_id": 1, "ticket_id": 1, "quantity": 2})
    api.post("/api/orders/", {"user_id": 1, "items": [_LINE]})
    api.post("/api/transactions/", {"order_id": 1, "amount": 10, "payment_method": "card"})


def state(api: Api) -> list[Any]:
    """All that there is."""
    lists = ("tickets", "users", "cart/user/1", "orders", "orders/1/users", "transactions")
    return [api.get(f"/api/{name}") for name in lists]
