"""Where a second factor is required, who may do more than buy enrols one before all else."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.settings import Settings
from tests.Auth.conftest import Serve
from tests.support.authenticator import FACTOR, Authenticator, enrol, log_in, said
from tests.support.client import PASSWORD, Api
from tests.support.declared import RIGHTS, operations, sensible
from tests.support.handing_out import api_of, handed_out
from tests.support.limiting import WallClock, is_refused, until_refused
from tests.support.service import (
    BACKENDS,
    Service,
    fresh_database,
    running_service,
    settings_for,
)

REFUSED = "second_factor_enrolment_required"
DEMANDED = sorted(
    name
    for name, right in RIGHTS.items()
    if not right.ignores_credentials and not right.serves_enrolling
)
OPERATIONS = {operation["operationId"]: (m, p, operation) for m, p, operation in operations()}


@pytest.fixture(scope="module", params=BACKENDS)
def strict_service(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Service]:
    """Started once for each database; every test finds it empty."""
    with (
        fresh_database(request.param, request, f"{worker_name}_strict") as url,
        running_service(settings_for(url, second_factor="required")) as service,
    ):
        yield service


@pytest.fixture
def strict(strict_service: Service) -> Iterator[Service]:
    with handed_out(strict_service):
        yield strict_service


@pytest.fixture
def shop(strict: Service) -> Api:
    return api_of(strict)


def test_a_log_in_without_one_is_good_for_enrolling_and_then_for_everything(shop: Api) -> None:
    _, boss = shop.someone("admin", "boss")
    assert boss.refused("GET", "/api/auth/me")["code"] == REFUSED
    assert boss.get(FACTOR)["is_required"]
    authenticator, _ = enrol(boss)
    assert boss.get("/api/auth/me")["role"] == "admin"
    tokens = log_in(shop, "boss", authenticator.next_code()).json()
    assert shop.bearer(tokens["access_token"]).get("/api/auth/me")["role"] == "admin"


def test_it_can_do_nothing_else(shop: Api) -> None:
    _, boss = shop.someone("admin", "boss")
    codes = {name: said(sensible(boss, *OPERATIONS[name])) for name in DEMANDED}
    assert codes == dict.fromkeys(DEMANDED, REFUSED)


def test_prolonging_it_makes_it_good_for_no_more(shop: Api) -> None:
    shop.user("boss", password=PASSWORD, role="admin")
    body = {"refresh_token": shop.log_in("boss")["refresh_token"]}
    renewed = shop.bearer(shop.post("/api/auth/refresh", body)["access_token"])
    assert renewed.refused("GET", "/api/auth/me")["code"] == REFUSED


def test_customers_need_none_until_they_are_staff(shop: Api) -> None:
    user, own = shop.someone("customer")
    assert own.get("/api/auth/me")["role"] == "customer"
    shop.put(f"/api/users/{user['id']}", {"role": "staff"})
    own = shop.bearer(shop.log_in("customer")["access_token"])
    assert own.refused("GET", "/api/auth/me")["code"] == REFUSED


def test_who_switches_it_off_is_back_at_enrolling(shop: Api) -> None:
    _, boss = shop.someone("admin", "boss")
    authenticator, _ = enrol(boss)
    body = {"password": PASSWORD, "otp": authenticator.next_code()}
    assert boss.request("POST", f"{FACTOR}/disable", json=body).status_code == 204
    assert boss.refused("GET", "/api/users/")["code"] == REFUSED
    assert enrol(boss)


def test_who_lost_it_enrols_again_after_an_administrator_took_it_off(shop: Api) -> None:
    _, boss = shop.someone("admin", "boss")
    enrol(boss)
    user, staff = shop.someone("staff")
    enrol(staff)
    boss.delete(f"{FACTOR}/users/{user['id']}")
    staff = shop.bearer(log_in(shop, "staff").json()["access_token"])
    assert staff.refused("GET", "/api/auth/me")["code"] == REFUSED
    enrol(staff)
    assert staff.get("/api/auth/me")["role"] == "staff"


def test_log_ins_and_keys_of_before_it_was_required(
    request: pytest.FixtureRequest, worker_name: str
) -> None:
    """Programs go on with their keys; people enrol."""
    with fresh_database("sqlite", request, f"{worker_name}_later") as url:
        key = "k3yQ" * 10
        with running_service(settings_for(url, secret_key=key)) as service:
            api = Api(service.client, service.clock, service.app)
            _, boss = api.someone("admin", "boss")
            till = boss.post("/api/auth/api-keys", {"name": "till", "role": "staff"})["key"]
        with running_service(settings_for(url, secret_key=key, second_factor="required")) as later:
            api = Api(later.client, later.clock, later.app)
            assert api.having(boss.headers).refused("GET", "/api/auth/me")["code"] == REFUSED
            assert api.bearer(till).get("/api/auth/me")["role"] == "staff"


@pytest.mark.parametrize(
    ("environment", "said_so", "is_required"),
    [
        ("production", None, True),
        ("production", "optional", False),
        ("production", "", True),
        ("development", None, False),
        ("staging", None, False),
        ("staging", "required", True),
    ],
)
def test_it_is_required_in_production_unless_switched_off_by_name(
    environment: str, said_so: Any, *, is_required: bool
) -> None:
    fields = {"environment": environment, "second_factor": said_so}
    assert Settings.model_validate(fields).demands_second_factor is is_required


LIMITED = {"login_rate_limit": "4/minute", "login_day_rate_limit": "30/day"}


class TestGuessing:
    """Codes are guessed as seldom as passwords."""

    def test_who_knows_the_password_does_not_get_through_all_codes(
        self, serve: Serve, wall: WallClock
    ) -> None:
        caller = serve(**LIMITED)
        caller.register()
        form = {"username": "john", "password": PASSWORD, "otp": "000000"}
        assert self._enrolled(caller.known())
        wall.now += 120

        def guess(_: int) -> Any:
            return caller.ask("POST", "/api/auth/token", data=form)

        assert until_refused(guess) == 4

    @pytest.mark.parametrize("path", ["disable", "recovery-codes", "confirm"])
    def test_who_stole_a_token_does_not_either(
        self, serve: Serve, wall: WallClock, path: str
    ) -> None:
        caller = serve(**LIMITED)
        caller.register()
        john = caller.known()
        wall.now += 120
        body = {"otp": "000000"} | ({} if path == "confirm" else {"password": PASSWORD})
        assert until_refused(lambda _: john.ask("POST", f"{FACTOR}/{path}", json=body)) == 4
        # And no log-in either, for both are counted together.
        assert is_refused(caller.guess(1))

    def _enrolled(self, john: Any) -> bool:
        secret = john.ask("POST", FACTOR, json={"password": PASSWORD}).json()["secret"]
        code = Authenticator(secret, john.service.clock).code()
        return bool(john.ask("POST", f"{FACTOR}/confirm", json={"otp": code}).is_success)
