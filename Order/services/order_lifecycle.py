"""How an order changes its state: each function moves the stock and the money that go with it.

Every change of an order, its lines or its money first locks the order's row. That lock is what
keeps two payments, a payment and a sweep, or two refunds apart; tickets are locked after it.
Behind it stands a second wall: a state is left only by a statement that names it.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlmodel import Session

from core.errors import RetryTransaction
from Ledger.services import ledger_service
from Ledger.services.ledger_service import Cause
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
from Ticket.services.stock_service import Holding, Stock

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
    _leave(
        session,
        [order_id],
        OrderStatus.PENDING,
        now=now,
        status=OrderStatus.CONFIRMED,
        confirmed_at=now,
        expires_at=None,
    )
    state = ledger_service.order_moved(
        Cause.ORDER_CONFIRMED, order_id, OrderStatus.PENDING, OrderStatus.CONFIRMED
    )
    stock_service.move(
        session,
        holdings_of(session, [order_id]),
        origin=Stock.RESERVED,
        to=Stock.SOLD,
        cause=Cause.ORDER_CONFIRMED,
        now=now,
        also=[state],
    )


def complete(session: Session, order_id: int, *, now: datetime) -> None:
    """A confirmed order was fulfilled; its stock stays sold."""
    _leave(session, [order_id], OrderStatus.CONFIRMED, now=now, status=OrderStatus.COMPLETED)
    state = ledger_service.order_moved(
        Cause.ORDER_COMPLETED, order_id, OrderStatus.CONFIRMED, OrderStatus.COMPLETED
    )
    ledger_service.record(session, [state], now=now)


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
    _leave(
        session,
        [order.id],
        order.status,
        now=now,
        status=OrderStatus.CANCELLED,
        cancel_reason=reason,
        expires_at=None,
        amount_refunded=orders.c.amount_paid,
    )
    state = ledger_service.order_moved(
        Cause.ORDER_CANCELLED, order.id, order.status, OrderStatus.CANCELLED
    )
    stock_service.move(
        session,
        holdings_of(session, [order.id]),
        origin=origin,
        to=stock_to,
        cause=Cause.ORDER_CANCELLED,
        now=now,
        also=[state],
    )


def expire(session: Session, order_ids: Collection[int], *, now: datetime) -> None:
    """Free the stock of locked pending orders and give part payments back.

    Pending transactions stay as they are: their money may still arrive.
    """
    _refund_everything(session, order_ids, now)
    _leave(
        session,
        order_ids,
        OrderStatus.PENDING,
        now=now,
        status=OrderStatus.CANCELLED,
        cancel_reason=EXPIRED,
        expires_at=None,
        amount_refunded=orders.c.amount_paid,
    )
    states = [
        ledger_service.order_moved(
            Cause.ORDER_EXPIRED, order_id, OrderStatus.PENDING, OrderStatus.CANCELLED
        )
        for order_id in order_ids
    ]
    stock_service.move(
        session,
        holdings_of(session, order_ids),
        origin=Stock.RESERVED,
        to=Stock.AVAILABLE,
        cause=Cause.ORDER_EXPIRED,
        now=now,
        also=states,
    )


def change_order(
    session: Session, order_ids: Collection[int], *, now: datetime, **fields: Any
) -> None:
    statement = update(orders).where(orders.c.id.in_(order_ids))
    session.execute(statement.values(**fields, updated_at=now))


def revive(session: Session, order_id: int, *, now: datetime) -> None:
    """An order that expired is sold after all; its stock was taken again."""
    _leave(
        session,
        [order_id],
        OrderStatus.CANCELLED,
        now=now,
        status=OrderStatus.CONFIRMED,
        cancel_reason=None,
        confirmed_at=now,
        expires_at=None,
        # What went back when the hold ran out was paid anew.
        amount_reopened=orders.c.amount_refunded,
    )


def holdings_of(session: Session, order_ids: Collection[int]) -> list[Holding]:
    """What each of the orders holds, one holding for a ticket."""
    lines = order_items.c
    rows = session.execute(
        select(
            lines.order_id, lines.ticket_id, func.sum(lines.quantity), func.sum(lines.line_total)
        )
        .where(lines.order_id.in_(order_ids))
        .group_by(lines.order_id, lines.ticket_id)
        .order_by(lines.order_id, lines.ticket_id)
    )
    return [Holding(order, ticket, int(units), worth) for order, ticket, units, worth in rows]


def _leave(
    session: Session,
    order_ids: Collection[int],
    state: OrderStatus,
    *,
    now: datetime,
    **fields: Any,
) -> None:
    """Take orders out of a state; who finds one in another state runs again and sees it."""
    leaving = update(orders).where(orders.c.id.in_(order_ids), orders.c.status == state)
    left = session.execute(leaving.values(**fields, updated_at=now).returning(orders.c.id))
    if len(left.all()) != len(order_ids):
        raise RetryTransaction


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
    """Give back what is left of each payment. The orders' locks keep the payments as they are."""
    money = transactions.c
    left = session.execute(
        select(money.id, money.order_id, money.amount, money.refunded_amount)
        .where(money.order_id.in_(order_ids), money.status == TransactionStatus.SUCCESS)
        .order_by(money.id)
    ).all()
    if not left:
        return
    session.execute(
        update(transactions)
        .where(money.id.in_([row.id for row in left]))
        .values(
            status=TransactionStatus.REFUNDED,
            refunded_amount=money.amount,
            updated_at=now,
        )
    )
    returned = [
        ledger_service.money_returned(row.order_id, row.id, row.amount - row.refunded_amount)
        for row in left
    ]
    ledger_service.record(session, returned, now=now)
