"""A PostgreSQL that can't do what is asked of it is told at the start, or by readiness."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic import command
from alembic.util import CommandError
from fastapi.testclient import TestClient
from sqlalchemy import URL

from core.settings import ConfigurationError
from core.store.schema_version import AwayError, alembic_config, prepare_schema
from main import create_app
from tests.support.log_lines import Lines, restored_logging
from tests.support.service import fresh_database, migrate, settings_for
from tools.postgres import execute

PASSWORD = "of-the-role"  # noqa: S105 - of a database that ends with the test

WRITABLE = {"options": "-cdefault_transaction_read_only=off"}
ENDED = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = '{}'"


@contextmanager
def encoded(server: URL, name: str, encoding: str) -> Iterator[URL]:
    execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    locale = f"ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
    execute(server, f'CREATE DATABASE "{name}" TEMPLATE template0 {locale}')
    try:
        yield server.set(database=name)
    finally:
        execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


class TestEncoding:
    @pytest.fixture(params=["LATIN1", "SQL_ASCII", "EUC_JP"])
    def poor(
        self, request: pytest.FixtureRequest, postgres: URL, worker_name: str
    ) -> Iterator[Any]:
        with encoded(postgres, f"{worker_name}_poor", request.param) as url:
            yield request.param, url

    def test_that_not_every_name_has_stops_the_start(self, poor: tuple[str, URL]) -> None:
        encoding, url = poor
        with pytest.raises(ConfigurationError, match=f"encoding is {encoding}.*'UTF8'") as refusal:
            prepare_schema(settings_for(url))
        assert not isinstance(refusal.value, AwayError)
        assert "\n" not in str(refusal.value)

    def test_that_not_every_name_has_stops_the_migration(
        self, poor: tuple[str, URL], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        encoding, url = poor
        monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
        with pytest.raises(CommandError, match=f"encoding is {encoding}.*'UTF8'") as refusal:
            command.upgrade(alembic_config(), "head")
        assert "\n" not in str(refusal.value)


@pytest.fixture(scope="module")
def migrated(request: pytest.FixtureRequest, worker_name: str) -> Iterator[URL]:
    with fresh_database("postgres", request, f"{worker_name}_fit") as url:
        migrate(settings_for(url))
        yield url


@pytest.fixture
def role(migrated: URL, worker_name: str) -> Iterator[URL]:
    """A role with all rights that it needs, of which a test takes some."""
    name = f"fit_{worker_name}"
    execute(
        migrated,
        f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}';"
        f" GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name};"
        f" GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}",
    )
    yield migrated.set(username=name, password=PASSWORD)
    execute(migrated, f"DROP OWNED BY {name}; DROP ROLE {name}")


@pytest.fixture
def lines() -> Iterator[Lines]:
    with restored_logging():
        yield Lines()


@contextmanager
def serving(url: URL, lines: Lines) -> Iterator[TestClient]:
    settings = settings_for(url, environment="test")
    with lines.of(create_app(settings)) as client:
        yield client


def refused(client: TestClient) -> Any:
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 1
    return answer.json()


def told(lines: Lines) -> tuple[str, str]:
    """Why the service is not ready, in its log."""
    [line] = [line for line in lines.json("nexticket.health") if line["message"] == "not ready"]
    return line["code"], line["reason"]


class TestReadiness:
    def test_needs_a_server_that_takes_changes(
        self, role: URL, migrated: URL, lines: Lines
    ) -> None:
        setting = f'ALTER DATABASE "{migrated.database}" {{}} default_transaction_read_only'
        execute(migrated, setting.format("SET") + " = on")
        try:
            with serving(role, lines) as client:
                problem = refused(client)
                assert client.get("/api/tickets/").status_code == 200
        finally:
            execute(migrated.update_query_dict(WRITABLE), setting.format("RESET"))
        assert problem["code"] == "database_read_only"
        code, reason = told(lines)
        assert (code, "standby" in reason) == ("database_read_only", True)
        with serving(role, lines) as client:
            assert client.get("/health/ready").status_code == 200

    @pytest.mark.parametrize(
        ("right", "on"),
        [
            ("INSERT", "orders"),
            ("UPDATE", "tickets"),
            ("SELECT", "users"),
            ("USAGE", "SEQUENCE orders_id_seq"),
            ("INSERT", "audit_entries"),
        ],
    )
    def test_needs_the_rights_to_sell(
        self, role: URL, migrated: URL, lines: Lines, right: str, on: str
    ) -> None:
        with serving(role, lines) as client:
            assert client.get("/health/ready").status_code == 200
            execute(migrated, f"REVOKE {right} ON {on} FROM {role.username}")
            problem = refused(client)
        assert problem["code"] == "database_misconfigured"
        assert on not in str(problem)
        _, reason = told(lines)
        assert reason.endswith(f"{right} ON {on.rpartition(' ')[2]}")

    def test_needs_no_right_to_change_what_is_never_changed(
        self, role: URL, migrated: URL, lines: Lines
    ) -> None:
        kept = "movements, audit_entries"
        execute(migrated, f"REVOKE UPDATE, DELETE ON {kept} FROM {role.username}")
        with serving(role, lines) as client:
            assert client.get("/health/ready").status_code == 200

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ("ALTER ROLE {role} NOLOGIN", "not permitted to log in"),
            ("ALTER ROLE {role} RENAME TO {role}_gone", "does not exist"),
            ("REVOKE SELECT ON alembic_version FROM {role}", "42501"),
        ],
    )
    def test_tells_what_lasts_from_what_passes(
        self, role: URL, migrated: URL, lines: Lines, change: str, why: str
    ) -> None:
        """A server that does not answer is ``database_unavailable``; this one will refuse us."""
        name = str(role.username)
        with serving(role, lines) as client:
            execute(migrated, change.format(role=name))
            # So that it has to connect anew.
            execute(migrated, ENDED.format(name))
            problem = refused(client)
            if "RENAME" in change:
                execute(migrated, f"ALTER ROLE {name}_gone RENAME TO {name}")
        assert problem["code"] == "database_misconfigured"
        code, reason = told(lines)
        assert code == "database_misconfigured"
        assert why in reason
        assert name not in str(problem)


class TestMigration:
    @pytest.mark.parametrize("lack", ["right", "schema"])
    def test_that_may_not_make_tables_says_so_in_one_line(
        self,
        request: pytest.FixtureRequest,
        worker_name: str,
        monkeypatch: pytest.MonkeyPatch,
        lack: str,
    ) -> None:
        with fresh_database("postgres", request, f"{worker_name}_bare") as url:
            name = f"bare_{worker_name}"
            execute(url, f"CREATE ROLE {name} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
            said = url.set(username=name)
            if lack == "schema":
                said = said.update_query_dict({"options": "-csearch_path=nowhere"})
            monkeypatch.setenv("DATABASE_URL", said.render_as_string(hide_password=False))
            with pytest.raises(CommandError) as refusal:
                command.upgrade(alembic_config(), "head")
            execute(url, f"DROP ROLE {name}")
        words = "permission denied for schema public" if lack == "right" else "no schema"
        assert words in str(refusal.value)
        assert "\n" not in str(refusal.value)
