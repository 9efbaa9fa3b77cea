"""Do sales notice that somebody exports a million orders? `make exports`

16 clients order, alone and beside an export of all orders that is always under way, in turns; then
one export goes through to its end, alone. Ends with 1 if fewer than 90 % of the orders are taken
beside it, if the service's memory grows by more than 60 MB, if anybody was answered what nobody
expected, if the file has not a line for each order, or if the books do not agree.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import httpx2

from benchmarks import baseline, stores
from benchmarks.books import AFTER_SEEDING, AFTERWARDS, Shop
from benchmarks.driver import Outcome, drive
from benchmarks.layout import Layout
from benchmarks.markdown import section
from benchmarks.reporting import keep, versions, written
from benchmarks.scenarios import SCENARIOS
from benchmarks.subjects import Subject, prepare, served

BACKENDS = ("postgres", "sqlite")
LEAST, MOST_MEMORY = 0.9, 60.0
_HEAD = ("round", "orders", "orders/s", "p50 ms", "p99 ms", "beside ÷ alone", "exported", "odd")
_EXPORT = "/api/orders/export"
_ORDER = next(one for one in SCENARIOS if one.name == "order")
_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Round:
    alone: Outcome
    beside: Outcome
    # Lines that were exported meanwhile.
    lines: int

    @property
    def ratio(self) -> float:
        return _speed(self.beside) / _speed(self.alone)


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
class Found:
    rounds: list[Round]
    memory: Memory
    # Of the export that went through: its lines, its seconds.
    lines: int
    seconds: float
    orders: int

    @property
    def ratio(self) -> float:
        return statistics.median(one.ratio for one in self.rounds)


def resident(process: int) -> float:
    """What a process has in memory, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


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
                "seconds": found.seconds,
            }
    version = versions(databases)
    title = f"# Orders beside an export of {chosen.orders:,} orders at {baseline.revision()}"
    end = [f"- **FAULT** {one}" for one in faults] or ["No faults."]
    text = [title, "", written(version), *lines, "", *end]
    print(keep("exports", text, {"versions": version, "faults": faults, "found": figures}))
    return 1 if faults else 0


def measured(store: stores.Store, clients: Executor, chosen: argparse.Namespace) -> Found:
    own, layout = baseline.own(), Layout(chosen.orders)
    database = prepare(own, store, layout, "exports")
    shop = Shop(store.backend, own, layout, database)
    shop.reconciled(AFTER_SEEDING)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="nxt-bench-log-"))
        subject = stack.enter_context(served(own, database, layout, log=Path(folder) / "log"))
        # Nobody is measured while connections are made, and statements prepared.
        clients.submit(drive, _ORDER.plan(subject, 2, 1)).result()
        memory = stack.enter_context(watched(subject.process))
        numbers = range(chosen.rounds)
        rounds = [one_round(number, subject, clients, chosen.seconds) for number in numbers]
        begun = time.monotonic()
        lines = _all_lines(subject)
        found = Found(rounds, memory, lines, time.monotonic() - begun, _orders(subject))
    shop.reconciled(AFTERWARDS)
    return found


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


def one_round(number: int, subject: Subject, clients: Executor, seconds: float) -> Round:
    """Who comes first in one round comes last in the next."""
    outcomes: dict[bool, Outcome] = {}
    lines = 0
    for is_beside in (False, True) if number % 2 else (True, False):
        plan = _ORDER.plan(subject, seconds, 1)
        if is_beside:
            with exporting(subject) as exporter:
                outcomes[True] = clients.submit(drive, plan).result()
            lines = exporter.lines
        else:
            outcomes[False] = clients.submit(drive, plan).result()
    return Round(outcomes[False], outcomes[True], lines)


@dataclass
class Exporter:
    """Takes one export after the other, until it is told that it is enough."""

    subject: Subject
    lines: int = 0
    has_begun: threading.Event = field(default_factory=threading.Event)
    is_enough: threading.Event = field(default_factory=threading.Event)

    def take(self) -> None:
        with _client(self.subject) as client:
            while not self.is_enough.is_set():
                with client.stream("GET", _EXPORT) as answer:
                    answer.raise_for_status()
                    for piece in answer.iter_raw():
                        self.has_begun.set()
                        self.lines += piece.count(b"\n")
                        if self.is_enough.is_set():
                            return


@contextmanager
def exporting(subject: Subject) -> Iterator[Exporter]:
    exporter = Exporter(subject)
    thread = threading.Thread(target=exporter.take)
    thread.start()
    try:
        if not exporter.has_begun.wait(60):
            raise RuntimeError("no export has begun")
        yield exporter
    finally:
        exporter.is_enough.set()
        thread.join()


def rows(found: Found) -> Iterator[list[str]]:
    for number, one in enumerate(found.rounds, 1):
        for name, outcome in (("alone", one.alone), ("beside an export", one.beside)):
            is_beside = outcome is one.beside
            yield [
                str(number),
                name,
                f"{_speed(outcome):.0f}",
                *(f"{outcome.slowest(share) * 1000:.1f}" for share in (0.5, 0.99)),
                f"{one.ratio:.2f}" if is_beside else "",
                str(one.lines) if is_beside else "",
                str(outcome.unexpected),
            ]


def told(found: Found) -> Iterator[str]:
    memory = found.memory
    yield f"- orders beside an export of those alone: {found.ratio:.2f} (at least {LEAST})"
    yield f"- memory: {memory.before:.0f} MB before, {memory.most:.0f} MB at the most"
    speed = found.lines / found.seconds
    told = f"{found.lines:,} orders in {found.seconds:.0f} s, {speed:,.0f} a second"
    yield f"- an export alone: {told}"


def verdict(found: Found) -> Iterator[str]:
    """What was wrong."""
    if found.ratio < LEAST:
        yield f"{found.ratio:.2f} of the orders were taken beside an export"
    if found.memory.grown > MOST_MEMORY:
        yield f"memory grew by {found.memory.grown:.0f} MB"
    if any(one.lines == 0 for one in found.rounds):
        yield "nothing was exported beside the orders"
    outcomes = [outcome for one in found.rounds for outcome in (one.alone, one.beside)]
    if odd := sum(outcome.unexpected + outcome.lost for outcome in outcomes):
        yield f"{odd} answers that nobody expected"
    if found.lines != found.orders:
        yield f"{found.lines} lines of {found.orders} orders"


def _speed(outcome: Outcome) -> float:
    return len(outcome.times) / outcome.seconds


def _all_lines(subject: Subject) -> int:
    """Of a whole export, but for the first, which names the columns."""
    with _client(subject) as client, client.stream("GET", _EXPORT) as answer:
        answer.raise_for_status()
        return sum(piece.count(b"\n") for piece in answer.iter_raw()) - 1


def _orders(subject: Subject) -> int:
    with _client(subject) as client:
        answer = client.get("/api/analytics/dashboard").raise_for_status().json()
        return int(answer["totals"]["orders"])


def _client(subject: Subject) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {subject.staff}"}
    return httpx2.Client(base_url=subject.address, headers=headers, timeout=60, trust_env=False)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser("benchmarks.exports", description=__doc__)
    options.add_argument("--orders", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--seconds", type=float, default=5, help="of each measurement")
    options.add_argument("--backend", choices=[*BACKENDS, "both"], default="both")
    return options


if __name__ == "__main__":
    sys.exit(main())
