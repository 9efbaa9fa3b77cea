"""Money that may still come: an order is kept for it, so that a provider's word meets a payment."""

from datetime import datetime

from sqlalchemy import Executable, and_, bindparam, case, func, literal_column, or_, select

from core.money import ZERO
from core.store.dialects import Sql
from core.store.statements import statement
from models import TransactionStatus, orders, transactions
from Order.errors import OrderHasPaymentsError, PaymentJustFailedError
from work.context import Context

_MONEY = transactions.c
# It may be on its way: announced, or cancelled along with the order before anybody knew. And what a
# provider has begun may be paid there at any time, whatever became of it so far.
_AWAITED = or_(
    _MONEY.status == TransactionStatus.PENDING,
    _MONEY.abandoned_at.is_not(None),
    _MONEY.provider_reference.is_not(None),
)
# Or its payer's provider may try once more. A later change of the payment is taken for a word.
_JUST_FAILED = and_(
    _MONEY.status == TransactionStatus.FAILED,
    _MONEY.updated_at > bindparam("failed_since", type_=_MONEY.updated_at.type),
)
# No EXISTS, which PostgreSQL would answer for a page by all payments that there are.
_ANY = (
    select(_MONEY.id)
    .where(_MONEY.order_id == orders.c.id, or_(_AWAITED, _JUST_FAILED))
    .limit(literal_column("1"))
    .scalar_subquery()
)
# Of an order, where ``failed_since`` is told.
IS_KEPT = and_(
    # Looked for only where money does not decide already.
    orders.c.amount_paid == ZERO,
    _ANY.is_not(None),
).label("is_kept")


def failed_since(context: Context) -> datetime | None:
    """Since when what failed may be tried again; None where no late money is waited for."""
    late = context.terms.late_payment
    # Not just now: what is stamped later than this transaction began is no exception.
    return context.now - late if late else None


def require_none(context: Context, order_id: int) -> None:
    """Refuse to forget a locked order, for which nothing was paid, as long as money may come."""
    (may_come,) = context.rows(_may_come, order_id=order_id, failed_since=failed_since(context))
    if may_come.is_awaited:
        raise OrderHasPaymentsError
    if may_come.failed_at is not None:
        raise PaymentJustFailedError(may_come.failed_at + context.terms.late_payment)


@statement
def _may_come(_sql: Sql) -> Executable:
    return select(
        func.max(case((_AWAITED, 1))).label("is_awaited"),
        func.max(case((_JUST_FAILED, _MONEY.updated_at))).label("failed_at"),
    ).where(_MONEY.order_id == bindparam("order_id"))
