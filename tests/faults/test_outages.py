"""PostgreSQL crashes, hangs up, freezes or stays away, in the midst of sales."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.support.faults.connection import Answer
from tests.support.faults.load import load
from tests.support.faults.shopper import ticket_body
from tests.support.faults.site import KEYED, Site, running_site
from tests.support.faults.verdict import judge
from tests.support.service import needing_postgres
from tests.support.wire import Wire, wire_to
from tools import processes
from tools.postgres import PostgresServer, new_database, own_postgres

pytestmark = pytest.mark.postgres

# What the service promises, and what two busy cores take to tell of it.
PROMISED_SECONDS, SLACK_SECONDS = 5, 3
GOOD_ANSWERS = 10


@dataclass
class Outage:
    postgres: PostgresServer
    wire: Wire
    site: Site


@pytest.fixture(scope="module")
def outage() -> Iterator[Outage]:
    """A server that may fail: never the one that TEST_DATABASE_URL names."""
    with (
        needing_postgres(),
        own_postgres() as postgres,
        new_database(postgres.url, "sales") as url,
        wire_to(url) as wire,
        running_site(url, through=wire.url) as site,
    ):
        yield Outage(postgres, wire, site)


def sold_exactly(outage: Outage, name: str, fault: Callable[[], None]) -> None:
    """A fault in the midst of sales, after which they go on, leaves nothing undone or half done."""
    with load(outage.site.address, name=name) as journal:
        journal.await_progress(20)
        fault()
        journal.await_progress(30)
    assert judge(journal, outage.site.database).wrong() == {}
    assert journal.answers["503 database_unavailable"] or journal.answers["no answer"]


class TestCrash:
    def test_loses_nothing_that_was_acknowledged(self, outage: Outage) -> None:
        sold_exactly(outage, "crash", lambda: outage.postgres.restart("immediate"))


class TestEndedConnections:
    def test_leave_nothing_half_done(self, outage: Outage) -> None:
        sold_exactly(outage, "ended", lambda: outage.postgres.end_connections("sales"))


class TestFrozenDatabase:
    def test_is_told_in_time_and_serves_again_when_it_thaws(self, outage: Outage) -> None:
        def freeze() -> None:
            with after(outage.postgres.freeze, outage.postgres.thaw):
                refuses_in_time(outage.site)
            serves_in_time(outage.site)

        sold_exactly(outage, "frozen", freeze)


class TestStoppedDatabase:
    def test_is_told_in_time_and_serves_again_when_it_returns(self, outage: Outage) -> None:
        def stop() -> None:
            with after(outage.postgres.stop, outage.postgres.start):
                refuses_in_time(outage.site)
            serves_in_time(outage.site)

        sold_exactly(outage, "stopped", stop)

    def test_does_not_end_a_service_whose_workers_die_meanwhile(self, outage: Outage) -> None:
        with new_database(outage.postgres.url, "workers") as url, running_site(url) as site:
            with after(outage.postgres.stop, outage.postgres.start):
                processes.kill(processes.workers(site.server.pid))
                # Others are started in their place, and find no database.
                assert site.ask("GET", "/health").status == 200
                refuses_in_time(site)
            serves_in_time(site)


class TestLostAnswerToCommit:
    """The database has committed, and the service can't know."""

    def test_is_503_and_asked_again_the_first_effect(self, outage: Outage) -> None:
        site = outage.site
        user, ticket = customer(site, "lost"), offer(site)
        body = {"user_id": user, "items": [{"ticket_id": ticket, "quantity": 2}]}
        unavailable(without_commit_answer(outage, "POST", "/api/orders/", body, key="lost-1"))
        again = site.ask("POST", "/api/orders/", body, Idempotency_Key="lost-1")
        assert (again.status, again.is_replay) == (201, True)
        orders = site.ask("GET", f"/api/users/{user}/orders").body
        assert [order["id"] for order in orders] == [again.body["id"]]

    def test_charges_once_and_refunds_once(self, outage: Outage) -> None:
        user, ticket = customer(outage.site, "paying"), offer(outage.site)
        body = {"user_id": user, "items": [{"ticket_id": ticket, "quantity": 2}]}
        order = made(outage.site, "/api/orders/", body)
        payment = {"order_id": order["id"], "payment_method": "card"}
        path = f"/api/transactions/{made(outage.site, '/api/transactions/', payment)['id']}"
        for method, step, wish in (
            ("PATCH", "status", {"status": "success"}),
            ("POST", "refund", {"amount": 5}),
        ):
            address, key = f"{path}/{step}", f"lost-{step}"
            unavailable(without_commit_answer(outage, method, address, wish, key=key))
            again = outage.site.ask(method, address, wish, Idempotency_Key=key)
            assert (again.status, again.is_replay) == (200, True)
        now = outage.site.ask("GET", f"/api/orders/{order['id']}").body
        assert (now["amount_paid"], now["amount_refunded"]) == (19.98, 5)

    def test_in_the_midst_of_sales_doubles_nothing(self, outage: Outage) -> None:
        sold_exactly(outage, "commits", lambda: outage.wire.lose_commits(5, of=KEYED))
        assert outage.wire.lost == 5


@contextmanager
def after(harm: Callable[[], None], mend: Callable[[], None]) -> Iterator[None]:
    harm()
    try:
        yield
    finally:
        mend()


def refuses_in_time(site: Site) -> None:
    order = {"user_id": 1, "items": [{"ticket_id": 1, "quantity": 1}]}
    calls = [
        ("POST", "/api/orders/", order),
        ("GET", "/api/tickets/1", None),
        ("GET", "/health/ready", None),
    ]
    with ThreadPoolExecutor(len(calls)) as pool:
        started = time.monotonic()
        answers = list(pool.map(lambda call: site.ask(*call), calls))
        assert time.monotonic() - started < PROMISED_SECONDS + SLACK_SECONDS
    assert {answer.status for answer in answers} == {503}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers)
    assert site.ask("GET", "/health").status == 200


def serves_in_time(site: Site) -> None:
    """Each worker finds out for itself, so one good answer is not enough."""
    end = time.monotonic() + PROMISED_SECONDS + SLACK_SECONDS
    good = 0
    while good < GOOD_ANSWERS:
        answer = site.ask("GET", "/api/tickets/?limit=1")
        good = good + 1 if answer.status == 200 else 0
        assert time.monotonic() < end, answer.said


def unavailable(answer: Answer) -> None:
    assert answer.said == "503 database_unavailable"
    assert int(answer.headers["Retry-After"]) >= 1


def without_commit_answer(
    outage: Outage, method: str, path: str, body: object, *, key: str
) -> Answer:
    outage.wire.lose_commits(1, of=KEYED)
    return outage.site.ask(method, path, body, Idempotency_Key=key)


def made(site: Site, path: str, body: object) -> dict[str, int]:
    answer = site.ask("POST", path, body)
    assert answer.status == 201, answer.text
    return dict(answer.body)


def customer(site: Site, name: str) -> int:
    body = {"username": name, "email": f"{name}@example.com", "full_name": "Customer"}
    return made(site, "/api/users/", body)["id"]


def offer(site: Site) -> int:
    return made(site, "/api/tickets/", ticket_body("Concert", units=100, price=9.99))["id"]
