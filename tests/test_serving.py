"""However the service is started, its connections are bounded, and only named proxies believed."""

import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx2
import pytest
import uvicorn

from core.http.connections import BoundedProtocol
from core.http.serving import Worker, server_options
from core.settings import Settings
from core.store.schema_version import ROOT
from tests.support.sockets import PATIENCE, said_until_the_end
from tools.server import LOCALLY, running_server

PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "Zr7-kQ2_vN9xLw4TbY8mHc3JfPs6GdRa",
    "REGISTRATION_RATE_LIMIT": "1/hour",
}


# The way that we name, and what everybody types who knows uvicorn: one process, and more.
PROGRAMS: dict[str, tuple[Sequence[str], int]] = {
    "serve": ((), 1),
    "uvicorn": (("-m", "uvicorn", "main:app"), 1),
    "uvicorn_in_workers": (("-m", "uvicorn", "main:app", "--http", "h11"), 2),
}


@pytest.fixture(scope="module", params=PROGRAMS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program, workers = PROGRAMS[request.param]
    database = tmp_path_factory.mktemp("serving") / "nexticket.db"
    settings = PRODUCTION | {"DATABASE_URL": f"sqlite:///{database}"}
    with running_server(settings, workers, program=program) as (address, _):
        yield address


@pytest.mark.parametrize("file", ["Makefile", "deploy/nexticket.service"])
def test_everything_that_starts_it_does_so_in_one_way(file: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    assert "python cli.py serve" in text
    assert "uvicorn" not in text


def test_a_head_without_end_is_refused(url: str) -> None:
    address = httpx2.URL(url)
    with closing(socket.create_connection((address.host, address.port), PATIENCE)) as caller:
        caller.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000)
        said = said_until_the_end(caller)
    assert said.startswith(b"HTTP/1.1 431 ")
    assert b'"code":"headers_too_large"' in said
    assert b"x-request-id: " in said.lower()


def test_who_is_no_proxy_is_not_believed(url: str) -> None:
    """Not even on this machine: each other address would be a new caller to every limit."""
    statuses = [
        httpx2.post(
            f"{url}/api/users/",
            json={
                "username": f"user{n}",
                "email": f"user{n}@example.com",
                "full_name": "Someone",
                "password": "a walk in the rain",
            },
            headers={"X-Forwarded-For": f"192.0.2.{n}", "X-Forwarded-Proto": "https"},
            **LOCALLY,
        ).status_code
        for n in range(5)
    ]
    # Workers count each for itself, and of those there are two at the most.
    assert statuses[0] == 201
    assert statuses.count(429) >= 3


def test_it_hides_what_serves_it(url: str) -> None:
    assert "server" not in httpx2.get(f"{url}/health", **LOCALLY).headers


class Unresponsive(Worker):
    """Has not begun to answer yet."""

    def target(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        threading.Event().wait()


def test_the_parent_of_a_worker_that_is_killed_as_it_begins_does_not_wait_for_it() -> None:
    worker = Unresponsive(uvicorn.Config("main:app"), [])
    worker.start()
    with ThreadPoolExecutor(1) as pool:
        answered = pool.submit(worker.ping, PATIENCE)
        worker.process.kill()
        assert answered.result(PATIENCE / 2) is False
    worker.join()


def test_its_options_follow_the_settings() -> None:
    said = {"request_timeout_seconds": 2.5, "max_connections": 77, "trusted_proxies": "10.0.0.0/8"}
    settings = Settings.model_validate(said)
    config = uvicorn.Config("main:app", **server_options(settings))
    assert config.timeout_graceful_shutdown == 5
    assert config.limit_concurrency == 77
    # Longer than a worker takes to begin on a busy machine, for it is killed after that.
    assert config.timeout_worker_healthcheck == 20
    assert config.http == f"{BoundedProtocol.__module__}:{BoundedProtocol.__name__}"
    assert server_options(Settings())["proxy_headers"] is False
