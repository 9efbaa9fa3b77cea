"""A payment that is being begun: announced here, then asked for at its provider."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Executable, bindparam, select

from core.errors import DomainError
from core.store.dialects import Sql
from core.store.statements import Row, statement
from models import TransactionStatus, transactions
from Order.errors import PaymentRefusedError, TransactionNotFoundError
from Order.schemas.transaction import TransactionRead
from Order.services import payment_service, transaction_service
from Payment.port import Begun, PaymentAsked, RefusedError
from Payment.services import lookups
from work.context import Context


def asked_of(announced: Mapping[str, Any], *, base_url: str) -> PaymentAsked:
    """What the provider is asked for, of a transaction as it is served."""
    number: str = announced["transaction_number"]
    # A double tells all amounts that there are from one another.
    amount = Decimal(repr(announced["amount"]))
    return PaymentAsked(number, amount, announced["currency"], number, base_url)


def asked_again(row: Row, currency: str, *, base_url: str) -> PaymentAsked:
    """The same, of a transaction as it is stored."""
    number: str = row.transaction_number
    return PaymentAsked(number, row.amount, currency, number, base_url)


def note_begun(context: Context, transaction_id: int, begun: Begun) -> TransactionRead:
    """Keep what the provider calls the payment, and how its buyer goes on.

    Its word may have come before its answer did: then there is nothing left to do. Nothing is
    locked for it: if the payment changes meanwhile, this is run again and sees that.
    """
    money = find(context, transaction_id)
    if money is None:
        raise TransactionNotFoundError
    if money.provider_reference not in {None, begun.reference}:
        # Begun twice, long after one another; the other one's money is known by its number.
        return transaction_service.served(context, money)
    fields: dict[str, Any] = {"provider_reference": begun.reference, "updated_at": context.now}
    if money.status == TransactionStatus.PENDING:
        fields["next_action"] = to_json(dict(begun.next_action)).decode()
    as_it_was = {"id": money.id, "status": money.status, "updated_at": money.updated_at}
    context.change(transactions, as_it_was, **fields)
    return transaction_service.served(context, money, **fields)


def note_refused(context: Context, transaction_id: int, refused: RefusedError) -> DomainError:
    """The provider does not begin it; what it says is kept."""
    money = transaction_service.lock_payment(context, transaction_id).money
    if money.status == TransactionStatus.PENDING:
        payment_service.fail(context, money, reason=refused.reason)
        payment_service.change_transaction(context, transaction_id, look_at=None)
    return PaymentRefusedError(money.provider, transaction_id, refused.reason)


def is_over(context: Context, transaction_id: int) -> bool:
    """Whether it has ended before it was begun: who paid it at the provider would pay for nothing.

    Its provider has refused it, or its order was cancelled, since the request was first made.
    """
    money = find(context, transaction_id)
    return money is not None and not lookups.is_under_way(money)


def as_it_ended(context: Context, transaction_id: int) -> TransactionRead:
    """What there is to answer; what was refused is refused again."""
    ended = transaction_service.lock_payment(context, transaction_id).money
    if ended.status == TransactionStatus.FAILED and ended.abandoned_at is None:
        reason = ended.failure_reason or lookups.NOT_PAID
        raise PaymentRefusedError(ended.provider, transaction_id, reason)
    return transaction_service.served(context, ended)


def find(context: Context, transaction_id: int) -> Row | None:
    return context.row(_money, transaction_id=transaction_id)


@statement
def _money(_sql: Sql) -> Executable:
    return select(*transactions.c).where(transactions.c.id == bindparam("transaction_id"))
