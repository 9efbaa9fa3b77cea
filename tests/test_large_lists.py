"""A hundred thousand rows: the last page is read as cheaply as the first."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from core.clock import utc_now
from database import Database
from Order.services.expiry_service import expire_overdue_orders
from tests.support.client import Api
from tests.support.service import BACKENDS, Service, fresh_database, running_service, settings_for
from tests.support.statements import statements
from work.context import unattended

ROWS = 100_000
# Of SQLite's steps: to be told of each would take longer than they do.
_STRIDE = 10

_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)",
    "postgresql": "WITH n(i) AS (SELECT generate_series(1, :rows))",
}
# The first of each hundred orders is pending, none overdue; that and every tenth payment failed.
# There are 10,000 tickets of a category, and 10,001 of another.
# One user owns every order, so that a single history is as long as the list of all.
_INSERTS = (
    (
        "INSERT INTO users (id, username, username_key, email, email_key, full_name, is_active,"
        " created_at, updated_at) {numbers} SELECT i, 'user' || i, 'user' || i,"
        " i || '@example.com', i || '@example.com', 'User', true, :now, :now FROM n"
    ),
    (
        "INSERT INTO tickets (id, event_name, event_key, event_date, venue, venue_key, category,"
        " category_key, search_text, price, total_quantity, available_quantity, reserved_quantity,"
        " sold_quantity, withheld_quantity, created_at, updated_at) {numbers} SELECT i, 'Event',"
        " 'event', :now, 'Hall', 'hall', 'VIP',"
        " CASE WHEN i <= 10000 THEN 'box' WHEN i <= 20001 THEN 'floor' ELSE 'vip' END, 'event',"
        " 1000, 100, 99, 0, 1, 0, :now, :now FROM n"
    ),
    (
        "INSERT INTO orders (id, order_reference, user_id, status, total_amount, amount_paid,"
        " amount_refunded, amount_reopened, expires_at, confirmed_at, created_at, updated_at)"
        " {numbers} SELECT i, 'ORD-' || i, 1,"
        " CASE WHEN i % 100 = 1 THEN 'pending' ELSE 'confirmed' END, 1000,"
        " CASE WHEN i % 100 = 1 THEN 0 ELSE 1000 END, 0, 0,"
        " CASE WHEN i % 100 = 1 THEN :later END, :now, :now, :now FROM n"
    ),
    (
        "INSERT INTO order_items (id, order_id, ticket_id, quantity, unit_price, line_total,"
        " event_name, event_key, event_date, venue, venue_key, category, category_key) {numbers}"
        " SELECT i, i, i, 1, 1000, 1000, 'Event', 'event', :now, 'Hall', 'hall', 'VIP', 'vip'"
        " FROM n"
    ),
    (
        "INSERT INTO transactions (id, transaction_number, order_id, amount, refunded_amount,"
        " payment_method, payment_method_key, status, succeeded_at, created_at, updated_at)"
        " {numbers} SELECT i, 'TXN-' || i, i, 1000, 0, 'card', 'card',"
        " CASE WHEN i % 10 = 1 THEN 'failed' ELSE 'success' END,"
        " CASE WHEN i % 10 <> 1 THEN :now END, :now, :now FROM n"
    ),
    (
        "INSERT INTO user_orders (id, user_id, order_id, role, created_at) {numbers} SELECT i, 1,"
        " i, 'owner', :now FROM n"
    ),
)

LISTS_OF_ALL = ("/api/tickets/", "/api/orders/", "/api/users/", "/api/transactions/")
LISTS = (*LISTS_OF_ALL, "/api/users/1/orders")


@pytest.fixture(scope="module", params=BACKENDS)
def large_service(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Service]:
    name = f"{worker_name}_large"
    with (
        fresh_database(request.param, request, name) as url,
        running_service(settings_for(url, request_timeout_seconds=60)) as service,
    ):
        service.database.write_now(_fill)
        _analyse(service.database.reader)
        yield service


def _fill(session: Session) -> None:
    dialect = session.get_bind().dialect.name
    now = utc_now()
    times: dict[str, Any] = {"now": now, "later": now + timedelta(days=365)}
    if dialect == "sqlite":
        times = {name: at.strftime("%Y-%m-%d %H:%M:%S.%f") for name, at in times.items()}
    for statement in _INSERTS:
        sql = statement.format(numbers=_NUMBERS[dialect])
        session.connection().execute(text(sql), {"rows": ROWS, **times})


def _analyse(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("ANALYZE"))


@pytest.fixture
def large_api(large_service: Service) -> Api:
    return Api(large_service.client, large_service.clock, large_service.app)


@pytest.mark.parametrize("path", LISTS)
def test_the_last_page_reads_as_many_rows_as_the_first(
    large_api: Api, large_service: Service, path: str
) -> None:
    first = large_api.request("GET", path)
    assert 'rel="next"' in first.headers["link"]
    assert "after=50" in first.headers["link"]
    # The link of the page before the last one, as following all of them would find it.
    before_last = large_api.request("GET", path, params={"after": ROWS - 100})
    last_url = before_last.links["next"]["url"]
    costs = []
    for url in (path, last_url):
        with statements(large_service.database) as heard:
            response = large_api.request("GET", url)
        assert len(response.json()) == 50
        ((sql, parameters),) = heard
        costs.append(_rows_read(large_service.database, sql, parameters))
    assert "link" not in response.headers
    assert response.json()[-1]["id"] == ROWS
    cost_of_first, cost_of_last = costs
    assert cost_of_last == pytest.approx(cost_of_first, rel=0.05)
    assert cost_of_first < _limit(large_service.database)


@pytest.mark.parametrize("path", LISTS)
def test_the_deepest_skip_reads_no_more_than_it_passes_over(
    large_api: Api, large_service: Service, path: str
) -> None:
    with statements(large_service.database) as heard:
        response = large_api.request("GET", path, params={"skip": 10_000})
    assert [row["id"] for row in response.json()] == list(range(10_001, 10_051))
    further = large_api.request("GET", response.links["next"]["url"])
    assert [row["id"] for row in further.json()] == list(range(10_051, 10_101))
    ((sql, parameters),) = heard
    assert _rows_read(large_service.database, sql, parameters) < _limit_of_10_000(large_service)


@pytest.mark.parametrize("path", LISTS_OF_ALL)
def test_rows_are_passed_over_in_an_index_alone(
    large_api: Api, large_service: Service, path: str
) -> None:
    with statements(large_service.database) as heard:
        large_api.get(path, skip=10_000, sort="created_at")
    ((sql, parameters),) = heard
    if large_service.settings.is_sqlite:
        assert "USING COVERING INDEX" in _sqlite_plan(large_service.database, sql, parameters)
        return
    plan = _plan(large_service.database, sql, parameters)
    assert _scanned(plan) > 10_000
    assert _scanned(plan, but="Index Only Scan") < 1_000


@pytest.mark.parametrize("path", LISTS)
def test_of_many_rows_only_so_many_are_counted(
    large_api: Api, large_service: Service, path: str
) -> None:
    with statements(large_service.database) as heard:
        response = large_api.request("GET", path, params={"count": True})
    assert response.headers["x-total-count-at-least"] == "10000"
    assert "x-total-count" not in response.headers
    assert len(response.json()) == 50
    ((sql, parameters),) = heard
    assert _rows_read(large_service.database, sql, parameters) < _limit_of_10_000(large_service)


@pytest.mark.parametrize(
    ("category", "headers"),
    [("box", {"x-total-count": "10000"}), ("floor", {"x-total-count-at-least": "10000"})],
)
def test_the_count_is_exact_as_far_as_it_goes(
    large_api: Api, category: str, headers: dict[str, str]
) -> None:
    query = {"category": category, "count": True, "limit": 1}
    response = large_api.request("GET", "/api/tickets/", params=query)
    told = {name: value for name, value in response.headers.items() if "total" in name}
    assert told == headers


def test_the_tag_of_a_list_tells_an_exact_count_from_a_bound(
    large_api: Api, large_service: Service
) -> None:
    """The same page, the same link and the same number: only the name of the header changes."""
    query = {"category": "box", "count": True, "limit": 1}
    exact = large_api.request("GET", "/api/tickets/", params=query)
    known = {"If-None-Match": exact.headers["etag"]}
    with one_more_in_the_box(large_service):
        bound = large_api.request("GET", "/api/tickets/", params=query, headers=known)
        assert (bound.status_code, bound.content) == (200, exact.content)
        assert bound.headers["x-total-count-at-least"] == exact.headers["x-total-count"]
        assert bound.headers["link"] == exact.headers["link"]
    answer = large_api.request("GET", "/api/tickets/", params=query, headers=known)
    assert (answer.status_code, answer.headers["x-total-count"]) == (304, "10000")


@contextmanager
def one_more_in_the_box(service: Service) -> Iterator[None]:
    """A ticket of the others is of that category meanwhile."""

    def put(category: str) -> None:
        change = text("UPDATE tickets SET category_key = :category WHERE id = 20002")
        service.database.write_now(lambda one: one.execute(change, {"category": category}))

    put("box")
    yield
    put("vip")


def test_the_overdue_are_found_without_reading_the_others(large_service: Service) -> None:
    database = large_service.database
    with statements(database) as heard:
        sweep = unattended(partial(expire_overdue_orders, limit=100), database.settings)
        found = database.write_now(sweep)
    assert found == 0
    ((sql, parameters),) = heard
    assert _rows_read(database, sql, parameters) < 100


def test_who_holds_most_is_found_without_reading_what_is_sold(large_service: Service) -> None:
    """By a plan that is made before the time is known, as those of prepared statements are."""
    with statements(large_service.database) as heard:
        answer = large_service.client.get("/api/analytics/tickets")
    assert answer.status_code == 200, answer.text
    ((sql, parameters),) = [one for one in heard if "largest_holder" in one[0]]
    database = large_service.database
    if database.settings.is_sqlite:
        read = _steps(database.reader, sql, parameters)
    else:
        read = _scanned(_generic_plan(database, sql, parameters))
    assert read < _limit_of_10_000(large_service)


def _generic_plan(database: Database, sql: str, parameters: Any) -> Any:
    places = iter(range(1, len(parameters) + 1))
    prepared = re.sub("%s", lambda _: f"${next(places)}", sql)
    with database.reader.connect() as connection:
        connection.exec_driver_sql("SET plan_cache_mode = force_generic_plan")
        connection.exec_driver_sql(f"PREPARE asked AS {prepared}")
        given = ", ".join(["%s"] * len(parameters))
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked ({given})"
        plan = connection.exec_driver_sql(explain, tuple(parameters)).scalar_one()
        connection.exec_driver_sql("DEALLOCATE asked")
        connection.exec_driver_sql("RESET plan_cache_mode")
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return plan[0]["Plan"]


def _limit(database: Database) -> int:
    """Far below what reading all rows costs: rows on PostgreSQL, machine steps on SQLite."""
    return 50_000 if database.settings.is_sqlite else 1_000


def _limit_of_10_000(service: Service) -> int:
    """What so many rows may cost, and fewer than all that there are."""
    return 200_000 if service.settings.is_sqlite else 25_000


def _rows_read(database: Database, sql: str, parameters: Any) -> int:
    if database.settings.is_sqlite:
        return _steps(database.reader, sql, parameters)
    return _scanned(_plan(database, sql, parameters))


def _plan(database: Database, sql: str, parameters: Any) -> Any:
    with database.reader.connect() as connection:
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}"
        plan = connection.exec_driver_sql(explain, tuple(parameters)).scalar_one()
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return plan[0]["Plan"]


def _sqlite_plan(database: Database, sql: str, parameters: Any) -> str:
    with database.reader.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple(parameters))
        return "\n".join(row.detail for row in rows)


def _scanned(node: dict[str, Any], but: str = "") -> int:
    """The rows that a plan's scans looked at, ``but`` those of a kind."""
    rows = sum(_scanned(child, but) for child in node.get("Plans", ()))
    if "Scan" in node["Node Type"] and node["Node Type"] != but:
        looked_at = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        rows += int(looked_at * node["Actual Loops"])
    return rows


def _steps(engine: Engine, sql: str, parameters: Any) -> int:
    """How many steps SQLite's machine takes: it keeps no count of rows, but steps follow them."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += _STRIDE
        return 0

    driver = engine.raw_connection()
    try:
        connection: Any = driver.driver_connection
        connection.set_progress_handler(count, _STRIDE)
        connection.execute(sql, parameters).fetchall()
        connection.set_progress_handler(None, 0)
    finally:
        driver.close()
    return steps
