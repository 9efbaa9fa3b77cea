"""A conversation with the service in which the model foretells every answer.

A step is tried on a copy of the model, then sent: success or refusal must be the foretold one.
After each step everything that the service serves must be what the model says.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from httpx2 import Response
from hypothesis import note
from hypothesis.stateful import RuleBasedStateMachine, invariant

from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.service import Service, empty
from tests.support.stateful import expected
from tests.support.stateful.model import Refusal, Shop

T = TypeVar("T")

# How a request is sent: without a key, with one, or twice with the same.
BARE, KEYED, TWICE = "bare", "keyed", "twice"
# Reports cost more than rows; they are asked for every so many steps, and at the end.
SELDOM = 10
ALL = {"limit": 100}
SUCCESS = {"POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204}
# What never ran is not remembered.
UNSTORED = 422
# Rows by id, by kind.
Served: TypeAlias = dict[str, dict[int, Any]]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: Any = None
    # POST makes something, unless it only does something.
    success: int | None = None

    @property
    def expected_status(self) -> int:
        return self.success or SUCCESS[self.method]


@dataclass(frozen=True)
class Exchange:
    """A request that was carried out under a key, and its answer."""

    request: Request
    key: str
    response: Response


class Conversation(RuleBasedStateMachine):
    """What all rules need: asking, retrying and comparing."""

    def __init__(self, service: Service, api: Api) -> None:
        super().__init__()
        empty(service.database)
        service.clock.reset()
        self.service = service
        self.api = api
        self.shop = Shop()
        self.exchanges: list[Exchange] = []
        self.served: Served = {}
        self.steps = 0
        self.agreed = False

    def ask(self, sent: str, request: Request, step: Callable[[Shop], T]) -> tuple[Any, T] | None:
        """The served body and what the model made of the step, or None if both refuse it."""
        self.agreed = False
        shop = deepcopy(self.shop)
        outcome = _try(step, shop)
        response = self._say(sent, request)
        if isinstance(outcome, Refusal):
            said = response.status_code, response.json().get("code")
            assert said == (outcome.status, outcome.code), response.text
            return None
        assert response.status_code == request.expected_status, response.text
        self.shop = shop
        return (response.json() if response.content else None), outcome

    def make(
        self,
        sent: str,
        request: Request,
        step: Callable[[Shop], T],
        kind: Callable[[Shop], dict[int, T]],
    ) -> int | None:
        """Ask for something new; the model knows it by the id that the service gives it."""
        answer = self.ask(sent, request, step)
        if answer is None:
            return None
        served, thing = answer
        kind(self.shop)[served["id"]] = thing
        return int(served["id"])

    def repeat_later(self, exchange: Exchange) -> None:
        # The spelling of structured fields, where it was a bare one before.
        self._repeat(exchange, f'"{exchange.key}"')
        self._require_unchanged()

    def confuse(self, exchange: Exchange, other: Request) -> None:
        """Say something else under a key that is taken."""
        refused = self._transmit(other, exchange.key)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
        self._require_unchanged()

    @invariant()
    def compare(self) -> None:
        """All that is served is what the model says."""
        self.served = self._look()
        self._learn_who_expired()
        foretold = self._foretold()
        assert _picked(self.served, foretold) == foretold
        self._compare_allowed_actions()
        assert disagreements(self.service.database) == []
        self.agreed = True
        self.steps += 1
        if self.steps % SELDOM == 0:
            self._compare_reports()

    def teardown(self) -> None:
        # After a failure the reports would only hide what came first.
        if self.agreed:
            self._compare_reports()

    def _say(self, sent: str, request: Request) -> Response:
        if sent == BARE:
            return self._transmit(request, None)
        key = f"key {len(self.exchanges)}"
        response = self._transmit(request, key)
        assert "idempotency-replayed" not in response.headers
        if response.status_code != UNSTORED:
            self.exchanges.append(Exchange(request, key, response))
            if sent == TWICE:
                self._repeat(self.exchanges[-1], key)
        return response

    def _repeat(self, exchange: Exchange, key: str) -> None:
        again = self._transmit(exchange.request, key)
        assert again.headers.get("idempotency-replayed") == "true", again.text
        assert _essence(again) == _essence(exchange.response)

    def _transmit(self, request: Request, key: str | None) -> Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        arguments = {"json": request.body, "headers": headers}
        response = self.api.request(request.method, request.path, **arguments)
        note(f"{request.method} {request.path} {arguments}: {response.status_code}")
        return response

    def _look(self) -> Served:
        return {
            kind: {row["id"]: row for row in self.api.get(f"/api/{kind}/", **ALL)}
            for kind in ("tickets", "orders", "transactions")
        }

    def _require_unchanged(self) -> None:
        """Not even the fields that the model does not know."""
        assert self._look() == self.served

    def _foretold(self) -> dict[str, expected.Rows]:
        return {
            "tickets": expected.tickets(self.shop),
            "orders": expected.orders(self.shop),
            "transactions": expected.payments(self.shop),
        }

    def _learn_who_expired(self) -> None:
        """When an overdue order ends is the service's choice, as long as nobody needs it to."""
        for id_, row in self.served["orders"].items():
            order = self.shop.orders.get(id_)
            if order and self.shop.is_overdue(order) and row["cancel_reason"] == "expired":
                self.shop.settled(id_)

    def _compare_allowed_actions(self) -> None:
        """Of one order at a time, for they are found out by trying."""
        rows = self.served["orders"]
        if rows:
            id_ = list(rows)[self.steps % len(rows)]
            assert set(rows[id_]["allowed_actions"]) == expected.allowed_actions(self.shop, id_)

    def _compare_reports(self) -> None:
        for user, cart in self.shop.carts.items():
            lines = self.api.get(f"/api/cart/user/{user}", **ALL)
            assert {line["ticket_id"]: line["quantity"] for line in lines} == cart
        dashboard = self.api.get("/api/analytics/dashboard")
        assert dashboard["totals"] == expected.totals(self.shop)
        for name, counts in expected.states(self.shop).items():
            assert {s: n for s, n in dashboard[name].items() if n} == counts
        assert self.api.get("/api/analytics/sales")["totals"] == expected.sales(self.shop)
        books = self.api.get("/api/analytics/reconciliation")
        assert books["is_consistent"], books


def _try(step: Callable[[Shop], T], shop: Shop) -> T | Refusal:
    try:
        return step(shop)
    except Refusal as refusal:
        return refusal


def _picked(served: Served, wanted: dict[str, expected.Rows]) -> Any:
    """Of what is served, the fields that the model knows."""
    return {
        kind: {id_: _fields(kind, row, wanted[kind].get(id_, {})) for id_, row in rows.items()}
        for kind, rows in served.items()
    }


def _fields(kind: str, row: Any, wanted: dict[Any, Any]) -> dict[Any, Any]:
    if kind == "orders":
        lines = {(line["ticket_id"], line["unit_price"]): line["quantity"] for line in row["items"]}
        row = {**row, "items": lines, "expired": row["cancel_reason"] == "expired"}
    return {name: row[name] for name in wanted}


def _essence(response: Response) -> tuple[int, bytes, str | None]:
    return response.status_code, response.content, response.headers.get("location")
