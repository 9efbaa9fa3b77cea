"""A password that was right a moment ago: what was done meanwhile counts."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from typing import Any

import pytest
from sqlalchemy import select, update

from core.errors import UnauthenticatedError
from models import UserRole, login_sessions, users
from tests.support.client import PASSWORD, Api
from tests.support.interruptions import meanwhile
from tests.support.service import Service
from User.services import account_service, api_key_service, log_in_service
from User.services.proof_service import Proof
from work.caller import Caller
from work.context import Context, Known, unattended

NEW = "another walk in the sun"
OTHER = "a third walk, at night"
PATIENCE = 20
# Long enough for whoever does not have to wait.
A_MOMENT = 0.3
RENEWING = pytest.mark.parametrize("renewing", [False, True], ids=["as it was", "hashed anew"])


def reset(service: Service, password: str = NEW) -> Callable[[], None]:
    """What the command line does."""
    hashed = service.app.state.hasher.hash_now(password)
    change = unattended(
        lambda context: account_service.set_password(context, 1, hashed), service.settings
    )
    return lambda: service.database.write_now(change)


def status_of_log_in(api: Api, password: str) -> int:
    form = {"username": "customer", "password": password}
    return int(api.request("POST", "/api/auth/token", data=form).status_code)


class TestLogIn:
    @RENEWING
    def test_with_the_old_password_loses_against_a_reset(
        self, api: Api, service: Service, *, renewing: bool
    ) -> None:
        api.someone("customer")
        with meanwhile(service, reset(service), renewing=renewing):
            assert status_of_log_in(api, PASSWORD) == 401
        assert status_of_log_in(api, PASSWORD) == 401
        assert status_of_log_in(api, NEW) == 200

    @RENEWING
    def test_of_who_is_deactivated_meanwhile_opens_nothing(
        self, api: Api, service: Service, *, renewing: bool
    ) -> None:
        api.someone("customer")
        deactivate = lambda: api.patch("/api/users/1/deactivate")  # noqa: E731
        with meanwhile(service, deactivate, renewing=renewing):
            assert status_of_log_in(api, PASSWORD) == 401
        assert open_log_ins(service) == []

    def test_of_who_is_promoted_meanwhile_has_the_new_role(
        self, api: Api, service: Service
    ) -> None:
        api.someone("customer")
        with meanwhile(service, lambda: api.put("/api/users/1", {"role": "staff"})):
            tokens = api.log_in("customer")
        assert api.bearer(tokens["access_token"]).get("/api/auth/me")["role"] == "staff"

    def test_of_one_account_twice_at_once_works_though_both_renew_the_hash(
        self, api: Api, service: Service
    ) -> None:
        api.someone("customer")
        second: list[int] = []
        with meanwhile(
            service, lambda: second.append(status_of_log_in(api, PASSWORD)), renewing=True
        ):
            assert status_of_log_in(api, PASSWORD) == 200
        assert second == [200]
        assert status_of_log_in(api, PASSWORD) == 200


class TestChangeOfPassword:
    def test_loses_against_a_reset(self, api: Api, service: Service) -> None:
        _, thief = api.someone("customer")
        body = {"current_password": PASSWORD, "new_password": OTHER}
        with meanwhile(service, reset(service)):
            assert thief.refused("POST", "/api/auth/password", body)["status"] == 401
        assert status_of_log_in(api, OTHER) == 401
        assert status_of_log_in(api, NEW) == 200

    def test_loses_against_a_deactivation(self, api: Api, service: Service) -> None:
        _, john = api.someone("customer")
        body = {"current_password": PASSWORD, "new_password": OTHER}
        with meanwhile(service, lambda: api.patch("/api/users/1/deactivate")):
            assert john.refused("POST", "/api/auth/password", body)["status"] == 401
        api.patch("/api/users/1/activate")
        assert status_of_log_in(api, PASSWORD) == 200


class IncompleteError(UnauthenticatedError):
    code = "incomplete"
    title = "Something else is missing"


def test_where_more_than_the_password_is_demanded_nothing_is_opened(
    api: Api, service: Service
) -> None:
    api.user(password=PASSWORD)
    proof, signer = Proof(1, stored_hash(service)), service.app.state.signer
    missing = IncompleteError()
    unit = unattended(
        lambda context: log_in_service.log_in(
            context, proof, demand=lambda _context, _proof: missing, signer=signer
        ),
        service.settings,
    )
    assert service.database.write_now(unit) is missing
    assert open_log_ins(service) == []


class TestUnderLock:
    """What comes a moment later waits for the transaction that opens a log-in, and ends it."""

    @pytest.mark.parametrize("renewing", [False, True])
    def test_a_reset_ends_a_log_in_that_is_just_opened(
        self, api: Api, service: Service, *, renewing: bool
    ) -> None:
        self._require_ended(api, service, reset(service), renewing=renewing)

    def test_a_deactivation_ends_a_log_in_that_is_just_opened(
        self, api: Api, service: Service
    ) -> None:
        self._require_ended(api, service, lambda: api.patch("/api/users/1/deactivate"))

    def _require_ended(
        self, api: Api, service: Service, change: Callable[[], Any], *, renewing: bool = False
    ) -> None:
        api.user(password=PASSWORD)
        proof = Proof(1, stored_hash(service), "made anew" if renewing else None)
        waiting: list[Future[Any]] = []
        with ThreadPoolExecutor(1) as pool:

            def meanwhile_locked(_context: Context, _proof: Proof) -> bool:
                waiting.append(pool.submit(change))
                with pytest.raises(StillWaiting):
                    waiting[0].result(A_MOMENT)
                return False

            service.database.write_now(
                unattended(
                    lambda context: log_in_service.log_in(
                        context, proof, demand=meanwhile_locked, signer=service.app.state.signer
                    ),
                    service.settings,
                    service.clock,
                )
            )
            waiting[0].result(PATIENCE)
        assert open_log_ins(service) == []


# With SQLite's one writer nobody is let in before the other is done.
@pytest.mark.parametrize("shared_service", ["postgres"], indirect=True, scope="session")
class TestApiKey:
    """Made while what it is to stand on is being taken away."""

    def test_of_who_is_demoted_meanwhile_is_not_made(self, api: Api, service: Service) -> None:
        def demote(context: Context) -> None:
            set_user(context, role=UserRole.CUSTOMER)
            api_key_service.lower_all(context, 1, UserRole.CUSTOMER)

        assert self._refusal(api, service, demote) == "role_too_high"

    def test_of_who_is_deactivated_meanwhile_is_not_made(self, api: Api, service: Service) -> None:
        def deactivate(context: Context) -> None:
            set_user(context, is_active=False)
            api_key_service.end_all(context, 1)

        assert self._refusal(api, service, deactivate) == "invalid_token"

    def test_of_whose_password_is_reset_meanwhile_is_not_made(
        self, api: Api, service: Service
    ) -> None:
        def change(context: Context) -> None:
            account_service.set_password(context, 1, "new")

        assert self._refusal(api, service, change) == "invalid_token"

    def test_whose_maker_is_ended_meanwhile_is_not_made(self, api: Api, service: Service) -> None:
        _, staff = api.someone("staff")
        key = staff.post("/api/auth/api-keys", {"name": "till", "role": "staff"})

        def end(context: Context) -> None:
            admin = Known(Caller(role=UserRole.ADMIN))
            by_admin = Context(context.session, context.now, context.terms, admin)
            api_key_service.delete_api_key(by_admin, key["id"])

        assert self._attempt(api.bearer(key["key"]), service, end) == "invalid_token"

    def _refusal(self, api: Api, service: Service, change: Callable[[Context], None]) -> str:
        _, staff = api.someone("staff")
        return self._attempt(staff, service, change)

    def _attempt(self, program: Api, service: Service, change: Callable[[Context], None]) -> str:
        """The code with which a key is refused that is asked for while the change goes on."""
        body = {"name": "way to stay", "role": "staff"}
        asked: list[Future[Any]] = []
        with ThreadPoolExecutor(1) as pool:

            def changing(context: Context) -> None:
                change(context)
                asked.append(pool.submit(program.refused, "POST", "/api/auth/api-keys", body))
                with pytest.raises(StillWaiting):
                    asked[0].result(A_MOMENT)

            unit = unattended(changing, service.settings, service.clock)
            service.database.write_now(unit)
            return str(asked[0].result(PATIENCE)["code"])


def set_user(context: Context, **fields: Any) -> None:
    context.session.execute(update(users).where(users.c.id == 1).values(**fields))


def stored_hash(service: Service) -> str:
    found = select(users.c.password_hash).where(users.c.id == 1)
    return str(service.database.read_now(lambda s: s.execute(found).scalar_one()))


def open_log_ins(service: Service) -> list[int]:
    found = select(login_sessions.c.id).where(login_sessions.c.revoked_at.is_(None))
    return service.database.read_now(lambda s: list(s.execute(found).scalars()))
