"""More clients than connections, and a database that is busy with something else."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from tests.support.faults.load import load
from tests.support.faults.site import HOLDS, Site, running_site
from tests.support.faults.verdict import judge
from tests.support.service import BACKENDS, fresh_database

CLIENTS = 24
ONE_CONNECTION = {**HOLDS, "DATABASE_POOL_SIZE": "1", "REQUEST_TIMEOUT_SECONDS": "1"}


@pytest.fixture(scope="module", params=BACKENDS)
def site(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Site]:
    with (
        fresh_database(request.param, request, f"{worker_name}_overload") as url,
        running_site(url, ONE_CONNECTION, workers=1) as site,
    ):
        yield site


@contextmanager
def busy(site: Site) -> Iterator[None]:
    """Somebody else writes, and nobody can meanwhile."""
    engine = create_engine(site.database.settings.database, poolclass=NullPool)
    with engine.connect() as connection:
        if site.database.settings.is_sqlite:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("LOCK TABLE tickets, orders IN EXCLUSIVE MODE")
        yield


def test_who_finds_no_connection_is_told_so_and_nobody_else_suffers(site: Site) -> None:
    with load(site.address, clients=CLIENTS) as journal:
        journal.await_progress(20)
        with busy(site):
            journal.await_answer("503 service_busy")
            # Both need none of the connections that all others wait for.
            assert site.ask("GET", "/health").status == 200
            assert site.ask("GET", "/health/ready").status == 200
        journal.await_progress(30)
    assert judge(journal, site.database).wrong() == {}
