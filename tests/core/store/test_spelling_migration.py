"""What revision 0017 makes of names, references and sums that are there."""

# ruff: noqa: S608 - names and tables are written here

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from core.settings import Settings
from core.store.schema_version import alembic_config, migration_connection
from core.text import name_key, search_key
from database import Database
from Order.schemas.analytics import AnalyticsQuery
from Order.services import analytics_service, report_folding
from tests.support import old_books
from tests.support.books import reconciliation
from tests.support.service import BACKENDS, fresh_database, settings_for
from work.context import unattended

BEFORE = "0014"
VENUES = ("Main Arena", "MAIN ARENA", "main  arena", "Cafe\N{COMBINING ACUTE ACCENT}")
METHODS = ("card", "Card", "CARD", "cash")
SPELL = (
    *(f"UPDATE order_items SET venue = '{one}' WHERE id % 4 = {n}" for n, one in enumerate(VENUES)),
    "UPDATE order_items SET event_name = 'Gala  Night', event_key = 'gala  night' WHERE id = 1",
    "UPDATE tickets SET venue = 'Main  Arena', venue_key = 'main  arena' WHERE id = 1",
    "UPDATE tickets SET category = 'V\N{SOFT HYPHEN}IP' WHERE id = 2",
    "UPDATE tickets SET search_text = 'v\N{SOFT HYPHEN}ip' WHERE id = 2",
    *(
        f"UPDATE transactions SET payment_method = '{one}' WHERE id % 4 = {n}"
        for n, one in enumerate(METHODS)
    ),
    # Each of these arrived, in another spelling of the way to pay.
    "UPDATE transactions SET transaction_reference = 'ch_7' WHERE id IN (1, 4, 6)",
    # What the sums had, by other keys.
    "INSERT INTO report_names (id, kind, name) VALUES (7, 'venue', 'MAIN ARENA')",
    "INSERT INTO sales_sums VALUES (4, 0, 0, 0, 7, 1, 1, 1)",
    "INSERT INTO report_progress VALUES (1, 3, 3, '')",
)


@pytest.fixture(params=BACKENDS)
def settings(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Settings]:
    with fresh_database(request.param, request, f"{worker_name}_spellings") as url:
        settings = settings_for(url)
        with migration_connection(settings) as connection:
            command.upgrade(alembic_config(connection), "0002")
            old_books.write(connection)
            command.upgrade(alembic_config(connection), BEFORE)
            for statement in SPELL:
                connection.execute(text(statement))
            command.upgrade(alembic_config(connection), "head")
        yield settings


def found(settings: Settings, query: str) -> list[Any]:
    with migration_connection(settings) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_all_that_has_a_name_has_its_key(settings: Settings) -> None:
    for table in ("order_items", "tickets"):
        for name, key in (("event_name", "event_key"), ("venue", "venue_key")):
            rows = found(settings, f"SELECT {name}, {key} FROM {table}")
            assert {key for name, key in rows if key != name_key(name)} == set()
    ways = dict(found(settings, "SELECT payment_method, payment_method_key FROM transactions"))
    assert ways == {name: name_key(name) for name in METHODS}
    (text_of_two,) = found(settings, "SELECT category, search_text FROM tickets WHERE id = 2")
    assert search_key(text_of_two[0]) in text_of_two[1].split("\n")


def test_of_references_that_are_one_now_the_first_one_has_it(settings: Settings) -> None:
    rows = found(
        settings,
        "SELECT id FROM transactions WHERE NOT reference_is_shared AND transaction_reference ="
        " 'ch_7' AND payment_method_key = 'card' AND succeeded_at IS NOT NULL",
    )
    assert rows == [(1,)]
    shared = found(settings, "SELECT id FROM transactions WHERE reference_is_shared ORDER BY id")
    assert shared == [(4,), (6,)]


def test_the_reports_have_one_row_for_all_spellings_before_and_after_they_are_summed(
    settings: Settings,
) -> None:
    with closing(Database(settings)) as database:
        unsummed = reports(database, settings)
        database.write_now(unattended(lambda context: report_folding.fold(context, 1000), settings))
        assert reports(database, settings) == unsummed
        assert database.snapshot_now(unattended(reconciliation, settings)).differences == []
    venues, ways = unsummed
    assert {name_key(row["venue"]) for row in venues} == {"main arena", "café"}
    assert len(venues) == 2
    assert {name_key(row["payment_method"]) for row in ways} == {"card", "cash"}
    assert len(ways) == 2


def reports(database: Database, settings: Settings) -> tuple[Any, Any]:
    query = AnalyticsQuery()

    def ask(context: Any) -> tuple[Any, Any]:
        sales = analytics_service.get_sales(context, query).model_dump(mode="json")
        revenue = analytics_service.get_revenue(context, query).model_dump(mode="json")
        return sales["by_venue"], revenue["by_payment_method"]

    return database.snapshot_now(unattended(ask, settings))


def test_the_way_back_leaves_keys_and_lines_as_they_were(settings: Settings) -> None:
    with migration_connection(settings) as connection:
        command.downgrade(alembic_config(connection), BEFORE)
    assert found(settings, "SELECT event_key FROM order_items WHERE id = 1") == [("gala  night",)]
    assert found(settings, "SELECT COUNT(*) FROM report_names") == [(0,)]
    with migration_connection(settings) as connection:
        connection.execute(text("DELETE FROM orders WHERE id = 12"))
    (kept,) = found(settings, "SELECT event_name, venue FROM deleted_lines")
    assert kept[0] == "Gala"
