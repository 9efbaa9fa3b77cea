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
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Integer,
    Row,
    Select,
    Update,
    bindparam,
    func,
    select,
    update,
)

from core.columns import BigId
from core.errors import RetryTransaction
from core.store.dialects import Sql
from core.store.statements import Statement
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
) -> None:
    """Take units from sale, of all tickets or of none.

    Where there are not enough, somebody was faster than the look at the offers: the unit is run
    again, and its look tells what is left. ``also`` is written to the ledger along with the moves.
    """
    # The ledger first: the tickets' locks are what other buyers wait for.
    ledger_service.record(context, [*also, *_entries(holdings, shift)])
    _move(context, holdings, shift, on_sale_only=True)


def try_to_take(
    context: Context, holdings: Collection[Holding], shift: Shift, *, also: Iterable[Entry] = ()
) -> bool:
    """Like :func:`take`, for who goes on otherwise where there are not enough."""
    wanted = sorted(_units(holdings).items())
    if wanted:
        taking = _taking_all(shift.origin, shift.target)
        taken = context.rows(taking, wanted=wanted, moved_at=context.now)
        if not taken:
            return False
        if len(taken) != len(wanted):
            # One was short when the statement began, and not any more when it had the lock.
            raise RetryTransaction
    ledger_service.record(context, [*also, *_entries(holdings, shift)])
    return True


def move(
    context: Context, holdings: Collection[Holding], shift: Shift, *, also: Iterable[Entry] = ()
) -> None:
    """Move units that orders hold; that they are there is the caller's knowledge."""
    ledger_service.record(context, [*also, *_entries(holdings, shift)])
    _move(context, holdings, shift, on_sale_only=False)


def lock(context: Context, ticket_ids: AbstractSet[int]) -> None:
    """Lock tickets in id order, for a transaction that is going to move stock twice."""
    context.session.execute(_locking(sorted(ticket_ids)))


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
    context: Context, holdings: Iterable[Holding], shift: Shift, *, on_sale_only: bool
) -> None:
    """Move the units of all holdings from one counter to another."""
    units = _units(holdings)
    if len(units) == 1:
        # The common case has a plain statement: a hot ticket is one that many want at once.
        [(ticket_id, quantity)] = units.items()
        statement = _moving_one(shift.origin, shift.target, on_sale_only=on_sale_only)
        values = {"ticket_id": ticket_id, "quantity": quantity, "moved_at": context.now}
        context.write(statement, expecting=1, **values)
    elif units:
        statement = _moving(shift.origin, shift.target, on_sale_only=on_sale_only)
        wanted = sorted(units.items())
        context.write(statement, expecting=len(wanted), wanted=wanted, moved_at=context.now)


@cache
def _moving_one(origin: Stock, target: Stock, *, on_sale_only: bool) -> Statement:
    def build(sql: Sql) -> Executable:
        units = bindparam("quantity", type_=Integer)
        change = _change(origin, target, units, on_sale_only=on_sale_only)
        return sql.counted(change.where(tickets.c.id == bindparam("ticket_id")))

    return Statement(build)


@cache
def _moving(origin: Stock, target: Stock, *, on_sale_only: bool) -> Statement:
    def build(sql: Sql) -> Executable:
        wanted = sql.rows("wanted", ticket_id=BigId, quantity=Integer())
        change = _change(origin, target, wanted.c.quantity, on_sale_only=on_sale_only)
        change = change.where(tickets.c.id == wanted.c.ticket_id)
        if not sql.is_sqlite:
            # An UPDATE locks rows in the order of its plan, which is not ours to choose. The CTE
            # locks them by id, and the UPDATE then looks at each again as it is under the lock.
            locked = _locking(select(wanted.c.ticket_id)).cte("locked")
            change = change.where(tickets.c.id == locked.c.id)
        return sql.counted(change)

    return Statement(build)


@cache
def _taking_all(origin: Stock, target: Stock) -> Statement:
    """All that is wanted, or nothing; it returns the tickets of which was taken."""

    def build(sql: Sql) -> Executable:
        wanted = sql.rows("wanted", ticket_id=BigId, quantity=Integer())
        # What is told of a row along with its lock is what it is under the lock.
        told = (tickets.c[origin].label("units"), tickets.c.sale_stopped_as)
        locked = _locking(select(wanted.c.ticket_id), *told).cte("locked")
        enough = (
            select(locked.c.id)
            .select_from(locked.join(wanted, locked.c.id == wanted.c.ticket_id))
            .where(locked.c.units >= wanted.c.quantity, locked.c.sale_stopped_as.is_(None))
            .cte("enough")
        )
        of_all = select(func.count()).select_from(wanted).scalar_subquery()
        all_have = select(func.count()).select_from(enough).scalar_subquery() == of_all
        change = _change(origin, target, wanted.c.quantity, on_sale_only=True)
        is_wanted = tickets.c.id == wanted.c.ticket_id
        return change.where(is_wanted, all_have).returning(tickets.c.id)

    return Statement(build)


def _change(
    origin: Stock, target: Stock, units: ColumnElement[int], *, on_sale_only: bool
) -> Update:
    """Move units of the tickets that have enough of them."""
    source, goal = tickets.c[origin], tickets.c[target]
    moved_at = bindparam("moved_at", type_=tickets.c.updated_at.type)
    changes = {source: source - units, goal: goal + units, tickets.c.updated_at: moved_at}
    change = update(tickets).where(source >= units).values(changes)
    return change.where(tickets.c.sale_stopped_as.is_(None)) if on_sale_only else change


def _locking(ticket_ids: Any, *columns: ColumnElement[Any]) -> Select[Any]:
    return (
        select(tickets.c.id, *columns)
        .where(tickets.c.id.in_(ticket_ids))
        .order_by(tickets.c.id)
        .with_for_update(key_share=True)
    )
