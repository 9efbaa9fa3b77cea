"""What may not depend on how much was sold: reports, lists, and the check of the books."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks import stores
from benchmarks.driver import Request, request
from benchmarks.layout import Layout
from benchmarks.scenarios import Scenario
from benchmarks.subjects import BooksDisagreeError, Checkout, Subject, prepare


def _by_staff(path: str) -> Callable[[Subject, int], Request]:
    return lambda subject, _: request("GET", path, token=subject.staff)


def _report(route: str, period: str, choice: str) -> Scenario:
    """A report by one client at a time: what is looked at is what it takes, not how many."""
    query = "&".join(part for part in (_PERIODS[period], _CHOICES[choice]) if part)
    name = "-".join(part for part in (route, period, choice) if part)
    title = ", ".join(part for part in (route, period or "all time", choice) if part)
    make = _by_staff(f"/api/analytics/{route}?{query}")
    return Scenario(name, title, make, clients=1, has_floor=False)


def _month(days_ago: int = 45) -> str:
    """A month in the middle of what is seeded."""
    start = time.time() - days_ago * 86_400
    days = (time.strftime("%Y-%m-%d", time.gmtime(at)) for at in (start, start + 29 * 86_400))
    return "start={}&end={}".format(*days)


_PERIODS = {"": "", "month": _month()}
_CHOICES = {
    "": "",
    "event": "event_name=Concert+7+of+the+City+Orchestra",
    "category": "category=vip",
}
ANALYTICS = tuple(
    _report(route, period, choice)
    for route in ("dashboard", "sales", "revenue", "tickets", "users")
    for period in _PERIODS
    for choice in _CHOICES
)

PAGE = 50
# The lists that grow with the orders, by the page that is asked for.
LISTS = ("orders", "transactions")


def _page(name: str, kind: str, query: Callable[[Subject], str]) -> Scenario:
    def make(subject: Subject, _number: int) -> Request:
        path = f"/api/{name}/?limit={PAGE}{query(subject)}"
        return request("GET", path, token=subject.staff)

    title = f"list of {name}, {kind}"
    return Scenario(f"{name}-{kind}", title, make, clients=1, has_floor=False)


def _deep(subject: Subject) -> int:
    """So many rows are passed over: page 10,000, or half of what there is."""
    return min(10_000 * PAGE, subject.layout.orders // 2)


PAGES = tuple(
    page
    for name in LISTS
    for page in (
        _page(name, "first", lambda _: ""),
        _page(name, "late", lambda subject: f"&after={_deep(subject)}"),
        _page(name, "skip", lambda subject: f"&skip={_deep(subject)}"),
        _page(name, "count", lambda _: "&count=true"),
    )
)


_LOOK_SECONDS = 0.02
# Reports of a million orders may take longer than requests have in production.
PATIENT = {"REQUEST_TIMEOUT_SECONDS": "300"}


@dataclass(frozen=True)
class Reconciled:
    """What the command line took to check all books."""

    backend: str
    contender: str
    rows: int
    seconds: float
    peak_mib: float


def reconciled(
    store: stores.Store, checkouts: Sequence[Checkout], sizes: Sequence[int]
) -> Iterator[Reconciled]:
    """All books of each size, checked once by each checkout."""
    for rows in sizes:
        for checkout in checkouts:
            database = prepare(checkout, store, Layout(rows), "reconciled")
            seconds, peak = _reconcile(checkout, database)
            yield Reconciled(store.backend, checkout.name, rows, seconds, peak)


def _reconcile(checkout: Checkout, database: str) -> tuple[float, float]:
    environment = {**checkout.environment, "DATABASE_URL": database}
    command = [sys.executable, "cli.py", "reconcile"]
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=checkout.folder, env=environment)  # noqa: S603 - our own
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _peak_mib(process.pid))
        time.sleep(_LOOK_SECONDS)
    if process.returncode:
        raise BooksDisagreeError(f"{checkout.name}: see above")
    return time.monotonic() - began, peak


def _peak_mib(pid: int) -> float:
    """What the program used at most; what a parent is told also counts the parent's own memory."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0
