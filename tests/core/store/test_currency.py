"""A database is of one currency: the one that it was first started with."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from alembic.util import CommandError
from sqlalchemy import text

from core.settings import ConfigurationError, Settings
from core.store.currency import claim, currency_problem
from core.store.schema_version import (
    alembic_config,
    migration_connection,
    prepare_schema,
    require_schema,
)
from main import create_app
from tests.support import old_books
from tests.support.moulds import Moulds
from tests.support.service import BACKENDS, fresh_database, local_client, settings_for

# The revision before a database remembered it.
BEFORE = "0015"
OTHER = "the database was made for {}, not for {}: set CURRENCY={}, or use another database"
HUNDREDTHS = "the database's amounts have 2 decimals, and those in {} have {}: use another database"


@pytest.fixture(params=BACKENDS)
def settings(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Settings]:
    """Of a database in which there is nothing yet."""
    with fresh_database(request.param, request, f"{worker_name}_currency") as url:
        yield settings_for(url)


def upgraded(settings: Settings, revision: str = "head") -> None:
    with migration_connection(settings) as connection:
        command.upgrade(alembic_config(connection), revision)


def downgraded(settings: Settings) -> None:
    with migration_connection(settings) as connection:
        command.downgrade(alembic_config(connection), BEFORE)


def with_old_books(settings: Settings) -> None:
    """As releases left it that stored hundredths of whatever currency."""
    upgraded(settings, "0002")
    with migration_connection(settings) as connection:
        old_books.write(connection)
    upgraded(settings, BEFORE)


def started(settings: Settings, code: str) -> None:
    prepare_schema(settings.model_copy(update={"currency": code}))


def refusal(settings: Settings, code: str, start: Any = prepare_schema) -> str:
    with pytest.raises(ConfigurationError) as refused:
        start(settings.model_copy(update={"currency": code}))
    return str(refused.value)


def test_a_start_that_is_refused_is_heard_of_by_who_starts_it(migrated: Settings) -> None:
    """The server by the protocol, which it logs; a test, or another program, by the error."""
    started(migrated, "EUR")
    app = create_app(migrated.model_copy(update={"currency": "USD"}))
    with pytest.raises(ConfigurationError, match="made for EUR"), local_client(app):
        raise AssertionError("it serves")


def test_the_first_start_decides(migrated: Settings) -> None:
    started(migrated, "EUR")
    for start in (prepare_schema, require_schema):
        assert refusal(migrated, "USD", start) == OTHER.format("EUR", "USD", "EUR")
        assert refusal(migrated, "JPY", start) == OTHER.format("EUR", "JPY", "EUR")
    started(migrated, "EUR")


def test_a_server_does_not_start_with_another(migrated: Settings) -> None:
    started(migrated, "EUR")
    app = create_app(migrated)

    async def start() -> None:
        async with app.router.lifespan_context(app):
            raise AssertionError("it started")

    with pytest.raises(ConfigurationError, match="was made for EUR"):
        asyncio.run(start())


def test_of_two_first_starts_at_once_one_is_the_first(migrated: Settings) -> None:
    with migration_connection(migrated) as connection:
        for code in ("EUR", "JPY"):
            claim(connection, code)
        assert currency_problem(connection, "EUR") is None
        assert currency_problem(connection, "JPY") == OTHER.format("EUR", "JPY", "EUR")


def test_who_only_looks_decides_nothing(migrated: Settings) -> None:
    for code in ("EUR", "JPY"):
        require_schema(migrated.model_copy(update={"currency": code}))
    started(migrated, "JPY")


class TestADatabaseOfAnOlderRelease:
    @pytest.fixture
    def old(self, moulds: Moulds) -> Iterator[Settings]:
        with moulds.copied(with_old_books) as url:
            yield settings_for(url)

    def test_with_amounts_is_of_a_currency_with_hundredths(self, old: Settings) -> None:
        upgraded(old)
        for code, digits in (("JPY", 0), ("KWD", 3)):
            for start in (prepare_schema, require_schema):
                assert refusal(old, code, start) == HUNDREDTHS.format(code, digits)
        started(old, "EUR")
        assert refusal(old, "USD") == OTHER.format("EUR", "USD", "EUR")

    def test_whose_tickets_are_gone_has_amounts_in_its_ledger(self, old: Settings) -> None:
        with migration_connection(old) as connection:
            for table in ("transactions", "orders", "tickets"):
                connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - our own names
        upgraded(old)
        assert refusal(old, "JPY") == HUNDREDTHS.format("JPY", 0)

    def test_without_amounts_is_of_any(self, settings: Settings) -> None:
        upgraded(settings, BEFORE)
        upgraded(settings)
        started(settings, "JPY")

    def test_does_not_get_one_back_whose_amounts_it_would_misread(self, migrated: Settings) -> None:
        started(migrated, "JPY")
        with pytest.raises(CommandError, match="amounts in JPY as hundredths"):
            downgraded(migrated)

    def test_gets_one_back_with_hundredths(self, old: Settings) -> None:
        upgraded(old)
        started(old, "EUR")
        downgraded(old)
        upgraded(old)
        started(old, "CHF")


def test_decimals_that_changed_are_not_passed_over(migrated: Settings) -> None:
    """Should a list of currencies say otherwise one day."""
    started(migrated, "EUR")
    with migration_connection(migrated) as connection:
        connection.execute(text("UPDATE deployment SET digits = 3"))
    assert refusal(migrated, "EUR").startswith("the database's amounts have 3 decimals")
