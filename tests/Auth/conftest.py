"""A service with the limits that a test sets, at the time that its counters are told."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import URL

from core.settings import Settings
from tests.support.limiting import Caller, WallClock
from tests.support.moulds import Moulds
from tests.support.service import migrate, running_service, settings_for

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


@pytest.fixture
def limited_url(moulds_on_sqlite: Moulds) -> Iterator[URL]:
    with moulds_on_sqlite.copied(migrate) as url:
        yield url


def with_a_hundred_tickets(settings: Settings) -> None:
    """What a shop on this machine has put on sale."""
    with running_service(settings) as service:
        for _ in range(100):
            assert service.client.post("/api/tickets/", json=TICKET).status_code == 201


@pytest.fixture
def stocked(limited_url: URL, moulds_on_sqlite: Moulds) -> None:
    """A hundred tickets are on sale, before anything is served."""
    moulds_on_sqlite.copy_to(Path(str(limited_url.database)), with_a_hundred_tickets)


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
