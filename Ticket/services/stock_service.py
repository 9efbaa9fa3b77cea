"""The only writer of stock: units move between the four counters of a ticket.

Every move is one conditional UPDATE over all tickets concerned, so it is exact under any race
and costs one statement for one line or ten. PostgreSQL locks the rows in id order: two orders
for the same tickets in opposite orders wait for each other instead of deadlocking.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Integer, Row, Select, column, select, update, values
from sqlmodel import Session

from core.columns import BigId
from models import tickets


class Stock(StrEnum):
    """The counters; together they are a ticket's total."""

    AVAILABLE = "available_quantity"
    RESERVED = "reserved_quantity"
    SOLD = "sold_quantity"
    WITHHELD = "withheld_quantity"


def take(
    session: Session, quantities: Mapping[int, int], *, to: Stock, now: datetime
) -> frozenset[int]:
    """Take units from sale: {ticket id: units}. Returns the tickets that had enough.

    The caller rolls back unless all of them had: what was taken stays taken in the transaction.
    """
    return _move(session, quantities, Stock.AVAILABLE, to, now=now, on_sale_only=True)


def move(
    session: Session, quantities: Mapping[int, int], *, origin: Stock, to: Stock, now: datetime
) -> None:
    """Move units that an order holds; that they are there is the caller's knowledge."""
    if quantities and _move(session, quantities, origin, to, now=now) != frozenset(quantities):
        raise AssertionError(f"{origin} of {dict(quantities)} is less than its orders hold")


def lock(session: Session, ticket_ids: frozenset[int]) -> None:
    """Lock tickets in id order, for a transaction that is going to move stock twice."""
    session.execute(_locking(ticket_ids))


def resize(
    session: Session, ticket: Row[Any], *, total: int | None, available: int | None, now: datetime
) -> bool:
    """Set the total (moves what is available) and then what is available (moves what is withheld).

    The caller holds the ticket's lock. Returns False where a counter would become negative;
    nothing is changed then.
    """
    new_total = ticket.total_quantity if total is None else total
    free = ticket.available_quantity + new_total - ticket.total_quantity
    new_available = free if available is None else available
    new_withheld = ticket.withheld_quantity + free - new_available
    if new_available < 0 or new_withheld < 0:
        return False
    session.execute(
        update(tickets)
        .where(tickets.c.id == ticket.id)
        .values(
            total_quantity=new_total,
            available_quantity=new_available,
            withheld_quantity=new_withheld,
            updated_at=now,
        )
    )
    return True


def _move(
    session: Session,
    quantities: Mapping[int, int],
    origin: Stock,
    to: Stock,
    *,
    now: datetime,
    on_sale_only: bool = False,
) -> frozenset[int]:
    lines = values(column("ticket_id", BigId), column("quantity", Integer), name="lines")
    # A CTE names the columns on both databases; SQLite knows no names for a bare VALUES.
    wanted = lines.data(sorted(quantities.items())).cte("wanted")
    source, target = tickets.c[origin], tickets.c[to]
    statement = (
        update(tickets)
        .where(tickets.c.id == wanted.c.ticket_id, source >= wanted.c.quantity)
        .values(
            {
                source: source - wanted.c.quantity,
                target: target + wanted.c.quantity,
                tickets.c.updated_at: now,
            }
        )
        .returning(tickets.c.id)
    )
    if on_sale_only:
        statement = statement.where(tickets.c.sale_stopped_as.is_(None))
    if len(quantities) > 1 and session.get_bind().dialect.name == "postgresql":
        # An UPDATE locks rows in the order of its plan, which is not ours to choose. The CTE
        # locks them by id, and the UPDATE then looks at each again as it is under the lock.
        locked = _locking(frozenset(quantities)).cte("locked")
        statement = statement.where(tickets.c.id == locked.c.id)
    return frozenset(session.execute(statement).scalars())


def _locking(ticket_ids: frozenset[int]) -> Select[tuple[int]]:
    return (
        select(tickets.c.id)
        .where(tickets.c.id.in_(sorted(ticket_ids)))
        .order_by(tickets.c.id)
        .with_for_update(key_share=True)
    )
