"""Refunds as they are told: what the ledger gave back, and how far the provider is with it.

The ledger is first: what it has and nobody has noted yet is a refund all the same.
"""

from typing import Any

from sqlalchemy import Executable, Select, bindparam, select

from core.pagination import Page
from core.store.dialects import Sql
from core.store.listing import Listing, Where
from core.store.statements import Row, statement
from Ledger.services.ledger_service import BUYER, shown_actor
from models import (
    MovementKind,
    OrderStatus,
    RefundStatus,
    TransactionStatus,
    movements,
    orders,
    payment_reasons,
    provider_refunds,
    transactions,
)
from Order.errors import TransactionNotFoundError
from Payment.errors import RefundNotFoundError
from Payment.schemas import RefundList, RefundRead
from Payment.services import starting
from work.context import Context


def _source() -> Select[Any]:
    money, noted = movements.c, provider_refunds.c
    # By their order, for which the ledger has an index.
    returned = transactions.join(orders, orders.c.id == transactions.c.order_id).join(
        movements, (money.order_id == orders.c.id) & (money.transaction_id == transactions.c.id)
    )
    is_given = (payment_reasons.c.transaction_id == money.transaction_id) & (
        payment_reasons.c.request_id == money.request_id
    )
    state = movements.alias("state")
    # The end of the order, where that is what the money went back with.
    ended = select(state.c.cause).where(
        state.c.order_id == money.order_id,
        state.c.kind == MovementKind.ORDER,
        state.c.target == OrderStatus.CANCELLED.value,
        state.c.request_id == money.request_id,
        state.c.created_at == money.created_at,
    )
    return (
        select(
            *(money.id, money.transaction_id, money.amount, money.created_at),
            *(money.actor, money.actor_role, money.actor_means),
            orders.c.user_id,
            transactions.c.provider,
            transactions.c.status.label("payment_status"),
            transactions.c.failure_reason.label("payment_reason"),
            payment_reasons.c.reason.label("given_reason"),
            ended.correlate(movements).limit(1).scalar_subquery().label("orders_cause"),
            *(noted.status, noted.attempt, noted.provider_reference, noted.is_by_hand),
            noted.reason.label("outcome_reason"),
            noted.updated_at.label("noted_at"),
        )
        .select_from(
            returned.outerjoin(payment_reasons, is_given).outerjoin(
                provider_refunds, noted.movement_id == money.id
            )
        )
        .where(money.kind == MovementKind.MONEY, money.target == BUYER)
    )


_OF_TRANSACTION = transactions.c.id == bindparam("transaction_id")
_REFUNDS = Listing(
    _source(), movements.c, {"transaction_id": Where("transaction_id", _OF_TRANSACTION)}
)


def list_refunds(context: Context, transaction_id: int, query: RefundList) -> Page[RefundRead]:
    """What went back of a transaction, or is on its way."""
    page = _REFUNDS.page(context.rows, query, transaction_id=transaction_id)
    if not page.items and starting.find(context, transaction_id) is None:
        raise TransactionNotFoundError
    return page.map(lambda row: read(context, row))


def find_row(context: Context, transaction_id: int, refund_id: int) -> Row:
    """A refund of this transaction, with whose order it is."""
    row = context.row(_refund, transaction_id=transaction_id, refund_id=refund_id)
    if row is None:
        raise RefundNotFoundError
    return row


def status_of(row: Row) -> RefundStatus:
    """What no provider took is back once the box office says so."""
    if row.provider is None:
        return RefundStatus.SUCCEEDED
    status: RefundStatus | None = row.status
    return status or RefundStatus.PENDING


def read(context: Context, row: Row) -> RefundRead:
    """As it is told to those who may see it."""
    status, caller = status_of(row), context.caller
    is_by_hand = row.provider is None or bool(row.is_by_hand)
    is_told = caller.is_box_office or row.actor == caller.actor.name
    return RefundRead(
        id=row.id,
        transaction_id=row.transaction_id,
        amount=row.amount,
        currency=context.terms.currency,
        status=status,
        reason=_reason(row),
        provider=row.provider,
        provider_reference=row.provider_reference,
        attempt=None if row.provider is None else row.attempt or 1,
        failure_reason=row.outcome_reason if status is RefundStatus.FAILED else None,
        is_by_hand=is_by_hand,
        settled_reason=row.outcome_reason if is_by_hand and caller.is_box_office else None,
        asked_by=shown_actor(row) if is_told else None,
        created_at=row.created_at,
        ended_at=None if status is RefundStatus.PENDING else row.noted_at or row.created_at,
    )


def _reason(row: Row) -> str | None:
    """Why it went back: it bought nothing when it came, somebody says why, or its order ended."""
    is_refunded = row.payment_status is TransactionStatus.REFUNDED
    unwanted = row.payment_reason if is_refunded else None
    reason: str | None = unwanted or row.given_reason or row.orders_cause
    return reason


@statement
def _refund(_sql: Sql) -> Executable:
    return _source().where(_OF_TRANSACTION, movements.c.id == bindparam("refund_id"))
