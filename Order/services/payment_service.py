"""What money does to an order when it arrives and when it goes back.

Callers hold the order's lock, so the rows they hand in are as they are.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, update
from sqlmodel import Session

from core.errors import RetryTransaction
from Ledger.services import ledger_service
from Ledger.services.ledger_service import Cause
from models import OrderStatus, TransactionStatus, orders, transactions
from Order.errors import AmountExceedsBalanceError, OrderNotPayableError
from Order.services import expiry_service, order_lifecycle
from Order.services.order_states import EXPIRED, balance_due, money_held
from Ticket.services import stock_service
from Ticket.services.stock_service import Holding, Stock

ORDER_EXPIRED = "order_expired"
REFUNDED = "refunded"


def receive(session: Session, order: Row[Any], money: Row[Any], *, now: datetime) -> None:
    """Count successful money; what covers the total confirms a pending order."""
    if order.status == OrderStatus.CANCELLED:
        _receive_late(session, order, money, now)
        return
    due = balance_due(order)
    if money.amount > due:
        raise AmountExceedsBalanceError(money.amount, due)
    _count(session, order, money, now)
    if order.status == OrderStatus.PENDING and money.amount == due:
        order_lifecycle.confirm(session, order.id, now=now)


def give_back(
    session: Session,
    order: Row[Any],
    money: Row[Any],
    amount: Decimal,
    *,
    reason: str | None,
    restock: bool,
    now: datetime,
) -> None:
    """Refund a part of a payment; a confirmed order without money left is cancelled."""
    total = money.refunded_amount + amount
    status = TransactionStatus.REFUNDED if total == money.amount else TransactionStatus.SUCCESS
    _settle(session, money, now=now, refunded_amount=total, status=status)
    returned = ledger_service.money_returned(order.id, money.id, amount)
    ledger_service.record(session, [returned], now=now)
    reopened = amount if order.status == OrderStatus.PENDING else Decimal(0)
    order_lifecycle.change_order(
        session,
        [order.id],
        now=now,
        amount_refunded=orders.c.amount_refunded + amount,
        amount_reopened=orders.c.amount_reopened + reopened,
    )
    if order.status == OrderStatus.CONFIRMED and money_held(order) == amount:
        stock_to = Stock.AVAILABLE if restock else Stock.WITHHELD
        why = reason or REFUNDED
        order_lifecycle.cancel(session, order, reason=why, now=now, stock_to=stock_to)


def change_transaction(
    session: Session, transaction_id: int, *, now: datetime, **fields: Any
) -> None:
    statement = update(transactions).where(transactions.c.id == transaction_id)
    session.execute(statement.values(**fields, updated_at=now))


def fail(session: Session, money: Row[Any], *, reason: str | None, now: datetime) -> None:
    """The money did not come; the order stays as it is."""
    _settle(session, money, now=now, status=TransactionStatus.FAILED, failure_reason=reason)


def _settle(session: Session, money: Row[Any], *, now: datetime, **fields: Any) -> None:
    """Change money as it was read; who finds it changed runs again and sees it.

    The order's lock comes first. This is the wall behind it: no money is counted twice.
    """
    columns = transactions.c
    as_it_was = (
        columns.id == money.id,
        columns.status == money.status,
        columns.refunded_amount == money.refunded_amount,
    )
    statement = update(transactions).where(*as_it_was).values(**fields, updated_at=now)
    if session.execute(statement.returning(columns.id)).one_or_none() is None:
        raise RetryTransaction


def _receive_late(session: Session, order: Row[Any], money: Row[Any], now: datetime) -> None:
    """Money on an order that expired: sell the tickets again if they are there, else give it back.

    Paid without a ticket, or a ticket without payment, must not exist.
    """
    if order.cancel_reason != EXPIRED:
        raise OrderNotPayableError(order_status=order.status.value)
    _count(session, order, money, now)
    covers = money_held(order) + money.amount >= order.total_amount
    if covers and _sell_again(session, order.id, now):
        order_lifecycle.revive(session, order.id, now=now)
        return
    change_transaction(
        session,
        money.id,
        now=now,
        status=TransactionStatus.REFUNDED,
        refunded_amount=money.amount,
        failure_reason=ORDER_EXPIRED,
    )
    order_lifecycle.change_order(
        session, [order.id], now=now, amount_refunded=orders.c.amount_refunded + money.amount
    )
    returned = ledger_service.money_returned(order.id, money.id, money.amount)
    ledger_service.record(session, [returned], now=now)


def _sell_again(session: Session, order_id: int, now: datetime) -> bool:
    """Sell the lines of an expired order from what is available now: all of them or none."""
    wanted = order_lifecycle.holdings_of(session, [order_id])
    if _sell(session, order_id, wanted, now):
        return True
    # Like any buyer, the late one is entitled to what other overdue orders hold.
    tickets_wanted = [one.ticket_id for one in wanted]
    freed = expiry_service.free_overdue_stock(session, tickets_wanted, now=now)
    return freed and _sell(session, order_id, wanted, now)


def _sell(session: Session, order_id: int, wanted: list[Holding], now: datetime) -> bool:
    state = ledger_service.order_moved(
        Cause.ORDER_REVIVED, order_id, OrderStatus.CANCELLED, OrderStatus.CONFIRMED
    )
    savepoint = session.begin_nested()
    if stock_service.take(
        session, wanted, to=Stock.SOLD, cause=Cause.ORDER_REVIVED, now=now, also=[state]
    ):
        savepoint.commit()
        return True
    savepoint.rollback()
    return False


def _count(session: Session, order: Row[Any], money: Row[Any], now: datetime) -> None:
    _settle(session, money, now=now, status=TransactionStatus.SUCCESS, succeeded_at=now)
    order_lifecycle.change_order(
        session, [order.id], now=now, amount_paid=orders.c.amount_paid + money.amount
    )
    received = ledger_service.money_received(order.id, money.id, money.amount)
    ledger_service.record(session, [received], now=now)
