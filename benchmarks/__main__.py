"""What a request costs, beside another commit and beside what can't be beaten. `make bench`

Everything is measured in turns in one run, so that the ratios hold on a machine that is shared.
Tables go to stdout and to benchmarks/results, with the figures as JSON beside them.
"""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context

from benchmarks import baseline, contest, reporting, stores
from benchmarks.contest import Result, Terms
from benchmarks.layout import Layout
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.subjects import Checkout

BACKENDS = ("postgres", "sqlite")
MAIN = ("read", "list", "order", "hot", "sold-out", "cart", "pay", "refund")
# What more workers are asked.
WITH_MORE_WORKERS = ("read", "list", "order", "hot")


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    scenarios: Sequence[str]
    rounds: int
    seconds: float
    layout: Layout
    workers: Sequence[int]


ALL = tuple(scenario.name for scenario in SCENARIOS)
FULL = Size(ALL, 5, 2, Layout(10_000, 6_000), (1, 2))
QUICK = Size(MAIN, 3, 0.6, Layout(10_000, 1_500), (1,))


def main() -> int:
    chosen = _options().parse_args()
    size = QUICK if chosen.quick else FULL
    names = chosen.scenarios.split(",") if chosen.scenarios else size.scenarios
    scenarios = [scenario for scenario in SCENARIOS if scenario.name in names]
    if unknown := set(names) - set(ALL):
        sys.exit(f"no such scenario: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    backends = BACKENDS if chosen.backend == "both" else (chosen.backend,)
    rounds, seconds = chosen.rounds or size.rounds, chosen.seconds or size.seconds
    terms = Terms(scenarios, rounds, seconds, size.layout)
    with ExitStack() as stack:
        checkouts = [baseline.own()]
        if chosen.baseline:
            checkouts.append(stack.enter_context(baseline.checked_out(chosen.baseline)))
        pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        clients = stack.enter_context(pool)
        results: list[Result] = []
        for backend in backends:
            results += _on(backend, checkouts, terms, size.workers, clients)
    return reporting.tell(results, terms, checkouts)


def _on(
    backend: str,
    checkouts: list[Checkout],
    terms: Terms,
    workers: Sequence[int],
    clients: Executor,
) -> list[Result]:
    with stores.opened(backend, checkouts[0].environment) as store:
        results = contest.run(store, checkouts, terms, clients)
        if backend == "postgres":
            for name, scenario, statements, trips in contest.count_messages(
                store, checkouts, terms, clients
            ):
                for result in results:
                    if (result.contender, result.scenario.name) == (name, scenario):
                        result.statements, result.round_trips = statements, trips
        for number in workers[1:]:
            results += contest.run(store, checkouts, _with_workers(terms, number), clients)
    return results


def _with_workers(terms: Terms, workers: int) -> Terms:
    some: list[Scenario] = [one for one in terms.scenarios if one.name in WITH_MORE_WORKERS]
    return Terms(some, terms.rounds, terms.seconds, terms.layout, workers, with_floors=False)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser("benchmarks", description=__doc__)
    options.add_argument("--quick", action="store_true", help="two minutes instead of an hour")
    options.add_argument("--baseline", default="", help="another commit to measure as well")
    options.add_argument("--scenarios", default="", help="some of them, separated by commas")
    options.add_argument("--backend", choices=[*BACKENDS, "both"], default="both")
    options.add_argument("--rounds", type=int, default=0)
    options.add_argument("--seconds", type=float, default=0, help="of each measurement")
    return options


if __name__ == "__main__":
    sys.exit(main())
