"""What revision 0018 makes of names with flags and joined pictures, and of the sums by them."""

# ruff: noqa: S608 - names and tables are written here

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from core.settings import Settings
from core.store.schema_version import alembic_config, migration_connection
from core.text import name_key
from database import Database
from Order.schemas.analytics import AnalyticsQuery
from Order.services import analytics_service, report_folding
from tests.support import old_books
from tests.support.books import reconciliation
from tests.support.service import BACKENDS, fresh_database, settings_for
from work.context import Context, unattended

BEFORE = "0017"
ENGLAND, SCOTLAND = (
    "🏴" + "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\N{CANCEL TAG} Open"
    for region in ("gbeng", "gbsct")
)
FAMILY, PEOPLE = "👨\N{ZERO WIDTH JOINER}👩", "👨👩"
# One key is all that they had.
FLAG = "🏴 open"
SPELL = (
    *(
        f"UPDATE {table} SET event_name = '{name}', event_key = '{FLAG}' WHERE {row} = {number}"
        for table, row in (("tickets", "id"), ("order_items", "ticket_id"))
        for number, name in enumerate((ENGLAND, SCOTLAND), start=1)
    ),
    *(
        f"UPDATE transactions SET payment_method = '{name}', payment_method_key = '{PEOPLE}'"
        f" WHERE id % 2 = {number}"
        for number, name in enumerate((FAMILY, PEOPLE))
    ),
)
KEYS = (
    ("tickets", "event_name", "event_key"),
    ("order_items", "event_name", "event_key"),
    ("order_items", "venue", "venue_key"),
    ("transactions", "payment_method", "payment_method_key"),
)


@pytest.fixture(params=BACKENDS)
def settings(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Settings]:
    """Of a shop whose sums stand, in the revision before."""
    with fresh_database(request.param, request, f"{worker_name}_pictures") as url:
        settings = settings_for(url)
        with migration_connection(settings) as connection:
            command.upgrade(alembic_config(connection), "0002")
            old_books.write(connection)
            command.upgrade(alembic_config(connection), BEFORE)
        yield settings


def run(settings: Settings, *statements: str) -> None:
    with migration_connection(settings) as connection:
        for statement in statements:
            connection.execute(text(statement))


def found(settings: Settings, query: str) -> list[Any]:
    with migration_connection(settings) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def move(settings: Settings, revision: str) -> None:
    with migration_connection(settings) as connection:
        config = alembic_config(connection)
        (command.upgrade if revision == "head" else command.downgrade)(config, revision)


def fold(settings: Settings) -> None:
    with closing(Database(settings)) as database:
        folding = unattended(lambda context: report_folding.fold(context, 1000), settings)
        database.write_now(folding)


def reports(settings: Settings) -> list[Any]:
    """Sales, revenue and users, each of them within a request's time."""

    def ask(get: Callable[[Context, AnalyticsQuery], Any]) -> Any:
        def served(context: Context) -> Any:
            return get(context, AnalyticsQuery()).model_dump(mode="json")

        return database.snapshot_now(unattended(served, settings))

    with closing(Database(settings)) as database:
        asked = (analytics_service.get_sales, analytics_service.get_revenue)
        return [ask(get) for get in (*asked, analytics_service.get_users)]


def test_names_have_the_keys_of_today_and_reports_a_row_for_each(settings: Settings) -> None:
    run(settings, *SPELL)
    fold(settings)
    move(settings, "head")
    for table, name, key in KEYS:
        rows = found(settings, f"SELECT {name}, {key} FROM {table}")
        assert [key for _, key in rows] == [name_key(name) for name, _ in rows], (table, name)
    unsummed = reports(settings)
    fold(settings)
    assert reports(settings) == unsummed
    sales, revenue, users = unsummed
    assert {row["event_name"] for row in sales["by_event"]} == {ENGLAND, SCOTLAND}
    assert {row["payment_method"] for row in revenue["by_payment_method"]} == {FAMILY, PEOPLE}
    assert sum(row["new_users"] for row in users["series"]) == users["new_users"] == 1
    with closing(Database(settings)) as database:
        assert database.snapshot_now(unattended(reconciliation, settings)).differences == []


def test_where_no_name_has_a_picture_the_sums_stay(settings: Settings) -> None:
    # A joiner within a word makes no other key.
    run(settings, "UPDATE tickets SET venue = 'A\N{ZERO WIDTH JOINER}rena' WHERE id = 1")
    fold(settings)
    sums = found(settings, "SELECT * FROM sales_sums ORDER BY grouping, period, event_id")
    assert sums
    for revision in ("head", BEFORE):
        move(settings, revision)
        query = "SELECT * FROM sales_sums ORDER BY grouping, period, event_id"
        assert found(settings, query) == sums
        assert found(settings, "SELECT venue_key FROM tickets WHERE id = 1") == [("arena",)]


def test_the_way_back_makes_one_of_them_again(settings: Settings) -> None:
    run(settings, *SPELL)
    move(settings, "head")
    # Each of these arrived by another way to pay.
    arrived = "UPDATE transactions SET transaction_reference = 'ch_7' WHERE id IN (4, 5)"
    run(settings, arrived)
    move(settings, BEFORE)
    assert set(found(settings, "SELECT event_key FROM order_items")) == {(FLAG,)}
    shared = found(settings, "SELECT id FROM transactions WHERE reference_is_shared")
    assert shared == [(5,)]
