"""Giving back all that a user holds unpaid, at the box office's word."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, and_

from Ledger.services import audit_service
from models import OrderStatus, orders
from Order.actions import Action
from Order.schemas.holds import ReleasedHolds, ReleasedLine, ReleasedOrder
from Order.services import fairness, order_lifecycle
from Order.services.order_states import is_overdue
from Ticket.services import stock_service
from Ticket.services.stock_service import Holding
from User.services import user_service
from work.context import Context

RELEASED = "released"

# So that the transaction stays short.
_MOST = 100


def release_holds(context: Context, user_id: int) -> ReleasedHolds:
    """Cancel the user's pending orders on which there is no money; the tickets are free at once."""
    # None is placed meanwhile.
    fairness.take_turn(context, user_id)
    user_service.require_user(context, user_id)
    found = _unpaid(context, user_id)
    ending = found[:_MOST]
    held = _held_by_order(context, ending)
    _end(context, ending, held)
    if ending:
        told = {"orders": (len(ending), 0)}
        audit_service.record(context, Action.HOLDS_RELEASED, f"user:{user_id}", told)
    released = [_released(order, held[order.id]) for order in ending]
    return ReleasedHolds(user_id=user_id, orders=released, has_more=len(found) > _MOST)


def _unpaid(context: Context, user_id: int) -> Sequence[Row[Any]]:
    """The orders, locked; one more of them than are ended."""
    is_unpaid = and_(
        orders.c.user_id == user_id,
        orders.c.status == OrderStatus.PENDING,
        orders.c.amount_paid == orders.c.amount_refunded,
    )
    locking: Any = order_lifecycle.locking(is_unpaid)
    first = locking.order_by(orders.c.id).limit(_MOST + 1)
    return context.session.execute(first).all()


def _held_by_order(context: Context, ending: Sequence[Row[Any]]) -> Mapping[int, list[Holding]]:
    held: dict[int, list[Holding]] = defaultdict(list)
    for holding in order_lifecycle.holdings_of(context, [order.id for order in ending]):
        held[holding.order_id].append(holding)
    return held


def _end(context: Context, ending: Sequence[Row[Any]], held: Mapping[int, list[Holding]]) -> None:
    # Order by order the tickets would be locked in another order than by id.
    stock_service.lock(context, {one.ticket_id for holdings in held.values() for one in holdings})
    overdue = [order for order in ending if is_overdue(order, context.now)]
    if overdue:
        order_lifecycle.expire(context, [order.id for order in overdue])
    for order in overdue:
        # As it is now that its hold has ended.
        order_lifecycle.cancel(
            context, order_lifecycle.lock_order(context, order.id), reason=RELEASED
        )
    open_still = [order for order in ending if order not in overdue]
    fairness.note_ended(context, [order.id for order in open_still], may_go_on=False)
    for order in open_still:
        order_lifecycle.take_back(context, order, held[order.id], reason=RELEASED)


def _released(order: Row[Any], holdings: Sequence[Holding]) -> ReleasedOrder:
    items = [ReleasedLine(ticket_id=one.ticket_id, quantity=one.quantity) for one in holdings]
    return ReleasedOrder(id=order.id, order_reference=order.order_reference, items=items)
