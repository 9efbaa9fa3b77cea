"""How an order changes its state: each function moves the stock and the money that go with it.

Every change of an order, its lines or its money first locks the order's row. That lock is what
keeps two payments, a payment and a sweep, or two refunds apart; tickets are locked after it.
Behind it stands a second wall: a state is left only by a statement that names it.
"""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, func, select, update

from core.errors import RetryTransaction
from Ledger.services import ledger_service
from Ledger.services.ledger_service import BUYER, SELLER, Entry, Move, order_moved
from models import OrderStatus, TransactionStatus, order_items, orders, transactions
from Order.causes import Cause
from Order.errors import OrderNotFoundError
from Order.services.order_states import EXPIRED, is_overdue
from Ticket.services import stock_service
from Ticket.services.stock_service import Holding, Shift, Stock
from work.context import Context

ORDER_CANCELLED = "order_cancelled"

_CONFIRMED = Move(OrderStatus.PENDING, OrderStatus.CONFIRMED, Cause.ORDER_CONFIRMED)
_COMPLETED = Move(OrderStatus.CONFIRMED, OrderStatus.COMPLETED, Cause.ORDER_COMPLETED)
_EXPIRED = Move(OrderStatus.PENDING, OrderStatus.CANCELLED, Cause.ORDER_EXPIRED)
_SELL = Shift(Stock.RESERVED, Stock.SOLD, Cause.ORDER_CONFIRMED)
_FREE = Shift(Stock.RESERVED, Stock.AVAILABLE, Cause.ORDER_EXPIRED)


def lock_order(context: Context, order_id: int) -> Row[Any]:
    """The order, for this transaction alone. One whose hold ran out is expired first."""
    row = _locked_row(context, order_id)
    if not is_overdue(row, context.now):
        return row
    expire(context, [order_id])
    return _locked_row(context, order_id)


def confirm(context: Context, order_id: int) -> None:
    """A pending order is sold."""
    _leave(
        context,
        [order_id],
        OrderStatus.PENDING,
        status=OrderStatus.CONFIRMED,
        confirmed_at=context.now,
        expires_at=None,
    )
    state = order_moved(order_id, _CONFIRMED)
    holdings = holdings_of(context, [order_id])
    stock_service.move(context, holdings, _SELL, also=[state])


def complete(context: Context, order_id: int) -> None:
    """A confirmed order was fulfilled; its stock stays sold."""
    _leave(context, [order_id], OrderStatus.CONFIRMED, status=OrderStatus.COMPLETED)
    ledger_service.record(context, [order_moved(order_id, _COMPLETED)])


def cancel(
    context: Context,
    order: Row[Any],
    *,
    reason: str | None,
    stock_to: Stock = Stock.AVAILABLE,
) -> None:
    """Take back a pending or confirmed order: its stock returns and all money goes back."""
    origin = Stock.RESERVED if order.status == OrderStatus.PENDING else Stock.SOLD
    _fail_pending_money(context, order.id)
    _refund_everything(context, [order.id])
    _leave(
        context,
        [order.id],
        order.status,
        status=OrderStatus.CANCELLED,
        cancel_reason=reason,
        expires_at=None,
        amount_refunded=orders.c.amount_paid,
    )
    moved = Move(order.status, OrderStatus.CANCELLED, Cause.ORDER_CANCELLED)
    back = Shift(origin, stock_to, Cause.ORDER_CANCELLED)
    holdings = holdings_of(context, [order.id])
    stock_service.move(context, holdings, back, also=[order_moved(order.id, moved)])


def expire(context: Context, order_ids: Collection[int]) -> None:
    """Free the stock of locked pending orders and give part payments back.

    Pending transactions stay as they are: their money may still arrive.
    """
    _refund_everything(context, order_ids)
    _leave(
        context,
        order_ids,
        OrderStatus.PENDING,
        status=OrderStatus.CANCELLED,
        cancel_reason=EXPIRED,
        expires_at=None,
        amount_refunded=orders.c.amount_paid,
    )
    states = [order_moved(order_id, _EXPIRED) for order_id in order_ids]
    stock_service.move(context, holdings_of(context, order_ids), _FREE, also=states)


def change_order(context: Context, order_ids: Collection[int], **fields: Any) -> None:
    statement = update(orders).where(orders.c.id.in_(order_ids))
    context.session.execute(statement.values(**fields, updated_at=context.now))


def revive(context: Context, order_id: int) -> None:
    """An order that expired is sold after all; its stock was taken again."""
    _leave(
        context,
        [order_id],
        OrderStatus.CANCELLED,
        status=OrderStatus.CONFIRMED,
        cancel_reason=None,
        confirmed_at=context.now,
        expires_at=None,
        # What went back when the hold ran out was paid anew.
        amount_reopened=orders.c.amount_refunded,
    )


def holdings_of(context: Context, order_ids: Collection[int]) -> list[Holding]:
    """What each of the orders holds, one holding for a ticket."""
    lines = order_items.c
    rows = context.session.execute(
        select(
            lines.order_id, lines.ticket_id, func.sum(lines.quantity), func.sum(lines.line_total)
        )
        .where(lines.order_id.in_(order_ids))
        .group_by(lines.order_id, lines.ticket_id)
        .order_by(lines.order_id, lines.ticket_id)
    )
    return [Holding(order, ticket, int(units), worth) for order, ticket, units, worth in rows]


def money_returned(order_id: int, transaction_id: int, amount: Decimal) -> Entry:
    """The line of the ledger for money that went back to the buyer."""
    back = Move(SELLER, BUYER, Cause.PAYMENT_REFUNDED)
    return ledger_service.money_moved(order_id, transaction_id, amount, back)


def _leave(
    context: Context,
    order_ids: Collection[int],
    state: OrderStatus,
    **fields: Any,
) -> None:
    """Take orders out of a state; who finds one in another state runs again and sees it."""
    leaving = update(orders).where(orders.c.id.in_(order_ids), orders.c.status == state)
    left = context.session.execute(
        leaving.values(**fields, updated_at=context.now).returning(orders.c.id)
    )
    if len(left.all()) != len(order_ids):
        raise RetryTransaction


def _locked_row(context: Context, order_id: int) -> Row[Any]:
    statement = select(*orders.c).where(orders.c.id == order_id).with_for_update(key_share=True)
    row = context.session.execute(statement).one_or_none()
    if row is None:
        raise OrderNotFoundError
    return row


def _fail_pending_money(context: Context, order_id: int) -> None:
    context.session.execute(
        update(transactions)
        .where(
            transactions.c.order_id == order_id,
            transactions.c.status == TransactionStatus.PENDING,
        )
        .values(
            status=TransactionStatus.FAILED, failure_reason=ORDER_CANCELLED, updated_at=context.now
        )
    )


def _refund_everything(context: Context, order_ids: Collection[int]) -> None:
    """Give back what is left of each payment. The orders' locks keep the payments as they are."""
    money = transactions.c
    left = context.session.execute(
        select(money.id, money.order_id, money.amount, money.refunded_amount)
        .where(money.order_id.in_(order_ids), money.status == TransactionStatus.SUCCESS)
        .order_by(money.id)
    ).all()
    if not left:
        return
    context.session.execute(
        update(transactions)
        .where(money.id.in_([row.id for row in left]))
        .values(
            status=TransactionStatus.REFUNDED,
            refunded_amount=money.amount,
            updated_at=context.now,
        )
    )
    returned = [
        money_returned(row.order_id, row.id, row.amount - row.refunded_amount) for row in left
    ]
    ledger_service.record(context, returned)
