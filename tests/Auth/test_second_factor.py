"""A second factor: enrolled by its owner, asked for at each log-in, and each code good once."""

import base64
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.exc import OperationalError

from models import recovery_codes, second_factors
from tests.support.authenticator import FACTOR, Authenticator, begin, enrol, log_in, said
from tests.support.client import PASSWORD, Api
from tests.support.declared import contents
from tests.support.service import Service
from tests.test_cli import CommandLine
from User.errors import InvalidSecondFactorError
from User.services import second_factor_service
from User.services.factor_seal import FactorSeal
from work.context import Context, unattended

PARALLEL = 8


def proof(otp: str, password: str = PASSWORD) -> dict[str, str]:
    return {"password": password, "otp": otp}


def audited(api: Api) -> list[str]:
    return [one["action"] for one in api.get("/api/audit", object="user:1")]


@pytest.fixture
def boss(api: Api) -> Api:
    """An administrator without a second factor, as the user 1."""
    return api.someone("admin", "boss")[1]


class TestEnrolment:
    def test_counts_once_a_first_code_was_shown(self, api: Api, boss: Api) -> None:
        authenticator = begin(boss)
        assert said(log_in(api, "boss")) == "200"
        boss = api.bearer(api.log_in("boss")["access_token"])
        boss.post(f"{FACTOR}/confirm", {"otp": authenticator.code()})
        assert said(log_in(api, "boss")) == "second_factor_required"
        assert said(log_in(api, "boss", authenticator.next_code())) == "200"
        assert "second_factor_enrolled" in audited(api)

    def test_shows_what_authenticators_read(self, boss: Api) -> None:
        shown = boss.post(FACTOR, {"password": PASSWORD})
        assert shown["otpauth_uri"].startswith("otpauth://totp/Nexticket:boss?")
        assert f"secret={shown['secret']}" in shown["otpauth_uri"]
        assert len(base64.b32decode(shown["secret"])) == 20

    def test_is_told(self, boss: Api) -> None:
        status = boss.get(FACTOR)
        assert (status["is_enrolled"], status["recovery_codes_left"]) == (False, 0)
        enrol(boss)
        status = boss.get(FACTOR)
        assert (status["is_enrolled"], status["recovery_codes_left"]) == (True, 10)

    def test_takes_the_password(self, boss: Api, service: Service) -> None:
        before = contents(service)
        problem = boss.refused("POST", FACTOR, {"password": "not the password"})
        assert problem["code"] == "invalid_credentials"
        assert contents(service) == before

    def test_ends_the_log_ins_that_were_opened_without_it(self, api: Api, boss: Api) -> None:
        other = api.bearer(api.log_in("boss")["access_token"])
        enrol(boss)
        assert other.refused("GET", "/api/auth/me")["code"] == "invalid_token"
        assert boss.get("/api/auth/me")["username"] == "boss"

    def test_is_not_begun_again_over_one_that_counts(self, boss: Api, service: Service) -> None:
        enrol(boss)
        before = contents(service)
        assert boss.refused("POST", FACTOR, {"password": PASSWORD})["code"] == (
            "second_factor_enrolled"
        )
        assert contents(service) == before

    def test_that_was_begun_an_hour_ago_is_over(self, api: Api, boss: Api) -> None:
        begin(boss)
        api.clock.advance(minutes=61)
        boss = api.bearer(api.log_in("boss")["access_token"])
        problem = boss.refused("POST", f"{FACTOR}/confirm", {"otp": "123456"})
        assert problem["code"] == "enrolment_not_begun"

    def test_repeated_under_its_key_shows_the_same(self, boss: Api) -> None:
        keyed = boss.having({"Idempotency-Key": "enrol"})
        shown = keyed.post(FACTOR, {"password": PASSWORD})
        assert keyed.post(FACTOR, {"password": PASSWORD}) == shown
        body = {"otp": Authenticator(shown["secret"], boss.clock).code()}
        keyed = boss.having({"Idempotency-Key": "confirm"})
        assert keyed.post(f"{FACTOR}/confirm", body) == keyed.post(f"{FACTOR}/confirm", body)

    def test_is_no_business_of_a_key(self, api: Api, boss: Api) -> None:
        key = boss.post("/api/auth/api-keys", {"name": "till", "role": "admin"})["key"]
        for method, path, body in (
            ("GET", FACTOR, None),
            ("POST", FACTOR, {"password": PASSWORD}),
            ("POST", f"{FACTOR}/confirm", {"otp": "123456"}),
            ("POST", f"{FACTOR}/recovery-codes", proof("123456")),
            ("POST", f"{FACTOR}/disable", proof("123456")),
            ("DELETE", f"{FACTOR}/users/1", None),
        ):
            assert api.bearer(key).refused(method, path, body)["code"] == "not_by_api_key"


class TestLogIn:
    @pytest.fixture
    def authenticator(self, boss: Api) -> Authenticator:
        return enrol(boss)[0]

    def test_tells_a_front_end_what_it_may_ask_for(
        self, api: Api, authenticator: Authenticator, service: Service
    ) -> None:
        assert authenticator
        before = contents(service)
        problem = log_in(api, "boss").json()
        assert (problem["status"], problem["accepted"]) == (401, ["totp", "recovery_code"])
        assert contents(service) == before

    def test_tells_who_does_not_know_the_password_nothing_of_it(
        self, api: Api, authenticator: Authenticator
    ) -> None:
        code = authenticator.next_code()
        for otp in (None, code, "000000"):
            answer = log_in(api, "boss", otp, "not the password")
            assert said(answer) == "invalid_credentials"
        # The code was not used up by who guessed the password.
        assert said(log_in(api, "boss", code)) == "200"

    def test_is_not_opened_by_a_wrong_code(
        self, api: Api, authenticator: Authenticator, service: Service
    ) -> None:
        before = contents(service)
        for otp in (authenticator.wrong_code(), "12345", "abcdef", "-", "\u0661" * 6, "x" * 64):
            assert said(log_in(api, "boss", otp)) == "invalid_second_factor"
        assert contents(service) == before

    def test_is_not_opened_by_a_code_that_was_shown(
        self, api: Api, authenticator: Authenticator
    ) -> None:
        # That of the enrolment counts as shown, too.
        assert said(log_in(api, "boss", authenticator.code())) == "invalid_second_factor"
        code = authenticator.next_code()
        assert said(log_in(api, "boss", code)) == "200"
        assert said(log_in(api, "boss", code)) == "invalid_second_factor"
        # Nor by one of before it, which somebody may have looked at.
        assert said(log_in(api, "boss", authenticator.code(steps=-1))) == "invalid_second_factor"

    @pytest.mark.parametrize(
        ("steps", "answer"),
        [(-2, "invalid_second_factor"), (-1, "200"), (1, "200"), (2, "invalid_second_factor")],
    )
    def test_allows_a_clock_a_step_of_drift(
        self, api: Api, authenticator: Authenticator, steps: int, answer: str
    ) -> None:
        api.clock.advance(minutes=5)
        assert said(log_in(api, "boss", authenticator.code(steps=steps))) == answer

    def test_takes_a_code_as_it_is_typed(self, api: Api, authenticator: Authenticator) -> None:
        code = authenticator.next_code()
        assert said(log_in(api, "boss", f" {code[:3]} {code[3:]} ")) == "200"

    def test_of_many_with_one_code_opens_one(self, api: Api, authenticator: Authenticator) -> None:
        code = authenticator.next_code()
        with ThreadPoolExecutor(PARALLEL) as pool:
            answers = pool.map(lambda _: said(log_in(api, "boss", code)), range(PARALLEL))
        assert Counter(answers) == {"200": 1, "invalid_second_factor": PARALLEL - 1}

    @pytest.mark.parametrize("shared_service", ["postgres"], indirect=True, scope="session")
    def test_locks_the_factor_before_a_code_is_judged(
        self, authenticator: Authenticator, service: Service
    ) -> None:
        """Of two that look at once, both would find the code unused."""
        engine = create_engine(service.settings.database_url)

        def look(context: Context) -> None:
            seal, wrong = FactorSeal(service.settings), authenticator.wrong_code()
            refused = second_factor_service.check(context, 1, wrong, seal=seal)
            assert isinstance(refused, InvalidSecondFactorError)
            with (
                engine.connect() as other,
                pytest.raises(OperationalError, match="not obtain"),
            ):
                other.execute(select(second_factors.c.id).with_for_update(nowait=True))

        service.database.write_now(unattended(look, service.settings, service.clock))
        engine.dispose()

    def test_is_prolonged_without_a_code(self, api: Api, authenticator: Authenticator) -> None:
        tokens = log_in(api, "boss", authenticator.next_code()).json()
        body = {"refresh_token": tokens["refresh_token"]}
        assert api.post("/api/auth/refresh", body)["access_token"]

    def test_repeated_under_its_key_is_answered_as_before(
        self, api: Api, authenticator: Authenticator
    ) -> None:
        keyed, code = api.having({"Idempotency-Key": "again"}), authenticator.next_code()
        first, again = (log_in(keyed, "boss", code) for _ in range(2))
        assert first.json() == again.json()

    def test_takes_the_code_also_after_the_password_was_reset(
        self, api: Api, authenticator: Authenticator, service: Service
    ) -> None:
        new = "a longer walk in the sun"
        CommandLine(service).done("reset-password", "--username", "boss", password=new)
        assert said(log_in(api, "boss", password=new)) == "second_factor_required"
        assert said(log_in(api, "boss", authenticator.next_code(), new)) == "200"


class TestRecoveryCodes:
    def test_are_good_once_each(self, api: Api, boss: Api) -> None:
        codes = enrol(boss)[1]
        assert len(set(codes)) == 10
        assert said(log_in(api, "boss", codes[0])) == "200"
        assert said(log_in(api, "boss", codes[0])) == "invalid_second_factor"
        assert said(log_in(api, "boss", codes[1].upper().replace("-", " "))) == "200"
        assert boss.get(FACTOR)["recovery_codes_left"] == 8
        assert audited(api).count("recovery_code_used") == 2

    def test_of_many_with_one_of_them_one_is_let_in(self, api: Api, boss: Api) -> None:
        code = enrol(boss)[1][0]
        with ThreadPoolExecutor(PARALLEL) as pool:
            answers = pool.map(lambda _: said(log_in(api, "boss", code)), range(PARALLEL))
        assert Counter(answers) == {"200": 1, "invalid_second_factor": PARALLEL - 1}

    def test_are_nobody_elses(self, api: Api, boss: Api) -> None:
        codes = enrol(boss)[1]
        _, other = api.someone("staff", "other")
        enrol(other)
        assert said(log_in(api, "other", codes[0])) == "invalid_second_factor"

    def test_are_not_told_of_once_there_are_none(self, api: Api, boss: Api) -> None:
        for code in enrol(boss)[1]:
            assert said(log_in(api, "boss", code)) == "200"
        assert log_in(api, "boss").json()["accepted"] == ["totp"]

    def test_end_with_new_ones(self, api: Api, boss: Api) -> None:
        authenticator, old = enrol(boss)
        body = proof(authenticator.next_code())
        new = boss.post(f"{FACTOR}/recovery-codes", body)["recovery_codes"]
        assert not set(old) & set(new)
        assert said(log_in(api, "boss", old[0])) == "invalid_second_factor"
        assert said(log_in(api, "boss", new[0])) == "200"
        assert "recovery_codes_made" in audited(api)


class TestStolenToken:
    """Whoever has somebody's access token has neither the password nor a code."""

    @pytest.mark.parametrize("path", ["disable", "recovery-codes"])
    def test_alone_changes_nothing(self, boss: Api, service: Service, path: str) -> None:
        authenticator, _ = enrol(boss)
        before = contents(service)
        code, wrong = authenticator.next_code(), authenticator.wrong_code()
        for body, refusal in (
            (proof(wrong), "invalid_second_factor"),
            (proof(code, "not the password"), "invalid_credentials"),
        ):
            assert boss.refused("POST", f"{FACTOR}/{path}", body)["code"] == refusal
        assert contents(service) == before

    def test_takes_off_no_factor_of_its_owner(self, boss: Api) -> None:
        enrol(boss)
        assert boss.refused("DELETE", f"{FACTOR}/users/1")["code"] == "own_second_factor"


class TestRemoval:
    def test_by_its_owner_takes_password_and_code(self, api: Api, boss: Api) -> None:
        authenticator, codes = enrol(boss)
        answer = boss.request("POST", f"{FACTOR}/disable", json=proof(authenticator.next_code()))
        assert answer.status_code == 204
        assert said(log_in(api, "boss")) == "200"
        assert boss.get(FACTOR) == {
            "is_enrolled": False,
            "is_required": False,
            "enrolled_at": None,
            "recovery_codes_left": 0,
        }
        assert "second_factor_removed" in audited(api)
        # An old recovery code is good for nothing.
        body = proof(codes[0])
        assert boss.refused("POST", f"{FACTOR}/disable", body)["code"] == (
            "second_factor_not_enrolled"
        )

    def test_by_an_administrator_ends_all_log_ins(self, api: Api, boss: Api) -> None:
        user, staff = api.someone("staff")
        enrol(staff)
        boss.delete(f"{FACTOR}/users/{user['id']}")
        assert staff.refused("GET", "/api/auth/me")["code"] == "invalid_token"
        assert said(log_in(api, "staff")) == "200"
        (entry,) = api.get("/api/audit", action="second_factor_removed")
        assert (entry["object"], entry["actor"]["name"]) == (f"user:{user['id']}", "user:1")

    def test_by_the_command_line(self, api: Api, boss: Api, service: Service) -> None:
        enrol(boss)
        line = CommandLine(service)
        assert "removed" in line.done("reset-second-factor", "--username", "BOSS@example.com")
        assert said(log_in(api, "boss")) == "200"
        (entry,) = api.get("/api/audit", action="second_factor_removed")
        assert entry["actor"]["name"] == "command:reset-second-factor"
        again = line.refused("reset-second-factor", "--username", "boss")
        assert again == "The account has no second factor."

    def test_goes_along_with_a_person(self, api: Api, boss: Api, service: Service) -> None:
        user, own = api.someone("staff", "ada")
        enrol(own)
        told = api.get(f"/api/users/{user['id']}/export")["second_factor"]
        assert told["recovery_codes_left"] == 10
        boss.post(f"/api/users/{user['id']}/erase")
        assert rows(service) == ([], [])


def test_a_key_is_made_only_where_the_factor_stands(api: Api, boss: Api, service: Service) -> None:
    """Also with a key: what it makes goes on when it was ended."""
    key = api.bearer(boss.post("/api/auth/api-keys", {"name": "till", "role": "admin"})["key"])
    access = replace(service.app.state.terms.access, second_factor=True)
    service.app.state.terms = replace(service.app.state.terms, access=access)
    body = {"name": "way to stay", "role": "staff"}
    assert key.refused("POST", "/api/auth/api-keys", body)["code"] == (
        "second_factor_enrolment_required"
    )
    assert key.post("/api/auth/api-keys", {**body, "role": "customer"})["key"]
    enrol(boss)
    assert key.post("/api/auth/api-keys", body)["key"]


def rows(service: Service) -> tuple[list[Any], list[Any]]:
    def read(session: Any) -> tuple[list[Any], list[Any]]:
        factors = session.execute(select(second_factors)).all()
        return list(factors), list(session.execute(select(recovery_codes)).all())

    return service.database.read_now(read)
