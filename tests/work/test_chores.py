"""Chores in the background: each in its own time, and none that fails ends the others."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from core.errors import BusyError
from database import Database
from tests.support.service import Service
from tests.support.waiting import Moment
from work.chores import Chore, Upkeep, sweeping
from work.context import Context

PATIENCE = 30


@pytest.fixture
def database(service: Service) -> Iterator[Database]:
    """A connection for each chore where that is possible; SQLite has one writer."""
    settings = service.settings.model_copy(update={"sweep_seconds": 0.001})
    with closing(Database(settings)) as database:
        yield database


def sweep_until(
    service: Service, database: Database, done: threading.Event, *chores: Chore
) -> None:
    import asyncio

    async def run() -> None:
        async with sweeping(database, Upkeep(chores), clock=service.clock):
            assert await asyncio.to_thread(done.wait, PATIENCE)

    assert service.client.portal
    service.client.portal.call(run)


# SQLite has one writer, whatever the tasks are.
@pytest.mark.parametrize("shared_service", ["postgres"], indirect=True, scope="session")
def test_a_slow_chore_does_not_hold_up_another(service: Service, database: Database) -> None:
    entered, done, released = threading.Event(), threading.Event(), Moment()

    def slow(_context: Context, *, limit: int) -> int:  # noqa: ARG001
        entered.set()
        assert released.wait(PATIENCE)
        return 0

    def expiry(_context: Context, *, limit: int) -> int:  # noqa: ARG001
        if entered.is_set() and not done.is_set():
            done.set()
            released.set()
        return 0

    sweep_until(service, database, done, slow, expiry)


@pytest.mark.parametrize(
    "error", [BusyError(), ZeroDivisionError()], ids=lambda one: type(one).__name__
)
def test_a_chore_that_fails_is_tried_again_and_others_go_on(
    service: Service, database: Database, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[int] = []
    done = threading.Event()

    def failing(_context: Context, *, limit: int) -> int:
        tries.append(limit)
        if len(tries) > 2:
            done.set()
        raise error

    sweep_until(service, database, done, failing)
    assert {record.message.split(":")[0] for record in caplog.records} <= {
        "sweep postponed",
        "sweep failed",
    }
    assert len(tries) > 2


def test_a_chore_goes_on_while_it_finds_full_batches(service: Service, database: Database) -> None:
    left, done = [250], threading.Event()
    swept: list[int] = []

    def forget(context: Context, *, limit: int) -> int:
        assert context.now.year == service.clock().year
        number = min(limit, left[0])
        left[0] -= number
        swept.append(number)
        if number < limit:
            done.set()
        return number

    sweep_until(service, database, done, forget)
    assert swept[:3] == [100, 100, 50]


def test_chores_do_not_come_all_at_once(service: Service) -> None:
    """Of a thousand within a minute the first comes at once, and the last a minute later."""
    begun: list[int] = []
    done = threading.Event()

    def numbered(number: int) -> Chore:
        def chore(_context: Context, *, limit: int) -> int:  # noqa: ARG001
            begun.append(number)
            done.set()
            return 0

        return chore

    settings = service.settings.model_copy(update={"sweep_seconds": 60})
    with closing(Database(settings)) as database:
        sweep_until(service, database, done, *map(numbered, range(1000)))
    assert begun[0] == 0
    assert 999 not in begun
