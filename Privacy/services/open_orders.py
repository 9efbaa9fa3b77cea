"""Orders that are not over when their buyer goes: what is not sold ends, what is sold speaks up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select

from core.money import ZERO, as_number
from models import OrderStatus, order_items, orders, tickets, transactions
from Order.services import order_lifecycle
from Order.services.order_states import SOLD, balance_due
from Privacy.errors import OpenOrdersError
from Ticket.services import stock_service
from work.context import Context

# Why an order was cancelled whose buyer was erased.
USER_ERASED = "user_erased"
# As many as a refusal names.
_NAMED = 100


def lock_unsold(context: Context, user_id: int) -> list[int]:
    """Lock the user's orders that are pending, or that late money would sell, in the order of
    their ids; which there are.
    """
    money = exists().where(
        transactions.c.order_id == orders.c.id, transactions.c.succeeded_at.is_(None)
    )
    may_be_sold = or_(
        orders.c.status == OrderStatus.PENDING, and_(orders.c.expired_at.is_not(None), money)
    )
    statement = select(orders.c.id).where(orders.c.user_id == user_id, may_be_sold)
    statement = statement.order_by(orders.c.id)
    found = context.session.execute(statement.with_for_update(key_share=True))
    return list(found.scalars())


def cancel(context: Context, order_ids: Sequence[int]) -> None:
    """Cancel locked orders as their buyer would: stock returns, and so does money."""
    if not order_ids:
        return
    held = order_lifecycle.holdings_of(context, order_ids)
    # All at once, in the order in which everybody else takes them.
    stock_service.lock(context, {one.ticket_id for one in held})
    for order_id in order_ids:
        order = order_lifecycle.lock_order(context, order_id)
        order_lifecycle.cancel(context, order, reason=USER_ERASED)


def require_over(context: Context, user_id: int, *, may_ignore_events: bool) -> None:
    """Raises where sold orders are for events to come, or wait for money.

    Who insists goes without tickets, but does not leave debts behind: these are an administrator's
    to forgive.
    """
    may_ignore_debts = may_ignore_events and context.caller.is_admin
    if may_ignore_debts:
        return
    found = [
        row for row in _open(context, user_id) if balance_due(row) > ZERO or not may_ignore_events
    ]
    if found:
        raise OpenOrdersError(len(found), [_named(row) for row in found[:_NAMED]])


def _open(context: Context, user_id: int) -> Sequence[Row[Any]]:
    # When it is now: the date that was sold may have been put off.
    last_event = func.max(tickets.c.event_date)
    statement = (
        select(*orders.c, last_event.label("event_date"))
        .join_from(orders, order_items, order_items.c.order_id == orders.c.id)
        .join(tickets, tickets.c.id == order_items.c.ticket_id)
        .where(orders.c.user_id == user_id, orders.c.status.in_(SOLD))
        .group_by(orders.c.id)
        .having(or_(_is_to_come(last_event, context.now), _is_due()))
        .order_by(orders.c.id)
    )
    return context.session.execute(statement).all()


def _is_to_come(last_event: ColumnElement[Any], now: datetime) -> ColumnElement[bool]:
    """Completed orders were fulfilled, whenever the event is."""
    return and_(orders.c.status == OrderStatus.CONFIRMED, last_event > now)


def _is_due() -> ColumnElement[bool]:
    return orders.c.total_amount > orders.c.amount_paid - orders.c.amount_reopened


def _named(row: Row[Any]) -> dict[str, Any]:
    return {
        "order_id": row.id,
        "order_reference": row.order_reference,
        "event_date": row.event_date,
        "balance_due": as_number(balance_due(row)),
    }
