"""Money that a provider takes: what that leaves to buyers and the box office."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from core.logs import request_id
from core.store.statements import Row
from core.text import name_key
from Ledger.services import audit_service
from models import payment_reasons
from Order.actions import Action
from Order.errors import ReferenceNotTakenError, SettledByProviderError
from Order.schemas.transaction import TransactionCreate, TransactionStatusChange
from Order.services import order_lifecycle
from Order.services.payment_service import Payment
from User.services import user_service
from work.context import Context

# What tells whoever settles a payment which money it is.
TELLING = ("amount", "payment_method", "transaction_reference")
# Who begins a payment with its provider has so long; then a chore does.
_PATIENCE = timedelta(seconds=30)


def announced(
    context: Context, order: Row, body: TransactionCreate, provider: str
) -> Mapping[str, Any]:
    """What else there is to a payment that a provider takes: its buyer is given time for it."""
    if body.transaction_reference is not None:
        raise ReferenceNotTakenError
    order_lifecycle.prolong(context, order)
    return {"provider": provider, "look_at": context.now + _PATIENCE}


def require_by_hand(context: Context, row: Row, changes: Mapping[str, Any]) -> None:
    """What a provider was asked to take is what it takes; nor is a payment handed over to one."""
    fixed = [name for name in TELLING if name in changes]
    if fixed and row.provider is not None:
        raise SettledByProviderError(row.provider)
    method_key = name_key(changes.get("payment_method", ""))
    if method_key in context.terms.providers:
        raise SettledByProviderError(method_key)


def take_in_hand(context: Context, payment: Payment, body: TransactionStatusChange) -> None:
    """Settle by hand; in a provider's place with a reason only. What is said is kept."""
    money = payment.money
    if money.provider is not None:
        if body.reason is None:
            raise SettledByProviderError(money.provider)
        change = {"status": (money.status.value, body.status.value)}
        audit_service.record(context, Action.SETTLED_BY_HAND, f"transaction:{money.id}", change)
    reason = user_service.words_to_keep(context, payment.order.user_id, body.reason)
    keep_reason(context, money.id, reason)


def keep_reason(context: Context, transaction_id: int, reason: str | None) -> None:
    """Remember what somebody says about what this request does with a payment."""
    if reason is not None:
        context.session.execute(
            insert(payment_reasons).values(
                transaction_id=transaction_id,
                request_id=request_id.get(),
                reason=reason,
                created_at=context.now,
            )
        )
