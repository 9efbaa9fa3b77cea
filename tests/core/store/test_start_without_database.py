"""A worker that starts while PostgreSQL is away serves as soon as it is back.

Workers are started anew whenever one dies, and a start that fails ends the whole service.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

import database
from core.settings import ConfigurationError, Settings
from core.store import schema_version
from core.store.currency import claim
from core.store.schema_version import AwayError, migration_connection, prepare_schema
from database import Database
from main import create_app
from tests.support.service import local_client, migrate, needing_postgres, settings_for
from tools.postgres import FAST, PostgresServer, free_port, own_postgres

PATIENCE = 20
USER = {"username": "john_doe", "email": "john@example.com", "full_name": "John Doe"}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with needing_postgres(), own_postgres(FAST) as server:
        settings = settings_for(server.url)
        migrate(settings)
        yield server


@pytest.fixture
def settings(server: PostgresServer) -> Settings:
    return settings_for(server.url, request_timeout_seconds=2)


@contextmanager
def started_without(server: PostgresServer, settings: Settings) -> Iterator[TestClient]:
    """A service that was started while the server was down; the server is back afterwards."""
    server.stop("fast")
    try:
        with local_client(create_app(settings)) as client:
            yield client
    finally:
        if not server.is_running:
            server.start()


def test_meanwhile_requests_are_told_so(server: PostgresServer, settings: Settings) -> None:
    with started_without(server, settings) as client:
        for path in ("/api/users/", "/health/ready"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
            assert answer.headers["retry-after"]
        assert client.get("/health").status_code == 200


def test_it_serves_once_it_is_back(server: PostgresServer, settings: Settings) -> None:
    with started_without(server, settings) as client:
        assert client.get("/api/analytics/dashboard").status_code == 503
        server.start()
        assert client.get("/api/analytics/dashboard").status_code == 200
        assert client.get("/health/ready").status_code == 200
        made = client.post("/api/users/", json=USER)
        assert client.delete(f"/api/users/{made.json()['id']}").status_code == 204


def test_who_looks_first_keeps_nobody_waiting(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the server hangs: each request finds out with the connection that it has."""
    entered, released = threading.Event(), threading.Event()

    def look(_: object) -> None:
        if not entered.is_set():
            entered.set()
            released.wait(PATIENCE)

    def ask(session: Session) -> int:
        return int(session.execute(text("SELECT 1")).scalar_one())

    monkeypatch.setattr(database, "schema_problem", look)
    with (
        closing(Database(settings, schema_is_known=False)) as unknown,
        ThreadPoolExecutor(1) as pool,
    ):
        first = pool.submit(unknown.read_now, ask)
        assert entered.wait(PATIENCE)
        try:
            assert unknown.read_now(ask) == 1
        finally:
            released.set()
        assert first.result() == 1


def test_another_schema_is_not_served_then_either(
    server: PostgresServer, settings: Settings
) -> None:
    with started_without(server, settings) as client:
        server.start()
        with revision(server.url, "0001"):
            assert client.get("/api/users/").json()["code"] == "database_unavailable"
        assert client.get("/api/users/").status_code == 200


def test_another_currency_is_not_served_then_either(
    server: PostgresServer, settings: Settings
) -> None:
    with started_without(server, settings) as client:
        server.start()
        with currency(settings, "EUR"):
            assert client.get("/api/users/").json()["code"] == "database_unavailable"
        assert client.get("/api/users/").status_code == 200


def test_the_first_who_writes_decides_the_currency(
    server: PostgresServer, settings: Settings
) -> None:
    with currency(settings, None), started_without(server, settings) as client:
        server.start()
        assert client.get("/api/users/").status_code == 200
        assert kept(settings) == []
        gone = client.post("/api/users/", json=USER | {"username": "jane_doe"}).json()["id"]
        assert kept(settings) == ["USD"]
        assert client.delete(f"/api/users/{gone}").status_code == 204


@contextmanager
def currency(settings: Settings, code: str | None) -> Iterator[None]:
    """The database was made for another currency, or for none yet."""
    before = kept(settings)
    keep(settings, [code] if code else [])
    yield
    keep(settings, before)


def kept(settings: Settings) -> list[str]:
    with migration_connection(settings) as connection:
        return list(connection.execute(text("SELECT currency FROM deployment")).scalars())


def keep(settings: Settings, codes: list[str]) -> None:
    with migration_connection(settings) as connection:
        connection.execute(text("DELETE FROM deployment"))
        for code in codes:
            claim(connection, code)


@contextmanager
def revision(url: URL, number: str) -> Iterator[None]:
    """The database says that its schema is another one."""
    settings = settings_for(url)

    def say(said: str) -> None:
        with migration_connection(settings) as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :n"), {"n": said})

    with migration_connection(settings) as connection:
        before = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    say(number)
    yield
    say(before)


def test_settings_that_are_wrong_end_the_start(server: PostgresServer) -> None:
    settings = settings_for(server.url.set(database="no_such"))
    with pytest.raises(ConfigurationError, match="can't be used") as refusal:
        prepare_schema(settings)
    assert not isinstance(refusal.value, AwayError)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("FATAL:  the database system is starting up", None),
        ("FATAL:  terminating connection due to administrator command", None),
        ("FATAL:  sorry, too many clients already", None),
        ("connection to server failed: Connection refused", None),
        ('could not translate host name "db" to address: Name or service not known', None),
        ('connection to server at "permission denied" failed: Connection refused', None),
        (
            '"a" failed: FATAL:  role "x" does not exist\n"b" failed: FATAL:  starting up',
            None,
        ),
        ('FATAL:  database "invalid" is not currently accepting connections', None),
        ("FATAL:  pgbouncer cannot connect to server", None),
        ("server login has been failing, try again later (server_login_retry)", "08P01"),
        ("FATAL:  no more connections allowed (max_client_conn)", None),
        ("terminating connection due to administrator command", "57P01"),
        ("out of memory", "53200"),
    ],
)
def test_what_passes_does_not_end_the_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, said: str, state: str | None
) -> None:
    refused_with(monkeypatch, said, state)
    with pytest.raises(AwayError, match="can't be used"):
        prepare_schema(settings)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ('FATAL:  password authentication failed for user "joe"', None),
        ('FATAL:  role "joe" does not exist', None),
        ('FATAL:  no pg_hba.conf entry for host "127.0.0.1"', None),
        ('connection to server at "a" failed: FATAL:  role "joe" does not exist', None),
        ("permission denied for table alembic_version", "42501"),
        ("FATAL:  unsupported startup parameter: options", None),
        ("FATAL:  no such database: shop", None),
        ("FATAL:  transaction blocks not allowed in statement pooling mode", "08P01"),
        ('FATAL:  unrecognized configuration parameter "serach_path"', None),
        ('FATAL:  invalid value for parameter "TimeZone": "Nowhere"', None),
        ('invalid sslmode value: "always"', None),
    ],
)
def test_what_lasts_ends_the_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, said: str, state: str | None
) -> None:
    refused_with(monkeypatch, said, state)
    with pytest.raises(ConfigurationError, match="can't be used") as refusal:
        prepare_schema(settings)
    assert not isinstance(refusal.value, AwayError)


def test_a_url_that_the_driver_can_make_nothing_of_ends_the_start(server: PostgresServer) -> None:
    settings = settings_for(server.url.update_query_dict({"sslmod": "require"}))
    with pytest.raises(ConfigurationError, match="invalid connection option") as refusal:
        prepare_schema(settings)
    assert not isinstance(refusal.value, AwayError)


def test_a_standby_is_read_from_and_not_ready_until_it_is_promoted(
    server: PostgresServer, settings: Settings
) -> None:
    with server.standing_by(), local_client(create_app(settings)) as client:
        assert client.get("/health/ready").json()["code"] == "database_read_only"
        assert client.get("/api/users/").status_code == 200
        assert client.post("/api/users/", json=USER).json()["code"] == "database_unavailable"
        server.promote()
        assert client.get("/health/ready").status_code == 200
        made = client.post("/api/users/", json=USER)
        assert client.delete(f"/api/users/{made.json()['id']}").status_code == 204


def refused_with(monkeypatch: pytest.MonkeyPatch, said: str, state: str | None) -> None:
    """The first question is answered like that."""

    class DriverError(Exception):
        pgcode = state

    def refuse(_: object) -> None:
        raise OperationalError("SELECT", {}, DriverError(said))

    monkeypatch.setattr(schema_version, "schema_problem", refuse)


def test_operators_are_told_at_once() -> None:
    url = URL.create("postgresql+psycopg2", "joe", host="127.0.0.1", port=free_port())
    with pytest.raises(AwayError, match="can't be used"):
        prepare_schema(settings_for(url))
