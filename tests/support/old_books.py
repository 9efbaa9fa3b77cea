"""A shop with a life behind it, as the last release without a ledger left it: revision 0002."""

from typing import Any

from sqlalchemy import Connection, text

_NOW = "2026-03-01 12:00:00.000000"
_DATES = {"created_at": _NOW, "updated_at": _NOW}
_EVENT = {"event_name": "Gala", "event_key": "gala", "event_date": _NOW, "venue": "Arena"}
_EVENT |= {"category": "VIP", "category_key": "vip"}
_RECEIVED = {"success", "refunded"}

# Money is in cents.
_USER = {"username": "john", "username_key": "john", "full_name": "John", "role": "customer"}
_USER |= {"email": "john@example.com", "email_key": "john@example.com", **_DATES}
# Price, then available, reserved, sold and withheld units.
_TICKETS = (
    (1000, 19, 3, 8, 0),
    # Three were never for sale, and one came back without going on sale again.
    (2500, 3, 1, 2, 4),
    (100, 7, 0, 0, 0),
    (100, 0, 0, 0, 0),
)
# Status, why it was cancelled; what it costs, was paid, gave back, and is due again of that.
_ORDERS: tuple[tuple[str, str | None, int, int, int, int], ...] = (
    ("pending", None, 2000, 0, 0, 0),
    # Partly paid.
    ("pending", None, 3500, 1000, 0, 0),
    ("confirmed", None, 3000, 3000, 0, 0),
    # Partly refunded.
    ("confirmed", None, 5000, 5000, 2000, 0),
    # One ticket at two prices.
    ("completed", None, 1900, 1900, 0, 0),
    ("cancelled", "changed my mind", 4000, 500, 500, 0),
    # Cancelled after it was confirmed.
    ("cancelled", "refunded", 2500, 2500, 2500, 0),
    ("cancelled", "expired", 2000, 0, 0, 0),
    # Empty.
    ("pending", None, 0, 0, 0, 0),
    # Confirmed at the box office, without money.
    ("confirmed", None, 1000, 0, 0, 0),
    # It expired, gave back a part payment, and was sold after all when money arrived late.
    ("confirmed", None, 2000, 3000, 1000, 1000),
    # Given up without a word.
    ("cancelled", None, 1000, 0, 0, 0),
)
# Order, ticket, units and the price of one.
_LINES = (
    (1, 1, 2, 1000),
    (2, 1, 1, 1000),
    (2, 2, 1, 2500),
    (3, 1, 3, 1000),
    (4, 2, 2, 2500),
    (5, 1, 1, 1000),
    (5, 1, 1, 900),
    (6, 1, 4, 1000),
    (7, 2, 1, 2500),
    (8, 1, 2, 1000),
    (10, 1, 1, 1000),
    (11, 1, 2, 1000),
    (12, 1, 1, 1000),
)
# Order, amount, what went back of it, and its status.
_TRANSACTIONS = (
    (2, 1000, 0, "success"),
    (2, 2500, 0, "failed"),
    (2, 2500, 0, "pending"),
    # Paid in two parts.
    (3, 1800, 0, "success"),
    (3, 1200, 0, "success"),
    (4, 5000, 2000, "success"),
    (5, 1900, 0, "success"),
    (6, 500, 500, "refunded"),
    (7, 2500, 2500, "refunded"),
    # Its money may still arrive.
    (8, 2000, 0, "pending"),
    (11, 1000, 1000, "refunded"),
    (11, 2000, 0, "success"),
)
# What the rows say, and what the ledger must say.
FIGURES = {
    "stock": (
        """SELECT id, available_quantity, reserved_quantity, sold_quantity, withheld_quantity
        FROM tickets ORDER BY id""",
        """WITH moved AS (
            SELECT ticket_id, target AS place, quantity FROM movements WHERE kind = 'stock'
            UNION ALL
            SELECT ticket_id, origin, -quantity FROM movements WHERE kind = 'stock'
        )
        SELECT t.id,
            COALESCE(SUM(CASE WHEN place = 'available' THEN quantity END), 0),
            COALESCE(SUM(CASE WHEN place = 'reserved' THEN quantity END), 0),
            COALESCE(SUM(CASE WHEN place = 'sold' THEN quantity END), 0),
            COALESCE(SUM(CASE WHEN place = 'withheld' THEN quantity END), 0)
        FROM tickets t LEFT JOIN moved ON moved.ticket_id = t.id GROUP BY t.id ORDER BY t.id""",
    ),
    "orders": (
        "SELECT id, total_amount, amount_paid, amount_refunded FROM orders ORDER BY id",
        """SELECT o.id,
            COALESCE(SUM(CASE WHEN kind = 'stock' AND cause = 'order_placed' THEN amount END), 0),
            COALESCE(SUM(CASE WHEN kind = 'money' AND target = 'seller' THEN amount END), 0),
            COALESCE(SUM(CASE WHEN kind = 'money' AND origin = 'seller' THEN amount END), 0)
        FROM orders o LEFT JOIN movements m ON m.order_id = o.id GROUP BY o.id ORDER BY o.id""",
    ),
    "states": (
        "SELECT id, status FROM orders ORDER BY id",
        """SELECT order_id, target FROM movements WHERE id IN (
            SELECT MAX(id) FROM movements WHERE kind = 'order' GROUP BY order_id
        ) ORDER BY order_id""",
    ),
    "ends": (
        """SELECT id, CASE WHEN cancel_reason = 'expired' THEN 'order_expired'
            ELSE 'order_cancelled' END FROM orders WHERE status = 'cancelled' ORDER BY id""",
        """SELECT order_id, cause FROM movements
        WHERE kind = 'order' AND target = 'cancelled' ORDER BY order_id""",
    ),
    "ended lines": (
        """SELECT i.id, CASE WHEN o.cancel_reason = 'expired' THEN 'order_expired'
            ELSE 'order_cancelled' END
        FROM order_items i JOIN orders o ON o.id = order_id
        WHERE status = 'cancelled' ORDER BY i.id""",
        """SELECT i.id, cause FROM order_items i JOIN movements m
            ON m.order_id = i.order_id AND m.ticket_id = i.ticket_id
        WHERE kind = 'stock' AND cause IN ('order_cancelled', 'order_expired') ORDER BY i.id""",
    ),
    "revenue": (
        """SELECT id, CASE WHEN status IN ('confirmed', 'completed') THEN total_amount ELSE 0 END
        FROM orders ORDER BY id""",
        """SELECT o.id,
            COALESCE(SUM(CASE 'sold' WHEN target THEN amount WHEN origin THEN -amount END), 0)
        FROM orders o LEFT JOIN movements m ON m.order_id = o.id AND kind = 'stock'
        GROUP BY o.id ORDER BY o.id""",
    ),
    "payments": (
        """SELECT id, CASE WHEN succeeded_at IS NULL THEN 0 ELSE amount END, refunded_amount
        FROM transactions ORDER BY id""",
        """SELECT t.id,
            COALESCE(SUM(CASE WHEN target = 'seller' THEN m.amount END), 0),
            COALESCE(SUM(CASE WHEN origin = 'seller' THEN m.amount END), 0)
        FROM transactions t LEFT JOIN movements m ON m.transaction_id = t.id
        GROUP BY t.id ORDER BY t.id""",
    ),
}


def write(connection: Connection) -> None:
    _insert(connection, "users", _USER | {"is_active": True})
    for ticket in _TICKETS:
        _write_ticket(connection, *ticket)
    for number, order in enumerate(_ORDERS, 1):
        _write_order(connection, number, *order)
    for line in _LINES:
        _write_line(connection, *line)
    for number, transaction in enumerate(_TRANSACTIONS, 1):
        _write_transaction(connection, number, *transaction)


def _write_ticket(connection: Connection, price: int, *counters: int) -> None:
    names = ("available", "reserved", "sold", "withheld")
    stock = {f"{name}_quantity": n for name, n in zip(names, counters, strict=True)}
    stock["total_quantity"] = sum(counters)
    keys = {"venue_key": "arena", "search_text": "gala", "price": price}
    _insert(connection, "tickets", {**_EVENT, **keys, **stock, **_DATES})


def _write_order(
    connection: Connection, number: int, status: str, reason: str | None, *amounts: int
) -> None:
    names = ("total_amount", "amount_paid", "amount_refunded", "amount_reopened")
    was_confirmed = status in {"confirmed", "completed"} or reason == "refunded"
    state = {
        "status": status,
        "cancel_reason": reason,
        "expires_at": _NOW if status == "pending" else None,
        "confirmed_at": _NOW if was_confirmed else None,
    }
    money = dict(zip(names, amounts, strict=True))
    keys = {"order_reference": f"ORD-{number}", "user_id": 1}
    _insert(connection, "orders", {**keys, **state, **money, **_DATES})
    owner = {"user_id": 1, "order_id": number, "role": "owner", "created_at": _NOW}
    _insert(connection, "user_orders", owner)


def _write_line(connection: Connection, order: int, ticket: int, units: int, price: int) -> None:
    money = {"unit_price": price, "line_total": units * price}
    keys = {"order_id": order, "ticket_id": ticket, "quantity": units}
    _insert(connection, "order_items", {**_EVENT, **keys, **money})


def _write_transaction(
    connection: Connection, number: int, order: int, amount: int, refunded: int, status: str
) -> None:
    keys = {"transaction_number": f"TXN-{number}", "order_id": order, "payment_method": "card"}
    money = {"amount": amount, "refunded_amount": refunded, "status": status}
    succeeded = {"succeeded_at": _NOW if status in _RECEIVED else None}
    _insert(connection, "transactions", {**keys, **money, **succeeded, **_DATES})


def _insert(connection: Connection, table: str, row: dict[str, Any]) -> None:
    columns, places = ", ".join(row), ", ".join(f":{name}" for name in row)
    statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608 - our own names
    connection.execute(text(statement), row)
