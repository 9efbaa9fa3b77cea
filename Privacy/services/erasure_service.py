"""Taking a person out of their account: one transaction, which nothing undoes.

The account's row stays, under names that stand for nobody: orders, money and the ledger refer to
it, and stay exact.
"""

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    and_,
    case,
    delete,
    exists,
    or_,
    select,
    update,
)
from sqlmodel import SQLModel

from Ledger.services import audit_service
from models import (
    UserOrderRole,
    UserRole,
    idempotency_keys,
    orders,
    payment_reasons,
    provider_refunds,
    transactions,
    user_orders,
    users,
)
from Order.services.order_lifecycle import ORDER_CANCELLED
from Order.services.order_states import EXPIRED
from Order.services.payment_service import (
    ALREADY_PAID,
    AMOUNT_DIFFERS,
    ORDER_EXPIRED,
    REFUNDED,
    UNITS_LIMIT,
)
from Privacy.schemas import Erasure
from Privacy.services import open_orders
from Privacy.services.open_orders import USER_ERASED
from User.actions import Action
from User.errors import NotByApiKeyError, UserNotFoundError
from User.schemas.user import UserRead
from User.services import administrators, user_service
from work.caller import Caller
from work.context import Context

# Reasons that the service itself gives; all others are somebody's words.
_OUR_WORDS = (
    EXPIRED,
    REFUNDED,
    USER_ERASED,
    ALREADY_PAID,
    ORDER_CANCELLED,
    ORDER_EXPIRED,
    UNITS_LIMIT,
    AMOUNT_DIFFERS,
)


def erase_user(context: Context, user_id: int, body: Erasure | None) -> UserRead:
    """Erase a person; who is erased already stays as they are."""
    if context.caller.key_id is not None and context.caller.user_id == user_id:
        # A program's key must not end its maker's account.
        raise NotByApiKeyError
    # Orders before their buyer, as who adds to an order locks them. Who orders now is waited for
    # by the buyer's lock, and looked for once more behind it.
    open_orders.lock_unsold(context, user_id)
    administrators.require_another(context, user_id)
    row = _lock(context, user_id)
    context.require_meant(row)
    if row.erased_at is None:
        insists = body is not None and body.despite_open_orders
        open_orders.require_over(context, user_id, may_ignore_events=insists)
        open_orders.cancel(context, open_orders.lock_unsold(context, user_id))
        audit_service.record(context, Action.USER_ERASED, f"user:{user_id}")
        _forget_words(context, user_id)
        _forget_belongings(context, user_id)
        _forget_names(context, user_id)
    return user_service.get_user(context, user_id)


def _lock(context: Context, user_id: int) -> Row[Any]:
    statement = select(*users.c).where(users.c.id == user_id).with_for_update()
    row = context.session.execute(statement).one_or_none()
    if row is None:
        raise UserNotFoundError
    return row


def _forget_words(context: Context, user_id: int) -> None:
    """What somebody wrote about the person's orders and money."""
    theirs = transactions.c.order_id.in_(select(orders.c.id).where(orders.c.user_id == user_id))
    _forget_words_of_orders(context, user_id)
    _forget_words_of_payments(context, theirs)
    _forget_reasons(context, theirs)


def _forget_words_of_orders(context: Context, user_id: int) -> None:
    own, reason = orders.c, orders.c.cancel_reason
    worded = or_(own.notes.is_not(None), reason.not_in(_OUR_WORDS))
    kept = case((reason.in_(_OUR_WORDS), reason), else_=None)
    context.session.execute(
        update(orders)
        .where(own.user_id == user_id, worded)
        .values(notes=None, cancel_reason=kept, updated_at=context.now)
    )


def _forget_words_of_payments(context: Context, theirs: ColumnElement[bool]) -> None:
    """Why they failed, in somebody's words; and how their buyer would go on with them."""
    money = transactions.c
    is_kept = or_(money.failure_reason.in_(_OUR_WORDS), _is_of_provider())
    worded = and_(money.failure_reason.is_not(None), ~is_kept)
    context.session.execute(
        update(transactions)
        .where(theirs, or_(worded, money.next_action.is_not(None)))
        .values(
            failure_reason=case((is_kept, money.failure_reason), else_=None),
            next_action=None,
            updated_at=context.now,
        )
    )


def _is_of_provider() -> ColumnElement[bool]:
    """Whether nobody but its provider can have said why a payment failed.

    Who says it in the provider's place has to say why they do, which is kept: see
    ``Order.services.provider_money``.
    """
    money, said = transactions.c, payment_reasons.c
    return and_(money.provider.is_not(None), ~exists().where(said.transaction_id == money.id))


def _forget_reasons(context: Context, theirs: ColumnElement[bool]) -> None:
    """Why somebody gave money back, or did what a provider does."""
    payments = select(transactions.c.id).where(theirs)
    said, returned = payment_reasons.c, provider_refunds.c
    context.session.execute(delete(payment_reasons).where(said.transaction_id.in_(payments)))
    context.session.execute(
        update(provider_refunds)
        .where(returned.transaction_id.in_(payments), returned.is_by_hand)
        .values(reason=None, updated_at=context.now)
    )


def _forget_belongings(context: Context, user_id: int) -> None:
    """Log-ins, keys, cart, others' orders, stored answers: whatever would go along with the row.

    Only that the person owns an order stays.
    """
    for owner in _owners():
        gone = delete(owner.table).where(owner == user_id)
        if owner.table is user_orders:
            gone = gone.where(user_orders.c.role == UserOrderRole.RECIPIENT)
        context.session.execute(gone)
    principal = Caller(user_id).principal
    context.session.execute(
        delete(idempotency_keys).where(idempotency_keys.c.principal == principal)
    )


def _owners() -> list[Column[Any]]:
    """The columns that say whose a row is, where it goes along with its user."""
    return [
        key.parent
        for table in SQLModel.metadata.sorted_tables
        for key in sorted(table.foreign_keys, key=lambda one: one.parent.name)
        if key.column is users.c.id and key.ondelete == "CASCADE"
    ]


def _forget_names(context: Context, user_id: int) -> None:
    """Nobody can register under these: no username has blanks, no address ends in ``.invalid``."""
    name, address = f"erased user {user_id}", f"erased-user-{user_id}@erased.invalid"
    context.session.execute(
        update(users)
        .where(users.c.id == user_id)
        .values(
            username=name,
            username_key=name,
            email=address,
            email_key=address,
            full_name="Erased user",
            search_text="",
            phone_number=None,
            password_hash=None,
            role=UserRole.CUSTOMER,
            is_active=False,
            erased_at=context.now,
            updated_at=context.now,
        )
    )
