"""No request hangs: locks, long statements and servers that fall silent end within the deadline."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
from httpx2 import Response
from sqlalchemy import URL, Connection, create_engine, event, text
from sqlalchemy.pool import NullPool
from sqlmodel import Session

from core import deadline
from core.errors import BusyError, DatabaseUnavailableError, UnavailableError
from core.settings import ConfigurationError
from core.store.schema_version import prepare_schema
from database import Database
from tests.support.client import PROBLEM, Api
from tests.support.emptying import empty
from tests.support.service import (
    BACKENDS,
    Service,
    fresh_database,
    running_service,
    settings_for,
)
from tests.support.wire import wire_to

TIMEOUT = 1.0
# Nobody gives up before a good part of the time was used; afterwards two busy cores take theirs.
PART = TIMEOUT * 0.6
SOON = TIMEOUT + 2
# What would hang for ever ends after so many seconds, and fails.
PATIENCE = 20
LONG = text(
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000000)"
    " SELECT count(*) FROM n"
)
USER = {"username": "john_doe", "email": "john@example.com", "full_name": "John Doe"}


@pytest.fixture(scope="module", params=BACKENDS)
def module_service(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Service]:
    with (
        fresh_database(request.param, request, f"{worker_name}_hasty") as url,
        running_service(settings_for(url, request_timeout_seconds=TIMEOUT)) as service,
    ):
        yield service


@pytest.fixture
def hasty(module_service: Service) -> Service:
    """An empty service that gives a request a second."""
    empty(module_service.database)
    return module_service


@contextmanager
def locked(database: Database, table: str) -> Iterator[Connection]:
    """Another process has the lock: of all on SQLite, of a table on PostgreSQL."""
    engine = create_engine(database.settings.database, poolclass=NullPool)
    with engine.connect() as connection:
        if database.settings.is_sqlite:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield connection


@contextmanager
def after(seconds: float, end: Callable[[], None]) -> Iterator[None]:
    """Let what hangs in the block go on after a while."""
    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def refused(answer: Response, code: str) -> None:
    assert answer.status_code == 503
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["code"] == code
    assert int(answer.headers["retry-after"]) >= 1


class TestLockOfAnotherProcess:
    def test_makes_writers_wait_no_longer_than_the_deadline(self, hasty: Service) -> None:
        with locked(hasty.database, "users"):
            started = time.monotonic()
            refused(hasty.client.post("/api/users/", json=USER), "service_busy")
            assert PART < time.monotonic() - started < SOON

    def test_makes_nobody_wait_twice(self, hasty: Service) -> None:
        """Who queued behind a writer that waits is not given the whole time once more."""
        took: list[float] = []

        def write() -> None:
            started = time.monotonic()
            # The last in the queue may hear of their own deadline first: then the code is another.
            assert hasty.client.post("/api/users/", json=USER).status_code == 503
            took.append(time.monotonic() - started)

        with locked(hasty.database, "users"):
            threads = [threading.Thread(target=write) for _ in range(12)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(took) == 12
        assert max(took) < SOON

    def test_is_waited_for_no_longer_than_what_is_left_of_the_deadline(
        self, hasty: Service
    ) -> None:
        """As for a request that stood in the queue before."""
        patient = Database(hasty.settings.model_copy(update={"request_timeout_seconds": PATIENCE}))
        touch = text("UPDATE users SET full_name = 'x'")
        with closing(patient), locked(patient, "users"), deadline.within(0.3):
            started = time.monotonic()
            with pytest.raises(UnavailableError):
                patient.write_now(lambda session: session.execute(touch).close())
            assert time.monotonic() - started < PATIENCE / 2

    def test_does_not_make_readers_wait(self, hasty: Service) -> None:
        with locked(hasty.database, "users"):
            started = time.monotonic()
            assert hasty.client.get("/api/users/").status_code == 200
            assert time.monotonic() - started < TIMEOUT

    def test_leaves_the_service_in_order(self, hasty: Service) -> None:
        with locked(hasty.database, "users"):
            refused(hasty.client.post("/api/users/", json=USER), "service_busy")
        assert hasty.client.post("/api/users/", json=USER).status_code == 201


class TestWriterOfThisProcess:
    def test_does_not_make_readers_wait(self, hasty: Service) -> None:
        """And they see what was committed, no more."""
        entered, released = threading.Event(), threading.Event()

        def write_slowly() -> None:
            def delete_all(session: Session) -> None:
                session.execute(text("DELETE FROM users"))
                entered.set()
                released.wait(TIMEOUT / 2)

            hasty.database.write_now(delete_all)

        api = Api(hasty.client, hasty.clock, hasty.app)
        api.user()
        thread = threading.Thread(target=write_slowly)
        thread.start()
        try:
            assert entered.wait(10)
            assert len(api.get("/api/users/")) == 1
        finally:
            released.set()
            thread.join()
        assert api.get("/api/users/") == []


class TestLongStatement:
    def test_is_ended_at_the_deadline(self, hasty: Service) -> None:
        started = time.monotonic()
        with pytest.raises(BusyError):
            hasty.database.read_now(lambda session: session.execute(LONG).scalar_one())
        assert PART < time.monotonic() - started < SOON

    def test_that_writes_changes_nothing(self, hasty: Service) -> None:
        api = Api(hasty.client, hasty.clock, hasty.app)
        user = api.user()
        rename = text(f"UPDATE users SET full_name = ({LONG}) || ''")  # noqa: S608
        with pytest.raises(BusyError):
            hasty.database.write_now(lambda session: session.execute(rename).close())
        assert api.again(user, "users") == user
        # The connection is fit for use.
        api.user("jane_doe")


class TestLimitsOfATransaction:
    """PostgreSQL ends what takes too long by itself, and knows how long that is."""

    LIMITS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")

    @pytest.fixture
    def limited(self, request: pytest.FixtureRequest, worker_name: str) -> Iterator[Database]:
        with (
            fresh_database("postgres", request, f"{worker_name}_limited") as url,
            closing(Database(settings_for(url, request_timeout_seconds=100))) as database,
        ):
            yield database

    def limits(self, session: Session) -> list[float]:
        """In seconds."""
        shown = "SELECT extract(epoch FROM current_setting(:name)::interval)"
        return [
            float(session.execute(text(shown), {"name": name}).scalar_one()) for name in self.LIMITS
        ]

    def test_are_those_of_the_time_that_is_left(self, limited: Database) -> None:
        with deadline.within(10):
            for way in (limited.write_now, limited.snapshot_now):
                assert all(8 < limit < 10 for limit in way(self.limits)), way

    def test_are_never_longer_than_a_request_may_take(self, limited: Database) -> None:
        for way in (limited.write_now, limited.snapshot_now, limited.read_now):
            assert all(75 < limit < 100 for limit in way(self.limits)), way

    def test_do_not_outlive_it(self, limited: Database) -> None:
        with deadline.within(10):
            limited.write_now(self.limits)
        assert all(limit > 75 for limit in limited.write_now(self.limits))

    def test_are_there_when_no_time_is_left(self, limited: Database) -> None:
        """Zero would mean without a limit."""
        with deadline.within(0), pytest.raises(UnavailableError):
            limited.write_now(lambda session: session.execute(LONG).scalar_one())


class TestDeadline:
    def test_is_infinite_where_nothing_was_said(self) -> None:
        assert deadline.remaining() == float("inf")

    def test_is_never_prolonged_inside(self) -> None:
        with deadline.within(10):
            with deadline.within(1000):
                assert 5 < deadline.remaining() <= 10
            with deadline.within(1):
                assert deadline.remaining() <= 1
            assert 5 < deadline.remaining() <= 10
        assert deadline.remaining() == float("inf")


class TestSilentServer:
    """PostgreSQL, or what lies between, neither answers nor hangs up."""

    def test_fails_requests_in_time_and_serves_again_when_it_answers(
        self, request: pytest.FixtureRequest, worker_name: str
    ) -> None:
        with (
            fresh_database("postgres", request, f"{worker_name}_silent") as url,
            wire_to(url) as wire,
            running_service(settings_for(wire.url, request_timeout_seconds=TIMEOUT)) as service,
        ):
            assert service.client.post("/api/users/", json=USER).status_code == 201
            wire.cut()
            with after(PATIENCE, wire.mend):
                for method, path in (("GET", "/api/users/"), ("GET", "/health/ready")):
                    self.fails_in_time(service, method, path)
                self.fails_in_time(service, "DELETE", "/api/users/1")
                assert service.client.get("/health").status_code == 200
            wire.mend()
            assert service.client.get("/health/ready").status_code == 200
            assert len(service.client.get("/api/users/").json()) == 1

    @staticmethod
    def fails_in_time(service: Service, method: str, path: str) -> None:
        started = time.monotonic()
        refused(service.client.request(method, path), "database_unavailable")
        assert time.monotonic() - started < SOON

    def test_that_does_not_even_take_the_connection_is_told_in_time(self) -> None:
        """As behind a firewall that drops what it does not like."""
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as callers:
            for _ in range(4):
                caller = callers.enter_context(socket.socket())
                caller.setblocking(False)
                caller.connect_ex(full.getsockname())
            host, port = full.getsockname()
            url = URL.create("postgresql+psycopg2", "nobody", host=host, port=port)
            with (
                closing(Database(settings_for(url, request_timeout_seconds=TIMEOUT))) as away,
                after(PATIENCE, full.close),
            ):
                for way in (away.read_now, away.write_now):
                    started = time.monotonic()
                    with pytest.raises(DatabaseUnavailableError):
                        way(lambda session: session.execute(LONG).close())
                    assert time.monotonic() - started < SOON

    def test_lets_no_start_hang(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            url = URL.create("postgresql+psycopg2", "nobody", host="127.0.0.1", port=port)
            started = time.monotonic()
            with (
                after(PATIENCE, silent.close),
                pytest.raises(ConfigurationError, match="did not answer in time"),
            ):
                prepare_schema(settings_for(url, request_timeout_seconds=TIMEOUT))
            assert time.monotonic() - started < SOON


@pytest.mark.parametrize("backend", BACKENDS)
class TestShutdown:
    def test_closes_every_connection(
        self, backend: str, request: pytest.FixtureRequest, worker_name: str
    ) -> None:
        opened: set[object] = set()
        with fresh_database(backend, request, f"{worker_name}_shutdown") as url:
            with running_service(settings_for(url)) as service:
                for engine in (service.database.writer, service.database.reader):
                    engine.dispose()
                    event.listen(engine, "connect", lambda one, _record: opened.add(one))
                    event.listen(engine, "close", lambda one, _record: opened.discard(one))
                assert service.client.post("/api/users/", json=USER).status_code == 201
                assert service.client.get("/api/users/").status_code == 200
                assert len(opened) >= 2
            assert opened == set()
