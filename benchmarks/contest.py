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
from benchmarks.floors.pgbench import Pgbench
from benchmarks.floors.plain_sqlite import PlainSqlite
from benchmarks.layout import Layout
from benchmarks.measuring import Meter, Sample
from benchmarks.proxy import Counts, Proxy, listening
from benchmarks.scenarios import Scenario
from benchmarks.subjects import (
    FLOORS,
    ORM,
    Checkout,
    Subject,
    prepare,
    require_clean_books,
    served,
    served_app,
)

# Requests of each scenario whose statements are counted, after some that are not.
WARM_UP, COUNTED = 60, 200
WARM_UP_SECONDS = 0.3


@dataclass(frozen=True)
class Terms:
    """How long and how often everybody is measured."""

    scenarios: Sequence[Scenario]
    rounds: int
    seconds: float
    # A service each; the floors know the first one only.
    layouts: Sequence[Layout]
    workers: int = 1
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

    def can(self, scenario: Scenario) -> bool: ...

    def measure(self, scenario: Scenario, seconds: float, share: float = 1) -> Sample: ...


class Http:
    """A service that is asked over HTTP."""

    def __init__(self, subject: Subject, meter: Meter) -> None:
        self.name = subject.name
        self.rows = subject.layout.orders
        self._subject = subject
        self._meter = meter

    def can(self, scenario: Scenario) -> bool:
        if self.name in FLOORS:
            return scenario.has_floor
        return scenario.has_orm if self.name == ORM else True

    def measure(self, scenario: Scenario, seconds: float, share: float = 1) -> Sample:
        plan = scenario.plan(self._subject, seconds, share)
        return self._meter.measure(scenario, self._subject, plan)


def run(
    store: stores.Store, checkouts: Sequence[Checkout], terms: Terms, clients: Executor
) -> list[Result]:
    """Measure all, and ask the books of the services afterwards."""
    with ExitStack() as stack:
        # A checkout's database and its name, for the books.
        books: list[tuple[Checkout, str]] = []
        contenders: list[Contender] = []
        meter = Meter(clients, store.server())
        for layout, checkout in product(terms.layouts, checkouts):
            database = prepare(checkout, store, layout, f"contest_{len(books)}")
            books.append((checkout, database))
            serving = _service(checkout, database, layout, terms)
            contenders.append(Http(stack.enter_context(serving), meter))
        if terms.floors:
            contenders += stack.enter_context(_floors(store, terms, meter))
        results = _in_turns(store.backend, contenders, terms)
        for checkout, database in books:
            print(f"{checkout.name}: {require_clean_books(checkout, database)}", flush=True)
    return results


@contextmanager
def _service(checkout: Checkout, database: str, layout: Layout, terms: Terms) -> Iterator[Subject]:
    with tempfile.TemporaryDirectory(prefix="nxt-bench-log-") as folder:
        log = Path(folder) / "log"
        workers, settings = terms.workers, terms.settings
        with served(
            checkout, database, layout, log=log, workers=workers, settings=settings
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


def _in_turns(backend: str, contenders: list[Contender], terms: Terms) -> list[Result]:
    # The first turn warms up and is not counted, and takes its share of the pools all the same.
    share = 1 / (terms.rounds + 1)
    table = [
        (contender, Result(backend, terms.workers, scenario, contender.name, contender.rows))
        for scenario in terms.scenarios
        for contender in contenders
        if contender.can(scenario)
    ]
    for turn in range(terms.rounds + 1):
        _say(f"{backend}, {terms.workers} worker(s), round {turn} of {terms.rounds}")
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
