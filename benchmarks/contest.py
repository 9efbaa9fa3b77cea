"""All who take part on one database, measured in turns: what disturbs one round disturbs all."""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Protocol

from sqlalchemy import make_url

from benchmarks import stores
from benchmarks.books import AFTER_SEEDING, AFTERWARDS, Reconciled, Shop
from benchmarks.floors.pgbench import Pgbench
from benchmarks.floors.plain_sqlite import PlainSqlite
from benchmarks.layout import Layout
from benchmarks.measuring import Meter, Sample
from benchmarks.proxy import Counts, Proxy, listening
from benchmarks.scenarios import Scenario
from benchmarks.subjects import FLOORS, ORM, Checkout, Subject, prepare, served, served_app

# Requests of each scenario whose statements are counted, after some that are not.
WARM_UP, COUNTED = 60, 200
WARM_UP_SECONDS = 0.3
# What more than one worker are asked.
_WITH_MORE_WORKERS = {"read", "list", "order", "hot"}


@dataclass(frozen=True)
class Terms:
    """How long and how often everybody is measured."""

    scenarios: Sequence[Scenario]
    rounds: int
    seconds: float
    # A service each; the floors know the first one only.
    layouts: Sequence[Layout]
    # Services of each number of worker processes; more than one are asked the main things only.
    workers: Sequence[int] = (1,)
    settings: Mapping[str, str] = field(default_factory=dict)
    # Which apps without a database; with any, also the other floors and the app in ORM style.
    floors: Sequence[str] = ()


@dataclass
class Result:
    """One contender in one scenario."""

    backend: str
    workers: int
    scenario: Scenario
    contender: str
    # How many orders the database had; none is none.
    rows: int = 0
    samples: list[Sample] = field(default_factory=list)
    statements: float | None = None
    round_trips: float | None = None


class Contender(Protocol):
    name: str
    rows: int
    workers: int

    def can(self, scenario: Scenario) -> bool: ...

    def measure(self, scenario: Scenario, seconds: float, share: float = 1) -> Sample: ...


class Http:
    """A service that is asked over HTTP."""

    def __init__(self, subject: Subject, meter: Meter, workers: int = 1) -> None:
        self.name = subject.name
        self.rows = subject.layout.orders
        self.workers = workers
        self._subject = subject
        self._meter = meter

    def can(self, scenario: Scenario) -> bool:
        if self.workers > 1:
            return scenario.name in _WITH_MORE_WORKERS
        if self.name in FLOORS:
            return scenario.has_floor
        return scenario.has_orm if self.name == ORM else True

    def measure(self, scenario: Scenario, seconds: float, share: float = 1) -> Sample:
        plan = scenario.plan(self._subject, seconds, share)
        return self._meter.measure(scenario, self._subject, plan)


def run(
    store: stores.Store, checkouts: Sequence[Checkout], terms: Terms, clients: Executor
) -> tuple[list[Result], list[Reconciled]]:
    """Measure all, and ask the books of the services before and afterwards."""
    with ExitStack() as stack:
        meter = Meter(clients, store.server())
        shops: list[Shop] = []
        books: list[Reconciled] = []
        contenders: list[Contender] = []
        for layout, checkout, workers in product(terms.layouts, checkouts, _workers(terms)):
            database = prepare(checkout, store, layout, f"contest_{len(shops)}")
            shop = Shop(store.backend, checkout, layout, database, workers)
            shops.append(shop)
            # Nobody serves it yet: what disagrees now was seeded or migrated wrongly.
            books.append(shop.reconciled(AFTER_SEEDING))
            subject = stack.enter_context(_service(shop, terms.settings))
            contenders.append(Http(subject, meter, workers))
        if terms.floors:
            contenders += stack.enter_context(_floors(store, terms, meter))
        results = _in_turns(store.backend, contenders, terms)
        books += [shop.reconciled(AFTERWARDS) for shop in shops]
    return results, books


def _workers(terms: Terms) -> Iterator[int]:
    """Nobody waits for processes that would not be asked."""
    asked = any(scenario.name in _WITH_MORE_WORKERS for scenario in terms.scenarios)
    return (number for number in terms.workers if number == 1 or asked)


@contextmanager
def _service(shop: Shop, settings: Mapping[str, str]) -> Iterator[Subject]:
    with tempfile.TemporaryDirectory(prefix="nxt-bench-log-") as folder:
        log = Path(folder) / "log"
        with served(
            shop.checkout,
            shop.database,
            shop.layout,
            log=log,
            workers=shop.workers,
            settings=settings,
        ) as subject:
            yield subject


@contextmanager
def _floors(store: stores.Store, terms: Terms, meter: Meter) -> Iterator[list[Contender]]:
    with ExitStack() as stack:
        found: list[Contender] = []
        for name in terms.floors:
            subject = stack.enter_context(served_app(name, FLOORS[name], terms.layouts[0]))
            found.append(Http(subject, meter))
        database = stores.written(store.create("orm"))
        made_by = "benchmarks.floors.orm_app:app"
        orm = stack.enter_context(served_app(ORM, made_by, terms.layouts[0], database=database))
        found.append(Http(orm, meter))
        bare = store.copy(terms.layouts[0], "bare")
        if store.backend == "postgres":
            found.append(Pgbench(bare, meter.database))
        else:
            found.append(PlainSqlite(str(bare.database), meter.clients))
        yield found


def _in_turns(backend: str, contenders: Sequence[Contender], terms: Terms) -> list[Result]:
    # The first turn warms up and is not counted, and takes its share of the pools all the same.
    share = 1 / (terms.rounds + 1)
    table = [
        (contender, Result(backend, contender.workers, scenario, contender.name, contender.rows))
        for scenario in terms.scenarios
        for contender in contenders
        if contender.can(scenario)
    ]
    for turn in range(terms.rounds + 1):
        _say(f"{backend}, round {turn} of {terms.rounds}")
        # Who comes first in one round comes last in the next.
        for contender, result in table if turn % 2 else reversed(table):
            seconds = terms.seconds if turn else min(WARM_UP_SECONDS, terms.seconds)
            sample = contender.measure(result.scenario, seconds, share)
            if turn:
                result.samples.append(sample)
    return [result for _, result in table]


def count_messages(
    store: stores.Store, checkouts: Sequence[Checkout], terms: Terms, clients: Executor
) -> Iterator[tuple[str, str, float, float]]:
    """What each request says to PostgreSQL: checkout, scenario, statements, round trips."""
    for checkout in checkouts:
        url = make_url(prepare(checkout, store, terms.layouts[0], "counted"))
        with (
            listening(str(url.host), int(url.port or 5432)) as (proxy, port),
            tempfile.TemporaryDirectory(prefix="nxt-bench-log-") as folder,
        ):
            through = stores.written(url.set(port=port, query=_READABLE))
            log = Path(folder) / "log"
            with served(checkout, through, terms.layouts[0], log=log, settings=_QUIET) as subject:
                for scenario in terms.scenarios:
                    counts, answers = _counted(proxy, scenario, subject, clients)
                    yield (
                        checkout.name,
                        scenario.name,
                        counts.statements / answers,
                        counts.round_trips / answers,
                    )


# The proxy can't read what is encrypted, and the sweep's statements are nobody's.
_READABLE = {"sslmode": "disable", "gssencmode": "disable"}
_QUIET = {"SWEEP_SECONDS": "3600"}


def _counted(
    proxy: Proxy, scenario: Scenario, subject: Subject, clients: Executor
) -> tuple[Counts, int]:
    meter = Meter(clients, None)
    # First all connections are made.
    meter.measure(scenario, subject, scenario.few(subject, WARM_UP, scenario.clients))
    before = proxy.counts
    plan = scenario.few(subject, COUNTED, clients=4)
    meter.measure(scenario, subject, plan)
    return proxy.counts.since(before), len(plan.requests)


def _say(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)
