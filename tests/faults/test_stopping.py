"""The service is asked to end in the midst of sales."""

from collections.abc import Iterator

import pytest
from sqlalchemy import URL

from tests.support.faults.journal import Outcome
from tests.support.faults.load import load
from tests.support.faults.site import running_site
from tests.support.faults.verdict import judge
from tests.support.service import BACKENDS, fresh_database
from tools.server import GRACE_SECONDS

# What two busy cores take to end two processes.
SLACK_SECONDS = 8


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, worker_name: str) -> Iterator[URL]:
    with fresh_database(request.param, request, f"{worker_name}_stopping") as url:
        yield url


def test_what_was_admitted_is_answered_and_nothing_else_is_done(url: URL) -> None:
    with running_site(url) as site:
        # Nobody insists: there is nobody left to ask.
        with load(site.address, clients=12, persistence=1) as journal:
            journal.await_progress(20)
            site.server.terminate()
            site.server.wait(GRACE_SECONDS + SLACK_SECONDS)
        assert {said for said in journal.answers if said.startswith("5")} <= {
            "503 service_stopping"
        }
        for operation in journal.operations:
            if operation.outcome is Outcome.UNKNOWN:
                # Whoever was not told that it was done can rely on it that it was not.
                operation.outcome = Outcome.REFUSED
        assert judge(journal, site.database).wrong() == {}
