"""A flash sale: thousands of units of one ticket, and ever more who want them. `make flash`

Sells all of them to 16, 64, 128 and 256 clients, looks at who comes too late, and then lets 200
buyers ask for 50 units in one moment. Ends with 1 if anything was sold that was not there, if
anybody was answered 5xx or what nobody expected, or if the books do not agree.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

import httpx2

from benchmarks import baseline, stores
from benchmarks.books import AFTER_SEEDING, AFTERWARDS, Shop
from benchmarks.driver import Outcome, Plan, Request, drive, request
from benchmarks.layout import Layout
from benchmarks.markdown import section
from benchmarks.reporting import keep, versions, written
from benchmarks.subjects import Checkout, Subject, prepare, served
from tools.server import LOCALLY

BACKENDS = ("postgres", "sqlite")
CROWDS = (16, 64, 128, 256)
# Who come when everything is sold.
TOO_LATE = 1_000
BUYERS, RARE_UNITS = 200, 50
# How often those who were told to come again do, before nothing is expected of it.
ATTEMPTS = 20
_HEAD = ("phase", "clients", "sold/s", "p50 ms", "p99 ms", "sold", "409", "5xx", "odd", "lost")
_SOLD, _REFUSED = 201, 409


class Offer(Protocol):
    """A ticket of which there are so many units, and what the service says is left."""

    ticket: int
    units: int

    def left(self) -> int: ...


@dataclass
class Sale:
    """What became of those who wanted the units of an offer."""

    subject: Subject
    clients: Executor
    offer: Offer
    rows: list[list[str]] = field(default_factory=list)
    sold: int = 0
    refused: int = 0
    # Answers of 5xx, and answers that are neither a sale nor a refusal nor 5xx.
    failed: int = 0
    odd: int = 0
    lost: int = 0

    def ask(self, phase: str, clients: int, requests: int, expected: int = _SOLD) -> Outcome:
        plan = Plan(
            self.subject.address.host,
            self.subject.address.port or 80,
            [self._order(number) for number in range(requests)],
            expected,
            clients,
            repeated=False,
        )
        outcome = self.clients.submit(drive, plan).result()
        self._note(phase, clients, outcome)
        return outcome

    def _order(self, number: int) -> Request:
        user = self.subject.customer(number)
        body = {"user_id": user, "items": [{"ticket_id": self.offer.ticket, "quantity": 1}]}
        return request(
            "POST", "/api/orders/", token=self.subject.token(user), body=body, keyed=True
        )

    def _note(self, phase: str, clients: int, outcome: Outcome) -> None:
        sold, refused = outcome.statuses[_SOLD], outcome.statuses[_REFUSED]
        failed = sum(n for status, n in outcome.statuses.items() if status >= 500)
        odd = outcome.answers - sold - refused - failed
        self.sold += sold
        self.refused += refused
        self.failed += failed
        self.odd += odd
        self.lost += outcome.lost
        speed = sold / outcome.seconds if outcome.seconds else 0
        times = [f"{outcome.slowest(share) * 1000:.1f}" for share in (0.5, 0.99)]
        counts = [str(number) for number in (sold, refused, failed, odd, outcome.lost)]
        self.rows.append([phase, str(clients), f"{speed:.0f}", *times, *counts])

    def faults(self, refused: int) -> Iterator[str]:
        """What was wrong; so many must have been told that there is nothing left."""
        if self.sold != self.offer.units:
            yield f"{self.sold} sold of {self.offer.units} units"
        if left := self.offer.left():
            yield f"{left} units left over"
        if self.refused != refused:
            yield f"{self.refused} refused of {refused} who came too late"
        if self.failed:
            yield f"{self.failed} answers of 5xx"
        if self.odd:
            yield f"{self.odd} answers that nobody expected"
        if self.lost:
            yield f"{self.lost} without an answer"


def sell_out(many: Sale) -> list[str]:
    """All units to ever more clients, and then to those who come too late; what was wrong."""
    units = many.offer.units
    shares = [units * (place + 1) // len(CROWDS) for place in range(len(CROWDS))]
    for crowd, end, begin in zip(CROWDS, shares, [0, *shares], strict=False):
        many.ask(f"{crowd} clients", crowd, end - begin)
    # Those who were told to come again take what is left.
    for _ in range(ATTEMPTS):
        if not (left := many.offer.left()):
            break
        many.ask("what is left", CROWDS[-1], left)
    many.ask("too late", CROWDS[-1], TOO_LATE, _REFUSED)
    return list(many.faults(TOO_LATE))


def race(few: Sale) -> list[str]:
    """Far more buyers than units, all in one moment."""
    few.ask(f"{few.offer.units} units in one moment", BUYERS, BUYERS)
    return list(few.faults(BUYERS - few.offer.units))


class Ticket:
    """An offer that the box office has made, and is asked about."""

    def __init__(self, subject: Subject, units: int) -> None:
        self._subject = subject
        self.units = units
        body = {
            "event_name": "The one night that everybody wants",
            "event_date": "2040-01-01T20:00:00Z",
            "venue": "Main Arena",
            "price": 99.5,
            "total_quantity": units,
            "category": "Floor",
        }
        self.ticket = int(self._ask("POST", "/api/tickets/", body)["id"])

    def left(self) -> int:
        return int(self._ask("GET", f"/api/tickets/{self.ticket}")["available_quantity"])

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        subject = self._subject
        headers = {"Authorization": f"Bearer {subject.staff}"}
        with httpx2.Client(base_url=subject.address, **LOCALLY, headers=headers) as client:
            return client.request(method, path, json=body).raise_for_status().json()


def main(words: Sequence[str] | None = None) -> int:
    chosen = _options().parse_args(words)
    backends = BACKENDS if chosen.backend == "both" else (chosen.backend,)
    tables: list[str] = []
    figures: dict[str, list[dict[str, str]]] = {}
    faults: list[str] = []
    databases: dict[str, str] = {}
    with ExitStack() as stack:
        checkouts = [baseline.own()]
        if chosen.baseline:
            checkouts.append(stack.enter_context(baseline.checked_out(chosen.baseline)))
        pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        clients = stack.enter_context(pool)
        for backend in backends:
            store = stack.enter_context(stores.opened(backend, checkouts[0].environment))
            databases[backend] = store.version()
            for checkout in checkouts:
                rows, wrong = _flash(checkout, store, clients, chosen)
                title = f"{backend}, {checkout.name}, {chosen.workers} worker(s)"
                tables += section(title, _HEAD, rows)
                figures[title] = [dict(zip(_HEAD, row, strict=True)) for row in rows]
                faults += [f"{title}: {fault}" for fault in wrong]
    found = versions(databases)
    lines = [f"# A flash sale of {chosen.units:,} units at {baseline.revision()}", ""]
    lines += [written(found), *tables, "", *told(faults)]
    print(keep("flash", lines, {"versions": found, "faults": faults, "sales": figures}))
    return 1 if faults else 0


def told(faults: Sequence[str]) -> list[str]:
    return [f"- **FAULT** {fault}" for fault in faults] or ["Nothing was oversold."]


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser("benchmarks.flash", description=__doc__)
    options.add_argument("--units", type=int, default=10_000)
    options.add_argument("--backend", choices=[*BACKENDS, "both"], default="both")
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--baseline", default="", help="another commit that sells as well")
    return options


def _flash(
    checkout: Checkout, store: stores.Store, clients: Executor, chosen: argparse.Namespace
) -> tuple[list[list[str]], list[str]]:
    """The rows of the table, and what was wrong."""
    layout = Layout(1_000)
    database = prepare(checkout, store, layout, "flash")
    shop = Shop(store.backend, checkout, layout, database)
    shop.reconciled(AFTER_SEEDING)
    with tempfile.TemporaryDirectory(prefix="nxt-bench-log-") as folder:
        log = Path(folder) / "log"
        with served(checkout, database, layout, log=log, workers=chosen.workers) as subject:
            many = Sale(subject, clients, Ticket(subject, chosen.units))
            faults = sell_out(many)
            few = Sale(subject, clients, Ticket(subject, RARE_UNITS))
            faults += race(few)
    shop.reconciled(AFTERWARDS)
    return [*many.rows, *few.rows], faults


if __name__ == "__main__":
    sys.exit(main())
