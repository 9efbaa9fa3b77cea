"""The only writer of stock: units move between the four counters of a ticket.

No unit moves without a line in the ledger, written in the same transaction. Every move is one
conditional UPDATE over all tickets concerned, so it is exact under any race and costs one
statement for one line or ten. PostgreSQL locks the rows in id order: two orders for the same
tickets in opposite orders wait for each other instead of deadlocking.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, Select, column, select, update, values
from sqlalchemy.sql.dml import ReturningUpdate

from core.columns import BigId
from Ledger.services import ledger_service
from Ledger.services.ledger_service import NOWHERE, Entry, Move
from models import tickets
from Ticket.causes import Cause
from work.context import Context


class Stock(StrEnum):
    """The counters; together they are a ticket's total."""

    AVAILABLE = "available_quantity"
    RESERVED = "reserved_quantity"
    SOLD = "sold_quantity"
    WITHHELD = "withheld_quantity"

    @property
    def place(self) -> str:
        """How the ledger calls it."""
        return self.value.removesuffix("_quantity")


@dataclass(frozen=True)
class Holding:
    """What an order holds of a ticket, and what that is worth at the order's prices."""

    order_id: int
    ticket_id: int
    quantity: int
    worth: Decimal


@dataclass(frozen=True)
class Shift:
    """Units go from one counter to another, for a reason that the ledger tells."""

    origin: Stock
    target: Stock
    cause: str

    @property
    def in_ledger(self) -> Move:
        return Move(self.origin.place, self.target.place, self.cause)


def take(
    context: Context, holdings: Collection[Holding], shift: Shift, *, also: Iterable[Entry] = ()
) -> bool:
    """Take units from sale; whether there were enough of all.

    The caller rolls back if there were not: what was taken stays taken in the transaction.
    ``also`` is written to the ledger in the same statement.
    """
    # The ledger first: the tickets' locks are what other buyers wait for.
    ledger_service.record(context, [*also, *_entries(holdings, shift)])
    wanted = _units(holdings)
    if not wanted:
        return True
    taken = _move(context, wanted, shift, on_sale_only=True)
    return taken == wanted.keys()


def move(
    context: Context, holdings: Collection[Holding], shift: Shift, *, also: Iterable[Entry] = ()
) -> None:
    """Move units that orders hold; that they are there is the caller's knowledge."""
    ledger_service.record(context, [*also, *_entries(holdings, shift)])
    units = _units(holdings)
    if units and _move(context, units, shift) != units.keys():
        raise AssertionError(f"{shift.origin} of {dict(units)} is less than its orders hold")


def lock(context: Context, ticket_ids: AbstractSet[int]) -> None:
    """Lock tickets in id order, for a transaction that is going to move stock twice."""
    context.session.execute(_locking(ticket_ids))


def enter(context: Context, ticket: Row[Any]) -> None:
    """Write down the stock that a new ticket came with."""
    units = {NOWHERE: -ticket.total_quantity, **_outside_orders(ticket)}
    _record_change(context, ticket.id, units, Cause.TICKET_CREATED)


def withdraw(context: Context, ticket: Row[Any]) -> None:
    """Write down that a ticket is gone, with all its stock; no order may hold any."""
    counters = _outside_orders(ticket)
    units = {NOWHERE: ticket.total_quantity, **{name: -n for name, n in counters.items()}}
    _record_change(context, ticket.id, units, Cause.TICKET_DELETED)


def resize(context: Context, ticket: Row[Any], *, total: int | None, available: int | None) -> bool:
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
    context.session.execute(
        update(tickets)
        .where(tickets.c.id == ticket.id)
        .values(
            total_quantity=new_total,
            available_quantity=new_available,
            withheld_quantity=new_withheld,
            updated_at=context.now,
        )
    )
    changes = {
        NOWHERE: ticket.total_quantity - new_total,
        Stock.AVAILABLE.place: new_available - ticket.available_quantity,
        Stock.WITHHELD.place: new_withheld - ticket.withheld_quantity,
    }
    _record_change(context, ticket.id, changes, Cause.TICKET_CHANGED)
    return True


def _outside_orders(ticket: Row[Any]) -> dict[str, int]:
    return {
        Stock.AVAILABLE.place: ticket.available_quantity,
        Stock.WITHHELD.place: ticket.withheld_quantity,
    }


def _record_change(
    context: Context, ticket_id: int, changes: Mapping[str, int], cause: Cause
) -> None:
    """Write the moves that explain changes of a ticket's counters: {place: units more or less}.

    The changes add up to zero, for what one place loses another gets.
    """
    givers = {place: -units for place, units in changes.items() if units < 0}
    entries = []
    for target, missing in changes.items():
        for origin in list(givers):
            units = min(givers[origin], missing)
            if units <= 0:
                continue
            givers[origin] -= units
            missing -= units  # noqa: PLW2901 - what is still missing
            entries.append(
                ledger_service.stock_moved(
                    Move(origin, target, cause), ticket_id=ticket_id, quantity=units
                )
            )
    ledger_service.record(context, entries)


def _units(holdings: Iterable[Holding]) -> Counter[int]:
    units: Counter[int] = Counter()
    for holding in holdings:
        units[holding.ticket_id] += holding.quantity
    return units


def _entries(holdings: Iterable[Holding], shift: Shift) -> Iterable[Entry]:
    for holding in holdings:
        yield ledger_service.stock_moved(
            shift.in_ledger,
            ticket_id=holding.ticket_id,
            quantity=holding.quantity,
            order_id=holding.order_id,
            amount=holding.worth,
        )


def _move(
    context: Context, quantities: Mapping[int, int], shift: Shift, *, on_sale_only: bool = False
) -> frozenset[int]:
    """The tickets that had enough: {ticket id: units} moved from one counter to another."""
    if len(quantities) == 1:
        # The common case has a plain statement, which is compiled once for all orders.
        [(ticket_id, units)] = quantities.items()
        statement = _moving(context, shift, units).where(tickets.c.id == ticket_id)
    else:
        statement = _moving_many(context, quantities, shift)
    if on_sale_only:
        statement = statement.where(tickets.c.sale_stopped_as.is_(None))
    return frozenset(context.session.execute(statement).scalars())


def _moving_many(
    context: Context, quantities: Mapping[int, int], shift: Shift
) -> ReturningUpdate[tuple[int]]:
    lines = values(column("ticket_id", BigId), column("quantity", Integer), name="lines")
    # A CTE names the columns on both databases; SQLite knows no names for a bare VALUES.
    wanted = lines.data(sorted(quantities.items())).cte("wanted")
    statement = _moving(context, shift, wanted.c.quantity)
    statement = statement.where(tickets.c.id == wanted.c.ticket_id)
    if context.session.get_bind().dialect.name == "postgresql":
        # An UPDATE locks rows in the order of its plan, which is not ours to choose. The CTE
        # locks them by id, and the UPDATE then looks at each again as it is under the lock.
        locked = _locking(quantities.keys()).cte("locked")
        statement = statement.where(tickets.c.id == locked.c.id)
    return statement


def _moving(
    context: Context, shift: Shift, units: ColumnElement[int] | int
) -> ReturningUpdate[tuple[int]]:
    """Move units of the tickets that have enough of them."""
    source, target = tickets.c[shift.origin], tickets.c[shift.target]
    changes = {source: source - units, target: target + units, tickets.c.updated_at: context.now}
    return update(tickets).where(source >= units).values(changes).returning(tickets.c.id)


def _locking(ticket_ids: AbstractSet[int]) -> Select[tuple[int]]:
    return (
        select(tickets.c.id)
        .where(tickets.c.id.in_(sorted(ticket_ids)))
        .order_by(tickets.c.id)
        .with_for_update(key_share=True)
    )
