"""SQLite's file can't grow any more: writers are told, readers go on, and space mends it."""

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Response
from sqlalchemy import URL

from core.http.idempotency_key import HEADER as KEY
from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.faults.load import load
from tests.support.faults.site import Site, running_site
from tests.support.faults.verdict import judge
from tests.support.service import Service, fresh_database, running_service, settings_for
from tools import processes

UNLIMITED = 2**31


@pytest.fixture(scope="module")
def url(request: pytest.FixtureRequest, worker_name: str) -> Iterator[URL]:
    with fresh_database("sqlite", request, f"{worker_name}_full") as url:
        yield url


@pytest.fixture
def service(url: URL) -> Iterator[Service]:
    with running_service(settings_for(url)) as service:
        yield service


def test_an_order_is_placed_whole_or_not_at_all(service: Service) -> None:
    api = Api(service.client, service.clock, service.app)
    user, ticket = api.user(), api.ticket(total_quantity=10_000)
    items = [{"ticket_id": ticket["id"], "quantity": 1}]
    order = {"user_id": user["id"], "items": items, "notes": "x" * 4000}
    limit_pages(service, 1)
    placed = 0
    while (answer := place(api, order, placed)).status_code == 201:
        placed += 1
    assert answer.status_code == 503
    assert answer.json()["code"] == "database_unavailable"
    assert api.stock(ticket) == (10_000 - placed, placed, 0, 0)
    agree(service)
    limit_pages(service, UNLIMITED)
    # The same request with the same key is carried out now, as if it had never been sent.
    again = place(api, order, placed)
    assert (again.status_code, "idempotency-replayed" in again.headers) == (201, False)
    assert api.stock(ticket) == (9_999 - placed, placed + 1, 0, 0)
    agree(service)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of others are Linux's")
def test_in_the_midst_of_sales_nothing_is_lost(url: URL) -> None:
    with running_site(url, workers=1) as site:
        with load(site.address) as journal:
            journal.await_progress(20)
            limit_files(site, size_of_log(url))
            journal.await_answer("503 database_unavailable")
            assert site.ask("GET", "/api/tickets/?limit=1").status == 200
            limit_files(site, resource.RLIM_INFINITY)
            journal.await_progress(30)
        assert judge(journal, site.database).wrong() == {}


def limit_pages(service: Service, limit: int) -> None:
    """Of the one connection that writes; what is there already may stay."""
    with service.database.writer.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {limit}")


def place(api: Api, order: dict[str, object], number: int) -> Response:
    return api.request("POST", "/api/orders/", json=order, headers={KEY: f"order-{number}"})


def agree(service: Service) -> None:
    assert disagreements(service.database, clock=service.clock) == []


def limit_files(site: Site, size: int) -> None:
    """The kernel lets the service's processes write no file beyond this."""
    for pid in processes.workers(site.server.pid):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def size_of_log(url: URL) -> int:
    """Of the file that SQLite writes first to."""
    return Path(f"{url.database}-wal").stat().st_size
