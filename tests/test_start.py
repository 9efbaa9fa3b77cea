"""A process as it is run: it starts without a warning, and ends when its requests are answered."""

import json
import os
import re
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager
from itertools import islice
from typing import IO, Any, Protocol

import httpx2
import pytest
from sqlalchemy import URL

from core.store.schema_version import ROOT
from tests.support.forked import Forked
from tests.support.service import BACKENDS, fresh_database
from tools.server import LOCALLY, default_environment

PATIENCE = 60
USER = {"username": "john_doe", "email": "john@example.com", "full_name": "John Doe"}


@pytest.fixture(params=BACKENDS)
def environment(request: pytest.FixtureRequest, worker_name: str) -> Iterator[dict[str, str]]:
    """Of a process in production, for which every warning is an error."""
    with fresh_database(request.param, request, f"{worker_name}_start") as url:
        yield environment_with(url)


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, worker_name: str) -> Iterator[URL]:
    with fresh_database("sqlite", request, f"{worker_name}_start") as url:
        yield url


def environment_with(url: URL) -> dict[str, str]:
    return default_environment() | {
        "DATABASE_URL": url.render_as_string(hide_password=False),
        "ENVIRONMENT": "production",
        "SECRET_KEY": secrets.token_hex(32),
        "PYTHONWARNINGS": "error",
    }


def run(*command: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class Program(Protocol):
    """A process from nothing, or forked from one that has the imports done."""

    def terminate(self) -> None: ...
    def send_signal(self, number: signal.Signals) -> None: ...
    def wait(self, seconds: float) -> int: ...


class Server:
    """A process with its address and what it writes, line by line."""

    def __init__(self, process: Program, output: IO[str]) -> None:
        self.process = process
        self.output = output
        self.lines: list[str] = []
        found = re.search(r"http://127\.0\.0\.1:\d+", self.wait_for("Uvicorn running on"))
        assert found
        # Whatever proxy the surroundings name, these requests stay on this machine.
        self.client = httpx2.Client(base_url=found[0], timeout=PATIENCE, **LOCALLY)

    def wait_for(self, words: str) -> str:
        """The next line with these words."""
        for line in self.output:
            self.lines.append(line)
            if words in line:
                return line
        raise AssertionError(f"ended without {words!r}: {self.lines}")

    def await_what_was_sent(self) -> None:
        """These come later and are answered, so what was sent before has come as well."""
        for _ in range(5):
            assert self.client.get("/health").status_code == 200

    def end(self) -> int:
        """The exit code, after everything was read."""
        self.lines += self.output
        return self.process.wait(PATIENCE)

    def written(self) -> list[Any]:
        return [json.loads(line) for line in self.lines]


WORDS = ("-m", "uvicorn", "main:app", "--port", "0")


@contextmanager
def server(environment: Mapping[str, str]) -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, *WORDS],
        cwd=ROOT,
        env=dict(environment),
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stderr
            started = Server(process, process.stderr)
            with started.client:
                yield started
        finally:
            process.kill()


@contextmanager
def forked_server(environment: Mapping[str, str]) -> Iterator[Server]:
    """For what is asked of one that has started."""
    read, written = os.pipe()
    with os.fdopen(read, encoding="utf-8") as said:
        with os.fdopen(written, "w", encoding="utf-8") as says:
            process = Forked(WORDS, environment, says)
        try:
            started = Server(process, said)
            with started.client:
                yield started
        finally:
            process.close()


def was_asked_to_end(code: int, number: signal.Signals) -> bool:
    """uvicorn ends as the signal would have ended it, so that who sent it sees that it worked."""
    return code in {0, -number}


ASKED = """
import main
print('---')
print(len(main.DOMAINS.all), 'app' in vars(main))
print(getattr(main, 'application', None))
print('---')
import sys, traceback
install_docs = main.install_docs
main.install_docs = lambda app: app.nothing
try:
    main.app
except RuntimeError:
    traceback.print_exc(file=sys.stdout)
print('---')
main.install_docs = install_docs
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as threads:
    made = set(threads.map(lambda _: id(main.app), range(4)))
print(len(made), 'app' in dir(main))
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """By one process, for what takes its time is the import."""
    url = URL.create("sqlite", database=str(tmp_path_factory.mktemp("start") / "shop.db"))
    # In production nothing is asked of the documentation unless it is to be shown.
    return run("-c", ASKED, environment=environment_with(url) | {"DOCS_ENABLED": "true"})


def answers(asked: subprocess.CompletedProcess[str]) -> list[str]:
    return asked.stdout.split("---\n")


class TestStart:
    def test_importing_the_app_is_silent(self, asked: subprocess.CompletedProcess[str]) -> None:
        assert (asked.returncode, asked.stderr) == (0, "")
        assert asked.stdout.startswith("---\n")

    def test_after_the_migration_it_serves_and_writes_nothing_but_json(
        self, environment: dict[str, str]
    ) -> None:
        migrated = run("-m", "alembic", "upgrade", "head", environment=environment)
        assert (migrated.returncode, migrated.stdout, migrated.stderr) == (0, "", "")
        with server(environment) as started:
            headers = {"X-Request-ID": "mine"}
            answer = started.client.post("/api/users/", json=USER, headers=headers)
            assert answer.status_code == 201
            assert started.client.get("/health/ready").status_code == 200
            started.process.terminate()
            assert was_asked_to_end(started.end(), signal.SIGTERM)
        # Not one more line, such as the server's own, about a request.
        (line,) = [line for line in started.written() if "mine" in line.values()]
        assert (line["method"], line["route"], line["status"]) == ("POST", "/api/users/", 201)
        assert len([one for one in started.lines if "/api/users" in one]) == 1
        assert {line["level"] for line in started.written()} == {"info"}


class TestEnd:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_lets_who_has_a_seat_finish_and_sends_the_others_away(
        self, sqlite_url: URL, number: signal.Signals
    ) -> None:
        with (
            forked_server(environment_with(sqlite_url)) as started,
            another_writer(sqlite_url) as other,
            ThreadPoolExecutor(4) as pool,
        ):
            requests = [
                pool.submit(started.client.post, "/api/users/", json=user) for user in users(4)
            ]
            started.await_what_was_sent()
            started.process.send_signal(number)
            # SQLite has one writer, so three of the four wait for their turn.
            refused = [done.result() for done in islice(as_completed(requests, PATIENCE), 3)]
            for answer in refused:
                assert (answer.status_code, answer.json()["code"]) == (503, "service_stopping")
                assert answer.headers["retry-after"] == "1"
                assert answer.headers["connection"] == "close"
            other.execute("COMMIT")
            answers = [request.result() for request in requests]
            (made,) = [answer.json() for answer in answers if answer.status_code == 201]
            assert was_asked_to_end(started.end(), number)
            assert any("Application shutdown complete" in line for line in started.lines)
            stored = other.execute("SELECT username FROM users").fetchall()
            assert stored == [(made["username"],)]

    def test_nothing_is_half_done_where_the_grace_period_ends(self, sqlite_url: URL) -> None:
        """The lock that the request waits for is held until the process has ended."""
        environment = environment_with(sqlite_url) | {"REQUEST_TIMEOUT_SECONDS": "1"}
        with (
            forked_server(environment) as started,
            another_writer(sqlite_url) as other,
            ThreadPoolExecutor(1) as pool,
        ):
            request = pool.submit(started.client.post, "/api/users/", json=USER)
            started.await_what_was_sent()
            started.process.terminate()
            assert was_asked_to_end(started.end(), signal.SIGTERM)
            assert request.result().status_code == 503
            other.execute("COMMIT")
            assert other.execute("SELECT count(*) FROM users").fetchone() == (0,)

    def test_a_body_that_does_not_arrive_does_not_delay_it_for_long(self, sqlite_url: URL) -> None:
        environment = environment_with(sqlite_url) | {"REQUEST_TIMEOUT_SECONDS": "2"}
        with forked_server(environment) as started:
            address = (started.client.base_url.host, started.client.base_url.port)
            with socket.create_connection(address, PATIENCE) as slow:
                head = "POST /api/users/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
                slow.sendall(f"{head}{{".encode())
                started.await_what_was_sent()
                started.process.terminate()
                answer = slow.makefile("rb").read().decode()
            assert answer.startswith("HTTP/1.1 408 ")
            assert '"code":"request_timeout"' in answer
            assert was_asked_to_end(started.end(), signal.SIGTERM)

    def test_an_open_connection_without_a_request_does_not_delay_it(self, sqlite_url: URL) -> None:
        with forked_server(environment_with(sqlite_url)) as started:
            assert started.client.get("/health").status_code == 200
            started.process.terminate()
            assert was_asked_to_end(started.end(), signal.SIGTERM)


@contextmanager
def another_writer(url: URL) -> Iterator[sqlite3.Connection]:
    """Another process writes, so that ours have to wait."""
    with closing(sqlite3.connect(str(url.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def users(number: int) -> list[dict[str, str]]:
    return [
        {"username": f"user{n}", "email": f"user{n}@example.com", "full_name": f"User {n}"}
        for n in range(number)
    ]


class TestTheApplication:
    """``main.app`` is made when it is asked for, so that commands can read the list of domains."""

    def test_is_not_made_for_who_asks_for_something_else(
        self, asked: subprocess.CompletedProcess[str]
    ) -> None:
        assert answers(asked)[1] == "9 False\nNone\n"

    def test_tells_what_keeps_it_from_being_made(
        self, asked: subprocess.CompletedProcess[str]
    ) -> None:
        assert "object has no attribute 'nothing'" in answers(asked)[2]
        assert "RuntimeError: the application can't be made" in answers(asked)[2]

    def test_is_one_whoever_asks_at_once(self, asked: subprocess.CompletedProcess[str]) -> None:
        assert answers(asked)[3] == "1 True\n"
