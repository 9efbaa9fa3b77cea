"""An access token is good for what it was made for, by whoever has the key, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from pydantic import SecretStr

from core.settings import Settings
from User.services.tokens import TokenSigner

KEY = "Zr7-kQ2_vN9xLw4TbY8mHc3JfPs6GdRaZr7-kQ2_vN9xLw4TbY8mHc3JfPs6GdRa"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLAIMS: dict[str, Any] = {
    "sub": "7",
    "sid": 9,
    "iat": NOW,
    "exp": NOW + timedelta(minutes=30),
    "jti": "0123456789abcdef",
    "iss": "nexticket",
    "aud": "nexticket",
    "typ": "access",
}


def read(token: str, now: datetime = NOW) -> int | None:
    said = TokenSigner(Settings(secret_key=SecretStr(KEY))).read(token, now=now)
    return None if said is None else said.user_id


def made(key: str = KEY, algorithm: str = "HS256", **other: Any) -> str:
    headers = other.pop("headers", None)
    return jwt.encode(CLAIMS | other, key, algorithm=algorithm, headers=headers)


def test_one_that_we_would_have_made_is_good_until_it_ends() -> None:
    assert read(made()) == 7
    assert read(made(), NOW + timedelta(minutes=29)) == 7
    assert read(made(), NOW + timedelta(minutes=30)) is None


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_one_of_another_algorithm_is_none(algorithm: str) -> None:
    assert read(made("" if algorithm == "none" else KEY, algorithm)) is None


def test_one_of_another_key_is_none_whatever_it_says_about_keys() -> None:
    other = KEY[::-1]
    assert read(made(other)) is None
    for name in ("jku", "x5u", "kid"):
        assert read(made(other, headers={name: "https://elsewhere.example/keys"})) is None
    assert read(made(other, headers={"jwk": {"kty": "oct", "k": other}})) is None


def test_one_that_was_changed_is_none() -> None:
    ours, others = made().split("."), made(sub="8").split(".")
    assert read(".".join([ours[0], others[1], ours[2]])) is None


@pytest.mark.parametrize(
    ("claim", "value"),
    [("aud", "elsewhere"), ("iss", "elsewhere"), ("typ", "refresh"), ("sub", "0"), ("sid", -1)],
)
def test_one_for_something_else_is_none(claim: str, value: Any) -> None:
    assert read(made(**{claim: value})) is None


@pytest.mark.parametrize("claim", CLAIMS)
def test_one_that_leaves_something_open_is_none(claim: str) -> None:
    said = {name: value for name, value in CLAIMS.items() if name != claim}
    assert read(jwt.encode(said, KEY, algorithm="HS256")) is None
