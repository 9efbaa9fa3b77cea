"""The only writer of the ledger: what moved, from where to where, and why.

A movement is written in the transaction that makes it, so the ledger is never ahead of the
counters nor behind them. ``reconciliation_service`` recomputes the counters from it.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import insert
from sqlmodel import Session

from core.logs import request_id
from core.money import ZERO
from models import MovementKind, OrderStatus, movements

# Where units and orders come from, and where they go when they are deleted.
NOWHERE = "nowhere"
# Who has the money.
BUYER, SELLER = "buyer", "seller"


class Cause(StrEnum):
    """Why something moved."""

    TICKET_CREATED = "ticket_created"
    TICKET_CHANGED = "ticket_changed"
    TICKET_DELETED = "ticket_deleted"
    ORDER_PLACED = "order_placed"
    ITEM_ADDED = "item_added"
    ORDER_CONFIRMED = "order_confirmed"
    ORDER_COMPLETED = "order_completed"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_EXPIRED = "order_expired"
    # Money arrived after the hold ran out, and the tickets were still there.
    ORDER_REVIVED = "order_revived"
    ORDER_DELETED = "order_deleted"
    PAYMENT_RECEIVED = "payment_received"
    PAYMENT_REFUNDED = "payment_refunded"


# What makes an order's total: the worth of the units that these took for it.
CHARGES = (Cause.ORDER_PLACED, Cause.ITEM_ADDED)


@dataclass(frozen=True)
class Entry:
    """A line of the ledger; ``amount`` is money, or what the units are worth to the order."""

    kind: MovementKind
    cause: Cause
    origin: str
    target: str
    quantity: int = 0
    amount: Decimal = ZERO
    order_id: int | None = None
    ticket_id: int | None = None
    transaction_id: int | None = None


def record(session: Session, entries: Iterable[Entry], *, now: datetime) -> None:
    """Write entries, thousands if need be; none is fine."""
    common = {"request_id": request_id.get(), "created_at": now}
    rows = [{**asdict(entry), **common} for entry in entries]
    if rows:
        session.execute(insert(movements), rows)


def stock_moved(
    cause: Cause,
    origin: str,
    target: str,
    *,
    ticket_id: int,
    quantity: int,
    order_id: int | None = None,
    amount: Decimal = ZERO,
) -> Entry:
    """Units of a ticket went from one counter to another."""
    return Entry(
        MovementKind.STOCK,
        cause,
        origin,
        target,
        quantity=quantity,
        amount=amount,
        order_id=order_id,
        ticket_id=ticket_id,
    )


def order_moved(cause: Cause, order_id: int, origin: str, target: OrderStatus | str) -> Entry:
    """An order went from one state to another."""
    return Entry(MovementKind.ORDER, cause, origin, target, order_id=order_id)


def money_received(order_id: int, transaction_id: int, amount: Decimal) -> Entry:
    return _money(Cause.PAYMENT_RECEIVED, BUYER, SELLER, order_id, transaction_id, amount)


def money_returned(order_id: int, transaction_id: int, amount: Decimal) -> Entry:
    return _money(Cause.PAYMENT_REFUNDED, SELLER, BUYER, order_id, transaction_id, amount)


def _money(
    cause: Cause, origin: str, target: str, order_id: int, transaction_id: int, amount: Decimal
) -> Entry:
    return Entry(
        MovementKind.MONEY,
        cause,
        origin,
        target,
        amount=amount,
        order_id=order_id,
        transaction_id=transaction_id,
    )
