"""What a request costs, beside another commit and beside what can't be beaten. `make bench`

Everything is measured in turns in one run, so that the ratios hold on a machine that is shared.
Tables go to stdout and to benchmarks/results, with the figures as JSON beside them.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing import get_context

from benchmarks import baseline, contest, growth, reporting, stores
from benchmarks.contest import Result, Terms
from benchmarks.layout import Layout
from benchmarks.reporting import Report
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.subjects import FLOORS, SYNC, Checkout

BACKENDS = ("postgres", "sqlite")
QUICKLY = ("read", "list", "order", "order-10", "hot", "sold-out", "cart", "pay", "refund")
# What a quick run asks of the second database.
ON_SQLITE = ("read", "order", "hot")
GROWING = (*growth.ANALYTICS, *growth.PAGES)
RECONCILIATION = "reconciliation"
GROUPS = {
    "main": tuple(one.name for one in SCENARIOS),
    "analytics": tuple(one.name for one in growth.ANALYTICS),
    "lists": tuple(one.name for one in growth.PAGES),
}
ALL = (*(name for names in GROUPS.values() for name in names), RECONCILIATION)


@dataclass(frozen=True)
class Size:
    """How much is measured where nothing else is asked for."""

    scenarios: Sequence[str]
    rounds: int
    seconds: float
    pool: int
    workers: Sequence[int]
    on_sqlite: Sequence[str]
    floors: Sequence[str]


FULL = Size(ALL, 5, 2, 6_000, (1, 2), ALL, tuple(FLOORS))
QUICK = Size(QUICKLY, 3, 0.4, 1_500, (1,), ON_SQLITE, (SYNC,))
ORDERS = 10_000


def main() -> int:
    chosen = _options().parse_args()
    size = QUICK if chosen.quick else FULL
    named = _names(chosen.scenarios)
    backends = BACKENDS if chosen.backend == "both" else (chosen.backend,)
    rounds, seconds = chosen.rounds or size.rounds, chosen.seconds or size.seconds
    workers = [int(number) for number in chosen.workers.split(",") if number] or size.workers
    layouts = [Layout(ORDERS, size.pool)]
    terms = Terms([], rounds, seconds, layouts, workers, floors=size.floors)
    with ExitStack() as stack:
        report = Report(terms, [baseline.own()])
        if chosen.baseline:
            report.checkouts.append(stack.enter_context(baseline.checked_out(chosen.baseline)))
        pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        clients = stack.enter_context(pool)
        for backend in backends:
            with stores.opened(backend, report.checkouts[0].environment) as store:
                report.databases[backend] = store.version()
                usual = size.on_sqlite if backend == "sqlite" else size.scenarios
                names = named or usual
                _requests(store, report, names, clients)
                sizes = [int(rows) for rows in chosen.rows.split(",")]
                _growth(store, report, names, sizes, clients)
    reporting.tell(report)
    return 0


def _names(chosen: str) -> list[str]:
    names = [name for word in chosen.split(",") if word for name in GROUPS.get(word, (word,))]
    if unknown := set(names) - set(ALL):
        known = ", ".join((*GROUPS, *ALL))
        sys.exit(f"no such scenario: {', '.join(sorted(unknown))}; there are {known}")
    return names


def _named(names: Sequence[str], scenarios: Iterable[Scenario]) -> list[Scenario]:
    return [scenario for scenario in scenarios if scenario.name in names]


def _requests(store: stores.Store, report: Report, names: Sequence[str], clients: Executor) -> None:
    terms = replace(report.terms, scenarios=_named(names, SCENARIOS))
    if not terms.scenarios:
        return
    results, books = contest.run(store, report.checkouts, terms, clients)
    if store.backend == "postgres":
        _count_messages(store, report.checkouts, terms, results, clients)
    report.results += results
    report.reconciled += books


def _count_messages(
    store: stores.Store,
    checkouts: Sequence[Checkout],
    terms: Terms,
    results: Sequence[Result],
    clients: Executor,
) -> None:
    counts = contest.count_messages(store, checkouts, terms, clients)
    for checkout, scenario, statements, trips in counts:
        for result in results:
            if (result.contender, result.scenario.name) == (checkout, scenario):
                result.statements, result.round_trips = statements, trips


def _growth(
    store: stores.Store,
    report: Report,
    names: Sequence[str],
    sizes: Sequence[int],
    clients: Executor,
) -> None:
    terms = replace(
        report.terms,
        scenarios=_named(names, GROWING),
        layouts=[Layout(rows) for rows in sizes],
        workers=(1,),
        settings=growth.PATIENT,
        floors=(),
    )
    if terms.scenarios:
        results, books = contest.run(store, report.checkouts, terms, clients)
        report.results += results
        report.reconciled += books
    elif RECONCILIATION in names:
        report.reconciled += growth.reconciled(store, report.checkouts, sizes)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser("benchmarks", description=__doc__)
    options.add_argument("--quick", action="store_true", help="some minutes instead of some hours")
    options.add_argument("--baseline", default="", help="another commit to measure as well")
    options.add_argument("--scenarios", default="", help="some of them, separated by commas")
    options.add_argument("--backend", choices=[*BACKENDS, "both"], default="both")
    options.add_argument("--rounds", type=int, default=0)
    options.add_argument("--seconds", type=float, default=0, help="of each measurement")
    options.add_argument("--workers", default="", help="numbers of worker processes: 1,2")
    rows = "1000,10000,1000000"
    options.add_argument("--rows", default=rows, help=f"orders that reports look at: {rows}")
    return options


if __name__ == "__main__":
    sys.exit(main())
