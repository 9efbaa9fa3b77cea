"""Behind a PgBouncer that nobody has told anything, in either way to pool, the shop sells."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg2
import pytest
from sqlalchemy import URL, text
from sqlmodel import Session

from core.errors import BusyError
from core.settings import ConfigurationError
from core.store.schema_version import AwayError, prepare_schema
from database import Database
from Order.services.expiry_service import expire_overdue_orders
from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.emptying import empty
from tests.support.lives import live
from tests.support.service import (
    Service,
    needing_pgbouncer,
    running_service,
    settings_for,
)
from tests.support.statements import messages
from tools.pgbouncer import Pgbouncer, pgbouncer_before
from tools.postgres import new_database
from work.context import unattended

POOLINGS = ("session", "transaction")
TIMEOUT = 1.0
BUYERS = 12
# In milliseconds, of what is left of the second.
LIMITS = {"lock_timeout": 765, "statement_timeout": 810, "idle_in_transaction_session_timeout": 810}
LONG = text("SELECT pg_sleep(20)")


@dataclass(frozen=True)
class Pooled:
    """A service behind a pooler."""

    service: Service
    pooler: Pgbouncer


@pytest.fixture(scope="module")
def servers(postgres: URL, worker_name: str) -> Iterator[dict[str, URL]]:
    with ExitStack() as stack:
        names = {pooling: f"{worker_name}_{pooling}" for pooling in (*POOLINGS, "statement")}
        yield {
            pooling: stack.enter_context(new_database(postgres, name))
            for pooling, name in names.items()
        }


@pytest.fixture(scope="module")
def pooler(servers: dict[str, URL]) -> Iterator[Pgbouncer]:
    with needing_pgbouncer(), pgbouncer_before(servers) as pooler:
        yield pooler


@pytest.fixture(scope="module", params=POOLINGS)
def running(request: pytest.FixtureRequest, pooler: Pgbouncer) -> Iterator[Pooled]:
    """It is migrated through the pooler as well."""
    settings = settings_for(pooler.url(request.param), request_timeout_seconds=5)
    with running_service(settings) as service:
        yield Pooled(service, pooler)


@pytest.fixture
def pooled(running: Pooled) -> Pooled:
    running.service.clock.reset()
    empty(running.service.database)
    return running


@pytest.fixture
def api(pooled: Pooled) -> Api:
    return Api(pooled.service.client, pooled.service.clock, pooled.service.app)


@pytest.fixture
def hasty(pooled: Pooled) -> Iterator[Database]:
    """Another access through the pooler, which gives a request a second."""
    changes = {"request_timeout_seconds": TIMEOUT, "database_pool_size": 2}
    with closing(Database(pooled.service.settings.model_copy(update=changes))) as database:
        yield database


def ways(database: Database) -> tuple[Callable[[Callable[[Session], Any]], Any], ...]:
    return database.read_now, database.snapshot_now, database.write_now


def books_agree(pooled: Pooled) -> bool:
    return not disagreements(pooled.service.database, clock=pooled.service.clock)


class TestSelling:
    def test_all_that_can_happen_to_an_order_happens(self, api: Api, pooled: Pooled) -> None:
        live(api)
        for report in ("dashboard", "sales", "revenue", "users", "tickets", "reconciliation"):
            api.get(f"/api/analytics/{report}")
        assert api.get("/health/ready")["status"] == "ok"
        assert books_agree(pooled)

    def test_the_last_units_are_sold_once(self, api: Api, pooled: Pooled) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=BUYERS // 2)
        body = {"user_id": user["id"], "items": [{"ticket_id": ticket["id"], "quantity": 1}]}

        def buy(_number: int) -> int:
            return pooled.service.client.post("/api/orders/", json=body).status_code

        with ThreadPoolExecutor(BUYERS) as buyers:
            told = sorted(buyers.map(buy, range(BUYERS)))
        assert told == [201] * (BUYERS // 2) + [409] * (BUYERS // 2)
        assert api.stock(ticket) == (0, BUYERS // 2, 0, 0)
        assert books_agree(pooled)

    def test_a_hold_that_runs_out_is_given_back(self, api: Api, pooled: Pooled) -> None:
        ticket = api.ticket(total_quantity=2)
        order = api.order(api.user(), (ticket, 2))
        api.clock.advance(hours=1)
        service = pooled.service
        sweep = partial(expire_overdue_orders, limit=10)
        assert service.database.write_now(unattended(sweep, service.settings, service.clock)) == 1
        assert api.again(order, "orders")["status"] == "cancelled"
        assert api.stock(ticket) == (2, 0, 0, 0)

    def test_a_key_is_carried_out_once(self, api: Api, pooled: Pooled) -> None:
        user, ticket = api.user(), api.ticket()
        keyed = api.having({"Idempotency-Key": "once"})
        assert keyed.order(user, (ticket, 1)) == keyed.order(user, (ticket, 1))
        assert api.stock(ticket)[1] == 1
        assert books_agree(pooled)

    def test_an_order_stays_a_look_and_a_message(self, api: Api, pooled: Pooled) -> None:
        user, ticket = api.user(), api.ticket()
        with messages(pooled.service.database) as sent:
            api.order(user, (ticket, 1))
        assert len(sent) == 2
        with messages(pooled.service.database) as sent:
            api.get(f"/api/tickets/{ticket['id']}")
        assert len(sent) == 1


class TestSettings:
    def test_each_unit_has_its_own(self, hasty: Database) -> None:
        def shown(session: Session) -> dict[str, str]:
            names = [*LIMITS, "TimeZone"]
            return {name: session.execute(text(f"SHOW {name}")).scalar_one() for name in names}

        for way in ways(hasty):
            found = way(shown)
            assert found.pop("TimeZone") == "UTC"
            for name, said in found.items():
                assert 0 < int(said.removesuffix("ms")) <= LIMITS[name]

    def test_no_statement_runs_on_past_the_deadline(self, hasty: Database) -> None:
        """Told by the server, and not by a wait that ended: that would say it is away."""
        for way in ways(hasty):
            with pytest.raises(BusyError):
                way(lambda session: session.execute(LONG).close())

    def test_whoever_comes_next_finds_none_of_them(self, api: Api, pooled: Pooled) -> None:
        """Another program, on the connection that was ours."""
        api.order(api.user(), (api.ticket(), 1))
        url = pooled.service.settings.database
        connection = psycopg2.connect(
            host=url.host, port=url.port, user=url.username, dbname=url.database
        )
        with closing(connection), connection.cursor() as cursor:
            for name in ("lock_timeout", "statement_timeout"):
                cursor.execute(f"SHOW {name}")
                assert cursor.fetchone() == ("0",)
            cursor.execute("SELECT count(*) FROM pg_prepared_statements")
            assert cursor.fetchone() == (0,)


class TestPoolerThatCrashed:
    def test_is_told_and_used_again_when_it_is_back(self, api: Api, pooled: Pooled) -> None:
        user, ticket = api.user(), api.ticket()
        order = api.order(user, (ticket, 2))
        pooled.pooler.crash()
        try:
            for path in ("/api/tickets/", "/health/ready"):
                assert api.refused("GET", path)["code"] == "database_unavailable"
        finally:
            pooled.pooler.start()
        assert api.again(order, "orders")["status"] == "pending"
        api.settle(api.payment(order))
        assert api.stock(ticket) == (98, 0, 2, 0)
        assert books_agree(pooled)


class TestRefused:
    """A pooler that will never let us work stops the start, in one line."""

    @pytest.mark.parametrize(
        ("pooling", "query", "said"),
        [
            ("session", {"options": "-csearch_path=shop"}, "unsupported startup parameter"),
            ("statement", {}, "transaction blocks not allowed"),
            ("nowhere", {}, "no such database|config error"),
        ],
    )
    def test_what_it_does_not_take(
        self, pooler: Pgbouncer, pooling: str, query: dict[str, str], said: str
    ) -> None:
        url = pooler.url(pooling).set(query=query)
        with pytest.raises(ConfigurationError, match=said) as refusal:
            prepare_schema(settings_for(url))
        assert not isinstance(refusal.value, AwayError)
        assert "\n" not in str(refusal.value)
