"""The states of orders and transactions, and who may follow whom: one table each."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from core.money import ZERO
from models import OrderStatus, TransactionStatus
from Order.errors import InvalidTransitionError

S = TypeVar("S", OrderStatus, TransactionStatus)

ORDER_TRANSITIONS: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.CONFIRMED, OrderStatus.CANCELLED}),
    OrderStatus.CONFIRMED: frozenset({OrderStatus.COMPLETED, OrderStatus.CANCELLED}),
    OrderStatus.COMPLETED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}

# ``success`` becomes ``refunded`` only by refunding, never by naming the status.
TRANSACTION_TRANSITIONS: Mapping[TransactionStatus, frozenset[TransactionStatus]] = {
    TransactionStatus.PENDING: frozenset({TransactionStatus.SUCCESS, TransactionStatus.FAILED}),
    TransactionStatus.SUCCESS: frozenset(),
    # Providers try one payment again: what they say last is taken.
    TransactionStatus.FAILED: frozenset({TransactionStatus.SUCCESS}),
    TransactionStatus.REFUNDED: frozenset(),
}

# Beside these, by what happens to their money: a payment is refunded, and money that comes after a
# hold ran out sells the order all the same.
ORDER_REVIVAL: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.CANCELLED: frozenset({OrderStatus.CONFIRMED}),
}
TRANSACTION_REFUND: Mapping[TransactionStatus, frozenset[TransactionStatus]] = {
    TransactionStatus.SUCCESS: frozenset({TransactionStatus.REFUNDED}),
}

# Orders whose stock counts as sold.
SOLD = (OrderStatus.CONFIRMED, OrderStatus.COMPLETED)
# Orders that take money, as long as something is due.
PAYABLE = (OrderStatus.PENDING, *SOLD)
DELETABLE = (OrderStatus.PENDING, OrderStatus.CANCELLED)

EXPIRED = "expired"


def require_transition(table: Mapping[S, frozenset[S]], current: S, requested: S) -> None:
    if requested not in table[current]:
        allowed = sorted(status.value for status in table[current])
        raise InvalidTransitionError(current.value, requested.value, allowed)


def is_overdue(order: Any, now: datetime) -> bool:
    """Whether a pending order's hold has run out; until a sweep, only the clock tells."""
    return bool(order.status == OrderStatus.PENDING and order.expires_at <= now)


def may_be_sold_again(order: Any) -> bool:
    """Whether it is cancelled because its hold ran out, and late money may sell it all the same."""
    return order.expired_at is not None


def is_free(order: Any) -> bool:
    """Whether an order costs nothing, so that no payment will ever confirm it."""
    return bool(order.total_amount == ZERO)


def money_held(order: Any) -> Decimal:
    """What was paid and did not go back."""
    held: Decimal = order.amount_paid - order.amount_refunded
    return held


def balance_due(order: Any) -> Decimal:
    """What is still to be paid; refunds made while the order was pending are due again.

    Nobody owes anything for an order that was cancelled.
    """
    if order.status == OrderStatus.CANCELLED:
        return ZERO
    due: Decimal = order.total_amount - order.amount_paid + order.amount_reopened
    # Never credit: what was recorded before this rule and went straight back counted as paid.
    return max(due, ZERO)


def payable(order: Any) -> Decimal:
    """The most that a payment can be of.

    Of an order that expired it is all of it: what was paid went back, and what comes late buys all
    of its tickets or none.
    """
    due: Decimal = order.total_amount if may_be_sold_again(order) else balance_due(order)
    return due
