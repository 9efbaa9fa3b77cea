"""Every operation that takes a body, with one that it accepts, in a world that has all objects."""

from dataclasses import dataclass, field
from typing import Any

from tests.support.client import Api

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


_LINE = {"ticket_id": 1, "quantity": 1}
_TICKET = {
    "event_name": "Concert",
    "event_description": "Loud",
    "event_date": "2027-12-25T20:00:00Z",
    "venue": "Main Arena",
    "price": 99.99,
    "total_quantity": 100,
    "available_quantity": 100,
    "category": "VIP",
}
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
_USER = {
    "username": "jane_doe",
    "email": "jane@example.com",
    "full_name": "Jane Doe",
    "phone_number": "+1234567890",
}
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
    # One of its units is in an order.
    Operation(
        "PUT",
        "/api/tickets/1",
        _TICKET | {"available_quantity": 99},
        _TICKET_FIELDS | {"updated_at": "time?"},
    ),
    Operation(
        "PATCH",
        "/api/tickets/1/status",
        {"status": "sold"},
        {"status": "status"},
        frozenset({"status"}),
    ),
    Operation(
        "POST",
        "/api/auth/api-keys",
        {"name": "till 2", "role": "staff", "expires_at": "2027-01-01T00:00:00Z"},
        {"name": "text", "expires_at": "time?"},
        frozenset({"name", "role"}),
    ),
    Operation("POST", "/api/users/", _USER, _USER_FIELDS, frozenset(_USER) - {"phone_number"}),
    Operation("PUT", "/api/users/1", _USER, _USER_FIELDS | {"updated_at": "time?"}),
    Operation(
        "POST",
        "/api/cart/",
        {"user_id": 1, **_LINE},
        {"user_id": "id", "ticket_id": "id", "quantity": "quantity"},
        frozenset({"user_id", "ticket_id", "quantity"}),
    ),
    Operation(
        "PUT",
        "/api/cart/1",
        {"quantity": 1},
        {"quantity": "quantity", "updated_at": "time?"},
        frozenset({"quantity"}),
    ),
    Operation(
        "POST",
        "/api/orders/",
        {"user_id": 1, "items": [_LINE, _LINE], "notes": "aisle"},
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
    Operation("PUT", "/api/orders/1", {"notes": "x"}, {"notes": "text?", "updated_at": "time?"}),
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
        {"status": "confirmed"},
        {"status": "status"},
        frozenset({"status"}),
    ),
    Operation(
        "POST", "/api/orders/1/cancel", {"reason": "x"}, {"reason": "text?"}, body_optional=True
    ),
    Operation(
        "POST", "/api/orders/1/users", {"user_id": 2}, {"user_id": "id"}, frozenset({"user_id"})
    ),
    Operation(
        "POST",
        "/api/transactions/",
        {"order_id": 1, "amount": 1, "payment_method": "card", "transaction_reference": "x"},
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
        {"status": "success", "failure_reason": "x"},
        {"status": "status", "failure_reason": "text?"},
        frozenset({"status"}),
    ),
    Operation(
        "POST",
        "/api/transactions/1/refund",
        {"amount": 1, "reason": "x", "restock": True},
        {"amount": "amount?", "reason": "text?", "restock": "boolean"},
        body_optional=True,
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
