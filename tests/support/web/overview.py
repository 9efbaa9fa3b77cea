"""The organiser's page as a test reads it: every figure, and what a second program is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
from playwright.sync_api import Locator, Page, Request, Response

from core.clock import utc_now
from tests.support.client import PASSWORD

_BUSY = "[aria-busy=true]"
_READ_ROWS = """rows => rows.map(row => [row.dataset.row, Object.fromEntries(
    [...row.querySelectorAll('[data-figure]')].map(
        one => [one.dataset.figure, one.dataset.value]))])"""
_READ_CELLS = """rows => rows.map(row =>
    [...row.querySelectorAll('[data-figure]')].map(one => one.dataset.value))"""
_NUMBERS = count(1)


class Desk:
    """A second program of the box office, which asks and sells beside the page."""

    def __init__(self, client: httpx2.Client) -> None:
        form = {"username": "ada", "password": PASSWORD}
        token = client.post("/api/auth/token", data=form).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        self._client = client

    def get(self, path: str, **query: Any) -> Any:
        return self._client.get(path, params=query).raise_for_status().json()

    def report(self, name: str, **query: Any) -> Any:
        return self.get(f"/api/analytics/{name}", **query)

    def customer(self) -> Any:
        name = f"looker_{next(_NUMBERS)}"
        who = {"username": name, "email": f"{name}@example.com", "full_name": "Some One"}
        return self._post("/api/users/", who | {"password": PASSWORD, "role": "customer"})

    def order(self, event_name: str = "A Night of Tests") -> Any:
        """An order of a ticket that nobody else buys."""
        ticket = self._post(
            "/api/tickets/",
            {
                "event_name": event_name,
                "event_date": f"{utc_now().year + 1}-06-01T20:00:00Z",
                "venue": "Test Hall",
                "price": 12.5,
                "total_quantity": 20,
                "category": "@tests",
            },
        )
        items = [{"ticket_id": ticket["id"], "quantity": 2}]
        return self._post("/api/orders/", {"user_id": self.customer()["id"], "items": items})

    def sale(self, event_name: str) -> Any:
        """An order that is paid."""
        order = self.order(event_name)
        payment = {"order_id": order["id"], "payment_method": "cash"}
        transaction = self._post("/api/transactions/", payment)
        path = f"/api/transactions/{transaction['id']}/status"
        self._client.patch(path, json={"status": "success"}).raise_for_status()
        return order

    def _post(self, path: str, body: Any) -> Any:
        return self._client.post(path, json=body).raise_for_status().json()


@contextmanager
def desk_at(url: str) -> Iterator[Desk]:
    with httpx2.Client(base_url=url) as client:
        yield Desk(client)


class Heard:
    """What a page asked of the API, and what it was answered."""

    def __init__(self, page: Page) -> None:
        self._asked: list[Request] = []
        page.on("request", self._hear)

    def json(self, path: str, **query: str) -> Any:
        """The last whole answer to a question with these parameters."""
        for one in reversed(self._of(path)):
            if _query(one).items() >= query.items() and _answer(one).status == HTTPStatus.OK:
                return _answer(one).json()
        raise AssertionError(f"the page did not ask for {path} with {query}")

    def queries(self, path: str) -> list[dict[str, str]]:
        return [_query(one) for one in self._of(path)]

    def _of(self, path: str) -> list[Request]:
        return [one for one in self._asked if urlsplit(one.url).path == f"/api/{path}"]

    def _hear(self, request: Request) -> None:
        self._asked.append(request)


def _query(request: Request) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.url).query))


def _answer(request: Request) -> Response:
    answer = request.response()
    assert answer is not None
    return answer


def pick(page: Page, label: str) -> Locator:
    """What something is chosen by."""
    return page.locator("#pickers").get_by_label(label, exact=True)


def wait_for_figures(page: Page) -> None:
    page.locator("#as-of:not(:empty)").wait_for()
    page.wait_for_function("busy => document.querySelector(busy) === null", arg=_BUSY)


def totals(page: Page) -> dict[str, float]:
    tiles = page.locator("[data-total] .now [data-figure]")
    told = tiles.evaluate_all("all => all.map(one => [one.dataset.figure, one.dataset.value])")
    return {name: float(value) for name, value in told}


def rows(page: Page, part: str) -> list[tuple[str, dict[str, str]]]:
    """The rows of a part as they are shown: their names and figures."""
    told = page.locator(f"#{part} [data-row]").evaluate_all(_READ_ROWS)
    return [(name, figures) for name, figures in told]


def table(page: Page, part: str) -> list[list[str]]:
    """The rows of a part's table, which is opened for that."""
    section = page.locator(f"#{part}")
    button = toggle(section)
    if button.get_attribute("aria-expanded") == "false":
        button.click()
    cells: list[list[str]] = section.locator("tbody tr").evaluate_all(_READ_CELLS)
    return cells


def toggle(section: Locator) -> Locator:
    return section.locator("button[aria-controls]")


def as_told(values: list[Any]) -> list[str]:
    """What the page writes of what the API told: numbers as JavaScript does."""
    return [_number(one) if isinstance(one, int | float) else one for one in values]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
