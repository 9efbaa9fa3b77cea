"""What is ours is set whatever the surroundings say, and what is the operator's is left alone."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text
from sqlmodel import Session

from core.store.schema_version import alembic_config, prepare_schema
from database import Database
from main import create_app
from tests.support.client import Api
from tests.support.clock import ManualClock
from tests.support.service import (
    Service,
    fresh_database,
    local_client,
    running_service,
    settings_for,
)
from tools.postgres import execute

# Of no encoding with one byte for a character.
TOKYO = "東京ドーム"
SAID = {"statement_timeout": "4050ms", "lock_timeout": "3824ms", "TimeZone": "UTC"}


@pytest.fixture(scope="module")
def service(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Service]:
    with (
        fresh_database("postgres", request, f"{worker_name}_settings") as url,
        running_service(settings_for(url)) as service,
    ):
        yield service


@contextmanager
def reached(service: Service, **query: str) -> Iterator[Api]:
    """The same database, by a URL that says more."""
    with connected(service, **query) as database:
        app = create_app(database.settings, clock=ManualClock())
        with local_client(app) as client:
            yield Api(client, app.state.clock, app)


@contextmanager
def connected(service: Service, **query: str) -> Iterator[Database]:
    url = service.settings.database.update_query_dict(query)
    with closing(Database(settings_for(url, request_timeout_seconds=5))) as database:
        yield database


def shown(name: str, database: Database) -> set[str]:
    """In each way to ask."""

    def show(session: Session) -> Any:
        return session.execute(text(f"SHOW {name}")).scalar_one()

    return {way(show) for way in (database.read_now, database.snapshot_now, database.write_now)}


@pytest.fixture
def role(service: Service) -> Iterator[str]:
    """What a database administrator set for everybody who connects."""
    url = service.settings.database
    named = f'ALTER ROLE "{url.username}" IN DATABASE "{url.database}"'
    yield named
    execute(url, f"{named} RESET ALL")


class TestUtf8:
    def test_is_spoken_whatever_the_url_says(self, service: Service) -> None:
        with reached(service, client_encoding="LATIN1") as api:
            assert api.ticket(venue=TOKYO)["venue"] == TOKYO
            assert api.get("/api/tickets/", venue=TOKYO)[0]["venue"] == TOKYO

    def test_is_spoken_whatever_its_options_say(self, service: Service) -> None:
        with reached(service, options="-c client_encoding=LATIN1") as api:
            assert api.ticket(venue=TOKYO)["venue"] == TOKYO

    @pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
    def test_is_spoken_whatever_the_surroundings_say(
        self, service: Service, monkeypatch: pytest.MonkeyPatch, encoding: str
    ) -> None:
        monkeypatch.setenv("PGCLIENTENCODING", encoding)
        with reached(service) as api:
            assert api.ticket(venue=TOKYO)["venue"] == TOKYO

    def test_is_spoken_whatever_the_role_says(self, service: Service, role: str) -> None:
        execute(service.settings.database, f"{role} SET client_encoding = 'LATIN1'")
        with reached(service) as api:
            assert api.ticket(venue=TOKYO)["venue"] == TOKYO

    def test_is_what_a_migration_speaks(
        self, request: pytest.FixtureRequest, worker_name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PGCLIENTENCODING", "SQL_ASCII")
        with fresh_database("postgres", request, f"{worker_name}_tongue") as url:
            said = url.update_query_dict({"client_encoding": "LATIN1"})
            with running_service(settings_for(said)) as migrated:
                assert shown("client_encoding", migrated.database) == {"UTF8"}


class TestOperators:
    """Which schema is meant, and whatever else is set, by the URL or the surroundings."""

    @pytest.mark.parametrize("by", ["url", "surroundings"])
    def test_schema_is_the_one_that_is_migrated_and_served(
        self,
        request: pytest.FixtureRequest,
        worker_name: str,
        monkeypatch: pytest.MonkeyPatch,
        by: str,
    ) -> None:
        with fresh_database("postgres", request, f"{worker_name}_schema") as url:
            execute(url, "CREATE SCHEMA shop")
            said = url
            if by == "url":
                said = url.update_query_dict({"options": "-csearch_path=shop"})
            else:
                monkeypatch.setenv("PGOPTIONS", "-csearch_path=shop")
            monkeypatch.setenv("DATABASE_URL", said.render_as_string(hide_password=False))
            command.upgrade(alembic_config(), "head")
            prepare_schema(settings_for(said))
            with running_service(settings_for(said)) as service:
                Api(service.client, service.clock, service.app).ticket()
                count = text("SELECT count(*) FROM shop.tickets")
                assert service.database.read_now(lambda s: s.execute(count).scalar_one()) == 1
                assert shown("search_path", service.database) == {"shop"}

    def test_options_are_left_as_they_are(self, service: Service) -> None:
        with connected(service, options="-cwork_mem=7MB -csynchronous_commit=off") as database:
            assert shown("work_mem", database) == {"7MB"}
            assert shown("synchronous_commit", database) == {"off"}

    def test_name_is_left_as_it_is(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        with connected(service) as database:
            assert shown("application_name", database) == {"Nexticket API"}
        with connected(service, application_name="box office") as database:
            assert shown("application_name", database) == {"box office"}
        monkeypatch.setenv("PGAPPNAME", "night shift")
        with connected(service) as database:
            assert shown("application_name", database) == {"night shift"}

    @pytest.mark.parametrize("name", ["connect_timeout", "keepalives_idle"])
    def test_way_to_connect_is_left_as_it_is(self, service: Service, name: str) -> None:
        with connected(service, **{name: "77"}) as database:
            driver: Any = database.writer.raw_connection().driver_connection
            assert driver.info.dsn_parameters[name] == "77"


class TestOurs:
    @pytest.mark.parametrize("name", SAID)
    def test_limits_and_days_hold_whatever_the_role_says(
        self, service: Service, role: str, name: str
    ) -> None:
        other = "'Asia/Tokyo'" if name == "TimeZone" else "0"
        execute(service.settings.database, f"{role} SET {name} = {other}")
        show = text(f"SHOW {name}")
        with connected(service) as database:
            assert database.read_now(lambda s: s.execute(show).scalar_one()) == SAID[name]

    @pytest.mark.parametrize("level", ["repeatable read", "serializable"])
    def test_a_transaction_sees_what_others_commit(
        self, service: Service, role: str, level: str
    ) -> None:
        """Who waited for a lock must see what was done under it, whatever the role's default."""
        execute(service.settings.database, f"{role} SET default_transaction_isolation = '{level}'")
        show = text("SHOW transaction_isolation")
        with connected(service) as database:
            assert database.write_now(lambda s: s.execute(show).scalar_one()) == "read committed"
