"""Do sales notice that a thousand listen to live stock? `make listeners`

16 clients order, alone and beside 1,000 listeners to ten of the tickets that are sold, in turns;
then one client orders slowly, and what an event costs is told by what its listeners take beside
that. Ends with 1 if fewer than 90 % of the orders are taken beside them, if the service's memory
grows by more than 100 MB, if somebody was hung up on or heard nothing, if anybody was answered what
nobody expected, or if the books do not agree.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from benchmarks import accounting, baseline, stores
from benchmarks.audience import Audience, Heard, audience
from benchmarks.books import AFTER_SEEDING, AFTERWARDS, Shop
from benchmarks.driver import Outcome, drive
from benchmarks.exports import Memory, watched
from benchmarks.layout import ON_SALE, Layout
from benchmarks.markdown import section
from benchmarks.reporting import keep, versions, written
from benchmarks.scenarios import SCENARIOS
from benchmarks.subjects import Subject, prepare, served

BACKENDS = ("postgres", "sqlite")
LEAST, MOST_MEMORY = 0.9, 100.0
ORDERS = 10_000
# Of one listener.
TICKETS = 10
_HEAD = ("round", "orders", "orders/s", "p50 ms", "p99 ms", "beside ÷ alone", "events/s", "odd")
_ORDER = next(one for one in SCENARIOS if one.name == "order")
# Between one order and the next of the client that orders slowly.
_SLOWLY = 0.1
# Little is measured of what hardly works.
_LONGER = 3


@dataclass(frozen=True)
class Round:
    alone: Outcome
    beside: Outcome
    heard: Heard

    @property
    def ratio(self) -> float:
        return _speed(self.beside) / _speed(self.alone)


@dataclass(frozen=True)
class Cost:
    """What the service's process took while one client ordered slowly, in seconds of CPU."""

    alone: float
    beside: float
    heard: Heard

    @property
    def of_piece(self) -> float:
        """Of what was sent to one listener at once, in microseconds."""
        return (self.beside - self.alone) / max(self.heard.pieces, 1) * 1e6


@dataclass(frozen=True)
class Found:
    rounds: list[Round]
    memory: Memory
    cost: Cost
    listeners: int

    @property
    def ratio(self) -> float:
        return statistics.median(one.ratio for one in self.rounds)


def main(words: Sequence[str] | None = None) -> int:
    chosen = _options().parse_args(words)
    backends = BACKENDS if chosen.backend == "both" else (chosen.backend,)
    lines: list[str] = []
    faults: list[str] = []
    figures: dict[str, dict[str, float]] = {}
    databases: dict[str, str] = {}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as clients:
        for backend in backends:
            with stores.opened(backend, baseline.own().environment) as store:
                databases[backend] = store.version()
                found = measured(store, clients, chosen)
            lines += [*section(f"{backend}, 1 worker", _HEAD, list(rows(found))), "", *told(found)]
            faults += [f"{backend}: {one}" for one in verdict(found)]
            figures[backend] = {
                "ratio": found.ratio,
                "memory": found.memory.grown,
                "microseconds": found.cost.of_piece,
            }
    version = versions(databases)
    title = f"# Orders beside {chosen.listeners:,} listeners at {baseline.revision()}"
    end = [f"- **FAULT** {one}" for one in faults] or ["No faults."]
    text = [title, "", written(version), *lines, "", *end]
    print(keep("listeners", text, {"versions": version, "faults": faults, "found": figures}))
    return 1 if faults else 0


def measured(store: stores.Store, clients: Executor, chosen: argparse.Namespace) -> Found:
    own, layout = baseline.own(), Layout(ORDERS)
    database = prepare(own, store, layout, "listeners")
    shop = Shop(store.backend, own, layout, database)
    shop.reconciled(AFTER_SEEDING)
    most = str(chosen.listeners)
    settings = {
        "MAX_LISTENERS": most,
        "MAX_LISTENERS_PER_ADDRESS": most,
        "MAX_CONNECTIONS": str(2 * chosen.listeners),
    }
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="nxt-bench-log-"))
        log = Path(folder) / "log"
        subject = stack.enter_context(served(own, database, layout, log=log, settings=settings))
        # Nobody is measured while connections are made, and statements prepared.
        clients.submit(drive, _ORDER.plan(subject, 2, 1)).result()
        memory = stack.enter_context(watched(subject.process))
        numbers = range(chosen.rounds)
        rounds = [one_round(number, subject, clients, chosen) for number in numbers]
        cost = _cost(subject, clients, chosen)
    shop.reconciled(AFTERWARDS)
    return Found(rounds, memory, cost, chosen.listeners)


def one_round(
    number: int, subject: Subject, clients: Executor, chosen: argparse.Namespace
) -> Round:
    """Who comes first in one round comes last in the next."""
    outcomes: dict[bool, Outcome] = {}
    for is_beside in (False, True) if number % 2 else (True, False):
        plan = _ORDER.plan(subject, chosen.seconds, 1)
        if is_beside:
            with _listening(subject, chosen.listeners) as listeners:
                outcomes[True] = clients.submit(drive, plan).result()
                heard = listeners.heard()
        else:
            outcomes[False] = clients.submit(drive, plan).result()
    return Round(outcomes[False], outcomes[True], heard)


@contextmanager
def _listening(subject: Subject, number: int) -> Iterator[Audience]:
    host, port = subject.address.host, subject.address.port or 80
    with audience(host, port, [_path(one) for one in range(number)]) as listeners:
        yield listeners


def _path(number: int) -> str:
    ids = (ON_SALE[(number + place) % len(ON_SALE)] for place in range(TICKETS))
    return "/api/tickets/events?" + "&".join(f"ids={one}" for one in ids)


def _cost(subject: Subject, clients: Executor, chosen: argparse.Namespace) -> Cost:
    seconds = _LONGER * chosen.seconds
    alone = _order_slowly(subject, clients, seconds)
    with _listening(subject, chosen.listeners) as listeners:
        beside = _order_slowly(subject, clients, seconds)
        heard = listeners.heard()
    return Cost(alone, beside, heard)


def _order_slowly(subject: Subject, clients: Executor, seconds: float) -> float:
    """The seconds of CPU that the service takes meanwhile."""
    before = accounting.spent(subject.process, None).service
    for number in range(round(seconds / _SLOWLY)):
        begun = time.monotonic()
        plan = _ORDER.few(subject, number + 1, 1)
        clients.submit(drive, replace(plan, requests=plan.requests[-1:])).result()
        time.sleep(max(0, begun + _SLOWLY - time.monotonic()))
    return accounting.spent(subject.process, None).service - before


def rows(found: Found) -> Iterator[list[str]]:
    for number, one in enumerate(found.rounds, 1):
        for name, outcome in (("alone", one.alone), ("beside listeners", one.beside)):
            is_beside = outcome is one.beside
            yield [
                str(number),
                name,
                f"{_speed(outcome):.0f}",
                *(f"{outcome.slowest(share) * 1000:.1f}" for share in (0.5, 0.99)),
                f"{one.ratio:.2f}" if is_beside else "",
                f"{one.heard.events / outcome.seconds:.0f}" if is_beside else "",
                str(outcome.unexpected),
            ]


def told(found: Found) -> Iterator[str]:
    memory, cost = found.memory, found.cost
    yield f"- orders beside listeners of those alone: {found.ratio:.2f} (at least {LEAST})"
    yield f"- memory: {memory.before:.0f} MB before, {memory.most:.0f} MB at the most"
    pieces, events = cost.heard.pieces, cost.heard.events
    yield f"- {cost.of_piece:.0f} µs of CPU for a piece ({pieces:,} of {events:,} events)"


def verdict(found: Found) -> Iterator[str]:
    """What was wrong."""
    if found.ratio < LEAST:
        yield f"{found.ratio:.2f} of the orders were taken beside listeners"
    if found.memory.grown > MOST_MEMORY:
        yield f"memory grew by {found.memory.grown:.0f} MB"
    if lost := sum(found.listeners - one.heard.listening for one in found.rounds):
        yield f"{lost} listeners were hung up on"
    if any(one.heard.events == 0 for one in found.rounds):
        yield "nothing was heard of the orders"
    outcomes = [outcome for one in found.rounds for outcome in (one.alone, one.beside)]
    if odd := sum(outcome.unexpected + outcome.lost for outcome in outcomes):
        yield f"{odd} answers that nobody expected"


def _speed(outcome: Outcome) -> float:
    return len(outcome.times) / outcome.seconds


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser("benchmarks.listeners", description=__doc__)
    options.add_argument("--listeners", type=int, default=1_000)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--seconds", type=float, default=5, help="of each measurement")
    options.add_argument("--backend", choices=[*BACKENDS, "both"], default="both")
    return options


if __name__ == "__main__":
    sys.exit(main())
