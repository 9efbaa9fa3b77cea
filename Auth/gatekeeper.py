"""Whether a request may do what it asks for: who it is, and what its operation's right says.

Both are asked inside the request's own transaction, so that a deactivated user is stopped at once
and nobody is let in on what was true a moment ago.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.types import Scope

from Auth.addresses import household_of
from Auth.answers import AnswerQuotas
from Auth.credentials import Credentials, comes_from_this_machine, credentials_of
from Auth.errors import NotAuthenticatedError
from Auth.known_keys import KnownKeys
from Auth.pseudonyms import Pseudonyms
from core.errors import NotAllowedError
from core.settings import Settings
from core.store.statements import Row
from models import UserRole
from User.errors import InvalidTokenError, SecondFactorEnrolmentRequiredError
from User.services import api_key_service, log_in_service
from User.services.tokens import AccessToken, TokenSigner, hashed, is_key
from work.access import Access, Owned, Right
from work.caller import Caller
from work.context import Question
from work.idempotency import Room
from work.unit_of_work import Admission


class Gatekeeper:
    def __init__(
        self,
        settings: Settings,
        signer: TokenSigner,
        known_keys: KnownKeys,
        pseudonyms: Pseudonyms,
    ) -> None:
        self._settings = settings
        self._signer = signer
        self._known_keys = known_keys
        self._pseudonyms = pseudonyms
        self._answers = AnswerQuotas(settings)
        self._demands_second_factor = settings.demands_second_factor

    def admission(self, scope: Scope, right: Right, now: datetime) -> Admission:
        """What each transaction of the request has to begin with.

        It is given the key of the object that the operation is about, where it has one. Whoever
        shows no identity, or what can't be one, is refused here: nothing was read for him yet.
        """
        credentials = None if right.ignores_credentials else credentials_of(scope)
        if credentials is None:
            caller = self._without_credentials(scope)
            if not caller.is_known and not right.is_public:
                raise NotAuthenticatedError
            return lambda about, _now: _Entry(right, about, caller)
        if is_key(credentials.secret):
            return lambda about, now: self._by_key(credentials, _Entry(right, about), now)
        token = self._signer.read(credentials.secret, now=now)
        if token is None:
            raise InvalidTokenError
        return lambda about, now: self._by_token(token, _Entry(right, about), now)

    def room(self, scope: Scope) -> Room:
        """What the request may have stored of its answer."""
        return self._answers.at(household_of(scope, self._settings.trusted_proxies))

    def _by_token(self, token: AccessToken, entry: "_Entry", now: datetime) -> "_Entry":
        if token.has_ended(now):
            raise InvalidTokenError
        log_in_id = token.log_in_id

        def hear(row: Row | None) -> None:
            if row is None:
                raise InvalidTokenError
            caller = Caller(row.id, row.role, log_in_id=log_in_id)
            entry.let_in(caller)
            if self._demands_second_factor and not row.has_second_factor and caller.is_box_office:
                entry.require_enrolling()

        values = {"log_in_id": log_in_id, "token_user_id": token.user_id}
        entry.ask(log_in_service.who_logged_in, values, hear)
        # The token says for whom it is, so that this need not wait for who that is.
        entry.ask_whose(token.user_id)
        entry.principal = Caller(token.user_id).principal
        return entry

    def _by_key(self, credentials: Credentials, entry: "_Entry", now: datetime) -> "_Entry":
        secret_hash = hashed(credentials.secret)

        def hear(row: Row | None) -> None:
            is_open = self._settings.is_open
            caller = api_key_service.caller_of(row, is_open=is_open, now=now)
            if caller is None:
                self._known_keys.forget(secret_hash)
                raise InvalidTokenError
            self._known_keys.learn(secret_hash)
            entry.let_in(caller)
            entry.ask_whose(caller.user_id)

        values = {"secret_hash": secret_hash}
        entry.ask(api_key_service.whose_key, values, hear)
        return entry

    def _without_credentials(self, scope: Scope) -> Caller:
        is_open = self._settings.is_open
        if is_open and comes_from_this_machine(scope, self._settings.cors_origins):
            return Caller(role=UserRole.ADMIN)
        return Caller(household=self._pseudonyms.household(scope))


class _Entry:
    """A transaction's attempt to be let in: what it has to ask, and who it is for then."""

    def __init__(self, right: Right, about: Any, caller: Caller | None = None) -> None:
        self.questions: list[Question] = []
        self._right = right
        self._about = about
        self._caller = caller
        self.asking: Caller | None = caller
        # Whose an ``Idempotency-Key`` is, as soon as that is known.
        self.principal: str | None = None
        if caller is not None:
            self.let_in(caller)

    @property
    def caller(self) -> Caller:
        if self._caller is None:
            raise AssertionError("nobody was let in yet")
        return self._caller

    def ask(
        self, statement: Any, values: dict[str, Any], hear: Callable[[Row | None], None]
    ) -> None:
        self.questions.append(Question(statement, values, hear))

    def ask_whose(self, user_id: int | None) -> None:
        """Ask whether the object is the user's, where that may matter."""
        owned = self._right.owned
        if owned is None or owned.of_user is None or user_id is None:
            return
        values = {"about": owned.key(self._about), "asking_id": user_id}
        self.ask(owned.of_user, values, lambda row: self._require(owned, is_own=row is not None))

    def let_in(self, caller: Caller) -> None:
        """Let the caller in as far as the right goes without looking at the object."""
        self.asking = caller
        access, owned = self._right.access_of(caller), self._right.owned
        if access is Access.NO:
            raise NotAllowedError if caller.is_known else NotAuthenticatedError
        self._caller, self.principal = caller, caller.principal
        if access is not Access.OWN or owned is None:
            return
        if self._about is None:
            raise AssertionError(f"the router must name the {owned.name} with work.about")
        if caller.user_id is None:
            # A key that nobody in particular made: its maker is no user.
            self._require(owned, is_own=False)
        elif owned.of_user is None:
            self._require(owned, is_own=self._about == caller.user_id)

    def require_enrolling(self) -> None:
        """Of a log-in by password alone, where the role needs more: it may only see to that."""
        if not self._right.serves_enrolling:
            raise SecondFactorEnrolmentRequiredError

    def _require(self, owned: Owned, *, is_own: bool) -> None:
        if self._right.access_of(self.caller) is Access.OWN and not is_own:
            raise owned.missing
