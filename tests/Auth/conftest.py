"""A service with the limits that a test sets, at the time that its counters are told."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from sqlalchemy import URL

from tests.support.limiting import Caller, WallClock
from tests.support.service import fresh_database, running_service, settings_for

Serve = Callable[..., Caller]
COUNTERS = ("limits.aio.storage.memory", "Auth.process_storage", "Auth.buckets")


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    clock = WallClock()
    for module in COUNTERS:
        told = SimpleNamespace(time=clock.time, monotonic=clock.time)
        monkeypatch.setattr(f"{module}.time", told)
    return clock


@pytest.fixture
def limited_url(request: pytest.FixtureRequest, worker_name: str) -> Iterator[URL]:
    with fresh_database("sqlite", request, f"{worker_name}_limited") as url:
        yield url


@pytest.fixture
def serve(limited_url: URL, wall: WallClock) -> Iterator[Serve]:  # noqa: ARG001 - it is set
    """Starts a service with the settings that are given; callers come through a proxy."""
    with ExitStack() as stack:

        def start(**changes: object) -> Caller:
            fields = {"auth_required": True, "trusted_proxies": "127.0.0.1", "log_level": "ERROR"}
            settings = settings_for(limited_url, **(fields | changes))
            service = stack.enter_context(running_service(settings))
            return Caller(service, "203.0.113.1")

        yield start
