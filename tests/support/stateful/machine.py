"""A conversation with the service in which the model foretells every answer.

A step is sent, and tried on a copy of the model: success or refusal must be the foretold one.
After each step everything that the service serves must be what the model says.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias, TypeVar

from httpx2 import Response
from hypothesis import note
from hypothesis.stateful import RuleBasedStateMachine, invariant

from tests.support.client import Api
from tests.support.emptying import empty
from tests.support.service import Service
from tests.support.stateful import comparing
from tests.support.stateful.model import Shop
from tests.support.stateful.second_party import SecondParty
from tests.support.stateful.things import Refusal

T = TypeVar("T")

# How a request is sent: without a key, with one, or twice with the same.
BARE, KEYED, TWICE = "bare", "keyed", "twice"
# Reports cost more than rows; they are asked for every so many steps, and at the end.
SELDOM = 10
# To plan the fifty questions of the reconciliation takes PostgreSQL longer than all else in a step:
# there they are asked after each of so many, and at the end.
BOOKS_ON_POSTGRES = 4
SUCCESS = {"POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204}
# Rows by id, by kind.
Served: TypeAlias = dict[str, dict[int, Any]]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    # JSON, or bytes as they are.
    body: Any = None
    # POST makes something, unless it only does something.
    success: int | None = None

    @property
    def expected_status(self) -> int:
        return self.success or SUCCESS[self.method]


@dataclass(frozen=True)
class Exchange:
    """A request that was sent under a key, and its answer."""

    request: Request
    key: str
    response: Response


class Conversation(RuleBasedStateMachine):
    """What all rules need: asking, retrying and comparing."""

    def __init__(self, service: Service, api: Api, party: SecondParty) -> None:
        super().__init__()
        empty(service.database)
        service.clock.reset()
        party.begin_anew()
        self.service = service
        self.api = api
        self.party = party
        self.shop = Shop()
        # Those that are answered the same again, and those that are gone on with.
        self.exchanges: list[Exchange] = []
        self.unfinished: list[Exchange] = []
        self.served: Served = {}
        self.steps = 0
        self.agreed = False
        self._keys = count()

    def ask(self, sent: str, request: Request, step: Callable[[Shop], T]) -> tuple[Any, T] | None:
        """The served body and what the model made of the step, or None if both refuse it."""
        key = None if sent == BARE else f"key {next(self._keys)}"
        answer = self.ask_under(key, request, step)
        if sent == TWICE and self.exchanges and self.exchanges[-1].key == key:
            self._repeat(self.exchanges[-1], self.exchanges[-1].key)
        return answer

    def ask_under(
        self, key: str | None, request: Request, step: Callable[[Shop], T]
    ) -> tuple[Any, Any] | None:
        """Under a key, if any, for which nothing is kept yet."""
        self.agreed = False
        self.party.answers.clear()
        response = self._transmit(request, key)
        assert "idempotency-replayed" not in response.headers
        shop = deepcopy(self.shop)
        outcome = _try(step, shop)
        if key is not None:
            self._file(Exchange(request, key, response), outcome)
        if isinstance(outcome, Refusal):
            said = response.status_code, response.json().get("code")
            assert said == (outcome.status, outcome.code), response.text
            if outcome.left is None:
                return None
            self.shop = shop
            return response.json(), outcome.left
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
        # A payment may be there although its provider has refused it.
        id_ = int(served["transaction_id"] if "transaction_id" in served else served["id"])
        kind(self.shop)[id_] = thing
        return id_

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
        self.served = comparing.look(self.api)
        self._learn_who_expired()
        comparing.require_same_rows(self.served, self.shop)
        comparing.require_same_refunds(self.api, self.shop, self.steps)
        comparing.require_same_actions(self.served, self.shop, self.steps)
        if self.service.settings.is_sqlite or self.steps % BOOKS_ON_POSTGRES == 0:
            comparing.require_same_books(self.service, self.shop)
        comparing.require_same_money(self.party, self.shop)
        self.agreed = True
        self.steps += 1
        if self.steps % SELDOM == 0:
            comparing.require_same_reports(self.api, self.shop)

    def teardown(self) -> None:
        # After a failure the reports would only hide what came first.
        if self.agreed:
            comparing.require_same_books(self.service, self.shop)
            comparing.require_same_reports(self.api, self.shop)

    def _file(self, exchange: Exchange, outcome: object) -> None:
        if not isinstance(outcome, Refusal) or outcome.is_final:
            self.exchanges.append(exchange)
        elif outcome.left is not None:
            self.unfinished.append(exchange)

    def _repeat(self, exchange: Exchange, key: str) -> None:
        again = self._transmit(exchange.request, key)
        assert again.headers.get("idempotency-replayed") == "true", again.text
        assert _essence(again) == _essence(exchange.response)

    def _transmit(self, request: Request, key: str | None) -> Response:
        body = request.body
        headers = {} if key is None else {"Idempotency-Key": key}
        arguments = {"content" if isinstance(body, bytes) else "json": body, "headers": headers}
        response = self.api.request(request.method, request.path, **arguments)
        note(f"{request.method} {request.path} {arguments}: {response.status_code}")
        return response

    def _require_unchanged(self) -> None:
        """Not even the fields that the model does not know."""
        assert comparing.look(self.api) == self.served

    def _learn_who_expired(self) -> None:
        """When an overdue order ends is the service's choice, as long as nobody needs it to."""
        for id_, row in self.served["orders"].items():
            order = self.shop.orders.get(id_)
            if order and self.shop.is_overdue(order) and row["cancel_reason"] == "expired":
                self.shop.settled(id_)


def _try(step: Callable[[Shop], T], shop: Shop) -> T | Refusal:
    try:
        return step(shop)
    except Refusal as refusal:
        return refusal


def _essence(response: Response) -> tuple[int, bytes, str | None]:
    return response.status_code, response.content, response.headers.get("location")
