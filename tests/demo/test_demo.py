"""The demo is a shop like any other: its books agree, and the same seed makes it again."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import Session
from typer.testing import CliRunner

from cli import app
from commands import demo as command
from core.settings import Settings
from database import Database
from demo.shop import Shop
from demo.telling import beginning, tell
from models import OrderStatus, TransactionStatus, carts, order_items, orders, tickets, transactions
from tests.support.books import disagreements
from tests.support.service import BACKENDS, fresh_database, migrate, settings_for

ORDERS = 150
UNTIL = datetime(2026, 11, 27, 18, 30, 0, 1, UTC)
RUNNER = CliRunner()


@pytest.fixture(scope="module", params=BACKENDS)
def settings(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Settings]:
    with fresh_database(request.param, request, f"{worker_name}_demo") as url:
        settings = settings_for(url)
        migrate(settings)
        yield settings


@pytest.fixture(scope="module")
def database(settings: Settings) -> Iterator[Database]:
    with closing(Database(settings)) as database:
        told(database, settings, seed=7)
        yield database


def told(database: Database, settings: Settings, *, seed: int) -> None:
    shop = Shop(database, settings, beginning(UNTIL))
    assert shop.is_empty()
    shop.open("hash")
    tell(shop, orders=ORDERS, seed=seed, until=UNTIL, begun=lambda: None)
    assert not shop.is_empty()


def sales(session: Session) -> list[Any]:
    """Who bought what when, and what became of it; the references are drawn anew each time."""
    columns = (orders.c.user_id, orders.c.status, orders.c.created_at, orders.c.total_amount)
    lines = (order_items.c.event_name, order_items.c.category, order_items.c.quantity)
    joined = select(*columns, *lines).join(order_items, order_items.c.order_id == orders.c.id)
    return [tuple(row) for row in session.execute(joined.order_by(order_items.c.id))]


def test_all_books_agree(database: Database) -> None:
    assert disagreements(database) == []


def test_there_is_something_of_everything(database: Database) -> None:
    def found(session: Session) -> tuple[set[Any], set[Any], int, int]:
        statuses = set(session.execute(select(orders.c.status)).scalars())
        money = set(session.execute(select(transactions.c.status)).scalars())
        events = select(func.count(tickets.c.event_name.distinct()))
        baskets = select(func.count()).select_from(carts)
        return (
            statuses,
            money,
            session.execute(events).scalar_one(),
            session.execute(baskets).scalar_one(),
        )

    statuses, money, events, in_carts = database.read_now(found)
    assert statuses == set(OrderStatus)
    assert money >= {
        TransactionStatus.SUCCESS,
        TransactionStatus.FAILED,
        TransactionStatus.REFUNDED,
    }
    assert events > 20
    assert in_carts > 0


def test_all_of_it_lies_in_the_past(database: Database) -> None:
    """But for the events that are still to come."""

    def latest(session: Session) -> Any:
        return session.execute(select(func.max(orders.c.updated_at))).scalar_one()

    found = database.read_now(latest)
    assert found.replace(tzinfo=UTC) < UNTIL


def test_the_same_seed_makes_the_same_shop(
    database: Database, settings: Settings, request: pytest.FixtureRequest, worker_name: str
) -> None:
    backend = "sqlite" if settings.is_sqlite else "postgres"
    for seed, is_same in ((7, True), (8, False)):
        with fresh_database(backend, request, f"{worker_name}_demo_{seed}") as url:
            again = settings_for(url)
            migrate(again)
            with closing(Database(again)) as other:
                told(other, again, seed=seed)
                assert (other.read_now(sales) == database.read_now(sales)) is is_same


@pytest.fixture
def environment(
    request: pytest.FixtureRequest, worker_name: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.MonkeyPatch]:
    with fresh_database("sqlite", request, f"{worker_name}_demo_cli") as url:
        monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
        monkeypatch.setenv("PASSWORD_HASH_MEMORY_KIB", "8")
        monkeypatch.setenv("PASSWORD_HASH_ITERATIONS", "1")
        yield monkeypatch


class TestTheCommand:
    def test_fills_a_database_that_is_empty_and_no_other(
        self, environment: pytest.MonkeyPatch
    ) -> None:
        assert environment
        made = RUNNER.invoke(app, ["demo", "--orders", "3"])
        assert (made.exit_code, made.stderr) == (0, "")
        assert command.PASSWORD in made.stdout
        again = RUNNER.invoke(app, ["demo", "--orders", "3"])
        assert (again.exit_code, again.stdout) == (1, "")
        assert again.stderr == "The database is not empty; the demo needs one of its own.\n"

    def test_leaves_it_as_it_is_where_that_is_asked_for(
        self, environment: pytest.MonkeyPatch
    ) -> None:
        assert environment
        made = RUNNER.invoke(app, ["demo", "--orders", "1"])
        again = RUNNER.invoke(app, ["demo", "--orders", "1", "--if-empty"])
        assert (made.exit_code, again.exit_code) == (0, 0)
        # Who comes back is told the accounts as well.
        assert again.stdout == made.stdout[made.stdout.index("Log in") :]

    def test_is_not_for_production(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("ENVIRONMENT", "production")
        environment.setenv("SECRET_KEY", "0123456789abcdef" * 4)
        environment.setenv("ALLOW_UNSAFE", "hashing")
        made = RUNNER.invoke(app, ["demo", "--orders", "1"])
        assert made.exit_code == 1
        assert "Not in production" in made.stderr
