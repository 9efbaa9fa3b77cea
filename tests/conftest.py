"""The service as tests meet it: over HTTP, on SQLite and on PostgreSQL, at a time they set."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import URL
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from core.settings import Settings
from tests.support.client import Api
from tests.support.handing_out import api_of, handed_out
from tests.support.moulds import Moulds
from tests.support.service import (
    BACKENDS,
    Service,
    fresh_database,
    needing_postgres,
    running_service,
    settings_for,
)
from tools.postgres import postgres_server

# No developer's .env and no variable of the surroundings may decide what is tested.
for name in Settings.model_fields:
    os.environ.pop(name.upper(), None)
Settings.model_config["env_file"] = None
# Tests keep much and leave little: to look through it as often as programs do takes a twentieth of
# their time.
gc.set_threshold(50_000, 20, 50)


# Their servers, and a browser, take longer to start than most of what is asked of them.
_OF_ONE_SITE = ("tests/concurrency/", "tests/web/")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After all others have had their say about the order, which is random."""
    items.sort(key=lambda item: not _is_long(item))


def _is_long(item: pytest.Item) -> bool:
    return item.nodeid.startswith(_OF_ONE_SITE) or item.get_closest_marker("long") is not None


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _Scheduling(config, log)


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Modules stay together, and so do all that race at the same servers."""

    def _split_scope(self, nodeid: str) -> str:
        if site := next(filter(nodeid.startswith, _OF_ONE_SITE), None):
            return site
        scope: str = super()._split_scope(nodeid)
        return scope


@pytest.fixture(scope="module", autouse=True)
def nothing_left_to_collect() -> Iterator[None]:
    """What thousands of tests and the makers of examples keep would be looked through in the midst
    of a later request, for seconds in the end: longer than one may take. So it is put aside here.
    """
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    with needing_postgres(), postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def worker_name(request: pytest.FixtureRequest) -> str:
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    return f"nxt_{worker}_{os.getpid()}"


@pytest.fixture(scope="session")
def moulds_on_sqlite(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Moulds]:
    moulds = Moulds("sqlite", request, worker_name)
    yield moulds
    moulds.break_up()


@pytest.fixture(scope="session")
def moulds_on_postgres(
    request: pytest.FixtureRequest, postgres: URL, worker_name: str
) -> Iterator[Moulds]:
    # The server goes after what is on it.
    assert postgres
    moulds = Moulds("postgres", request, worker_name)
    yield moulds
    moulds.break_up()


@pytest.fixture(params=BACKENDS)
def moulds(request: pytest.FixtureRequest) -> Moulds:
    on_backend: Moulds = request.getfixturevalue(f"moulds_on_{request.param}")
    return on_backend


@pytest.fixture(scope="session")
def service_on_sqlite(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Service]:
    with _served("sqlite", request, worker_name) as service:
        yield service


@pytest.fixture(scope="session")
def service_on_postgres(
    request: pytest.FixtureRequest, postgres: URL, worker_name: str
) -> Iterator[Service]:
    # The server goes after the service.
    assert postgres
    with _served("postgres", request, worker_name) as service:
        yield service


@contextmanager
def _served(backend: str, request: pytest.FixtureRequest, name: str) -> Iterator[Service]:
    with (
        fresh_database(backend, request, name) as url,
        running_service(settings_for(url)) as service,
    ):
        yield service


@pytest.fixture(scope="session", params=BACKENDS)
def shared_service(request: pytest.FixtureRequest) -> Service:
    """One service per database and test process, until its end; each test finds it empty."""
    service: Service = request.getfixturevalue(f"service_on_{request.param}")
    return service


@pytest.fixture
def service(shared_service: Service) -> Iterator[Service]:
    with handed_out(shared_service):
        yield shared_service


@pytest.fixture
def api(service: Service) -> Api:
    """The service's HTTP interface, checking every answer against the OpenAPI document."""
    return api_of(service)
