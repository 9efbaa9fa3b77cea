"""Refunds on their way: which are due, what the provider says of them, and what people do.

A provider is asked under a key of the refund, so that asking again gives back nothing twice. The
key changes only after the provider has refused for good.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Executable, bindparam, select, update

from core.store.dialects import Sql
from core.store.statements import Row, statement
from Ledger.services import audit_service
from models import EventOutcome, RefundStatus, provider_refunds, transactions
from Order.services import duties
from Payment.actions import Action
from Payment.errors import RefundNotFailedError
from Payment.port import RefundAsked, RefundReport
from Payment.schemas import RefundRead, RefundSettlement
from Payment.services import refund_queries
from Payment.services.refund_states import REFUND_TRANSITIONS
from Payment.services.settlement import Heard, resolve_difference
from User.services import user_service
from work.context import Context

logger = logging.getLogger("nexticket.payments")

# The provider was never asked for the payment that is to go back.
NO_PROVIDER_PAYMENT = "no_provider_payment"
# It says that it gave back something else.
AMOUNT_DIFFERS = "amount_differs"

# Seen to again after as long as nothing has changed, but not sooner, which is longer than a
# provider is waited for, nor later.
_SOONEST, _LATEST = timedelta(seconds=90), timedelta(hours=1)
_KEY = re.compile(r"([1-9][0-9]{0,17})(?:-[1-9][0-9]*)?")


@dataclass(frozen=True)
class Due:
    """A refund that is to be asked for, or about."""

    id: int
    attempt: int
    transaction_id: int
    provider: str
    # None where the provider knows no payment that could go back.
    asked: RefundAsked | None
    # What the provider calls the refund, once it has taken it on.
    reference: str | None


def take_due(context: Context, *, limit: int) -> Sequence[Due]:
    """The refunds to see to now, the longest due first; no other process gets them too.

    Each is due again later, so that one who dies with it in hand leaves it to another.
    """
    refunds = provider_refunds.c
    payment = transactions.c.provider_reference.label("payment_reference")
    due = (
        select(*refunds, payment)
        .join_from(provider_refunds, transactions, transactions.c.id == refunds.transaction_id)
        .where(refunds.send_at <= context.now)
        .order_by(refunds.send_at, refunds.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=provider_refunds)
    )
    rows = context.session.execute(due).all()
    for row in rows:
        send_at = _next_look(row.updated_at, context.now)
        later = update(provider_refunds).where(refunds.id == row.id).values(send_at=send_at)
        context.session.execute(later)
    return [_due(row, context.terms.currency) for row in rows]


def note_answer(context: Context, due: Due, report: RefundReport) -> None:
    """Keep what the provider answered, unless its own word was here before."""
    row = _locked_as(context, due)
    if row is not None:
        _hear(context, row, report)


def note_failure(context: Context, due: Due, reason: str) -> None:
    """Keep that the provider will not give the money back, however often it is asked."""
    row = _locked_as(context, due)
    if row is not None and row.status is RefundStatus.PENDING:
        _fail(context, row, reason)


def hear_refund(context: Context, name: str, report: RefundReport) -> Heard:
    """Do what the provider's own word asks for."""
    row = _meant(context, name, report)
    if row is None:
        return EventOutcome.NOT_OURS, None
    is_news = _is_of_this_try(row, report)
    return _hear(context, row, report) if is_news else EventOutcome.KNOWN, row.transaction_id


def retry(context: Context, transaction_id: int, refund_id: int) -> RefundRead:
    """Have the provider asked once more, under another key, for what it has refused."""
    row = _locked_for_box_office(context, transaction_id, refund_id)
    if row.status is not RefundStatus.FAILED:
        raise RefundNotFailedError(refund_status=refund_queries.status_of(row).value)
    anew = {"attempt": row.attempt + 1, "provider_reference": None, "reason": None}
    _change(context, refund_id, RefundStatus.PENDING, send_at=context.now, **anew)
    _record(context, Action.REFUND_RETRIED, row, RefundStatus.PENDING)
    return _now(context, row)


def settle(
    context: Context, transaction_id: int, refund_id: int, body: RefundSettlement
) -> RefundRead:
    """Note that somebody gave back what the provider did not, and what they say about it."""
    row = _locked_for_box_office(context, transaction_id, refund_id)
    # Of a provider that is not set up any more, nobody sends what is noted.
    is_left = row.status is RefundStatus.PENDING and row.provider not in context.terms.providers
    if row.status is not RefundStatus.FAILED and not is_left:
        raise RefundNotFailedError(refund_status=refund_queries.status_of(row).value)
    reason = user_service.words_to_keep(context, row.user_id, body.reason)
    _change(context, refund_id, RefundStatus.SUCCEEDED, is_by_hand=True, reason=reason)
    resolve_difference(context, transaction_id)
    _record(context, Action.REFUND_SETTLED_BY_HAND, row, RefundStatus.SUCCEEDED)
    return _now(context, row)


def _hear(context: Context, row: Row, report: RefundReport) -> EventOutcome:
    """Words come twice, late and in any order; what decides is the state of the refund.

    What was settled by hand stays so, and what has failed is left to people.
    """
    if row.is_by_hand or row.status is RefundStatus.FAILED:
        return EventOutcome.KNOWN
    known: dict[str, Any] = {"provider_reference": report.reference}
    if (report.amount, report.currency) != (row.amount, context.terms.currency):
        _fail(context, row, AMOUNT_DIFFERS, **known)
        return EventOutcome.DIFFERS
    if report.status is RefundStatus.PENDING and row.provider_reference is None:
        _change(context, row.movement_id, row.status, send_at=row.send_at, **known)
        return EventOutcome.APPLIED
    if report.status not in REFUND_TRANSITIONS[row.status]:
        return EventOutcome.KNOWN
    if report.status is RefundStatus.FAILED:
        _fail(context, row, report.failure_reason, **known)
    else:
        _change(context, row.movement_id, report.status, **known)
        resolve_difference(context, row.transaction_id)
    return EventOutcome.APPLIED


def _fail(context: Context, row: Row, reason: str | None, **known: Any) -> None:
    """Somebody has to look after it: the log tells which refund, and the books name it."""
    _change(context, row.movement_id, RefundStatus.FAILED, reason=reason, **known)
    logger.error(
        "a refund has failed",
        extra={
            "provider": row.provider,
            "refund_id": row.movement_id,
            "transaction_id": row.transaction_id,
            "attempt": row.attempt,
        },
    )


def _change(
    context: Context,
    refund_id: int,
    status: RefundStatus,
    *,
    send_at: datetime | None = None,
    **fields: Any,
) -> None:
    """``send_at`` is when it is seen to next, which what has ended is not."""
    changed = {"status": status, "send_at": send_at, **fields, "updated_at": context.now}
    context.change(provider_refunds, {"movement_id": refund_id}, **changed)


def _meant(context: Context, name: str, report: RefundReport) -> Row | None:
    """The refund that the provider calls so; else that of our key."""
    named = context.row(_named, by=name, reference=report.reference)
    key = _KEY.fullmatch(report.key or "")
    if named is not None or key is None:
        return named
    # Others may share the account with us, and count as we do; the payment tells us apart.
    told = {"refund_id": int(key[1]), "payment_reference": report.payment_reference}
    return context.row(_keyed, by=name, **told)


def _is_of_this_try(row: Row, report: RefundReport) -> bool:
    """Late words about a try before it say nothing; the first word about it may have no answer."""
    if row.provider_reference is None:
        return bool(report.key == _key_of(row))
    return bool(row.provider_reference == report.reference)


def _locked_as(context: Context, due: Due) -> Row | None:
    """The refund, unless it is to be asked for anew since."""
    row = context.row(_locked, refund_id=due.id)
    return row if row is not None and row.attempt == due.attempt else None


def _locked_for_box_office(context: Context, transaction_id: int, refund_id: int) -> Row:
    # First, so that what is seen stays as it is.
    context.row(_locked, refund_id=refund_id)
    row = refund_queries.find_row(context, transaction_id, refund_id)
    duties.require_cashier(context, row)
    return row


def _record(context: Context, action: Action, row: Row, status: RefundStatus) -> None:
    change = {"status": (refund_queries.status_of(row).value, status.value)}
    audit_service.record(context, action, f"refund:{row.id}", change)


def _now(context: Context, row: Row) -> RefundRead:
    found = refund_queries.find_row(context, row.transaction_id, row.id)
    return refund_queries.read(context, found)


def _due(row: Row, currency: str) -> Due:
    payment = row.payment_reference
    asked = None
    if payment is not None:
        asked = RefundAsked(_key_of(row), payment, row.amount, currency)
    return Due(
        row.movement_id,
        row.attempt,
        row.transaction_id,
        row.provider,
        asked,
        reference=row.provider_reference,
    )


def _key_of(row: Row) -> str:
    """Under which the provider knows this try of the refund."""
    number: int = row.movement_id
    return str(number) if row.attempt == 1 else f"{number}-{row.attempt}"


def _next_look(since: datetime, now: datetime) -> datetime:
    return now + min(max(now - since, _SOONEST), _LATEST)


@statement
def _locked(_sql: Sql) -> Executable:
    is_meant = provider_refunds.c.movement_id == bindparam("refund_id")
    return select(*provider_refunds.c).where(is_meant).with_for_update()


@statement
def _named(_sql: Sql) -> Executable:
    refunds = provider_refunds.c
    is_named = refunds.provider_reference == bindparam("reference")
    of_provider = refunds.provider == bindparam("by")
    return select(*refunds).where(of_provider, is_named).with_for_update()


@statement
def _keyed(_sql: Sql) -> Executable:
    refunds, payments = provider_refunds.c, transactions.c
    return (
        select(*refunds)
        .join_from(provider_refunds, transactions, payments.id == refunds.transaction_id)
        .where(
            refunds.movement_id == bindparam("refund_id"),
            refunds.provider == bindparam("by"),
            payments.provider_reference == bindparam("payment_reference"),
        )
        .with_for_update(of=provider_refunds)
    )
