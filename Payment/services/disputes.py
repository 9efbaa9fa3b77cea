"""What a provider says of a dispute: kept beside the payment that it is about."""

from sqlalchemy import Executable, bindparam, select

from core.store.dialects import Sql
from core.store.statements import statement
from models import EventOutcome, transactions
from Order.services import dispute_service
from Order.services.dispute_service import Said
from Payment.port import DisputeReport
from Payment.services.settlement import Heard
from work.context import Context


def hear_dispute(context: Context, name: str, report: DisputeReport) -> Heard:
    """A payment that the books do not have is none of ours, and so is its dispute."""
    paid = context.row(_paid, by=name, reference=report.payment_reference)
    if paid is None:
        return EventOutcome.NOT_OURS, None
    is_news = dispute_service.hear(context, paid.id, _said(name, report))
    return EventOutcome.APPLIED if is_news else EventOutcome.KNOWN, paid.id


def _said(name: str, report: DisputeReport) -> Said:
    return Said(
        provider=name,
        reference=report.reference,
        status=report.status,
        amount=report.amount,
        currency=report.currency,
        reason=report.reason,
        respond_by=report.respond_by,
    )


@statement
def _paid(_sql: Sql) -> Executable:
    money = transactions.c
    return select(money.id).where(
        money.provider == bindparam("by"), money.provider_reference == bindparam("reference")
    )
