"""What money does to an order when it arrives and when it goes back.

Callers hold the order's lock, so the rows they hand in are as they are.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Executable, bindparam, exists, or_, select

from core.money import ZERO
from core.store.dialects import Sql
from core.store.statements import Row, statement
from Ledger.services import ledger_service
from Ledger.services.ledger_service import BUYER, SELLER, Entry, Move
from models import (
    OrderStatus,
    TransactionStatus,
    order_items,
    orders,
    tickets,
    transactions,
    users,
)
from Order.causes import Cause
from Order.services import expiry_service, fairness, order_lifecycle
from Order.services.order_lifecycle import ORDER_CANCELLED
from Order.services.order_states import balance_due, may_be_sold_again, money_held
from Ticket.services import stock_service
from Ticket.services.stock_service import Holding, Shift, Stock
from work.context import Context

# Why money went back as soon as it had arrived, beside ``ORDER_CANCELLED``.
ALREADY_PAID = "already_paid"
ORDER_EXPIRED = "order_expired"
# It is not what was asked for.
AMOUNT_DIFFERS = "amount_differs"
# Since the hold ran out the customer has got too many of the same ticket.
UNITS_LIMIT = "units_limit"
REFUNDED = "refunded"

_RECEIVED = Move(BUYER, SELLER, Cause.PAYMENT_RECEIVED)
_REVIVED = Move(OrderStatus.CANCELLED, OrderStatus.CONFIRMED, Cause.ORDER_REVIVED)
_SELL_LATE = Shift(Stock.AVAILABLE, Stock.SOLD, Cause.ORDER_REVIVED)


# What a function made of the fields of a payment.
Changed = Mapping[str, Any]


@dataclass(frozen=True)
class Payment:
    """Money, the order that it is for, and what that holds, as they are under the order's lock."""

    money: Row
    order: Row
    holdings: Collection[Holding]


def receive(context: Context, payment: Payment) -> Changed:
    """Record money that arrived: for its order, or to go back at once where it buys nothing.

    It is never refused, for it is there: a refusal would leave it with nobody's name on it. What
    covers the total confirms a pending order, and sells it.
    """
    order, money = payment.order, payment.money
    changed = _arrived(context, money)
    received = _received(payment)
    paid = order.amount_paid + money.amount
    if order.status == OrderStatus.PENDING and money.amount == balance_due(order):
        order_lifecycle.confirm(context, order, payment.holdings, also=[received], amount_paid=paid)
        return changed
    ledger_service.record(context, [received])
    if reason := _why_unwanted(context, payment):
        return _return_at_once(context, payment, reason)
    if order.status == OrderStatus.CANCELLED:
        order_lifecycle.revive(context, order, amount_paid=paid)
    else:
        order_lifecycle.change_order(context, order.id, amount_paid=paid)
    return changed


def receive_to_return(context: Context, payment: Payment, reason: str) -> Changed:
    """Record money that arrived, and is to go back whatever is due."""
    _arrived(context, payment.money)
    ledger_service.record(context, [_received(payment)])
    return _return_at_once(context, payment, reason)


def _arrived(context: Context, money: Row) -> Changed:
    status = TransactionStatus.SUCCESS
    return _settle(context, money, status=status, succeeded_at=context.now, failure_reason=None)


def _received(payment: Payment) -> Entry:
    money = payment.money
    return ledger_service.money_moved(payment.order.id, money.id, money.amount, _RECEIVED)


def give_back(
    context: Context, payment: Payment, amount: Decimal, *, reason: str | None, restock: bool
) -> Changed:
    """Refund a part of a payment; a confirmed order is cancelled when all that it cost went back.

    What is not paid in full is sold on the box office's word, which a part payment does not carry.
    """
    order, money = payment.order, payment.money
    total = money.refunded_amount + amount
    status = TransactionStatus.REFUNDED if total == money.amount else TransactionStatus.SUCCESS
    changed = _settle(context, money, refunded_amount=total, status=status)
    returned = order_lifecycle.money_returned(order.id, money.id, amount)
    if order.status == OrderStatus.CONFIRMED and _is_all_there_was(order, amount):
        order_lifecycle.take_back(
            context,
            order,
            payment.holdings,
            reason=reason or REFUNDED,
            stock_to=Stock.AVAILABLE if restock else Stock.WITHHELD,
            also=[returned],
        )
        return changed
    reopened = amount if order.status == OrderStatus.PENDING else ZERO
    order_lifecycle.change_order(
        context,
        order.id,
        amount_refunded=order.amount_refunded + amount,
        amount_reopened=order.amount_reopened + reopened,
    )
    ledger_service.record(context, [returned])
    return changed


def _is_all_there_was(order: Row, amount: Decimal) -> bool:
    """Whether an order that was paid in full is left without money."""
    return balance_due(order) == ZERO and money_held(order) == amount


def change_transaction(context: Context, transaction_id: int, **fields: Any) -> Changed:
    changed = {**fields, "updated_at": context.now}
    context.change(transactions, {"id": transaction_id}, **changed)
    return changed


def fail(context: Context, money: Row, *, reason: str | None) -> Changed:
    """The money did not come, and will not; the order stays as it is."""
    status = TransactionStatus.FAILED
    return _settle(context, money, status=status, failure_reason=reason, abandoned_at=None)


def _settle(context: Context, money: Row, **fields: Any) -> Changed:
    """Change money as it was read; who finds it changed runs again and sees it.

    The order's lock comes first. This is the wall behind it: no money is counted twice.
    """
    as_it_was = {
        "id": money.id,
        "status": money.status,
        "refunded_amount": money.refunded_amount,
    }
    changed = {**fields, "updated_at": context.now}
    context.change(transactions, as_it_was, **changed)
    return changed


def _why_unwanted(context: Context, payment: Payment) -> str | None:
    """Why money buys nothing; None where the order takes it.

    Paid without a ticket, or a ticket without payment, must not exist.
    """
    order = payment.order
    if order.status != OrderStatus.CANCELLED:
        return ALREADY_PAID if payment.money.amount > balance_due(order) else None
    return _why_not_again(context, payment) if may_be_sold_again(order) else ORDER_CANCELLED


def _return_at_once(context: Context, payment: Payment, reason: str) -> Changed:
    """Give money back that has just been recorded; what is due is as it was before it came."""
    order, money = payment.order, payment.money
    returned = order_lifecycle.money_returned(order.id, money.id, money.amount)
    ledger_service.record(context, [returned])
    order_lifecycle.change_order(
        context,
        order.id,
        amount_paid=order.amount_paid + money.amount,
        amount_refunded=order.amount_refunded + money.amount,
        amount_reopened=order.amount_reopened + money.amount,
    )
    return change_transaction(
        context,
        money.id,
        status=TransactionStatus.REFUNDED,
        refunded_amount=money.amount,
        failure_reason=reason,
    )


def _why_not_again(context: Context, payment: Payment) -> str | None:
    """Why late money buys nothing; None where the tickets are sold again."""
    order, money, wanted = payment.order, payment.money, payment.holdings
    covers = money_held(order) + money.amount >= order.total_amount
    if not covers or not _is_same_sale(context, order):
        return ORDER_EXPIRED
    if not fairness.leaves_room(context, order, {one.ticket_id: one.quantity for one in wanted}):
        return UNITS_LIMIT
    return None if _sell_again(context, order, wanted) else ORDER_EXPIRED


def _is_same_sale(context: Context, order: Row) -> bool:
    """Whether a buyer would get the same today: who is late has no option on old prices.

    A price that changes before the commit is the next sale's, as it is for every buyer.
    """
    if context.now > order.expired_at + context.terms.late_payment:
        return False
    return context.row(_no_longer_offered, order_id=order.id, now=context.now) is None


@statement
def _no_longer_offered(_sql: Sql) -> Executable:
    """A line whose ticket costs something else now, whose event has begun, or whose buyer may not
    buy any more.
    """
    now = bindparam("now", type_=tickets.c.event_date.type)
    is_gone = exists().where(
        orders.c.id == order_items.c.order_id,
        users.c.id == orders.c.user_id,
        users.c.is_active.is_(False),
    )
    is_other = or_(
        tickets.c.price != order_items.c.unit_price, tickets.c.event_date <= now, is_gone
    )
    lines = order_items.join(tickets, tickets.c.id == order_items.c.ticket_id)
    of_order = order_items.c.order_id == bindparam("order_id")
    return select(order_items.c.id).select_from(lines).where(of_order, is_other).limit(1)


def _sell_again(context: Context, order: Row, wanted: Collection[Holding]) -> bool:
    """Sell the lines of an expired order from what is available now: all of them or none."""
    if _sell(context, order.id, wanted):
        return True
    # Like any buyer, the late one is entitled to what other overdue orders hold.
    tickets_wanted = [one.ticket_id for one in wanted]
    freed = expiry_service.free_overdue_stock(context, tickets_wanted)
    return freed and _sell(context, order.id, wanted)


def _sell(context: Context, order_id: int, wanted: Collection[Holding]) -> bool:
    state = ledger_service.order_moved(order_id, _REVIVED)
    return stock_service.try_to_take(context, wanted, _SELL_LATE, also=[state])
