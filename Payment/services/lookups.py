"""Payments that nobody has told of for a while: the provider is asked about them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, update

from models import TransactionStatus, transactions
from Order.services import payment_service, transaction_service
from work.context import Context

# Asked again after as long as the payment is old, but not sooner, nor later.
_SOONEST, _LATEST = timedelta(seconds=30), timedelta(hours=1)
# Buyers who come back to a payment after that begin another one.
_WAITED_FOR = timedelta(days=7)
NOT_PAID = "not_paid"


def take_due(context: Context, *, limit: int) -> Sequence[Row[Any]]:
    """The payments to ask about now, the longest due first; no other process gets them too.

    Each is due again later, so that one who dies with it in hand leaves it to another.
    """
    money = transactions.c
    due = select(*money).where(money.look_at <= context.now)
    first = due.order_by(money.look_at, money.id).limit(limit).with_for_update(skip_locked=True)
    rows = context.session.execute(first).all()
    for row in rows:
        look_at = _next_look(row.created_at, context.now)
        later = update(transactions).where(money.id == row.id).values(look_at=look_at)
        context.session.execute(later)
    return rows


def is_under_way(row: Any) -> bool:
    """Whether a payment may be made; of one that was never begun, and has ended, nobody knows."""
    return bool(row.provider_reference is not None or row.status == TransactionStatus.PENDING)


def is_old(row: Any, now: datetime) -> bool:
    return bool(row.created_at + _WAITED_FOR <= now)


def give_up(context: Context, transaction_id: int) -> None:
    """Ask no more about a payment, and end it if nobody has made it.

    Money that comes all the same is heard of by the provider's own word.
    """
    money = transaction_service.lock_payment(context, transaction_id).money
    if money.status == TransactionStatus.PENDING:
        payment_service.fail(context, money, reason=NOT_PAID)
    payment_service.change_transaction(context, transaction_id, look_at=None, next_action=None)


def _next_look(since: datetime, now: datetime) -> datetime:
    return now + min(max(now - since, _SOONEST), _LATEST)
