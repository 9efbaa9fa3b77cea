"""What waits for a hash holds nothing of the database meanwhile, and counts attempts first."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.support.client import PASSWORD, Api
from tests.support.service import Service


@dataclass
class SlowHasher:
    """Hashes like nobody should, and looks who has a seat while it does."""

    service: Service
    seats_taken: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def hash(self, password: str) -> str:
        self._look("hash")
        return f"hash of {password}"

    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        self._look("verify")
        return stored == f"hash of {password}", None

    def _look(self, asked: str) -> None:
        database = self.service.database
        seatings = (database._readers, database._writers)
        self.asked.append(asked)
        self.seats_taken.append(sum(one.taken for one in seatings))


@pytest.fixture
def hasher(service: Service) -> Iterator[SlowHasher]:
    before, fake = service.app.state.hasher, SlowHasher(service)
    service.app.state.hasher = fake
    yield fake
    service.app.state.hasher = before


def test_nobody_has_a_seat_while_passwords_are_hashed(api: Api, hasher: SlowHasher) -> None:
    _, john = api.someone("customer")
    change = {"current_password": PASSWORD, "new_password": "another walk"}
    assert john.request("POST", "/api/auth/password", json=change).status_code == 204
    assert api.log_in("customer", "another walk")
    assert hasher.asked == ["hash", "verify", "verify", "hash", "verify"]
    assert set(hasher.seats_taken) == {0}


def test_no_password_is_compared_once_attempts_are_too_many(
    api: Api, service: Service, hasher: SlowHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    from Auth.errors import RateLimitedError

    async def too_many(*_: object, **__: object) -> None:
        raise RateLimitedError(7)

    monkeypatch.setattr(service.app.state.limiter, "admit_log_in", too_many)
    form = {"username": "john", "password": PASSWORD}
    answer = api.request("POST", "/api/auth/token", data=form)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert hasher.asked == []
