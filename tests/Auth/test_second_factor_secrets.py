"""How the secrets of second factors are kept, and that they outlive the key they are kept with."""

import json
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from tests.support.authenticator import FACTOR, Authenticator, enrol, log_in, said
from tests.support.client import PASSWORD, Api
from tests.support.declared import contents
from tests.support.service import Service
from tests.test_cli import CommandLine
from User.services import one_time_codes
from User.services.factor_seal import FactorSeal

KEY, NEXT_KEY = "k3yQ" * 10, "n3xT" * 10


class Seals:
    """What the service shuts secrets with: before, while and after a key is replaced."""

    def __init__(self, service: Service) -> None:
        self._service = service
        keys = {"old": (KEY, ""), "both": (NEXT_KEY, KEY), "new": (NEXT_KEY, "")}
        self._seals = {name: self._seal(*pair) for name, pair in keys.items()}

    def _seal(self, key: str, previous: str) -> FactorSeal:
        keys = {"secret_key": SecretStr(key), "secret_key_previous": SecretStr(previous)}
        return FactorSeal(self._service.settings.model_copy(update=keys))

    def use(self, name: str) -> None:
        self._service.app.state.factor_seal = self._seals[name]


@pytest.fixture
def seals(service: Service) -> Iterator[Seals]:
    before, seals = service.app.state.factor_seal, Seals(service)
    seals.use("old")
    yield seals
    service.app.state.factor_seal = before


@pytest.fixture
def boss(api: Api) -> Api:
    """An administrator without a second factor, as the user 1."""
    return api.someone("admin", "boss")[1]


class TestAtRest:
    def test_neither_secret_nor_code_is_legible(self, boss: Api, service: Service) -> None:
        shown = boss.post(FACTOR, {"password": PASSWORD})
        authenticator = Authenticator(shown["secret"], boss.clock)
        codes = boss.post(f"{FACTOR}/confirm", {"otp": authenticator.code()})["recovery_codes"]
        stored = str(contents(service))
        for secret in (shown["secret"], authenticator.code(), *codes):
            assert secret not in stored
            assert secret.replace("-", "") not in stored

    def test_a_secret_opens_for_its_owner_alone(self, service: Service) -> None:
        seal = FactorSeal(service.settings)
        sealed = seal.shut(1, b"secret")
        assert seal.open(2, sealed) is None
        opened = seal.open(1, sealed)
        assert opened is not None
        assert opened.secret == b"secret"


class TestRotation:
    """SECRET_KEY is replaced, and the one before stays for a while."""

    def test_codes_go_on_and_the_secret_is_sealed_anew(
        self, api: Api, boss: Api, seals: Seals
    ) -> None:
        authenticator, _ = enrol(boss)
        seals.use("both")
        assert said(log_in(api, "boss", authenticator.next_code())) == "200"
        seals.use("new")
        assert said(log_in(api, "boss", authenticator.next_code())) == "200"

    def test_the_command_line_seals_all_of_them_anew(
        self, api: Api, boss: Api, service: Service, seals: Seals
    ) -> None:
        authenticator, _ = enrol(boss)
        line = CommandLine(service)
        line.environment |= {"SECRET_KEY": NEXT_KEY, "SECRET_KEY_PREVIOUS": KEY}
        line.done("reseal-second-factors")
        seals.use("new")
        assert said(log_in(api, "boss", authenticator.next_code())) == "200"

    def test_with_neither_key_no_code_is_good_but_a_recovery_code_is(
        self, api: Api, boss: Api, seals: Seals
    ) -> None:
        authenticator, codes = enrol(boss)
        seals.use("new")
        assert said(log_in(api, "boss", authenticator.next_code())) == "invalid_second_factor"
        assert said(log_in(api, "boss", codes[0])) == "200"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    assert one_time_codes.code_at(b"12345678901234567890", seconds // 30) == code


class TestInput:
    """What is no code, or no password, is bad input or wrong; never a fault."""

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("", {}),
            ("", {"password": 1}),
            ("", {"password": "x" * 513}),
            ("/confirm", {"otp": 123456}),
            ("/confirm", {"otp": ""}),
            ("/confirm", {"otp": "1" * 65}),
            ("/disable", {"otp": "123456"}),
            ("/disable", {"password": PASSWORD}),
            ("/recovery-codes", {"password": PASSWORD, "otp": None}),
        ],
    )
    def test_of_the_wrong_kind(
        self, boss: Api, service: Service, path: str, body: dict[str, object]
    ) -> None:
        before = contents(service)
        assert boss.refused("POST", FACTOR + path, body)["code"] == "validation_error"
        assert contents(service) == before

    @pytest.mark.parametrize("otp", ["\0" * 6, "\ud800", "12345\n", "-" * 64, "' OR 1=1"])
    def test_that_no_code_can_be(self, api: Api, boss: Api, otp: str) -> None:
        authenticator, _ = enrol(boss)
        content = json.dumps({"password": PASSWORD, "otp": otp})
        headers = {"Content-Type": "application/json"}
        answer = boss.request("POST", f"{FACTOR}/disable", content=content, headers=headers)
        assert said(answer) in {"invalid_second_factor", "validation_error"}
        assert said(log_in(api, "boss", authenticator.next_code())) == "200"
