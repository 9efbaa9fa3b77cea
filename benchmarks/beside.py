"""Orders alone, and beside something that goes on meanwhile: in turns, in the same run.

What goes on is said by who measures it: exports, or listeners.
"""

import argparse
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Generic, TypeVar

from benchmarks import baseline, stores
from benchmarks.books import AFTER_SEEDING, AFTERWARDS, Shop
from benchmarks.driver import Outcome, drive
from benchmarks.layout import Layout
from benchmarks.markdown import section
from benchmarks.reporting import keep, versions, written
from benchmarks.scenarios import SCENARIOS
from benchmarks.subjects import Subject, prepare, served

BACKENDS = ("postgres", "sqlite")
# Of the orders that are taken alone.
LEAST = 0.9
ORDER = next(one for one in SCENARIOS if one.name == "order")
_LOOK_SECONDS = 0.05

T = TypeVar("T")
# Begins what goes on; while it does, it tells what was seen of it so far.
Beside = Callable[[], AbstractContextManager[Callable[[], T]]]


@dataclass(frozen=True)
class Round(Generic[T]):
    alone: Outcome
    beside: Outcome
    # Of what went on beside the orders.
    seen: T

    @property
    def ratio(self) -> float:
        return speed(self.beside) / speed(self.alone)


@dataclass
class Memory:
    """The most that a process had, in MB, since it was looked at first."""

    process: int
    before: float = 0
    most: float = 0
    _ended: threading.Event = field(default_factory=threading.Event)

    @property
    def grown(self) -> float:
        return self.most - self.before

    def look_on(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            self.most = max(self.most, resident(self.process))

    def end(self) -> None:
        self._ended.set()


@dataclass(frozen=True)
class Found(Generic[T]):
    rounds: list[Round[T]]
    memory: Memory

    @property
    def ratio(self) -> float:
        return statistics.median(one.ratio for one in self.rounds)


@dataclass(frozen=True)
class Told:
    """What is said of one database."""

    rows: list[list[str]]
    lines: list[str]
    faults: list[str]
    figures: dict[str, float]


def speed(outcome: Outcome) -> float:
    """Orders in a second."""
    return len(outcome.times) / outcome.seconds


def resident(process: int) -> float:
    """What a process has in memory, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def options(name: str, description: str | None) -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(f"benchmarks.{name}", description=description)
    found.add_argument("--rounds", type=int, default=7)
    found.add_argument("--seconds", type=float, default=5, help="of each measurement")
    found.add_argument("--backend", choices=[*BACKENDS, "both"], default="both")
    return found


def run(
    name: str,
    title: str,
    head: Sequence[str],
    chosen: argparse.Namespace,
    look: Callable[[stores.Store, Executor], Told],
) -> int:
    """Look at each database, print and keep what is told of it; 1 if there was a fault."""
    backends = BACKENDS if chosen.backend == "both" else (chosen.backend,)
    lines: list[str] = []
    faults: list[str] = []
    figures: dict[str, dict[str, float]] = {}
    databases: dict[str, str] = {}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as clients:
        for backend in backends:
            with stores.opened(backend, baseline.own().environment) as store:
                databases[backend] = store.version()
                told = look(store, clients)
            # Large shops take long to be made: what was found out is not kept for the end.
            print(backend, *told.lines, *told.faults, sep="\n", file=sys.stderr, flush=True)
            lines += [*section(f"{backend}, 1 worker", head, told.rows), "", *told.lines]
            faults += [f"{backend}: {one}" for one in told.faults]
            figures[backend] = told.figures
    version = versions(databases)
    end = [f"- **FAULT** {one}" for one in faults] or ["No faults."]
    text = [f"# {title} at {baseline.revision()}", "", written(version), *lines, "", *end]
    print(keep(name, text, {"versions": version, "faults": faults, "found": figures}))
    return 1 if faults else 0


@contextmanager
def selling(
    name: str,
    store: stores.Store,
    layout: Layout,
    clients: Executor,
    settings: Mapping[str, str] | None = None,
) -> Iterator[tuple[Subject, Memory]]:
    """A service that has sold something already; its books have to agree before and afterwards."""
    own = baseline.own()
    database = prepare(own, store, layout, name)
    shop = Shop(store.backend, own, layout, database)
    shop.reconciled(AFTER_SEEDING)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="nxt-bench-log-"))
        log = Path(folder) / "log"
        subject = stack.enter_context(
            served(own, database, layout, log=log, settings=dict(settings or {}))
        )
        # Nobody is measured while connections are made, and statements prepared.
        clients.submit(drive, ORDER.plan(subject, 2, 1)).result()
        yield subject, stack.enter_context(watched(subject.process))
    shop.reconciled(AFTERWARDS)


@contextmanager
def watched(process: int) -> Iterator[Memory]:
    memory = Memory(process, resident(process))
    thread = threading.Thread(target=memory.look_on)
    thread.start()
    try:
        yield memory
    finally:
        memory.end()
        thread.join()


def in_turns(
    subject: Subject, clients: Executor, chosen: argparse.Namespace, beside: Beside[T]
) -> list[Round[T]]:
    return [
        _one_round(number, subject, clients, chosen.seconds, beside)
        for number in range(chosen.rounds)
    ]


def _one_round(
    number: int, subject: Subject, clients: Executor, seconds: float, beside: Beside[T]
) -> Round[T]:
    """Who comes first in one round comes last in the next."""
    outcomes: dict[bool, Outcome] = {}
    for is_beside in (False, True) if number % 2 else (True, False):
        plan = ORDER.plan(subject, seconds, 1)
        if is_beside:
            with beside() as seen_by_now:
                outcomes[True] = clients.submit(drive, plan).result()
                seen = seen_by_now()
        else:
            outcomes[False] = clients.submit(drive, plan).result()
    return Round(outcomes[False], outcomes[True], seen)


def rows(found: Found[T], name: str, told: Callable[[Round[T]], str]) -> Iterator[list[str]]:
    """Two for each round; ``told`` is what was seen beside, in a word."""
    for number, one in enumerate(found.rounds, 1):
        for what, outcome in (("alone", one.alone), (f"beside {name}", one.beside)):
            is_beside = outcome is one.beside
            yield [
                str(number),
                what,
                f"{speed(outcome):.0f}",
                *(f"{outcome.slowest(share) * 1000:.1f}" for share in (0.5, 0.99)),
                f"{one.ratio:.2f}" if is_beside else "",
                told(one) if is_beside else "",
                str(outcome.unexpected),
            ]


def lines(found: Found[T], name: str) -> Iterator[str]:
    memory = found.memory
    yield f"- orders beside {name} of those alone: {found.ratio:.2f} (at least {LEAST})"
    yield f"- memory: {memory.before:.0f} MB before, {memory.most:.0f} MB at the most"


def faults(found: Found[T], name: str, most_memory: float) -> Iterator[str]:
    """What is wrong whatever went on beside."""
    if found.ratio < LEAST:
        yield f"{found.ratio:.2f} of the orders were taken beside {name}"
    if found.memory.grown > most_memory:
        yield f"memory grew by {found.memory.grown:.0f} MB"
    outcomes = [outcome for one in found.rounds for outcome in (one.alone, one.beside)]
    if odd := sum(outcome.unexpected + outcome.lost for outcome in outcomes):
        yield f"{odd} answers that nobody expected"
