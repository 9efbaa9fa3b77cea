"""What a provider says of a payment, and what that does: once, however often it is said.

Words come twice, late, in any order, and before the provider's own answer. What decides is the
state of the transaction, under the lock of its order.
"""

from typing import TypeAlias

from sqlalchemy import Executable, bindparam, case, insert, or_, select, update

from core.currencies import CURRENCIES
from core.store.dialects import Sql
from core.store.statements import Row, statement
from models import EventOutcome, TransactionStatus, payment_differences, transactions
from Order.services import payment_service, transaction_service
from Order.services.payment_service import AMOUNT_DIFFERS, Payment
from Payment.port import Outcome, PaymentReport
from work.context import Context

CURRENCY_DIFFERS = "currency_differs"
# What came of a provider's word, and which transaction it is about.
Heard: TypeAlias = tuple[EventOutcome, int | None]
_ARRIVED = (TransactionStatus.SUCCESS, TransactionStatus.REFUNDED)


def hear_payment(context: Context, name: str, report: PaymentReport) -> Heard:
    """Do what the provider's word asks for."""
    found = context.row(_meant, by=name, reference=report.reference, number=report.number)
    if found is None:
        return EventOutcome.NOT_OURS, None
    payment = _of_reference(context, transaction_service.lock_payment(context, found.id), report)
    if payment is None:
        return EventOutcome.KNOWN, found.id
    outcome = EventOutcome.KNOWN
    if report.outcome is Outcome.SUCCEEDED:
        outcome = _succeeded(context, payment, report)
    elif report.outcome is Outcome.FAILED:
        outcome = _failed(context, payment, report)
    return outcome, payment.money.id


def _of_reference(context: Context, payment: Payment, report: PaymentReport) -> Payment | None:
    """The payment that the provider calls so: the announced one, or one that it took beside it.

    None of one that nobody announced and that brought nothing.
    """
    money = payment.money
    if money.provider_reference == report.reference:
        return payment
    if money.provider_reference is None:
        # Before the answer to our own question.
        known = {"provider_reference": report.reference}
        payment_service.change_transaction(context, money.id, **known)
        return payment
    if report.outcome is not Outcome.SUCCEEDED:
        return None
    # Of another currency: as it was asked for, which it is compared with.
    amount = report.amount if report.currency == context.terms.currency else money.amount
    new_id = transaction_service.add_unannounced(
        context, money, provider_reference=report.reference, amount=amount
    )
    return transaction_service.lock_payment(context, new_id)


def _succeeded(context: Context, payment: Payment, report: PaymentReport) -> EventOutcome:
    money = payment.money
    if money.status in _ARRIVED:
        _ask_no_more(context, money)
        return EventOutcome.KNOWN
    if report.currency != context.terms.currency:
        return _of_other_currency(context, money, report)
    _ask_no_more(context, money)
    if report.amount == money.amount:
        payment_service.receive(context, payment)
        return EventOutcome.APPLIED
    _note_difference(context, money, report)
    payment_service.change_transaction(context, money.id, amount=report.amount)
    arrived = transaction_service.lock_payment(context, money.id)
    payment_service.receive_to_return(context, arrived, AMOUNT_DIFFERS)
    return EventOutcome.DIFFERS


def _of_other_currency(context: Context, money: Row, report: PaymentReport) -> EventOutcome:
    """The books have one currency, so it can't stand in them: a person sends it back."""
    is_new = money.failure_reason != CURRENCY_DIFFERS
    if is_new:
        _ask_no_more(context, money)
        payment_service.fail(context, money, reason=CURRENCY_DIFFERS)
        _note_difference(context, money, report)
    is_back = report.refunded == report.amount and resolve_difference(context, money.id)
    if is_new:
        return EventOutcome.DIFFERS
    return EventOutcome.APPLIED if is_back else EventOutcome.KNOWN


def _failed(context: Context, payment: Payment, report: PaymentReport) -> EventOutcome:
    """What failed may be tried again at the provider, unless it says that this is over."""
    money = payment.money
    if report.is_over:
        _ask_no_more(context, money)
    is_new = money.status == TransactionStatus.PENDING or money.abandoned_at is not None
    if money.status in _ARRIVED or not is_new:
        return EventOutcome.KNOWN
    payment_service.fail(context, money, reason=report.failure_reason)
    return EventOutcome.APPLIED


def _ask_no_more(context: Context, money: Row) -> None:
    if money.look_at is not None or money.next_action is not None:
        payment_service.change_transaction(context, money.id, look_at=None, next_action=None)


def _note_difference(context: Context, money: Row, report: PaymentReport) -> None:
    digits = CURRENCIES[report.currency].digits
    context.session.execute(
        insert(payment_differences).values(
            transaction_id=money.id,
            asked_amount=money.amount,
            received_minor_units=int(report.amount.scaleb(digits)),
            received_currency=report.currency,
            created_at=context.now,
        )
    )


def resolve_difference(context: Context, transaction_id: int) -> bool:
    """What was not as asked is back with its payer; whether it was known to be on its way."""
    differences = payment_differences.c
    of_payment = differences.transaction_id == transaction_id
    resolved = update(payment_differences).where(of_payment, differences.resolved_at.is_(None))
    found = resolved.values(resolved_at=context.now).returning(differences.id)
    return context.session.execute(found).first() is not None


@statement
def _meant(_sql: Sql) -> Executable:
    """By what the provider calls it; else by our number, which the provider keeps with it."""
    money = transactions.c
    is_named = money.provider_reference == bindparam("reference")
    return (
        select(money.id)
        .where(
            money.provider == bindparam("by"),
            or_(is_named, money.transaction_number == bindparam("number")),
        )
        .order_by(case((is_named, 0), else_=1))
        .limit(1)
    )
