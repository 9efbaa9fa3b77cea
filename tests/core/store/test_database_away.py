"""A PostgreSQL that goes away is told in time, and used again by itself when it is back."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from sqlalchemy import URL, text
from sqlmodel import Session

from core.errors import DatabaseUnavailableError
from database import Database
from tests.support.service import needing_postgres, settings_for
from tools.postgres import FAST, PostgresServer, execute, new_database, own_postgres

TIMEOUT = 1.0
# What two busy cores take is not the service's.
SOON = TIMEOUT + 2
NAME = "away"
ONE = text("SELECT 1")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with needing_postgres(), own_postgres(FAST) as server:
        yield server


@pytest.fixture(scope="module")
def url(server: PostgresServer) -> Iterator[URL]:
    with new_database(server.url, NAME) as url:
        yield url


@pytest.fixture
def database(url: URL) -> Iterator[Database]:
    settings = settings_for(url, request_timeout_seconds=TIMEOUT, database_pool_size=3)
    with closing(Database(settings)) as database:
        use_every_connection(database)
        yield database


def use_every_connection(database: Database) -> None:
    """So that the pools are full of what is going to be stale."""
    for engine in (database.reader, database.writer):
        connections = [engine.connect() for _ in range(3)]
        for connection in connections:
            connection.execute(ONE)
            connection.close()


def end_connections(server: PostgresServer) -> None:
    """As an administrator does, and until they are gone."""
    execute(
        server.url,
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"  # noqa: S608
        f" WHERE datname = '{NAME}'",
    )


def ask(session: Session) -> object:
    return session.execute(ONE).scalar_one()


def ways(database: Database) -> tuple[Callable[[Callable[[Session], object]], object], ...]:
    return (database.read_now, database.snapshot_now, database.write_now)


def is_told(database: Database) -> None:
    for way in ways(database):
        started = time.monotonic()
        with pytest.raises(DatabaseUnavailableError):
            way(ask)
        assert time.monotonic() - started < SOON


def is_served(database: Database) -> None:
    """At the first attempt: no request has to find out for the others."""
    for way in ways(database) * 4:
        assert way(ask) == 1


class TestDatabaseThatIsAway:
    def test_stopped(self, server: PostgresServer, database: Database) -> None:
        server.stop()
        try:
            is_told(database)
        finally:
            server.start()
        is_served(database)

    def test_frozen(self, server: PostgresServer, database: Database) -> None:
        server.freeze()
        try:
            is_told(database)
        finally:
            server.thaw()
        is_served(database)

    @pytest.mark.parametrize("mode", ["fast", "immediate"])
    def test_restarted_while_nobody_asked(
        self, server: PostgresServer, database: Database, mode: str
    ) -> None:
        server.restart(mode)
        is_served(database)

    def test_connections_ended_while_nobody_asked(
        self, server: PostgresServer, database: Database
    ) -> None:
        end_connections(server)
        is_served(database)

    def test_connection_ended_in_the_middle_of_a_transaction(
        self, server: PostgresServer, database: Database
    ) -> None:
        def be_ended(session: Session) -> None:
            ask(session)
            end_connections(server)
            ask(session)

        for way in (database.snapshot_now, database.write_now):
            with pytest.raises(DatabaseUnavailableError):
                way(be_ended)
            is_served(database)
