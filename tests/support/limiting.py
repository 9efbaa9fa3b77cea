"""Callers of a service that limits them, the time of its counters, and stores of other kinds."""

import logging
from collections.abc import Callable
from typing import Any, ClassVar

from httpx2 import Response
from limits.aio.storage import MemoryStorage

from tests.support.client import PASSWORD, PROBLEM
from tests.support.service import Service

# At this time both a minute and an hour begin.
START = 1_800_000_000.0
WRONG = "a walk in the snow"


class WallClock:
    """The time of the store of rate limits."""

    def __init__(self) -> None:
        self.now = START

    def time(self) -> float:
        return self.now


class SharedStorage(MemoryStorage):
    """One store for all processes, such as Redis is."""

    STORAGE_SCHEME = ["async+shared"]  # noqa: RUF012 - how the base class registers it
    everything: ClassVar[dict[str, Any]] = {}

    def __init__(self, uri: str | None = None, **options: Any) -> None:
        super().__init__(uri, **options)
        self.storage = self.everything.setdefault("storage", self.storage)
        self.expirations = self.everything.setdefault("expirations", self.expirations)


class LostStorage(MemoryStorage):
    """A store whose server is gone."""

    STORAGE_SCHEME = ["async+lost"]  # noqa: RUF012 - as above

    async def acquire_sliding_window_entry(self, *_: Any, **__: Any) -> bool:
        raise ConnectionRefusedError


class Caller:
    """Somebody at an address."""

    def __init__(self, service: Service, address: str, **headers: str) -> None:
        self.service = service
        self._headers = {"X-Forwarded-For": address, **headers}

    def at(self, address: str, **headers: str) -> "Caller":
        return Caller(self.service, address, **headers)

    def having(self, **headers: str) -> "Caller":
        caller = Caller(self.service, "")
        caller._headers = {**self._headers, **headers}
        return caller

    def ask(self, method: str, path: str, **arguments: Any) -> Response:
        return self.service.client.request(method, path, headers=self._headers, **arguments)

    def log_in(self, name: str = "john", password: str = WRONG) -> Response:
        form = {"username": name, "password": password}
        return self.ask("POST", "/api/auth/token", data=form)

    def guess(self, number: int) -> Response:
        return self.log_in(password=f"guess {number}")

    def register(self, name: str = "john") -> Response:
        body = {"username": name, "email": f"{name}@example.com", "full_name": "John"}
        return self.ask("POST", "/api/users/", json=body | {"password": PASSWORD})

    def write(self) -> Response:
        """A write that an unknown caller is refused and a known one is told is nonsense."""
        return self.ask("POST", "/api/cart/", json={})

    def known(self, name: str = "john", address: str = "203.0.113.1") -> "Caller":
        token = self.log_in(name, PASSWORD).json()["access_token"]
        return self.at(address, Authorization=f"Bearer {token}")


def is_refused(response: Response) -> bool:
    """Whether it is one too many, and then told as the contract says."""
    if response.status_code != 429:
        return False
    assert response.headers["content-type"] == PROBLEM
    problem = response.json()
    assert (problem["code"], problem["status"]) == ("too_many_requests", 429)
    assert int(response.headers["retry-after"]) >= 1
    assert ";r=0;" in response.headers["ratelimit"]
    return True


def until_refused(ask: Callable[[int], Response], most: int = 100) -> int:
    """How many are let through."""
    for number in range(most):
        if is_refused(ask(number)):
            return number
    return most


class LogLines(logging.Handler):
    """What a logger is told meanwhile, whatever the level of the service."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self._logger = logging.getLogger(name)

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def __enter__(self) -> None:
        self._before = self._logger.level
        self._logger.setLevel(logging.DEBUG)
        self._logger.addHandler(self)

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._before)
