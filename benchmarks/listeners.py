"""Do sales notice that a thousand listen to live stock? `make listeners`

16 clients order, alone and beside 1,000 listeners to ten of the tickets that are sold, in turns;
then one client orders slowly, and what an event costs is told by what its listeners take beside
that. Ends with 1 if fewer than 90 % of the orders are taken beside them, if the service's memory
grows by more than 100 MB, if somebody was hung up on or heard nothing, if anybody was answered what
nobody expected, or if the books do not agree.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from benchmarks import accounting, beside, stores
from benchmarks.audience import Heard, audience
from benchmarks.driver import drive
from benchmarks.layout import ON_SALE, Layout
from benchmarks.subjects import Subject

MOST_MEMORY = 100.0
ORDERS = 10_000
# Of one listener.
TICKETS = 10
_HEAD = ("round", "orders", "orders/s", "p50 ms", "p99 ms", "beside ÷ alone", "events/s", "odd")
_NAME = "listeners"
# Between one order and the next of the client that orders slowly.
_SLOWLY = 0.1
# Little is measured of what hardly works.
_LONGER = 3


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
class Found(beside.Found[Heard]):
    cost: Cost
    listeners: int


def main(words: Sequence[str] | None = None) -> int:
    chosen = _options().parse_args(words)
    title = f"Orders beside {chosen.listeners:,} listeners"
    return beside.run("listeners", title, _HEAD, chosen, partial(_look, chosen=chosen))


def _look(store: stores.Store, clients: Executor, chosen: argparse.Namespace) -> beside.Told:
    found = measured(store, clients, chosen)
    rows = beside.rows(found, _NAME, lambda one: f"{one.seen.events / one.beside.seconds:.0f}")
    figures = {
        "ratio": found.ratio,
        "memory": found.memory.grown,
        "microseconds": found.cost.of_piece,
    }
    return beside.Told(list(rows), list(told(found)), list(verdict(found)), figures)


def measured(store: stores.Store, clients: Executor, chosen: argparse.Namespace) -> Found:
    most = str(chosen.listeners)
    settings = {
        "MAX_LISTENERS": most,
        "MAX_LISTENERS_PER_ADDRESS": most,
        "MAX_CONNECTIONS": str(2 * chosen.listeners),
    }
    with beside.selling("listeners", store, Layout(ORDERS), clients, settings) as (subject, memory):
        listening = partial(_listening, subject, chosen.listeners)
        rounds = beside.in_turns(subject, clients, chosen, listening)
        cost = _cost(subject, clients, chosen)
        return Found(rounds, memory, cost, chosen.listeners)


@contextmanager
def _listening(subject: Subject, number: int) -> Iterator[Callable[[], Heard]]:
    host, port = subject.address.host, subject.address.port or 80
    with audience(host, port, [_path(one) for one in range(number)]) as listeners:
        yield listeners.heard


def _path(number: int) -> str:
    ids = (ON_SALE[(number + place) % len(ON_SALE)] for place in range(TICKETS))
    return "/api/tickets/events?" + "&".join(f"ids={one}" for one in ids)


def _cost(subject: Subject, clients: Executor, chosen: argparse.Namespace) -> Cost:
    seconds = _LONGER * chosen.seconds
    alone = _order_slowly(subject, clients, seconds)
    with _listening(subject, chosen.listeners) as heard:
        return Cost(alone, _order_slowly(subject, clients, seconds), heard())


def _order_slowly(subject: Subject, clients: Executor, seconds: float) -> float:
    """The seconds of CPU that the service takes meanwhile."""
    before = accounting.spent(subject.process, None).service
    for number in range(round(seconds / _SLOWLY)):
        begun = time.monotonic()
        plan = beside.ORDER.few(subject, number + 1, 1)
        clients.submit(drive, replace(plan, requests=plan.requests[-1:])).result()
        time.sleep(max(0, begun + _SLOWLY - time.monotonic()))
    return accounting.spent(subject.process, None).service - before


def told(found: Found) -> Iterator[str]:
    yield from beside.lines(found, _NAME)
    cost = found.cost
    pieces, events = cost.heard.pieces, cost.heard.events
    yield f"- {cost.of_piece:.0f} µs of CPU for a piece ({pieces:,} of {events:,} events)"


def verdict(found: Found) -> Iterator[str]:
    """What was wrong."""
    yield from beside.faults(found, _NAME, MOST_MEMORY)
    if lost := sum(found.listeners - one.seen.listening for one in found.rounds):
        yield f"{lost} listeners were hung up on"
    if any(one.seen.events == 0 for one in found.rounds):
        yield "nothing was heard of the orders"


def _options() -> argparse.ArgumentParser:
    options = beside.options("listeners", __doc__)
    options.add_argument("--listeners", type=int, default=1_000)
    return options


if __name__ == "__main__":
    sys.exit(main())
