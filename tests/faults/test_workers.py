"""A process that serves requests dies in the midst of them."""

import random
from collections.abc import Iterator

import pytest

from tests.support.faults.journal import Journal
from tests.support.faults.load import load
from tests.support.faults.site import Site, running_site
from tests.support.faults.verdict import judge
from tests.support.service import BACKENDS, fresh_database
from tools import processes

KILLS = 2
# Killed workers that served nobody at that moment, one after the other.
ATTEMPTS = 20


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
            cut_somebody_off(site, journal)
        journal.await_progress(20)
    assert judge(journal, site.database).wrong() == {}


def cut_somebody_off(site: Site, journal: Journal) -> None:
    """Kill workers until one was at work for somebody: otherwise nothing is tested."""
    before = journal.answers["no answer"]
    for _ in range(ATTEMPTS):
        processes.kill([random.choice(processes.workers(site.server.pid))])
        # Whoever was cut off has noticed by then, and other workers serve.
        journal.await_progress(20)
        if journal.answers["no answer"] > before:
            return
    raise AssertionError(f"nobody was cut off: {dict(journal.answers)}")
