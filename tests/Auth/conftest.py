"""A service with the limits that a test sets, at the time that its counters are told."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import URL

from tests.support.limiting import Caller, WallClock
from tests.support.service import fresh_database, migrate, running_service, settings_for

Serve = Callable[..., Caller]
TICKET = {
    "event_name": "Concert",
    "event_date": "2030-12-25T20:00:00",
    "venue": "Arena",
    "price": 10,
    "total_quantity": 1000,
    "category": "VIP",
}
COUNTERS = ("limits.aio.storage.memory", "Auth.process_storage", "Auth.buckets")


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    clock = WallClock()
    for module in COUNTERS:
        told = SimpleNamespace(time=clock.time, monotonic=clock.time)
        monkeypatch.setattr(f"{module}.time", told)
    return clock


@pytest.fixture(scope="session")
def schema(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Path]:
    """To be copied: migrations take longer than most of what is asked here."""
    with fresh_database("sqlite", request, f"{worker_name}_schema") as url:
        migrate(settings_for(url))
        yield Path(str(url.database))


@pytest.fixture(scope="session")
def hundred_tickets(
    request: pytest.FixtureRequest, worker_name: str, schema: Path
) -> Iterator[Path]:
    """To be copied as well: what a shop on this machine has left."""
    with fresh_database("sqlite", request, f"{worker_name}_tickets") as url:
        shutil.copy(schema, str(url.database))
        with running_service(settings_for(url)) as service:
            for _ in range(100):
                assert service.client.post("/api/tickets/", json=TICKET).status_code == 201
        yield Path(str(url.database))


@pytest.fixture
def limited_url(request: pytest.FixtureRequest, worker_name: str, schema: Path) -> Iterator[URL]:
    with fresh_database("sqlite", request, f"{worker_name}_limited") as url:
        shutil.copy(schema, str(url.database))
        yield url


@pytest.fixture
def stocked(limited_url: URL, hundred_tickets: Path) -> None:
    """A hundred tickets are on sale, before anything is served."""
    shutil.copy(hundred_tickets, str(limited_url.database))


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
