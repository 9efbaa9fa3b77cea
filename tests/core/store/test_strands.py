"""What waits for a server keeps nothing else of its thread waiting."""

import threading
from contextvars import ContextVar
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from sqlalchemy import event, insert, text
from sqlmodel import Session

from core.errors import BusyError, DatabaseUnavailableError, RetryTransaction
from core.store.dialects import Sql
from core.store.exchange import exchange_of
from core.store.statements import Changes, Script
from core.store.strands import pause
from database import Database
from models import deployment
from tests.support.service import Service
from tests.support.waiting import PATIENCE, Held, Moment, one_connection, until

# SQLite is in no other process: whoever works with it keeps a thread of its own.
pytestmark = pytest.mark.parametrize("shared_service", ["postgres"], indirect=True, scope="session")

mark: ContextVar[str] = ContextVar("mark", default="")


def thread(_session: Session) -> int:
    return threading.get_ident()


def test_short_work_is_done_in_the_thread_of_the_event_loop(service: Service) -> None:
    async def scenario(database: Database) -> None:
        own = threading.get_ident()
        assert {await database.read(thread), await database.write(thread)} == {own}

    with one_connection(service) as narrow:
        anyio.run(scenario, narrow)


def test_a_report_computes_in_another_thread(service: Service) -> None:
    async def scenario(database: Database) -> None:
        assert await database.snapshot(thread) != threading.get_ident()

    with one_connection(service) as narrow:
        anyio.run(scenario, narrow)


def test_so_does_whoever_connects_for_that_may_take_long(service: Service) -> None:
    threads: set[int] = set()

    def connected(*_: object) -> None:
        threads.add(threading.get_ident())

    with one_connection(service) as narrow:
        event.listen(narrow.writer, "connect", connected)
        own = anyio.run(narrow.write, thread)
    assert threads
    assert own not in threads


def test_what_is_made_once_of_many_statements_is_made_in_another_thread(service: Service) -> None:
    makers: list[int] = []

    def build(_sql: Sql) -> Changes:
        makers.append(threading.get_ident())
        yield insert(deployment).values(id=1)

    script = Script(build)

    def unit(session: Session) -> int:
        dialect = exchange_of(session).dialect
        assert script.on(dialect) is script.on(dialect)
        return threading.get_ident()

    own = anyio.run(service.database.write, unit)
    assert len(makers) == 1
    assert own not in makers


def test_others_are_served_while_the_server_is_at_work(service: Service) -> None:
    async def scenario() -> None:
        database, held = service.database, Held()
        async with anyio.create_task_group() as requests:
            requests.start_soon(database.write, held)
            await until(held.entered)
            assert await database.write(lambda session: session.execute(text("SELECT 1")).scalar())
            held.released.set()

    assert service.client.portal
    service.client.portal.call(scenario)


def test_each_has_a_context_of_its_own_that_of_who_asks(service: Service) -> None:
    seen: list[str] = []
    meeting = Moment()

    def say(word: str) -> Any:
        def unit(_session: Session) -> None:
            seen.append(mark.get())
            mark.set(word)
            if word == "first":
                assert meeting.wait(PATIENCE)
            else:
                meeting.set()
            seen.append(mark.get())

        return unit

    async def scenario() -> None:
        mark.set("asked")
        async with anyio.create_task_group() as requests:
            requests.start_soon(service.database.write, say("first"))
            requests.start_soon(service.database.write, say("second"))
        assert mark.get() == "asked"

    assert service.client.portal
    service.client.portal.call(scenario)
    assert sorted(seen) == ["asked", "asked", "first", "second"]


def test_who_lost_a_race_waits_without_keeping_others_waiting(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause is as long as the others take: it would not end if they waited for it."""
    is_served, served = threading.Event(), Moment()

    def wait_for_others(seconds: float) -> None:
        pause(seconds)
        assert served.wait(PATIENCE)

    def lose(_session: Session) -> None:
        if not is_served.is_set():
            raise RetryTransaction

    async def serve(database: Database) -> None:
        await database.write(lambda session: session.execute(text("SELECT 1")).scalar())
        is_served.set()
        served.set()

    async def scenario() -> None:
        async with anyio.create_task_group() as requests:
            requests.start_soon(service.database.write, lose)
            requests.start_soon(serve, service.database)

    monkeypatch.setattr("database.pause", wait_for_others)
    assert service.client.portal
    service.client.portal.call(scenario)


def test_a_server_that_does_not_answer_in_time_is_away(service: Service) -> None:
    sleep = text("SELECT pg_sleep(20)")

    def be_silent(session: Session) -> None:
        # The server would end it first, and say so.
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(sleep)

    async def scenario(database: Database) -> None:
        with pytest.raises(DatabaseUnavailableError):
            await database.write(be_silent)
        assert await database.write(lambda session: session.execute(text("SELECT 1")).scalar())

    with one_connection(service, request_timeout_seconds=1) as narrow:
        anyio.run(scenario, narrow)


class TestTheEnd:
    def test_waits_for_what_is_being_done(self, service: Service) -> None:
        ended: list[str] = []

        async def finish(database: Database) -> None:
            await database.finish()
            ended.append("finish")

        async def scenario(database: Database) -> None:
            held = Held()

            def unit(session: Session) -> None:
                held(session)
                ended.append("unit")

            async with anyio.create_task_group() as requests:
                requests.start_soon(database.write, unit)
                await until(held.entered)
                requests.start_soon(finish, database)
                await anyio.wait_all_tasks_blocked()
                held.released.set()
            assert ended == ["unit", "finish"]

        with one_connection(service) as narrow:
            anyio.run(scenario, narrow)

    def test_does_not_wait_for_ever(self, service: Service) -> None:
        async def scenario(database: Database) -> Any:
            held = Held()
            async with anyio.create_task_group() as requests:
                requests.start_soon(self._ends_early, database, held)
                await until(held.entered)
                await database.finish()
                assert database._writers.taken == 1
                database.close()
            assert database._writers.taken == 0

        with one_connection(service, request_timeout_seconds=1) as narrow:
            anyio.run(scenario, narrow)

    @staticmethod
    async def _ends_early(database: Database, held: Held) -> None:
        with pytest.raises(AssertionError):
            await database.write(held)

    def test_commits_nothing_of_what_it_cuts_off(self, service: Service) -> None:
        driver: list[Any] = []
        is_begun = threading.Event()

        def work(session: Session) -> None:
            session.execute(text("CREATE TABLE cut_off (id integer)"))
            driver.append(session.connection().connection.driver_connection)
            is_begun.set()
            session.execute(text("SELECT pg_sleep(20)"))

        async def scenario(database: Database) -> None:
            async with anyio.create_task_group() as requests:
                requests.start_soon(self._cut_off, database, work)
                await until(is_begun)
                database.close()

        with one_connection(service) as narrow:
            anyio.run(scenario, narrow)
        assert driver[0].closed
        exists = text("SELECT to_regclass('cut_off')")
        assert service.database.read_now(lambda s: s.execute(exists).scalar_one()) is None

    @staticmethod
    async def _cut_off(database: Database, work: Any) -> None:
        with pytest.raises((DatabaseUnavailableError, BusyError)):
            await database.write(work)
