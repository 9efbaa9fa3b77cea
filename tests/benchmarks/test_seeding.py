"""The shop that the benchmarks fill in bulk: whether it could have come about."""

from collections import Counter
from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import Connection, create_engine, func, select
from sqlalchemy.pool import NullPool

from benchmarks.layout import CUSTOMERS, HOT, SOLD_OUT, Layout, owner_of
from benchmarks.seeding import REVISION, seed
from core.clock import utc_now
from core.store.schema_version import alembic_config, migration_connection
from models import carts, orders, tickets, transactions
from tests.support.books import disagreements
from tests.support.service import BACKENDS, Service, fresh_database, running_service, settings_for

LAYOUT = Layout(orders=600, pool=20)


@pytest.fixture(scope="module", params=BACKENDS)
def shop(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Service]:
    with fresh_database(request.param, request, f"{worker_name}_seeded") as url:
        settings = settings_for(url)
        with migration_connection(settings) as connection:
            command.upgrade(alembic_config(connection), REVISION)
        seed(url, LAYOUT)
        with running_service(settings) as service:
            yield service


@pytest.fixture
def rows(shop: Service) -> Iterator[Connection]:
    engine = create_engine(shop.settings.database, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def test_its_books_agree(shop: Service) -> None:
    assert disagreements(shop.database, clock=utc_now) == []


def test_most_orders_are_sold_and_some_are_not(rows: Connection) -> None:
    statuses = statuses_of(rows, range(1, LAYOUT.orders + 1))
    assert 0.7 < (statuses["confirmed"] + statuses["completed"]) / LAYOUT.orders < 0.9
    assert statuses.keys() == {"pending", "confirmed", "completed", "cancelled"}


def test_each_pool_has_rows_for_its_requests(rows: Connection) -> None:
    assert statuses_of(rows, LAYOUT.unpaid) == {"pending": 20}
    assert statuses_of(rows, LAYOUT.to_cancel) == {"pending": 20}
    assert statuses_of(rows, LAYOUT.announced) == {"pending": 20}
    assert statuses_of(rows, LAYOUT.paid) == {"confirmed": 20}
    money = transactions.c
    for ids, status in ((LAYOUT.announced, "pending"), (LAYOUT.paid, "success")):
        chosen = select(money.order_id).where(money.id.in_(ids), money.status == status)
        assert list(rows.execute(chosen).scalars()) == list(ids)
    filled = select(carts.c.user_id, func.count().label("lines")).group_by(carts.c.user_id)
    lines_of = {row.user_id: row.lines for row in rows.execute(filled)}
    assert lines_of == dict.fromkeys(LAYOUT.carts, 2)


def test_orders_of_the_pools_are_those_of_users_that_log_in(rows: Connection) -> None:
    ids = range(LAYOUT.unpaid.start, LAYOUT.paid.stop)
    for order, user in rows.execute(select(orders.c.id, orders.c.user_id)):
        if order in ids:
            assert user == owner_of(order)
            assert user in CUSTOMERS


def test_one_ticket_is_sold_out_and_one_has_no_orders(rows: Connection) -> None:
    chosen = select(tickets.c.available_quantity, tickets.c.sold_quantity)
    available, sold = rows.execute(chosen.where(tickets.c.id == SOLD_OUT)).one()
    assert (available, sold > 0) == (0, True)
    available, sold = rows.execute(chosen.where(tickets.c.id == HOT)).one()
    assert (available > 0, sold) == (True, 0)


def test_what_is_made_next_gets_the_next_id(shop: Service) -> None:
    body = {"username": "new", "email": "new@example.com", "full_name": "New"}
    made = shop.client.post("/api/users/", json=body).json()
    assert made["id"] == LAYOUT.carts.stop


def statuses_of(rows: Connection, ids: range) -> Counter[str]:
    chosen = select(orders.c.status).where(orders.c.id.between(ids.start, ids.stop - 1))
    return Counter(rows.execute(chosen).scalars())
