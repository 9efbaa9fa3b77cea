"""Whether a request may do what it asks for: who it is, and what its operation's right says.

Both are asked inside the request's own transaction, so that a deactivated user is stopped at once
and nobody is let in on what was true a moment ago.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session
from starlette.types import Scope

from Auth.addresses import client_address, household
from Auth.credentials import Credentials, comes_from_this_machine, credentials_of
from Auth.errors import NotAuthenticatedError
from core.errors import NotAllowedError
from core.settings import Settings
from models import UserRole
from User.errors import InvalidTokenError
from User.services import api_key_service, log_in_service
from User.services.tokens import KEY_PREFIX, TokenSigner
from work.access import Access, Owned, Right
from work.caller import Caller
from work.unit_of_work import Admission


class Gatekeeper:
    def __init__(self, settings: Settings, signer: TokenSigner) -> None:
        self._settings = settings
        self._signer = signer

    def admission(self, scope: Scope, right: Right) -> Admission:
        """What the request's transaction has to run first.

        It is given the key of the object that the operation is about, where it has one.
        """
        credentials = None if right.ignores_credentials else credentials_of(scope)
        if credentials is None:
            caller = self._without_credentials(scope)
            if not caller.is_known and not right.is_public:
                raise NotAuthenticatedError
            return lambda session, key, _now: _admitted(session, caller, right, key)

        def admit(session: Session, key: Any, now: datetime) -> Caller:
            found = self.identify(session, credentials, now=now)
            return _admitted(session, found, right, key)

        return admit

    def identify(self, session: Session, credentials: Credentials, *, now: datetime) -> Caller:
        """Who the credentials say; raises if they are not valid, or not any more."""
        if credentials.secret.startswith(KEY_PREFIX):
            caller = api_key_service.find_caller(
                session, credentials.secret, is_open=self._settings.is_open, now=now
            )
        else:
            token = self._signer.read(credentials.secret, now=now)
            caller = None if token is None else log_in_service.find_caller(session, token)
        if caller is None:
            raise InvalidTokenError
        return caller

    def _without_credentials(self, scope: Scope) -> Caller:
        is_open = self._settings.is_open
        if is_open and comes_from_this_machine(scope, self._settings.cors_origins):
            return Caller(role=UserRole.ADMIN)
        return Caller(address=household(client_address(scope, self._settings.trusted_proxies)))


def _admitted(session: Session, caller: Caller, right: Right, key: Any) -> Caller:
    access = right.access_of(caller)
    if access is Access.NO:
        raise NotAllowedError if caller.is_known else NotAuthenticatedError
    if access is Access.OWN and right.owned is not None:
        if key is None:
            raise AssertionError(f"the router must name the {right.owned.name} with work.about")
        if not _owns(session, caller, right.owned, key):
            raise right.owned.missing
    return caller


def _owns(session: Session, caller: Caller, owned: Owned, key: Any) -> bool:
    if caller.user_id is None:
        return False  # A key that nobody in particular made: its maker is no user.
    mine = owned.of_user(key, caller.user_id)
    return session.execute(select(mine.exists())).scalar_one() is True
