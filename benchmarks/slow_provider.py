"""Do readers notice buyers whose payment provider takes its time? `make slow-provider`

16 readers look at tickets and lists: alone, and beside 200 buyers who pay at a provider that takes
two seconds to begin a payment; in turns, for some rounds. Ends with 1 if the readers' p99 is more
than 1.5 times of what it is without buyers, if anybody was answered 5xx, or if the database is kept
waiting for the provider.

Readers read before they ask again. Buyers begin the next payment at once, so that all of them wait
at any time; with ``--pause`` they are at the provider's page for a while.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import cycle
from multiprocessing import get_context

import httpx2
import uvloop

from benchmarks import baseline
from benchmarks.loadgen import PATIENCE, Wire, get, percentile, post
from benchmarks.markdown import section
from benchmarks.overload import database, made_by
from benchmarks.reporting import keep, versions, written
from benchmarks.slow_stand_in import StandIn, standing_in
from benchmarks.watching import Seen, watching
from core.settings import Settings
from tools.server import LOCALLY, running_server

READERS, BUYERS = 16, 200
TICKETS = 20
WORKERS = 2
PROVIDER_SECONDS = 2.0
# How long a reader who was answered does something else.
READING_SECONDS = 0.02
WARM_UP_SECONDS = 2.0
MOST = 1.5
POOL = int(Settings.model_fields["database_pool_size"].default)
# For changes, for reads, and one to see whether the database is there.
CONNECTIONS = WORKERS * (2 * POOL + 1)
_SERVED = {"PAYMENT_PROVIDERS": "test", "TEST_PAYMENTS_SECRETS": "of the benchmarks"}
_NO_LIMITS = {"READ_RATE_LIMIT": "", "WRITE_RATE_LIMIT": ""}
_HEAD = (
    "round",
    "readers",
    "reads/s",
    "p50 ms",
    "p99 ms",
    "p99 ÷ alone",
    "payments",
    "5xx",
    "lost",
)


@dataclass(frozen=True)
class Crowd:
    host: str
    port: int
    tickets: Sequence[int]
    # A buyer for each.
    orders: Sequence[int]
    readers: int = READERS
    seconds: float = 0
    # How long a buyer who was answered does something else.
    pause: float = 0
    provider_seconds: float = PROVIDER_SECONDS

    @property
    def round_seconds(self) -> float:
        """What a payment takes a buyer: the first ones are begun meanwhile, and nobody reads."""
        return self.provider_seconds + self.pause if self.orders else 0


@dataclass
class Report:
    """What was answered, and how long readers waited for it."""

    seconds: float
    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0

    @property
    def failed(self) -> int:
        return sum(count for status, count in self.statuses.items() if status >= 500)

    def p(self, share: float) -> float:
        return percentile(self.times, share) * 1000


@dataclass(frozen=True)
class Round:
    alone: Report
    beside: Report
    seen: Seen
    # How many payments the provider had to answer at once.
    waiting: int

    @property
    def ratio(self) -> float:
        return self.beside.p(0.99) / self.alone.p(0.99)


def main(words: Sequence[str] | None = None) -> int:
    chosen = _options().parse_args(words)
    with ExitStack() as stack:
        clients = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
        rounds = measured(chosen, clients)
    faults = list(verdict(rounds))
    lines = [f"# {READERS} readers beside {BUYERS} buyers at {baseline.revision()}", ""]
    lines += [f"The provider takes {PROVIDER_SECONDS:g} s; {written(versions({}))}"]
    lines += section(f"postgres, {WORKERS} workers", _HEAD, list(rows(rounds)))
    lines += ["", *told(rounds), "", *([f"- **FAULT** {one}" for one in faults] or ["No faults."])]
    figures = [{"ratio": one.ratio, "p99": one.alone.p(0.99)} for one in rounds]
    print(keep("slow-provider", lines, {"faults": faults, "rounds": figures}))
    return 1 if faults else 0


def measured(chosen: argparse.Namespace, clients: Executor) -> list[Round]:
    with ExitStack() as stack:
        url = stack.enter_context(database("postgres"))
        provider, stand_in = stack.enter_context(standing_in(PROVIDER_SECONDS))
        settings = {**_SERVED, **_NO_LIMITS, "DATABASE_URL": url, "TEST_PAYMENTS_URL": provider}
        address, _ = stack.enter_context(running_server(settings, workers=WORKERS))
        crowd = replace(prepared(address, BUYERS), seconds=chosen.seconds, pause=chosen.pause)
        # Nobody is measured while connections are made, and statements prepared.
        clients.submit(ask, replace(crowd, seconds=WARM_UP_SECONDS)).result()
        numbers = range(chosen.rounds)
        return [one_round(number, crowd, clients, url, stand_in) for number in numbers]


def prepared(address: str, buyers: int) -> Crowd:
    """Tickets to look at, and an order to pay for each buyer."""
    user = {"username": "buyer", "email": "buyer@example.com", "full_name": "A Buyer"}
    ticket = {
        "event_name": "Concert",
        "event_date": "2040-01-01T20:00:00Z",
        "venue": "Main Arena",
        "price": 10,
        "total_quantity": 10 * buyers,
        "category": "VIP",
    }
    with httpx2.Client(base_url=address, **LOCALLY) as client:
        made = made_by(client, "/api/users/", user)
        tickets = [made_by(client, "/api/tickets/", ticket) for _ in range(TICKETS)]
        items = [{"ticket_id": tickets[0], "quantity": 1}]
        order = {"user_id": made, "items": items}
        orders = [made_by(client, "/api/orders/", order) for _ in range(buyers)]
    url = httpx2.URL(address)
    return Crowd(url.host, url.port or 80, tickets, orders)


def one_round(number: int, crowd: Crowd, clients: Executor, url: str, stand_in: StandIn) -> Round:
    """Who comes first in one round comes last in the next."""
    reports: dict[bool, Report] = {}
    stand_in.most_waiting = 0
    with watching(url) as seen:
        for has_buyers in (False, True) if number % 2 else (True, False):
            now = crowd if has_buyers else replace(crowd, orders=[])
            reports[has_buyers] = clients.submit(ask, now).result()
    return Round(reports[False], reports[True], seen, stand_in.most_waiting)


def ask(crowd: Crowd) -> Report:
    """Blocks until the time is over; meant for a process of its own."""
    return uvloop.run(_ask(crowd))


async def _ask(crowd: Crowd) -> Report:
    report = Report(crowd.seconds)
    begins = time.monotonic() + crowd.round_seconds
    ends = begins + crowd.seconds
    buyers = (_pay(crowd, number, report, ends) for number in range(len(crowd.orders)))
    readers = (_read(crowd, number, report, begins, ends) for number in range(crowd.readers))
    await asyncio.gather(*buyers, *readers)
    return report


async def _read(crowd: Crowd, number: int, report: Report, begins: float, ends: float) -> None:
    """Look at one ticket after the other, and at a page of them now and then."""
    await asyncio.sleep(begins - time.monotonic())
    places = [f"/api/tickets/{ticket}" for ticket in crowd.tickets] + ["/api/tickets/?limit=20"]
    requests = cycle(get(path) for path in places[number % len(places) :] + places)
    wire = await Wire.to(crowd.host, crowd.port)
    while time.monotonic() < ends:
        started = time.monotonic()
        if not await _answered(wire, next(requests), report):
            return
        report.times.append(time.monotonic() - started)
        await asyncio.sleep(READING_SECONDS)
    wire.close()


async def _pay(crowd: Crowd, number: int, report: Report, ends: float) -> None:
    """Begin one payment after the other; no two buyers in the same moment."""
    await asyncio.sleep(crowd.round_seconds * number / len(crowd.orders))
    order = crowd.orders[number]
    request = post("/api/transactions/", {"order_id": order, "payment_method": "test"})
    while time.monotonic() < ends:
        # Nothing keeps it as long as the buyer is away.
        wire = await Wire.to(crowd.host, crowd.port)
        await _answered(wire, request, report)
        wire.close()
        await asyncio.sleep(crowd.pause)


async def _answered(wire: Wire, request: bytes, report: Report) -> bool:
    """Whether there was an answer, of whatever kind."""
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await wire.ask(request)
    except OSError:
        report.lost += 1
        return False
    report.statuses[answer.status] += 1
    return True


def rows(rounds: Sequence[Round]) -> Iterator[list[str]]:
    for number, one in enumerate(rounds, 1):
        for name, report in (("alone", one.alone), ("beside buyers", one.beside)):
            yield [
                str(number),
                name,
                f"{len(report.times) / report.seconds:.0f}",
                f"{report.p(0.5):.1f}",
                f"{report.p(0.99):.1f}",
                f"{one.ratio:.2f}" if report is one.beside else "",
                str(report.statuses[201]),
                str(report.failed),
                str(report.lost),
            ]


def told(rounds: Sequence[Round]) -> Iterator[str]:
    waiting = max(one.waiting for one in rounds)
    used = max(one.seen.connections for one in rounds)
    longest = max(one.seen.longest_transaction for one in rounds)
    yield f"- p99 beside buyers of p99 alone: {ratio_of(rounds):.2f} (at most {MOST})"
    yield f"- payments that waited for the provider at once: {waiting}"
    yield f"- connections of the database: {used} of {CONNECTIONS}; transactions: {longest:.2f} s"


def ratio_of(rounds: Sequence[Round]) -> float:
    return statistics.median(one.ratio for one in rounds)


def verdict(rounds: Sequence[Round]) -> Iterator[str]:
    """What was wrong."""
    if (ratio := ratio_of(rounds)) > MOST:
        yield f"readers' p99 is {ratio:.2f} times of what it is without buyers"
    reports = [report for one in rounds for report in (one.alone, one.beside)]
    if any(report.failed for report in reports):
        found = sum((report.statuses for report in reports), Counter[int]())
        failed = {status: count for status, count in sorted(found.items()) if status >= 500}
        yield f"answers of 5xx: {failed}"
    if lost := sum(report.lost for report in reports):
        yield f"{lost} connections lost"
    if (waiting := max(one.waiting for one in rounds)) <= CONNECTIONS:
        yield f"{waiting} payments waited at once, for which there were connections"
    if (used := max(one.seen.connections for one in rounds)) > CONNECTIONS:
        yield f"{used} connections of the database, of {CONNECTIONS}"
    if (longest := max(one.seen.longest_transaction for one in rounds)) >= PROVIDER_SECONDS / 2:
        yield f"a transaction took {longest:.2f} s"


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser("benchmarks.slow_provider", description=__doc__)
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--seconds", type=float, default=8, help="of each measurement")
    options.add_argument("--pause", type=float, default=0, help="of a buyer at the page")
    return options


if __name__ == "__main__":
    sys.exit(main())
