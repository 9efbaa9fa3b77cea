"""One set of server processes per database, for all races."""

from collections.abc import Iterator
from contextlib import closing
from itertools import count

import pytest

from core.settings import Settings
from database import Database
from tests.support.books import disagreements
from tests.support.racing import Client
from tests.support.service import BACKENDS, fresh_database, migrate, settings_for
from tests.support.site import PROCESSES, Site, environment
from tools.server import running_server


@pytest.fixture(scope="package", params=BACKENDS)
def backend_settings(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Settings]:
    with fresh_database(request.param, request, f"{worker_name}_races") as url:
        settings = settings_for(url)
        migrate(settings)
        yield settings


@pytest.fixture(scope="package")
def site(backend_settings: Settings) -> Iterator[Site]:
    with (
        running_server(environment(backend_settings), workers=PROCESSES) as (url, _),
        closing(Client(url, reconnect=True)) as client,
        closing(Database(backend_settings)) as database,
    ):
        yield Site(url, client, database, count(1))


@pytest.fixture(autouse=True)
def books_agree(site: Site) -> Iterator[None]:
    """The rows among themselves, and the rows with the ledger."""
    yield
    assert disagreements(site.database) == []
