"""The books that are broken, and what one wrong figure looks like in SQL.

The world is small, so that ids and figures can be read here: the ticket 1 costs 100.00, and of
its 20 units 14 are available, 1 is reserved, 4 are sold and 1 is withheld. The ticket 2 is gone.

Orders: 1 is paid (2 units), 2 is pending (1 unit), 3 was paid, refunded and cancelled (2 units),
4 ran out (1 unit) and still awaits the transaction 4, 5 is confirmed on an invoice (2 units, no
money), 6 is gone. The transactions 1 to 4 are those of the orders 1 to 4.
"""

# ruff: noqa: S608 - all that stands in the statements is written here

from dataclasses import dataclass, field
from typing import Any

from tests.support.client import Api

AT = "'2026-03-01 12:00:00.000000'"
INVOICED = 5
DELETED_TICKET, DELETED_ORDER = 2, 6
# (id, field, expected, found); the last line of the ledger is -1, the one before it -2.
Figures = tuple[int, str, Any, Any]


@dataclass(frozen=True)
class Broken:
    rule: str
    found: list[Figures]
    statements: list[str]
    # Rules that follow from this one, so that it can't be broken without them.
    also: frozenset[str] = field(default_factory=frozenset)

    def __str__(self) -> str:
        return self.rule


def build_books(api: Api) -> None:
    user = api.user()
    ticket = api.ticket(price=100, total_quantity=20, available_quantity=19)
    api.delete(f"/api/tickets/{api.ticket()['id']}")
    paid = api.order(user, (ticket, 2))
    api.settle(api.payment(paid))
    pending, refunded, overdue = (api.order(user, (ticket, units)) for units in (1, 2, 1))
    api.payment(pending)
    api.settle(api.payment(refunded))
    api.post(f"/api/orders/{refunded['id']}/cancel")
    api.payment(overdue)
    api.patch(f"/api/orders/{api.order(user, (ticket, 2))['id']}/status", {"status": "confirmed"})
    api.delete(f"/api/orders/{api.order(user, (ticket, 1))['id']}")
    api.clock.advance(minutes=16)
    # Whoever touches an order whose hold ran out finds it expired.
    api.put(f"/api/orders/{overdue['id']}", {"notes": "too late"})


# What one wrong figure looks like in SQL.


def moved(kind: str, origin: str, target: str, **fields: int | str) -> str:
    """A line of the ledger; ``fields`` are its other columns, with values as SQL has them."""
    columns = {"cause": "'invented'", "quantity": 0, "amount": 0, "created_at": AT, **fields}
    return (
        f"INSERT INTO movements (kind, origin, target, request_id, actor, {', '.join(columns)})"
        f" VALUES ('{kind}', '{origin}', '{target}', 'test', 'process',"
        f" {', '.join(str(value) for value in columns.values())})"
    )


def stock(origin: str, target: str, quantity: int = 1, **fields: Any) -> str:
    return moved("stock", origin, target, quantity=quantity, **{"ticket_id": 1, **fields})


def received(order: int, transaction: int, amount: int) -> str:
    return moved(
        "money", "buyer", "seller", order_id=order, transaction_id=transaction, amount=amount
    )


def returned(order: int, transaction: int, amount: int) -> str:
    return moved(
        "money", "seller", "buyer", order_id=order, transaction_id=transaction, amount=amount
    )


def paid(order: int, transaction: int, amount: int, refunded: int = 0) -> list[str]:
    """A transaction that succeeded, as the order and the transactions tell it."""
    money = transaction_of(order, transaction, amount, status="success", refunded=refunded)
    return [
        money,
        change("transactions", transaction, succeeded_at=AT),
        change(
            "orders",
            order,
            amount_paid=f"amount_paid + {amount}",
            amount_refunded=f"amount_refunded + {refunded}",
        ),
    ]


def transaction_of(
    order: int, transaction: int, amount: int, *, status: str = "pending", refunded: int = 0
) -> str:
    return (
        "INSERT INTO transactions (id, transaction_number, order_id, amount, refunded_amount,"
        " payment_method, payment_method_key, status, created_at, updated_at) VALUES"
        f" ({transaction}, 'TXN-{transaction}', {order}, {amount}, {refunded}, 'card', 'card',"
        f" '{status}', {AT}, {AT})"
    )


def disputed(transaction: int, cents: int) -> str:
    return (
        "INSERT INTO disputes (transaction_id, provider, provider_reference, minor_units, currency,"
        " status, created_at, updated_at) VALUES"
        f" ({transaction}, 'stripe', 'dp_{transaction}', {cents}, 'USD', 'open', {AT}, {AT})"
    )


def change(table: str, number: int, **fields: int | str) -> str:
    values = ", ".join(f"{name} = {value}" for name, value in fields.items())
    return f"UPDATE {table} SET {values} WHERE id = {number}"


def counters(origin: str, target: str, units: int = 1) -> str:
    """Units of the ticket 1 that go from one counter to another behind the ledger's back."""
    first, second = f"{origin}_quantity", f"{target}_quantity"
    return change("tickets", 1, **{first: f"{first} - {units}", second: f"{second} + {units}"})
