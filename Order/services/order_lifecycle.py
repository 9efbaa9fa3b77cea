"""How an order changes its state: each function moves the stock and the money that go with it.

Every change of an order, its lines or its money first locks the order's row. That lock is what
keeps two payments, a payment and a sweep, or two refunds apart; tickets are locked after it.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlmodel import Session

from models import (
    OrderStatus,
    TransactionStatus,
    order_items,
    orders,
    transactions,
)
from Order.errors import OrderNotFoundError
from Order.services.order_states import EXPIRED, is_overdue
from Ticket.services import stock_service
from Ticket.services.stock_service import Stock

ORDER_CANCELLED = "order_cancelled"


def lock_order(session: Session, order_id: int, *, now: datetime) -> Row[Any]:
    """The order, for this transaction alone. One whose hold ran out is expired first."""
    row = _locked_row(session, order_id)
    if not is_overdue(row, now):
        return row
    expire(session, [order_id], now=now)
    return _locked_row(session, order_id)


def confirm(session: Session, order_id: int, *, now: datetime) -> None:
    """A pending order is sold."""
    change_order(
        session,
        [order_id],
        now=now,
        status=OrderStatus.CONFIRMED,
        confirmed_at=now,
        expires_at=None,
    )
    held = quantities_of(session, [order_id])
    stock_service.move(session, held, origin=Stock.RESERVED, to=Stock.SOLD, now=now)


def cancel(
    session: Session,
    order: Row[Any],
    *,
    reason: str | None,
    now: datetime,
    stock_to: Stock = Stock.AVAILABLE,
) -> None:
    """Take back a pending or confirmed order: its stock returns and all money goes back."""
    origin = Stock.RESERVED if order.status == OrderStatus.PENDING else Stock.SOLD
    _fail_pending_money(session, order.id, now)
    _refund_everything(session, [order.id], now)
    change_order(
        session,
        [order.id],
        now=now,
        status=OrderStatus.CANCELLED,
        cancel_reason=reason,
        expires_at=None,
        amount_refunded=orders.c.amount_paid,
    )
    held = quantities_of(session, [order.id])
    stock_service.move(session, held, origin=origin, to=stock_to, now=now)


def expire(session: Session, order_ids: Collection[int], *, now: datetime) -> None:
    """Free the stock of locked pending orders and give part payments back.

    Pending transactions stay as they are: their money may still arrive.
    """
    _refund_everything(session, order_ids, now)
    change_order(
        session,
        order_ids,
        now=now,
        status=OrderStatus.CANCELLED,
        cancel_reason=EXPIRED,
        expires_at=None,
        amount_refunded=orders.c.amount_paid,
    )
    held = quantities_of(session, order_ids)
    stock_service.move(session, held, origin=Stock.RESERVED, to=Stock.AVAILABLE, now=now)


def change_order(
    session: Session, order_ids: Collection[int], *, now: datetime, **fields: Any
) -> None:
    statement = update(orders).where(orders.c.id.in_(order_ids))
    session.execute(statement.values(**fields, updated_at=now))


def quantities_of(session: Session, order_ids: Collection[int]) -> dict[int, int]:
    """What orders hold together: {ticket id: units}."""
    rows = session.execute(
        select(order_items.c.ticket_id, func.sum(order_items.c.quantity))
        .where(order_items.c.order_id.in_(order_ids))
        .group_by(order_items.c.ticket_id)
    )
    return {ticket_id: int(units) for ticket_id, units in rows}


def _locked_row(session: Session, order_id: int) -> Row[Any]:
    statement = select(*orders.c).where(orders.c.id == order_id).with_for_update(key_share=True)
    row = session.execute(statement).one_or_none()
    if row is None:
        raise OrderNotFoundError
    return row


def _fail_pending_money(session: Session, order_id: int, now: datetime) -> None:
    session.execute(
        update(transactions)
        .where(
            transactions.c.order_id == order_id,
            transactions.c.status == TransactionStatus.PENDING,
        )
        .values(status=TransactionStatus.FAILED, failure_reason=ORDER_CANCELLED, updated_at=now)
    )


def _refund_everything(session: Session, order_ids: Collection[int], now: datetime) -> None:
    session.execute(
        update(transactions)
        .where(
            transactions.c.order_id.in_(order_ids),
            transactions.c.status == TransactionStatus.SUCCESS,
        )
        .values(
            status=TransactionStatus.REFUNDED,
            refunded_amount=transactions.c.amount,
            updated_at=now,
        )
    )
