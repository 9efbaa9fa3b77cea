"""Readers beside buyers who wait: what the benchmark does, and what it makes of what it saw."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import URL

from benchmarks.slow_provider import CONNECTIONS, Report, Round, one_round, prepared, verdict
from benchmarks.slow_stand_in import StandIn, standing_in
from benchmarks.watching import Seen
from tests.support.faults.site import running_site
from tests.support.service import fresh_database

BUYERS, READERS = 12, 2


def report(p99: float = 0.01, **answers: int) -> Report:
    statuses = Counter({int(name.removeprefix("s")): count for name, count in answers.items()})
    return Report(1, [p99] * 100, statuses)


def a_round(beside: Report, seen: Seen | None = None, waiting: int = 200) -> Round:
    return Round(report(s200=100), beside, seen or Seen(CONNECTIONS, 0.1), waiting)


class TestAVerdict:
    def test_is_good_where_readers_notice_little(self) -> None:
        beside = report(p99=0.014, s200=80, s201=90)
        assert list(verdict([a_round(beside)])) == []

    def test_is_that_of_the_round_in_the_middle(self) -> None:
        rounds = [a_round(report(p99=p99)) for p99 in (0.01, 0.04, 0.03)]
        assert list(verdict(rounds)) == ["readers' p99 is 3.00 times of what it is without buyers"]

    def test_tells_of_5xx(self) -> None:
        rounds = [a_round(report(s200=9, s500=2, s503=1)), a_round(report(s503=2))]
        assert list(verdict(rounds)) == ["answers of 5xx: {500: 2, 503: 3}"]

    def test_tells_of_connections_that_broke(self) -> None:
        assert list(verdict([a_round(replace(report(), lost=2))])) == ["2 connections lost"]

    def test_tells_of_buyers_who_did_not_wait(self) -> None:
        (fault,) = verdict([a_round(report(), waiting=CONNECTIONS)])
        assert fault.startswith(f"{CONNECTIONS} payments waited at once")

    @pytest.mark.parametrize(
        ("seen", "fault"),
        [
            (Seen(CONNECTIONS + 1, 0), f"{CONNECTIONS + 1} connections of the database"),
            (Seen(1, 2.1), "a transaction took 2.10 s"),
        ],
    )
    def test_tells_what_was_kept_of_the_database(self, seen: Seen, fault: str) -> None:
        (told,) = verdict([a_round(report(), seen)])
        assert told.startswith(fault)


@pytest.fixture
def url(request: pytest.FixtureRequest, worker_name: str) -> Iterator[URL]:
    with fresh_database("postgres", request, f"{worker_name}_slow_provider") as url:
        yield url


@pytest.mark.postgres
def test_readers_read_while_buyers_wait(url: URL) -> None:
    with standing_in(seconds=0.5) as (provider, stand_in), ThreadPoolExecutor(1) as clients:
        found = a_short_round(url, provider, stand_in, clients)
    assert found.waiting > 1
    assert set(found.alone.statuses) == {200}
    assert set(found.beside.statuses) == {200, 201}
    assert found.beside.statuses[201] >= BUYERS
    assert found.alone.times
    assert found.beside.times
    assert (found.alone.lost, found.beside.lost) == (0, 0)
    assert found.seen.connections > 0


def a_short_round(url: URL, provider: str, stand_in: StandIn, clients: ThreadPoolExecutor) -> Round:
    settings = {"TEST_PAYMENTS_URL": provider, "TEST_PAYMENTS_SECRETS": "secret"}
    with running_site(url, settings, workers=1) as site:
        crowd = replace(
            prepared(site.url, BUYERS),
            readers=READERS,
            seconds=0.3,
            provider_seconds=stand_in.seconds,
        )
        address = url.render_as_string(hide_password=False)
        return one_round(1, crowd, clients, address, stand_in)
