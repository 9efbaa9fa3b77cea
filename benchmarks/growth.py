"""What may not depend on how much was sold: reports, lists, and the check of the books."""

import time
from collections.abc import Callable, Iterator, Sequence

from benchmarks import stores
from benchmarks.books import AFTER_SEEDING, Reconciled, Shop
from benchmarks.driver import Request, request
from benchmarks.layout import Layout
from benchmarks.scenarios import Scenario
from benchmarks.subjects import Checkout, Subject, prepare
from core.pagination import MAX_SKIP


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


def _late(subject: Subject) -> int:
    """Where page 10,000 begins, or half of what there is."""
    return min(10_000 * PAGE, _half(subject))


def _skipped(subject: Subject) -> int:
    """The deepest that is not refused, or half of what there is."""
    return min(MAX_SKIP, _half(subject))


def _half(subject: Subject) -> int:
    return subject.layout.orders // 2


PAGES = tuple(
    page
    for name in LISTS
    for page in (
        _page(name, "first", lambda _: ""),
        _page(name, "late", lambda subject: f"&after={_late(subject)}"),
        _page(name, "skip", lambda subject: f"&skip={_skipped(subject)}"),
        _page(name, "count", lambda _: "&count=true"),
    )
)


# Reports of a million orders may take longer than requests have in production.
PATIENT = {"REQUEST_TIMEOUT_SECONDS": "300"}


def reconciled(
    store: stores.Store, checkouts: Sequence[Checkout], sizes: Sequence[int]
) -> Iterator[Reconciled]:
    """All books of each size, checked once by each checkout."""
    for rows in sizes:
        for checkout in checkouts:
            layout = Layout(rows)
            database = prepare(checkout, store, layout, "reconciled")
            yield Shop(store.backend, checkout, layout, database).reconciled(AFTER_SEEDING)
