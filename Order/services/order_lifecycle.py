"""How an order changes its state: each function moves the stock and the money that go with it.

Every change of an order, its lines or its money first locks the order's row. That lock is what
keeps two payments, a payment and a sweep, or two refunds apart; tickets are locked after it.
Behind it stands a second wall: a state is left only by a statement that names it.
"""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Executable, bindparam, func, select, update

from core.columns import BigId
from core.errors import RetryTransaction
from core.schemas import AsRead
from core.store.dialects import Sql
from core.store.statements import Row, statement
from Ledger.services import ledger_service
from Ledger.services.ledger_service import BUYER, SELLER, Entry, Move, order_moved
from models import OrderStatus, TransactionStatus, order_items, orders, transactions
from Order.causes import Cause
from Order.errors import OrderNotFoundError
from Order.services import fairness
from Order.services.order_states import EXPIRED, is_overdue, may_be_sold_again, money_held
from Ticket.services import stock_service
from Ticket.services.stock_service import Holding, Shift, Stock
from work.context import Context

ORDER_CANCELLED = "order_cancelled"

_PENDING = OrderStatus.PENDING
# An order that is not pending any more holds nothing that could run out.
_SETTLED: Mapping[str, Any] = {"expires_at": None}

_CONFIRMED = Move(OrderStatus.PENDING, OrderStatus.CONFIRMED, Cause.ORDER_CONFIRMED)
_COMPLETED = Move(OrderStatus.CONFIRMED, OrderStatus.COMPLETED, Cause.ORDER_COMPLETED)
_EXPIRED = Move(OrderStatus.PENDING, OrderStatus.CANCELLED, Cause.ORDER_EXPIRED)
_SELL = Shift(Stock.RESERVED, Stock.SOLD, Cause.ORDER_CONFIRMED)
_FREE = Shift(Stock.RESERVED, Stock.AVAILABLE, Cause.ORDER_EXPIRED)


def lock_order(context: Context, order_id: int) -> Row:
    """The order, for this transaction alone. One whose hold ran out is expired first."""
    return up_to_date(context, found(context.row(_locked, order_id=order_id)))


def lock_as_meant(context: Context, order_id: int, body: AsRead | None = None) -> Row:
    """Like :func:`lock_order`, in the state that its caller has seen.

    That is compared as it is stored: nobody can have seen an end that is only made here, and that
    a refusal takes back again.
    """
    row = found(context.row(_locked, order_id=order_id))
    context.require_current(body or AsRead(), row)
    return up_to_date(context, row)


def lock_order_of(context: Context, transaction_id: int) -> Row | None:
    """The order that a payment is for, as it is stored; None if there is no payment.

    It is to be brought up to date once the payment was compared, which its end gives back.
    """
    return context.row(_locked_of, transaction_id=transaction_id)


def confirm(
    context: Context,
    order: Row,
    holdings: Collection[Holding],
    *,
    also: Iterable[Entry] = (),
    **fields: Any,
) -> None:
    """A pending order is sold. ``fields`` change along with its state, ``also`` with the ledger."""
    _leave(
        context, order, status=OrderStatus.CONFIRMED, confirmed_at=context.now, **_SETTLED, **fields
    )
    state = order_moved(order.id, _CONFIRMED)
    stock_service.move(context, holdings, _SELL, also=[*also, state])


def complete(context: Context, order: Row) -> None:
    """A confirmed order was fulfilled; its stock stays sold."""
    _leave(context, order, status=OrderStatus.COMPLETED)
    ledger_service.record(context, [order_moved(order.id, _COMPLETED)])


def cancel(context: Context, order: Row, *, reason: str | None) -> None:
    """Take back a pending or confirmed order: its stock returns and all money goes back.

    One that expired has nothing to take back; money that still comes for it buys nothing any more.
    """
    if may_be_sold_again(order):
        _fail_pending_money(context, order)
        change_order(context, order.id, expired_at=None, cancel_reason=reason)
        return
    holdings = holdings_of(context, [order.id])
    returned = _refund_everything(context, [order.id]) if money_held(order) else []
    take_back(context, order, holdings, reason=reason, also=returned)


def take_back(
    context: Context,
    order: Row,
    holdings: Collection[Holding],
    *,
    reason: str | None,
    stock_to: Stock = Stock.AVAILABLE,
    also: Iterable[Entry] = (),
) -> None:
    """Cancel an order whose money went back; ``also`` is written to the ledger along with it."""
    is_pending = order.status == OrderStatus.PENDING
    origin = Stock.RESERVED if is_pending else Stock.SOLD
    if is_pending and not context.caller.is_box_office:
        fairness.note_ended(context, [order.id])
    _fail_pending_money(context, order)
    _leave(
        context,
        order,
        status=OrderStatus.CANCELLED,
        cancel_reason=reason,
        amount_refunded=order.amount_paid,
        **_SETTLED,
    )
    moved = Move(order.status, OrderStatus.CANCELLED, Cause.ORDER_CANCELLED)
    back = Shift(origin, stock_to, Cause.ORDER_CANCELLED)
    stock_service.move(context, holdings, back, also=[*also, order_moved(order.id, moved)])


def expire(context: Context, order_ids: Collection[int]) -> None:
    """Free the stock of locked pending orders and give part payments back.

    Pending transactions stay as they are: their money may still arrive.
    """
    holdings = holdings_of(context, order_ids)
    returned = _refund_everything(context, order_ids)
    fairness.note_ended(context, order_ids)
    leaving = update(orders).where(orders.c.id.in_(order_ids), orders.c.status == _PENDING)
    left = context.session.execute(
        leaving.values(
            status=OrderStatus.CANCELLED,
            cancel_reason=EXPIRED,
            # The hold's end, whenever a sweep came to it.
            expired_at=orders.c.expires_at,
            expires_at=None,
            amount_refunded=orders.c.amount_paid,
            updated_at=context.now,
        ).returning(orders.c.id)
    )
    if len(left.all()) != len(order_ids):
        raise RetryTransaction
    states = [order_moved(order_id, _EXPIRED) for order_id in order_ids]
    stock_service.move(context, holdings, _FREE, also=[*returned, *states])


def change_order(context: Context, order_id: int, **fields: Any) -> None:
    """Change a locked order, but not its state."""
    context.change(orders, {"id": order_id}, **fields, updated_at=context.now)


def prolong(context: Context, order: Row) -> None:
    """Give the buyer of a pending order the time that a payment takes.

    However often one is begun, all holds together are no longer than a hold and a payment.
    """
    if order.status != OrderStatus.PENDING:
        return
    terms = context.terms
    latest = order.created_at + terms.hold + terms.payment
    expires_at = max(order.expires_at, min(context.now + terms.payment, latest))
    if expires_at != order.expires_at:
        change_order(context, order.id, expires_at=expires_at)


def revive(context: Context, order: Row, **fields: Any) -> None:
    """An order that expired is sold after all; its stock was taken again."""
    fairness.note_paid(context, order.id)
    _leave(
        context,
        order,
        status=OrderStatus.CONFIRMED,
        cancel_reason=None,
        expired_at=None,
        confirmed_at=context.now,
        # What went back when the hold ran out was paid anew.
        amount_reopened=order.amount_refunded,
        **fields,
    )


def holdings_of(context: Context, order_ids: Collection[int]) -> list[Holding]:
    """What each of the orders holds, one holding for a ticket."""
    rows = context.rows(_held, orders=[(order_id,) for order_id in order_ids])
    return [Holding(row.order_id, row.ticket_id, int(row.units), row.worth) for row in rows]


def money_returned(order_id: int, transaction_id: int, amount: Decimal) -> Entry:
    """The line of the ledger for money that went back to the buyer."""
    back = Move(SELLER, BUYER, Cause.PAYMENT_REFUNDED)
    return ledger_service.money_moved(order_id, transaction_id, amount, back)


def _fail_pending_money(context: Context, order: Row) -> None:
    context.write(
        _pending_money_failed, of_order=order.id, reason=ORDER_CANCELLED, changed_at=context.now
    )


def _leave(context: Context, order: Row, **fields: Any) -> None:
    """Take an order out of its state; who finds it in another state runs again and sees it."""
    as_known = {"id": order.id, "status": order.status}
    context.change(orders, as_known, **fields, updated_at=context.now)


def found(row: Row | None) -> Row:
    if row is None:
        raise OrderNotFoundError
    return row


def up_to_date(context: Context, row: Row) -> Row:
    """A locked order as it is once a hold that ran out has ended."""
    if not is_overdue(row, context.now):
        return row
    expire(context, [row.id])
    return context.row(_locked, order_id=row.id)


def locking(orders_meant: ColumnElement[bool], *more: ColumnElement[Any]) -> Executable:
    """The orders, locked; ``more`` is asked along with each."""
    return select(*orders.c, *more).where(orders_meant).with_for_update(key_share=True)


@statement
def _locked(_sql: Sql) -> Executable:
    return locking(orders.c.id == bindparam("order_id"))


@statement
def _locked_of(_sql: Sql) -> Executable:
    money = transactions.c
    order_id = select(money.order_id).where(money.id == bindparam("transaction_id"))
    return locking(orders.c.id == order_id.scalar_subquery())


@statement
def _held(sql: Sql) -> Executable:
    meant = sql.rows("orders", order_id=BigId)
    lines = order_items.c
    units, worth = func.sum(lines.quantity), func.sum(lines.line_total)
    return (
        select(lines.order_id, lines.ticket_id, units.label("units"), worth.label("worth"))
        .where(lines.order_id.in_(select(meant.c.order_id)))
        .group_by(lines.order_id, lines.ticket_id)
        .order_by(lines.order_id, lines.ticket_id)
    )


@statement
def _pending_money_failed(_sql: Sql) -> Executable:
    money = transactions.c
    return (
        update(transactions)
        .where(money.order_id == bindparam("of_order"), money.status == TransactionStatus.PENDING)
        .values(
            status=TransactionStatus.FAILED,
            failure_reason=bindparam("reason"),
            abandoned_at=bindparam("changed_at", type_=money.updated_at.type),
            updated_at=bindparam("changed_at", type_=money.updated_at.type),
        )
    )


def _refund_everything(context: Context, order_ids: Collection[int]) -> list[Entry]:
    """Give back what is left of each payment, and tell it for the ledger.

    The orders' locks keep the payments as they are.
    """
    money = transactions.c
    left = context.session.execute(
        select(money.id, money.order_id, money.amount, money.refunded_amount)
        .where(money.order_id.in_(order_ids), money.status == TransactionStatus.SUCCESS)
        .order_by(money.id)
    ).all()
    if left:
        context.session.execute(
            update(transactions)
            .where(money.id.in_([row.id for row in left]))
            .values(
                status=TransactionStatus.REFUNDED,
                refunded_amount=money.amount,
                updated_at=context.now,
            )
        )
    return [money_returned(row.order_id, row.id, row.amount - row.refunded_amount) for row in left]
