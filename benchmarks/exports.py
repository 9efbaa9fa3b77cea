"""Do sales notice that somebody exports a million orders? `make exports`

16 clients order, alone and beside an export of all orders that is always under way, in turns; then
one export goes through to its end, alone. Ends with 1 if fewer than 90 % of the orders are taken
beside it, if the service's memory grows by more than 60 MB, if anybody was answered what nobody
expected, if the file has not a line for each order, or if the books do not agree.
"""

import argparse
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import httpx2

from benchmarks import beside, stores
from benchmarks.layout import Layout
from benchmarks.subjects import Subject
from tools.server import LOCALLY

MOST_MEMORY = 60.0
_HEAD = ("round", "orders", "orders/s", "p50 ms", "p99 ms", "beside ÷ alone", "exported", "odd")
_NAME = "an export"
_EXPORT = "/api/orders/export"


@dataclass(frozen=True)
class Found(beside.Found[int]):
    """Of a round: the lines that were exported meanwhile."""

    # Of the export that went through: its lines, its seconds.
    lines: int
    seconds: float
    orders: int


def main(words: Sequence[str] | None = None) -> int:
    chosen = _options().parse_args(words)
    title = f"Orders beside an export of {chosen.orders:,} orders"
    return beside.run("exports", title, _HEAD, chosen, partial(_look, chosen=chosen))


def _look(store: stores.Store, clients: Executor, chosen: argparse.Namespace) -> beside.Told:
    found = measured(store, clients, chosen)
    rows = beside.rows(found, _NAME, lambda one: str(one.seen))
    figures = {"ratio": found.ratio, "memory": found.memory.grown, "seconds": found.seconds}
    return beside.Told(list(rows), list(told(found)), list(verdict(found)), figures)


def measured(store: stores.Store, clients: Executor, chosen: argparse.Namespace) -> Found:
    layout = Layout(chosen.orders)
    with beside.selling("exports", store, layout, clients) as (subject, memory):
        rounds = beside.in_turns(subject, clients, chosen, partial(exporting, subject))
        begun = time.monotonic()
        lines = _all_lines(subject)
        return Found(rounds, memory, lines, time.monotonic() - begun, _orders(subject))


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
def exporting(subject: Subject) -> Iterator[Callable[[], int]]:
    exporter = Exporter(subject)
    thread = threading.Thread(target=exporter.take)
    thread.start()
    try:
        if not exporter.has_begun.wait(60):
            raise RuntimeError("no export has begun")
        yield lambda: exporter.lines
    finally:
        exporter.is_enough.set()
        thread.join()


def told(found: Found) -> Iterator[str]:
    yield from beside.lines(found, _NAME)
    speed = found.lines / found.seconds
    told = f"{found.lines:,} orders in {found.seconds:.0f} s, {speed:,.0f} a second"
    yield f"- an export alone: {told}"


def verdict(found: Found) -> Iterator[str]:
    """What was wrong."""
    yield from beside.faults(found, _NAME, MOST_MEMORY)
    if any(one.seen == 0 for one in found.rounds):
        yield "nothing was exported beside the orders"
    if found.lines != found.orders:
        yield f"{found.lines} lines of {found.orders} orders"


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
    return httpx2.Client(base_url=subject.address, headers=headers, timeout=60, **LOCALLY)


def _options() -> argparse.ArgumentParser:
    options = beside.options("exports", __doc__)
    options.add_argument("--orders", type=int, default=1_000_000)
    return options


if __name__ == "__main__":
    sys.exit(main())
