"""Disputes: money that payers' banks ask back, as the payments' providers tell it.

What a bank takes, it takes from the provider: no money moves in the books, and the order stays as
it is. What becomes of its tickets is for the box office to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Executable, bindparam, insert, select

from core.currencies import CURRENCIES
from core.money import from_minor_units
from core.pagination import ListQuery, Page
from core.store.dialects import Sql
from core.store.listing import Listing, Where
from core.store.statements import statement
from models import DisputeStatus, disputes, transactions
from Order.schemas.dispute import DisputeRead
from Order.services import order_lifecycle, transaction_service
from work.context import Context

_DISPUTES = Listing(
    select(*disputes.c),
    disputes.c,
    {"of": Where("of", disputes.c.transaction_id == bindparam("of"))},
)
# As the table has room for it.
_REASON_LENGTH = 100


@dataclass(frozen=True)
class Said:
    """What a provider says of a dispute."""

    provider: str
    # What it calls the dispute.
    reference: str
    status: DisputeStatus
    amount: Decimal
    currency: str
    reason: str | None
    respond_by: datetime | None


def hear(context: Context, transaction_id: int, said: Said) -> bool:
    """Keep what a provider says of a payment's dispute; whether that is news.

    Words come twice, late and in any order. What was decided stays decided: an older word changes
    nothing.
    """
    # Keeps two words apart that come at the same moment.
    order_lifecycle.lock_order_of(context, transaction_id)
    known = context.row(_known, by=said.provider, reference=said.reference)
    fields = _fields(said)
    if known is None:
        _begin(context, transaction_id, said, fields)
        return True
    is_news = any(getattr(known, name) != value for name, value in fields.items())
    if known.status != DisputeStatus.OPEN or not is_news:
        return False
    context.change(disputes, {"id": known.id}, **fields, updated_at=context.now)
    return True


def list_disputes(context: Context, transaction_id: int, query: ListQuery) -> Page[DisputeRead]:
    page = _DISPUTES.page(context.rows, query, of=transaction_id)
    if not page.items:
        transaction_service.get_transaction(context, transaction_id)
    return page.map(lambda row: read(context, row))


def disputes_of_order(context: Context, order_id: int) -> list[DisputeRead]:
    """All that there are of an order's payments, oldest first."""
    return [read(context, row) for row in context.rows(_of_order, order_id=order_id)]


def _fields(said: Said) -> Mapping[str, Any]:
    """What a later word may change."""
    return {
        "status": said.status,
        "minor_units": int(said.amount.scaleb(CURRENCIES[said.currency].digits)),
        "currency": said.currency,
        "reason": said.reason and said.reason[:_REASON_LENGTH],
        "respond_by": said.respond_by,
    }


def _begin(context: Context, transaction_id: int, said: Said, fields: Mapping[str, Any]) -> None:
    context.session.execute(
        insert(disputes).values(
            transaction_id=transaction_id,
            provider=said.provider,
            provider_reference=said.reference,
            created_at=context.now,
            updated_at=context.now,
            **fields,
        )
    )


def read(context: Context, row: Any) -> DisputeRead:
    """As it is told to those who may see it."""
    is_ours = row.currency == context.terms.currency
    amount = from_minor_units(row.minor_units) if is_ours else None
    return DisputeRead.model_validate({**row._mapping, "amount": amount})


@statement
def _known(_sql: Sql) -> Executable:
    own = disputes.c
    return select(*own).where(
        own.provider == bindparam("by"), own.provider_reference == bindparam("reference")
    )


@statement
def _of_order(_sql: Sql) -> Executable:
    own = disputes.c
    of_order = transactions.c.order_id == bindparam("order_id")
    return (
        select(*own)
        .join_from(disputes, transactions, transactions.c.id == own.transaction_id)
        .where(of_order)
        .order_by(own.id)
    )
