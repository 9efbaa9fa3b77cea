"""Our books beside a provider's: what one has and the other lacks, and where they differ."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, or_, select

from core.currencies import CURRENCIES
from models import (
    RefundStatus,
    TransactionStatus,
    payment_differences,
    provider_refunds,
    transactions,
)
from Payment.port import Outcome, PaymentReport, RefundReport
from Payment.services.settlement import CURRENCY_DIFFERS
from work.context import Context

_ARRIVED = (TransactionStatus.SUCCESS, TransactionStatus.REFUNDED)


@dataclass(frozen=True)
class Difference:
    """One line: what it is about, by the provider's name for it or else by ours, and what is said
    of it here and there.
    """

    kind: str
    name: str
    here: str
    there: str


@dataclass(frozen=True)
class Found:
    """What is wrong with some of a provider's lines, and which lines of ours they are."""

    differences: Sequence[Difference]
    seen: Collection[int]


def compare_payments(context: Context, *, name: str, reports: Sequence[PaymentReport]) -> Found:
    """A provider's payments with ours; those that brought nothing need not be here."""
    ours = _payments_of(context, name, reports)
    differing = _differing(context, [row.id for row in ours.values()])
    differences: list[Difference] = []
    seen: set[int] = set()
    for report in reports:
        row = ours.get(report.reference)
        if row is not None:
            seen.add(row.id)
        differences += _of_payment(
            context, report, row, is_noted=row is not None and row.id in differing
        )
    return Found(differences, seen)


def missing_payments(
    context: Context, *, name: str, since: datetime, seen: Collection[int]
) -> list[Difference]:
    """What arrived here by the provider's word, and is not among its payments."""
    money = transactions.c
    arrived = select(money.id, money.transaction_number, money.provider_reference, money.amount)
    of_provider = arrived.where(money.provider == name, money.provider_reference.is_not(None))
    rows = context.session.execute(
        of_provider.where(money.created_at >= since, money.status.in_(_ARRIVED)).order_by(money.id)
    ).all()
    return [
        Difference("payment", row.provider_reference, f"{row.amount} arrived", "nothing")
        for row in rows
        if row.id not in seen
    ]


def compare_refunds(context: Context, *, name: str, reports: Sequence[RefundReport]) -> Found:
    ours = _refunds_of(context, name, reports)
    left_to_people = _of_other_currency(context, name, reports)
    differences: list[Difference] = []
    seen: set[int] = set()
    for report in reports:
        row = ours.get(report.reference) or ours.get(report.key or "")
        if row is not None:
            seen.add(row.id)
        elif report.payment_reference in left_to_people:
            continue
        differences += _of_refund(context, report, row)
    return Found(differences, seen)


def missing_refunds(
    context: Context, *, name: str, since: datetime, seen: Collection[int]
) -> list[Difference]:
    """What went back by the provider's word, and is not among its refunds."""
    refund = provider_refunds.c
    by_provider = refund.provider == name, refund.is_by_hand.is_(False)
    went_back = refund.created_at >= since, refund.status == RefundStatus.SUCCEEDED
    columns = refund.id, refund.provider_reference, refund.amount
    rows = context.session.execute(
        select(*columns).where(*by_provider, *went_back).order_by(refund.id)
    ).all()
    return [
        Difference("refund", row.provider_reference, f"{row.amount} went back", "nothing")
        for row in rows
        if row.id not in seen
    ]


def _payments_of(
    context: Context, name: str, reports: Sequence[PaymentReport]
) -> dict[str, Row[Any]]:
    """Ours, by what the provider calls them; by our number where its name never reached us."""
    money = transactions.c
    references = [one.reference for one in reports]
    numbers = [one.number for one in reports if one.number is not None]
    is_meant = or_(money.provider_reference.in_(references), money.transaction_number.in_(numbers))
    rows = context.session.execute(select(*money).where(money.provider == name, is_meant)).all()
    named = {row.provider_reference: row for row in rows}
    unnamed = {row.transaction_number: row for row in rows if row.provider_reference is None}
    return {
        one.reference: row
        for one in reports
        if (row := named.get(one.reference) or unnamed.get(one.number)) is not None
    }


def _refunds_of(
    context: Context, name: str, reports: Sequence[RefundReport]
) -> dict[str, Row[Any]]:
    """Ours, by what the provider calls them, and by the line of the ledger that was the key."""
    refund = provider_refunds.c
    references = [one.reference for one in reports]
    lines = [int(line) for one in reports if (line := _line_of(one.key)).isdecimal()]
    is_meant = or_(refund.provider_reference.in_(references), refund.movement_id.in_(lines))
    rows = context.session.execute(select(*refund).where(refund.provider == name, is_meant)).all()
    by_reference = {row.provider_reference: row for row in rows if row.provider_reference}
    by_line = {str(row.movement_id): row for row in rows}
    found = {}
    for one in reports:
        row = by_reference.get(one.reference) or by_line.get(_line_of(one.key))
        if row is not None:
            found[one.reference] = row
    return found


def _line_of(key: str | None) -> str:
    """A later try has a number of its own behind the line's."""
    return (key or "").partition("-")[0]


def _differing(context: Context, ids: Collection[int]) -> set[int]:
    """Those of which it is noted that they are not as they were asked for, and not back yet."""
    noted = payment_differences.c
    are_open = noted.transaction_id.in_(ids), noted.resolved_at.is_(None)
    return set(context.session.execute(select(noted.transaction_id).where(*are_open)).scalars())


def _of_other_currency(
    context: Context, name: str, reports: Sequence[RefundReport]
) -> Collection[str]:
    """The payments that brought another currency: what goes back of those is in no book here."""
    money = transactions.c
    other = [one.payment_reference for one in reports if one.currency != context.terms.currency]
    named = money.provider == name, money.provider_reference.in_(other)
    failed = select(money.provider_reference).where(
        *named, money.failure_reason == CURRENCY_DIFFERS
    )
    return set(context.session.execute(failed).scalars())


def _of_payment(
    context: Context, report: PaymentReport, row: Any, *, is_noted: bool
) -> Iterator[Difference]:
    paid = report.outcome is Outcome.SUCCEEDED
    there = _told(report.amount, report.currency, report.outcome)
    if row is None:
        if paid:
            yield Difference("payment", report.reference, "nothing", there)
        return
    is_ours = report.currency == context.terms.currency
    if row.failure_reason == CURRENCY_DIFFERS and report.refunded == report.amount and not is_noted:
        # Somebody has sent back what could not stand in the books, and they know.
        return
    here = _told(row.amount, context.terms.currency, row.status)
    has_arrived = row.status in _ARRIVED
    is_same_money = not paid or (is_ours and report.amount == row.amount)
    if paid is not has_arrived or not is_same_money or is_noted:
        yield Difference("payment", report.reference, here, there)


def _of_refund(context: Context, report: RefundReport, row: Any) -> Iterator[Difference]:
    there = _told(report.amount, report.currency, report.status)
    if row is None:
        if report.status is not RefundStatus.FAILED:
            yield Difference("refund", report.reference, "nothing", there)
        return
    here = _told(row.amount, context.terms.currency, row.status)
    if row.is_by_hand:
        # Paid out in another way: it must not have gone back by the provider as well.
        if report.status is not RefundStatus.FAILED:
            yield Difference("refund", report.reference, here, there)
        return
    is_other_money = (report.amount, report.currency) != (row.amount, context.terms.currency)
    is_earlier_try = report.status is RefundStatus.FAILED and row.attempt > 1
    if is_other_money or (report.status is not row.status and not is_earlier_try):
        yield Difference("refund", report.reference, here, there)


def _told(amount: Decimal, currency: str, state: StrEnum) -> str:
    return f"{amount:.{CURRENCIES[currency].digits}f} {currency} {state.value}"
