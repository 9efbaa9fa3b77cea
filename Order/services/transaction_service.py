"""Payments and refunds: money for one order, counted once."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Executable, ScalarSelect, bindparam, func, insert, select, true

from core.money import ZERO
from core.pagination import Page
from core.schemas import AsRead
from core.store.dialects import Sql
from core.store.listing import Filter, Listing, OneOf, Where
from core.store.statements import Row, statement
from core.text import name_key
from models import TransactionStatus, order_items, orders, transactions
from Order.errors import (
    AmountDiffersError,
    AmountExceedsBalanceError,
    OrderNotPayableError,
    ReferenceUsedError,
    RefundExceedsPaymentError,
    TransactionFixedError,
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
from Order.services import (
    duties,
    order_lifecycle,
    order_queries,
    payment_service,
    provider_money,
)
from Order.services.order_states import (
    PAYABLE,
    TRANSACTION_TRANSITIONS,
    balance_due,
    is_overdue,
    payable,
    require_transition,
)
from Order.services.payment_service import Payment
from Order.services.references import transaction_number
from Ticket.services.stock_service import Holding
from User.services import user_service
from work.context import Context

# What the box office finds transactions by; customers find those of their own orders.
FILTERS: Mapping[str, Filter] = {
    "status": OneOf("status", transactions.c.status),
    "payment_method": OneOf("payment_method", transactions.c.payment_method_key, name_key),
    "transaction_reference": OneOf("transaction_reference", transactions.c.transaction_reference),
    "order_id": OneOf("order_id", transactions.c.order_id),
}
_OWN = Where(
    "buyer_id",
    transactions.c.order_id.in_(
        select(orders.c.id).where(orders.c.user_id == bindparam("buyer_id"))
    ),
)
_TRANSACTIONS = Listing(select(*transactions.c), transactions.c, {**FILTERS, "buyer_id": _OWN})
_NEW: Mapping[str, Any] = {
    "refunded_amount": ZERO,
    "status": TransactionStatus.PENDING,
    "failure_reason": None,
    "succeeded_at": None,
    "abandoned_at": None,
    "provider": None,
    "provider_reference": None,
    "next_action": None,
    "look_at": None,
}
_FIXED_ONCE_SETTLED = ("amount", "payment_method")
_LIKE_ANNOUNCED = ("order_id", "provider", "payment_method", "payment_method_key")


def create_transaction(context: Context, body: TransactionCreate) -> TransactionRead:
    """Announce a payment; it counts once it succeeds."""
    locked = order_lifecycle.found(context.row(_locked, order_id=body.order_id))
    order = order_lifecycle.up_to_date(context, locked)
    if order.status not in PAYABLE:
        raise OrderNotPayableError(order_status=order.status.value)
    amount = balance_due(order) if body.amount is None else body.amount
    _require_due(amount, order)
    method_key = name_key(body.payment_method)
    announced = {
        **_NEW,
        "id": locked.new_id,
        "transaction_number": transaction_number(),
        "order_id": body.order_id,
        "amount": amount,
        "payment_method": body.payment_method,
        "payment_method_key": method_key,
        "transaction_reference": body.transaction_reference,
        "created_at": context.now,
        "updated_at": context.now,
    }
    if method_key in context.terms.providers:
        announced |= provider_money.announced(context, order, body, method_key)
    context.write(_announced, **announced)
    return _served(context, announced)


def get_transaction(context: Context, transaction_id: int) -> TransactionRead:
    return _read(context, _row(context, transaction_id))


def list_transactions(context: Context, query: TransactionList) -> Page[TransactionRead]:
    """The box office sees all transactions, customers those of their own orders."""
    own = {} if context.caller.is_box_office else {"buyer_id": context.caller.user_id}
    return _page(context, query, **own)


def list_transactions_of_order(
    context: Context, order_id: int, query: TransactionFilters
) -> Page[TransactionRead]:
    page = _page(context, query, order_id=[order_id])
    if not page.items:
        order_queries.require_order(context, order_id)
    return page


def update_transaction(
    context: Context, transaction_id: int, body: TransactionUpdate
) -> TransactionRead:
    payment = _as_meant(context, _lock_order(context, transaction_id), transaction_id, body)
    order, row = payment.order, payment.money
    changes = body.changed_in(row)
    provider_money.require_by_hand(context, row, changes)
    if row.status != TransactionStatus.PENDING and changes.keys() & set(_FIXED_ONCE_SETTLED):
        raise TransactionNotPendingError(transaction_status=row.status.value)
    if not duties.is_cashier(context, order):
        _require_open(row, changes)
    if "amount" in changes:
        _require_due(changes["amount"], order)
    if "transaction_reference" in changes:
        changes |= _renamed(context, row, changes["transaction_reference"])
    if "payment_method" in changes:
        changes["payment_method_key"] = name_key(changes["payment_method"])
    if changes:
        payment_service.change_transaction(context, transaction_id, **changes)
        changes["updated_at"] = context.now
    return _read(context, row, **changes)


def change_status(
    context: Context, transaction_id: int, body: TransactionStatusChange
) -> TransactionRead:
    """What the payer's provider says became of the money; saying it twice changes nothing."""
    order = _lock_order(context, transaction_id)
    duties.require_cashier(context, order)
    payment = _as_meant(context, order, transaction_id, body)
    row = payment.money
    _require_as_arrived(body, row)
    if body.status != row.status:
        require_transition(TRANSACTION_TRANSITIONS, row.status, body.status)
    elif row.status != TransactionStatus.FAILED or row.abandoned_at is None:
        # Said before; of what failed because its order was cancelled, nobody has said so yet.
        return _read(context, row)
    provider_money.take_in_hand(context, payment, body)
    if body.status == TransactionStatus.SUCCESS:
        if row.reference_used_by is not None:
            raise ReferenceUsedError(row.reference_used_by)
        changed = payment_service.receive(context, payment)
    else:
        buyer_id = payment.order.user_id
        reason = user_service.words_to_keep(context, buyer_id, body.failure_reason)
        changed = payment_service.fail(context, row, reason=reason)
    return _read(context, row, **changed)


def refund(context: Context, transaction_id: int, body: Refund | None) -> TransactionRead:
    """Give money back: all that is left of the payment, or a part of it."""
    body = body or Refund()
    order = _lock_order(context, transaction_id)
    duties.require_cashier(context, order)
    payment = _as_meant(context, order, transaction_id, body)
    row = payment.money
    if row.status in {TransactionStatus.PENDING, TransactionStatus.FAILED}:
        raise TransactionNotRefundableError(transaction_status=row.status.value)
    refundable = row.amount - row.refunded_amount
    amount = refundable if body.amount is None else body.amount
    if amount > refundable or refundable == 0:
        raise RefundExceedsPaymentError(amount, refundable)
    duties.require_may_refund(context, payment.order, amount)
    reason = user_service.words_to_keep(context, payment.order.user_id, body.reason)
    changed = payment_service.give_back(
        context, payment, amount, reason=reason, restock=body.restock
    )
    provider_money.keep_reason(context, transaction_id, reason)
    return _read(context, row, **changed)


def lock_payment(context: Context, transaction_id: int) -> Payment:
    """A payment and its order, for this transaction alone; a hold that ran out has ended."""
    order = order_lifecycle.up_to_date(context, _lock_order(context, transaction_id))
    return _payment(context, order, transaction_id)


def add_unannounced(
    context: Context, announced: Row, *, provider_reference: str, amount: Decimal
) -> int:
    """A payment of a locked order that its provider took beside the one that was announced."""
    row = {
        **_NEW,
        "transaction_number": transaction_number(),
        "amount": amount,
        "provider_reference": provider_reference,
        "transaction_reference": None,
        "created_at": context.now,
        "updated_at": context.now,
        **{name: getattr(announced, name) for name in _LIKE_ANNOUNCED},
    }
    added = insert(transactions).values(row).returning(transactions.c.id)
    return int(context.session.execute(added).scalar_one())


def served(context: Context, row: Row, **changed: Any) -> TransactionRead:
    """As it is told to those who may see it, and as it was just changed."""
    return _read(context, row, **changed)


def _lock_order(context: Context, transaction_id: int) -> Row:
    """The payment's order as it is stored: its hold may have run out."""
    order = order_lifecycle.lock_order_of(context, transaction_id)
    if order is None:
        raise TransactionNotFoundError
    return order


def _as_meant(context: Context, locked: Row, transaction_id: int, body: AsRead) -> Payment:
    """A payment of a locked order, in the state that its caller has seen."""
    is_over = is_overdue(locked, context.now)
    if is_over:
        # Before the order's end gives it back, which nobody can have seen.
        context.require_current(body, _row(context, transaction_id))
    payment = _payment(context, order_lifecycle.up_to_date(context, locked), transaction_id)
    if not is_over:
        context.require_current(body, payment.money)
    return payment


def _payment(context: Context, order: Row, transaction_id: int) -> Payment:
    # Not along with the lock: what is seen beside it is as it was before others gave it back.
    rows = context.rows(_money_and_lines, transaction_id=transaction_id, order_id=order.id)
    if not rows:
        raise TransactionNotFoundError
    holdings = [
        Holding(order.id, row.held_ticket_id, int(row.held_units), row.held_worth)
        for row in rows
        if row.held_ticket_id is not None
    ]
    return Payment(rows[0], order, holdings)


def _row(context: Context, transaction_id: int) -> Row:
    row = context.row(_money, transaction_id=transaction_id)
    if row is None:
        raise TransactionNotFoundError
    return row


@statement
def _locked(sql: Sql) -> Executable:
    new_id = sql.new_id(transactions).label("new_id")
    return order_lifecycle.locking(orders.c.id == bindparam("order_id"), new_id)


@statement
def _announced(_sql: Sql) -> Executable:
    columns = {name: one for name, one in transactions.c.items() if one.server_default is None}
    values = [bindparam(name, type_=column.type) for name, column in columns.items()]
    # Without the columns whose default the database itself knows.
    return insert(transactions).from_select(list(columns), select(*values), include_defaults=False)


@statement
def _money(_sql: Sql) -> Executable:
    return select(*transactions.c).where(transactions.c.id == bindparam("transaction_id"))


@statement
def _money_and_lines(_sql: Sql) -> Executable:
    lines = order_items.c
    held = (
        select(
            lines.ticket_id.label("held_ticket_id"),
            func.sum(lines.quantity).label("held_units"),
            func.sum(lines.line_total).label("held_worth"),
        )
        .where(lines.order_id == bindparam("order_id"))
        .group_by(lines.ticket_id)
        .subquery("held")
    )
    return (
        select(*transactions.c, *held.c, _used_by().label("reference_used_by"))
        .select_from(transactions.outerjoin(held, true()))
        .where(transactions.c.id == bindparam("transaction_id"))
        .order_by(held.c.held_ticket_id)
    )


def _used_by() -> ScalarSelect[int]:
    """Other money that arrived under the same reference."""
    money, other = transactions.c, transactions.alias("other")
    names = ("payment_method_key", "transaction_reference")
    same = (other.c[name] == money[name] for name in names)
    used = select(other.c.id).where(*same, other.c.succeeded_at.is_not(None))
    return used.where(other.c.id != money.id).correlate(transactions).limit(1).scalar_subquery()


@statement
def _paid_as(_sql: Sql) -> Executable:
    money = transactions.c
    return select(money.id).where(
        money.transaction_reference == bindparam("transaction_reference"),
        money.payment_method_key == bindparam("payment_method_key"),
        money.succeeded_at.is_not(None),
    )


def _require_as_arrived(body: TransactionStatusChange, row: Row) -> None:
    """Refuse to settle another amount than what arrived."""
    if body.amount is not None and body.amount != row.amount:
        raise AmountDiffersError(body.amount, row.amount)


def _require_open(row: Row, changes: Mapping[str, Any]) -> None:
    """Keep a buyer from changing what the box office may be looking at or has settled."""
    fixed = [name for name in provider_money.TELLING if name in changes]
    is_open = row.status == TransactionStatus.PENDING and row.transaction_reference is None
    if fixed and not is_open:
        raise TransactionFixedError(fixed)


def _renamed(context: Context, row: Row, reference: str | None) -> Mapping[str, Any]:
    """What goes with a new reference; money that arrived can't take one that is paid for."""
    if row.succeeded_at is not None and reference is not None:
        method = row.payment_method_key
        known = {"transaction_reference": reference, "payment_method_key": method}
        if (used := context.row(_paid_as, **known)) is not None:
            raise ReferenceUsedError(used.id)
    return {"reference_is_shared": False}


def _require_due(amount: Decimal, order: Row) -> None:
    due = payable(order)
    if amount > due or due == 0:
        raise AmountExceedsBalanceError(amount, due)


def _page(context: Context, query: TransactionFilters, **own: Any) -> Page[TransactionRead]:
    page = _TRANSACTIONS.page(context.rows, query, **own)
    return page.map(lambda row: _read(context, row))


def _read(context: Context, row: Row, **changed: Any) -> TransactionRead:
    """As it is served, and as it was just changed."""
    return _served(context, {**row._mapping, **changed})


def _served(context: Context, fields: Mapping[str, Any]) -> TransactionRead:
    said, is_open = fields["next_action"], fields["status"] == TransactionStatus.PENDING
    next_action = from_json(said) if said is not None and is_open else None
    return TransactionRead.model_validate(
        {**fields, "currency": context.terms.currency, "next_action": next_action}
    )
