"""A seat keeps its connection for as long as that is in order."""

import threading
from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

import anyio
import pytest
from sqlalchemy import Executable, Integer, bindparam, column, select, table, text
from sqlmodel import Session

from core.store.dialects import Sql
from core.store.exchange import exchange_of
from core.store.statements import statement
from database import Database
from tests.support.service import Service
from tests.support.waiting import PATIENCE, Held, Moment, one_connection, until

T = TypeVar("T")

# SQLite is no server away: its connections come from the pool each time.
pytestmark = pytest.mark.parametrize("shared_service", ["postgres"], indirect=True, scope="session")


def process(session: Session) -> int:
    """The server's for this connection."""
    found = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    return int(found)


def seated(database: Database, unit: Callable[[Session], T]) -> T:
    return anyio.run(database.write, unit)


def test_the_same_connection_serves_one_request_after_another(service: Service) -> None:
    with one_connection(service) as narrow:
        first = seated(narrow, process)
        # Nobody else can have taken it meanwhile.
        assert narrow.write_now(process) != first
        assert seated(narrow, process) == first


def test_who_has_no_seat_need_not_wait_for_one(service: Service) -> None:
    async def scenario(narrow: Database) -> None:
        held = Held()
        async with anyio.create_task_group() as requests:
            requests.start_soon(narrow.write, held)
            await until(held.entered)
            assert await anyio.to_thread.run_sync(narrow.write_now, process)
            held.released.set()

    with one_connection(service) as narrow:
        anyio.run(scenario, narrow)


def test_a_connection_that_the_server_ended_is_replaced_in_time(service: Service) -> None:
    with one_connection(service) as narrow:
        first = seated(narrow, process)
        ended = text("SELECT pg_terminate_backend(:first, 10000)")
        assert service.database.read_now(lambda s: s.execute(ended, {"first": first}).scalar_one())
        assert seated(narrow, process) != first


def test_a_transaction_that_was_left_open_is_not_the_next_ones(service: Service) -> None:
    def leave_open(session: Session) -> None:
        session.execute(text("SET LOCAL search_path = nowhere"))
        raise ZeroDivisionError

    path = text("SHOW search_path")
    with one_connection(service) as narrow:
        with pytest.raises(ZeroDivisionError):
            seated(narrow, leave_open)
        assert seated(narrow, lambda s: s.execute(path).scalar_one()) != "nowhere"


def test_a_connection_that_broke_is_not_kept(service: Service) -> None:
    def break_it(session: Session) -> None:
        exchange_of(session)._driver.close()

    with one_connection(service) as narrow:
        first = seated(narrow, process)
        anyio.run(narrow.write, break_it)
        assert seated(narrow, process) != first


def test_where_one_broke_the_others_are_not_believed(service: Service) -> None:
    """A network that went silent would cost each of them its time-out."""

    async def both(database: Database) -> tuple[int, int]:
        is_one_there, both_are = threading.Event(), Moment()

        def meet(session: Session) -> int:
            if is_one_there.is_set():
                both_are.set()
            is_one_there.set()
            assert both_are.wait(PATIENCE)
            return process(session)

        found: list[int] = []

        async def go() -> None:
            found.append(await database.write(meet))

        async with anyio.create_task_group() as requests:
            requests.start_soon(go)
            requests.start_soon(go)
        return min(found), max(found)

    def break_it(session: Session) -> None:
        exchange_of(session)._driver.close()

    settings = service.settings.model_copy(update={"database_pool_size": 2})
    with closing(Database(settings)) as database:
        before = anyio.run(both, database)
        assert anyio.run(both, database) == before
        anyio.run(database.write, break_it)
        assert not {*before} & {*anyio.run(both, database)}


def test_none_is_left_behind(service: Service) -> None:
    with one_connection(service) as narrow:
        driver = seated(narrow, lambda session: exchange_of(session)._driver)
        assert not driver.closed
    assert driver.closed


@statement
def entered(_sql: Sql) -> Executable:
    entries = table("entries", column("id", Integer))
    return select(entries.c.id).where(entries.c.id == bindparam("wanted", type_=Integer))


def test_a_table_that_grew_is_not_read_by_the_plan_of_when_it_was_empty(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a shop's keys do in the first minute of a sale, before the server counts them again."""

    def make(session: Session) -> None:
        session.execute(text("CREATE TEMPORARY TABLE entries (id integer PRIMARY KEY)"))
        session.execute(text("ANALYZE entries"))

    def fill(session: Session) -> None:
        session.execute(text("INSERT INTO entries SELECT generate_series(1, 10000)"))

    def plan(session: Session) -> str:
        exchange = exchange_of(session)
        exchange.rows(entered, {"wanted": 1})
        prepared = entered.on(exchange.dialect).prepared
        assert prepared
        lines = session.execute(text(f"EXPLAIN EXECUTE {prepared.name} (1)")).scalars()
        return "\n".join(lines)

    with one_connection(service) as narrow:
        seated(narrow, make)
        assert "Seq Scan" in seated(narrow, plan)
        seated(narrow, fill)
        assert "Seq Scan" in seated(narrow, plan)
        monkeypatch.setattr("core.store.exchange._PLANS_LAST_SECONDS", 0)
        seated(narrow, lambda _session: None)
        assert "Seq Scan" not in seated(narrow, plan)


def test_plans_are_thrown_away_outside_of_any_transaction(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within one that sees a single state of the data, nothing may come before the first look."""
    monkeypatch.setattr("core.store.exchange._PLANS_LAST_SECONDS", 0)
    with one_connection(service) as narrow:
        for way in (narrow.read_now, narrow.snapshot_now, narrow.write_now) * 2:
            assert way(process)
