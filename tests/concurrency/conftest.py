"""One set of server processes per database, for all races."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count

import pytest
from sqlalchemy import URL

from core.settings import Settings
from database import Database
from tests.support.books import disagreements
from tests.support.racing import Client
from tests.support.service import BACKENDS, FORKING, fresh_database, migrate, settings_for
from tests.support.site import PROCESSES, Site, environment
from tools.server import running_server


@dataclass(frozen=True)
class _Started:
    settings: Settings
    site: Site


# Started when first asked for, and kept: starting takes longer than most races.


@pytest.fixture(scope="session")
def sqlite_site(request: pytest.FixtureRequest, worker_name: str) -> Iterator[_Started]:
    with _started("sqlite", request, worker_name) as started:
        yield started


@pytest.fixture(scope="session")
def postgres_site(
    request: pytest.FixtureRequest,
    worker_name: str,
    postgres: URL,  # noqa: ARG001 - which must outlive it
) -> Iterator[_Started]:
    with _started("postgres", request, worker_name) as started:
        yield started


@contextmanager
def _started(backend: str, request: pytest.FixtureRequest, worker: str) -> Iterator[_Started]:
    with fresh_database(backend, request, f"{worker}_races") as url:
        settings = settings_for(url)
        migrate(settings)
        with (
            running_server(environment(settings), PROCESSES, program=FORKING) as (address, _),
            closing(Client(address, reconnect=True)) as client,
            closing(Database(settings)) as database,
        ):
            yield _Started(settings, Site(address, client, database, count(1)))


@pytest.fixture(params=BACKENDS)
def started(request: pytest.FixtureRequest) -> _Started:
    found: _Started = request.getfixturevalue(f"{request.param}_site")
    return found


@pytest.fixture
def backend_settings(started: _Started) -> Settings:
    return started.settings


@pytest.fixture
def site(started: _Started) -> Site:
    return started.site


@pytest.fixture(autouse=True)
def books_agree(site: Site) -> Iterator[None]:
    """The rows among themselves, and the rows with the ledger."""
    yield
    assert disagreements(site.database) == []
