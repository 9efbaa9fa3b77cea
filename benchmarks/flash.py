"""A flash sale: thousands of units of one ticket, and ever more who want them. `make flash`

Sells all of them to 16, 64, 128 and 256 clients, looks at who comes too late, and then lets 200
buyers ask for 50 units in one moment. Ends with 1 if anything was sold that was not there, if
anybody was answered 5xx, or if the books do not agree.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx

from benchmarks import baseline, stores
from benchmarks.driver import Outcome, Plan, Request, drive, request
from benchmarks.layout import Layout
from benchmarks.reporting import keep, section, versions
from benchmarks.subjects import Checkout, Subject, prepare, require_clean_books, served

BACKENDS = ("postgres", "sqlite")
CROWDS = (16, 64, 128, 256)
# Who come when everything is sold.
TOO_LATE = 1_000
BUYERS, RARE_UNITS = 200, 50
_HEAD = ("phase", "clients", "sold/s", "p50 ms", "p99 ms", "sold", "409", "5xx", "lost")
_SOLD, _REFUSED = 201, 409


@dataclass
class Sale:
    """A ticket of its own, and what became of those who wanted it."""

    subject: Subject
    clients: Executor
    ticket: int
    rows: list[list[str]] = field(default_factory=list)
    sold: int = 0
    faults: int = 0

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
        body = {"user_id": user, "items": [{"ticket_id": self.ticket, "quantity": 1}]}
        return request(
            "POST", "/api/orders/", token=self.subject.token(user), body=body, keyed=True
        )

    def _note(self, phase: str, clients: int, outcome: Outcome) -> None:
        faults = sum(n for status, n in outcome.statuses.items() if status >= 500)
        self.sold += outcome.statuses[_SOLD]
        self.faults += faults + outcome.lost
        self.rows.append(
            [
                phase,
                str(clients),
                f"{outcome.statuses[_SOLD] / outcome.seconds:.0f}",
                f"{outcome.slowest(0.5) * 1000:.1f}",
                f"{outcome.slowest(0.99) * 1000:.1f}",
                str(outcome.statuses[_SOLD]),
                str(outcome.statuses[_REFUSED]),
                str(faults),
                str(outcome.lost),
            ]
        )


def main() -> int:
    options = argparse.ArgumentParser("benchmarks.flash", description=__doc__)
    options.add_argument("--units", type=int, default=10_000)
    options.add_argument("--backend", choices=[*BACKENDS, "both"], default="both")
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--baseline", default="", help="another commit that sells as well")
    chosen = options.parse_args()
    backends = BACKENDS if chosen.backend == "both" else (chosen.backend,)
    lines = [f"# A flash sale of {chosen.units:,} units at {baseline.revision()}", ""]
    lines.append(", ".join(f"{name} {value}" for name, value in versions().items()))
    faults: list[str] = []
    with ExitStack() as stack:
        checkouts = [baseline.own()]
        if chosen.baseline:
            checkouts.append(stack.enter_context(baseline.checked_out(chosen.baseline)))
        pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        clients = stack.enter_context(pool)
        for backend in backends:
            with stores.opened(backend, checkouts[0].environment) as store:
                for checkout in checkouts:
                    sale = _Flash(checkout, store, clients, chosen.workers)
                    rows, wrong = sale.sell(chosen.units)
                    title = f"{backend}, {checkout.name}, {chosen.workers} worker(s)"
                    lines += section(title, _HEAD, rows)
                    faults += [f"{title}: {fault}" for fault in wrong]
    lines += ["", *(f"- **FAULT** {fault}" for fault in faults)]
    lines.append("Nothing was oversold." if not faults else "")
    print(keep("flash", lines, {}))
    return 1 if faults else 0


@dataclass(frozen=True)
class _Flash:
    checkout: Checkout
    store: stores.Store
    clients: Executor
    workers: int

    def sell(self, units: int) -> tuple[list[list[str]], list[str]]:
        """The rows of the table, and what was wrong."""
        layout = Layout(1_000)
        database = prepare(self.checkout, self.store, layout, "flash")
        with tempfile.TemporaryDirectory(prefix="nxt-bench-log-") as folder:
            log = Path(folder) / "log"
            with served(self.checkout, database, layout, log=log, workers=self.workers) as subject:
                rows, faults = self._sell(subject, units)
        require_clean_books(self.checkout, database)
        return rows, faults

    def _sell(self, subject: Subject, units: int) -> tuple[list[list[str]], list[str]]:
        many = Sale(subject, self.clients, _on_sale(subject, units))
        for crowd in CROWDS:
            many.ask(f"{crowd} clients", crowd, units // len(CROWDS))
        # Those who were told to come again take what is left.
        while left := _left(subject, many.ticket):
            many.ask("what is left", CROWDS[-1], left)
        many.ask("too late", CROWDS[-1], TOO_LATE, _REFUSED)
        few = Sale(subject, self.clients, _on_sale(subject, RARE_UNITS))
        few.ask(f"{RARE_UNITS} units in one moment", BUYERS, BUYERS)
        faults = [*_faults(many, units), *_faults(few, RARE_UNITS)]
        return [*many.rows, *few.rows], faults


def _faults(sale: Sale, units: int) -> Iterator[str]:
    if sale.sold != units:
        yield f"{sale.sold} sold of {units} units"
    if sale.faults:
        yield f"{sale.faults} answers of 5xx or none"


def _on_sale(subject: Subject, units: int) -> int:
    """A new ticket, by the box office."""
    ticket = {
        "event_name": "The one night that everybody wants",
        "event_date": "2040-01-01T20:00:00Z",
        "venue": "Main Arena",
        "price": 99.5,
        "total_quantity": units,
        "category": "Floor",
    }
    answer = _as_staff(subject, "POST", "/api/tickets/", ticket)
    return int(answer["id"])


def _left(subject: Subject, ticket: int) -> int:
    return int(_as_staff(subject, "GET", f"/api/tickets/{ticket}")["available_quantity"])


def _as_staff(subject: Subject, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {subject.staff}"}
    with httpx.Client(base_url=subject.address, trust_env=False, headers=headers) as client:
        return client.request(method, path, json=body).raise_for_status().json()


if __name__ == "__main__":
    sys.exit(main())
