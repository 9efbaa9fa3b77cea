"""Payments and refunds: money for one order, counted once."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, select
from sqlmodel import Session

from core.caller import Caller
from core.errors import StaleObjectError
from core.pagination import Page, Sorting, fetch_page
from models import TransactionStatus, orders, transactions
from Order.errors import (
    AmountExceedsBalanceError,
    OrderNotPayableError,
    RefundExceedsPaymentError,
    TransactionNotFoundError,
    TransactionNotPendingError,
    TransactionNotRefundableError,
)
from Order.schemas.transaction import (
    Refund,
    TransactionCreate,
    TransactionFilters,
    TransactionList,
    TransactionRead,
    TransactionStatusChange,
    TransactionUpdate,
)
from Order.services import order_lifecycle, order_queries, payment_service
from Order.services.order_states import (
    PAYABLE,
    TRANSACTION_TRANSITIONS,
    balance_due,
    require_transition,
)
from Order.services.references import transaction_number

_FIXED_ONCE_SETTLED = ("amount", "payment_method")


def create_transaction(
    session: Session, body: TransactionCreate, *, currency: str, now: datetime
) -> TransactionRead:
    """Announce a payment; it counts once it succeeds."""
    order = order_lifecycle.lock_order(session, body.order_id, now=now)
    if order.status not in PAYABLE:
        raise OrderNotPayableError(order_status=order.status.value)
    amount = balance_due(order) if body.amount is None else body.amount
    _require_due(amount, order)
    statement = insert(transactions).values(
        transaction_number=transaction_number(),
        order_id=body.order_id,
        amount=amount,
        refunded_amount=Decimal(0),
        payment_method=body.payment_method,
        transaction_reference=body.transaction_reference,
        status=TransactionStatus.PENDING,
        created_at=now,
        updated_at=now,
    )
    return _read(session.execute(statement.returning(*transactions.c)).one(), currency)


def get_transaction(session: Session, transaction_id: int, *, currency: str) -> TransactionRead:
    return _read(_row(session, transaction_id), currency)


def list_transactions(
    session: Session, query: TransactionList, *, caller: Caller, currency: str
) -> Page[TransactionRead]:
    """The box office sees all transactions, customers those of their own orders."""
    conditions = _conditions(query)
    if query.order_id is not None:
        conditions.append(transactions.c.order_id == query.order_id)
    if not caller.is_box_office:
        own = select(orders.c.id).where(orders.c.user_id == caller.user_id)
        conditions.append(transactions.c.order_id.in_(own))
    return _page(session, query, conditions, currency)


def list_transactions_of_order(
    session: Session, order_id: int, query: TransactionFilters, *, currency: str
) -> Page[TransactionRead]:
    conditions = [*_conditions(query), transactions.c.order_id == order_id]
    page = _page(session, query, conditions, currency)
    if not page.items:
        order_queries.require_order(session, order_id)
    return page


def update_transaction(
    session: Session,
    transaction_id: int,
    body: TransactionUpdate,
    *,
    currency: str,
    now: datetime,
) -> TransactionRead:
    order, row = _lock(session, transaction_id, now)
    if body.updated_at is not None and body.updated_at != row.updated_at:
        raise StaleObjectError(updated_at=row.updated_at)
    changes = {name: value for name, value in body.sent().items() if value != getattr(row, name)}
    if row.status != TransactionStatus.PENDING and changes.keys() & set(_FIXED_ONCE_SETTLED):
        raise TransactionNotPendingError(transaction_status=row.status.value)
    if "amount" in changes:
        _require_due(changes["amount"], order)
    if changes:
        payment_service.change_transaction(session, transaction_id, now=now, **changes)
    return get_transaction(session, transaction_id, currency=currency)


def change_status(
    session: Session,
    transaction_id: int,
    body: TransactionStatusChange,
    *,
    currency: str,
    now: datetime,
) -> TransactionRead:
    """What the payer's provider says became of the money; saying it twice changes nothing."""
    order, row = _lock(session, transaction_id, now)
    if body.status != row.status:
        require_transition(TRANSACTION_TRANSITIONS, row.status, body.status)
        if body.status == TransactionStatus.SUCCESS:
            payment_service.receive(session, order, row, now=now)
        else:
            payment_service.fail(session, row, reason=body.failure_reason, now=now)
    return get_transaction(session, transaction_id, currency=currency)


def refund(
    session: Session,
    transaction_id: int,
    body: Refund | None,
    *,
    currency: str,
    now: datetime,
) -> TransactionRead:
    """Give money back: all that is left of the payment, or a part of it."""
    body = body or Refund()
    order, row = _lock(session, transaction_id, now)
    if row.status in {TransactionStatus.PENDING, TransactionStatus.FAILED}:
        raise TransactionNotRefundableError(transaction_status=row.status.value)
    refundable = row.amount - row.refunded_amount
    amount = refundable if body.amount is None else body.amount
    if amount > refundable or refundable == 0:
        raise RefundExceedsPaymentError(amount, refundable)
    payment_service.give_back(
        session, order, row, amount, reason=body.reason, restock=body.restock, now=now
    )
    return get_transaction(session, transaction_id, currency=currency)


def _lock(session: Session, transaction_id: int, now: datetime) -> tuple[Row[Any], Row[Any]]:
    """The order and the transaction as they are under the order's lock."""
    order_id = _row(session, transaction_id).order_id
    order = order_lifecycle.lock_order(session, order_id, now=now)
    # Read again: before the lock, another request may have settled it.
    return order, _row(session, transaction_id)


def _row(session: Session, transaction_id: int) -> Row[Any]:
    statement = select(*transactions.c).where(transactions.c.id == transaction_id)
    row = session.execute(statement).one_or_none()
    if row is None:
        raise TransactionNotFoundError
    return row


def _require_due(amount: Decimal, order: Row[Any]) -> None:
    due = balance_due(order)
    if amount > due or due == 0:
        raise AmountExceedsBalanceError(amount, due)


def _conditions(query: TransactionFilters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.status is not None:
        conditions.append(transactions.c.status == query.status)
    if query.payment_method is not None:
        conditions.append(transactions.c.payment_method == query.payment_method)
    return conditions


def _page(
    session: Session,
    query: TransactionFilters,
    conditions: list[ColumnElement[bool]],
    currency: str,
) -> Page[TransactionRead]:
    statement = select(*transactions.c).where(*conditions)
    page = fetch_page(session, statement, query, Sorting.of(query.sort, transactions.c))
    return Page([_read(row, currency) for row in page.items], page.next, page.total)


def _read(row: Row[Any], currency: str) -> TransactionRead:
    return TransactionRead.model_validate({**row._mapping, "currency": currency})
