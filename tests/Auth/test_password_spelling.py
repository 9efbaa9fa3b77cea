"""A password is the same however a keyboard spells its letters."""

import asyncio
import unicodedata
from typing import Any

import pytest
from sqlalchemy import select, update

from models import users
from tests.support.client import PASSWORD, Api
from tests.support.service import Service
from tests.test_cli import CommandLine
from User.services.hashing import PasswordHasher
from User.services.one_time_codes import as_meant

COMPOSED = unicodedata.normalize("NFC", "über die Brücke gehen")
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


def wide(text: str) -> str:
    """As keyboards for Japanese send it."""
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


WIDE = wide(COMPOSED)
SPELLINGS = (COMPOSED, DECOMPOSED, WIDE)


def answer(api: Api, password: str) -> int:
    form = {"username": "john_doe", "password": password}
    return api.request("POST", "/api/auth/token", data=form).status_code


@pytest.mark.parametrize("kept", SPELLINGS)
def test_who_logs_in_may_spell_it_otherwise_than_who_set_it(api: Api, kept: str) -> None:
    api.user(password=kept)
    assert [answer(api, typed) for typed in SPELLINGS] == [200, 200, 200]
    assert answer(api, COMPOSED.replace("ü", "u")) == 401


def test_one_that_is_changed_or_reset_may_be_spelled_otherwise(api: Api, service: Service) -> None:
    api.user(password=DECOMPOSED)
    john = api.bearer(api.log_in("john_doe", COMPOSED)["access_token"])
    body = {"current_password": WIDE, "new_password": DECOMPOSED + "!"}
    assert john.request("POST", "/api/auth/password", json=body).status_code == 204
    assert answer(api, COMPOSED + "!") == 200
    CommandLine(service).done("reset-password", "--username", "john_doe", password=DECOMPOSED)
    assert answer(api, COMPOSED) == 200


def test_the_longest_one_may_be_spelled_in_more_characters(api: Api) -> None:
    longest = "äöüß" * 31 + "ängs"
    typed = unicodedata.normalize("NFD", longest)
    assert (len(longest), len(typed)) == (128, 222)
    api.user(password=typed)
    john = api.bearer(api.log_in("john_doe", longest)["access_token"])
    body = {"current_password": typed, "new_password": PASSWORD}
    assert john.request("POST", "/api/auth/password", json=body).status_code == 204


@pytest.mark.parametrize("password", [wide("password1"), unicodedata.normalize("NFD", "äöüéñ")])
def test_it_is_judged_as_it_is_hashed(api: Api, password: str) -> None:
    body = {"username": "jane", "email": "jane@example.com", "full_name": "J"}
    problem = api.refused("POST", "/api/users/", {**body, "password": password})
    assert [error["pointer"] for error in problem["errors"]] == ["#/password"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (wide("123 456"), "123456"),
        ("K3VQ2M\N{NON-BREAKING HYPHEN}7hxw4t\N{EN DASH}pz5n6a-c2rdy3", "k3vq2m7hxw4tpz5n6ac2rdy3"),
    ],
)
def test_codes_may_be_spelled_otherwise_as_well(typed: str, meant: str) -> None:
    assert as_meant(typed) == meant


class TestHashedAsItWasTyped:
    """As all were before."""

    @pytest.fixture
    def typed(self, api: Api, service: Service) -> str:
        api.user(password=PASSWORD)
        hashed = service.app.state.hasher._hash.hash(DECOMPOSED)
        service.database.write_now(
            lambda session: session.execute(update(users).values(password_hash=hashed))
        )
        return DECOMPOSED

    def test_it_is_right_and_is_hashed_anew(self, api: Api, service: Service, typed: str) -> None:
        before = stored(service)
        assert answer(api, typed) == 200
        assert stored(service) != before
        assert [answer(api, spelling) for spelling in SPELLINGS] == [200, 200, 200]

    def test_it_is_not_hashed_anew_for_who_does_not_know_it(
        self, api: Api, service: Service, typed: str
    ) -> None:
        before = stored(service)
        assert answer(api, typed + "!") == 401
        assert stored(service) == before


def stored(service: Service) -> Any:
    found = select(users.c.password_hash)
    return service.database.read_now(lambda session: session.execute(found).scalar_one())


def test_nobodys_takes_as_many_hashes_as_somebodys(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = PasswordHasher(memory_kib=8, iterations=1)
    compared: list[tuple[str, ...]] = []
    inner = hasher._hash
    somebodys = hasher.hash_now(PASSWORD)

    def counting(name: str) -> Any:
        plain = getattr(inner, name)

        def counted(*words: str) -> Any:
            compared.append(words)
            return plain(*words)

        return counted

    for name in ("verify", "verify_and_update", "hash"):
        monkeypatch.setattr(inner, name, counting(name))
    for password in (PASSWORD + "!", DECOMPOSED):
        counts = []
        for owner in (None, somebodys):
            compared.clear()
            assert asyncio.run(hasher.verify(password, owner))[0] is False
            counts.append(len(compared))
        assert counts[0] == counts[1] > 0
