"""A process that serves requests dies in the midst of them."""

import random
import signal
from collections.abc import Iterator

import pytest

from tests import processes
from tests.conftest import BACKENDS, fresh_database
from tests.faults.load import load
from tests.faults.site import Site, running_site
from tests.faults.verdict import judge

KILLS = 2


@pytest.fixture(scope="module", params=BACKENDS)
def site(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Site]:
    with (
        fresh_database(request.param, request, f"{worker_name}_workers") as url,
        running_site(url) as site,
    ):
        yield site


def test_killed_workers_lose_nothing_and_do_nothing_twice(site: Site) -> None:
    with load(site.address) as journal:
        for _ in range(KILLS):
            journal.await_progress(20)
            processes.send(signal.SIGKILL, [random.choice(processes.workers(site.server.pid))])
        journal.await_progress(20)
    assert judge(journal, site.database).wrong() == {}
    # Some clients were cut off: otherwise nothing was tested.
    assert journal.answers["no answer"]
