"""Holds that ran out: freed at once for a buyer who needs them, and swept for all others."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Executable,
    Select,
    bindparam,
    func,
    literal_column,
    select,
)

from core.columns import BigId
from core.store.dialects import Sql
from core.store.statements import statement
from models import order_items, orders
from Order.services import order_lifecycle
from Ticket.services import stock_service
from work.context import Context


def free_overdue_stock(context: Context, ticket_ids: Collection[int]) -> bool:
    """Expire the overdue orders that hold these tickets; whether there were any.

    Waits for a transaction that is expiring them already, so that the caller sees what it freed.
    """
    wanted = [(ticket_id,) for ticket_id in ticket_ids]
    order_ids = [row.id for row in context.rows(_holding, wanted=wanted, now=context.now)]
    if not order_ids:
        return False
    freed = {one.ticket_id for one in order_lifecycle.holdings_of(context, order_ids)}
    # The caller is going to take some of these: all locks at once, in id order.
    stock_service.lock(context, freed | frozenset(ticket_ids))
    order_lifecycle.expire(context, order_ids)
    return True


def overdue_hold_of(ticket_id: Column[int]) -> ColumnElement[bool]:
    """Whether an order that is overdue at ``now`` holds any of a ticket.

    There are few of them, whatever else the table holds, but no plan that is made before the time
    is known can tell: it is not left the choice to begin with all lines of the ticket.
    """
    now = bindparam("now", type_=orders.c.expires_at.type)
    few = _overdue(now).order_by(orders.c.expires_at).offset(literal_column("0")).subquery("few")
    of_both = (order_items.c.ticket_id == ticket_id, order_items.c.order_id == few.c.id)
    held = select(func.count()).select_from(order_items).where(*of_both)
    held = held.correlate(ticket_id.table, few)
    return select(literal_column("1")).where(held.scalar_subquery() > 0).select_from(few).exists()


def expire_overdue_orders(context: Context, *, limit: int) -> int:
    """Expire the orders that are overdue longest, at most ``limit``; how many there were.

    Any number of processes may sweep at once: each skips what another has locked.
    """
    overdue = _overdue(context.now).order_by(orders.c.expires_at, orders.c.id).limit(limit)
    locking = overdue.with_for_update(key_share=True, skip_locked=True)
    order_ids = context.session.execute(locking).scalars().all()
    if order_ids:
        order_lifecycle.expire(context, order_ids)
    return len(order_ids)


@statement
def _holding(sql: Sql) -> Executable:
    """Locks the orders that are overdue and hold any of the tickets."""
    wanted = sql.rows("wanted", ticket_id=BigId)
    lines = order_items.c
    holding = select(lines.order_id).where(lines.ticket_id.in_(select(wanted.c.ticket_id)))
    now = bindparam("now", type_=orders.c.expires_at.type)
    overdue = _overdue(now).where(orders.c.id.in_(holding)).order_by(orders.c.id)
    return overdue.with_for_update(key_share=True)


def _overdue(now: Any) -> Select[tuple[int]]:
    """Only pending orders have an ``expires_at``; naming their status too would lead SQLite to the
    index of all pending orders instead of the few that are overdue.
    """
    return select(orders.c.id).where(orders.c.expires_at <= now)
