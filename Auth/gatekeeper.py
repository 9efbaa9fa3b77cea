"""Whether a request may do what it asks for: who it is, and what the policy says of it.

Both are asked inside the request's own transaction, so that a deactivated user is stopped at once
and nobody is let in on what was true a moment ago.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlmodel import Session
from starlette.types import Scope

from Auth.addresses import client_address, household
from Auth.credentials import Credentials, comes_from_this_machine, credentials_of
from Auth.errors import InvalidTokenError, NotAuthenticatedError
from Auth.policy import POLICY, Access, Rule, Subject
from Auth.services import api_key_service, session_service
from Auth.services.tokens import KEY_PREFIX, TokenSigner
from core.caller import Caller
from core.clock import Clock
from core.errors import DomainError, NotAllowedError
from core.settings import Settings
from core.text import case_key
from models import UserOrderRole, UserRole, carts, orders, transactions, user_orders, users
from Order.errors import (
    CartItemNotFoundError,
    OrderNotFoundError,
    TransactionNotFoundError,
    UserNotFoundError,
)

Check = Callable[[Session, Any], Caller]

_MISSING: dict[Subject, type[DomainError]] = {
    Subject.USER: UserNotFoundError,
    Subject.USERNAME: UserNotFoundError,
    Subject.ORDER: OrderNotFoundError,
    Subject.SHARED_ORDER: OrderNotFoundError,
    Subject.CART_ITEM: CartItemNotFoundError,
    Subject.TRANSACTION: TransactionNotFoundError,
}


class Gatekeeper:
    def __init__(self, settings: Settings, signer: TokenSigner, clock: Clock) -> None:
        self._settings = settings
        self._signer = signer
        self._clock = clock

    def check_for(self, scope: Scope, operation_id: str) -> Check:
        """What the request's transaction has to run first: (session, subject) → the caller.

        The subject is the key of the object that the operation is about, where it has one.
        """
        rule = POLICY[operation_id]
        credentials = None if rule.ignores_credentials else credentials_of(scope)
        if credentials is None:
            caller = self._without_credentials(scope)
            if not caller.is_known and not rule.is_public:
                raise NotAuthenticatedError
            return lambda session, subject: _admitted(session, caller, rule, subject)
        now = self._clock()

        def check(session: Session, subject: Any) -> Caller:
            found = self.identify(session, credentials, now=now)
            return _admitted(session, found, rule, subject)

        return check

    def identify(self, session: Session, credentials: Credentials, *, now: datetime) -> Caller:
        """Who the credentials say; raises if they are not valid, or not any more."""
        if credentials.secret.startswith(KEY_PREFIX):
            caller = api_key_service.find_caller(
                session, credentials.secret, is_open=self._settings.is_open, now=now
            )
        else:
            token = self._signer.read(credentials.secret, now=now)
            caller = None if token is None else session_service.find_caller(session, token)
        if caller is None:
            raise InvalidTokenError
        return caller

    def _without_credentials(self, scope: Scope) -> Caller:
        is_open = self._settings.is_open
        if is_open and comes_from_this_machine(scope, self._settings.cors_origins):
            return Caller(role=UserRole.ADMIN)
        return Caller(address=household(client_address(scope, self._settings.trusted_proxies)))


def _admitted(session: Session, caller: Caller, rule: Rule, subject: Any) -> Caller:
    access = rule.access_of(caller)
    if access is Access.NO:
        raise NotAllowedError if caller.is_known else NotAuthenticatedError
    if access is Access.OWN and rule.subject is not Subject.CALLER:
        _require_own(session, caller, rule.subject, subject)
    return caller


def _require_own(session: Session, caller: Caller, kind: Subject, subject: Any) -> None:
    if caller.user_id is None or subject is None:
        raise AssertionError(f"no owner can be found for {kind}: the router must name the subject")
    if session.execute(select(_owns(kind, subject, caller.user_id))).scalar_one() is not True:
        raise _MISSING[kind]


def _owns(kind: Subject, subject: Any, user_id: int) -> ColumnElement[bool]:
    """Whether the object is the user's, as SQL."""
    mine = select(users.c.id).where(users.c.id == user_id)
    order = select(orders.c.id).where(orders.c.user_id == user_id)
    statement = {
        Subject.USER: lambda: mine.where(users.c.id == subject),
        Subject.USERNAME: lambda: mine.where(users.c.username_key == case_key(str(subject))),
        Subject.ORDER: lambda: order.where(orders.c.id == subject),
        Subject.SHARED_ORDER: lambda: select(user_orders.c.id).where(
            user_orders.c.order_id == subject,
            user_orders.c.user_id == user_id,
            user_orders.c.role.in_(list(UserOrderRole)),
        ),
        Subject.CART_ITEM: lambda: select(carts.c.id).where(
            carts.c.id == subject, carts.c.user_id == user_id
        ),
        Subject.TRANSACTION: lambda: order.join(
            transactions, transactions.c.order_id == orders.c.id
        ).where(transactions.c.id == subject),
    }[kind]()
    return statement.exists()
