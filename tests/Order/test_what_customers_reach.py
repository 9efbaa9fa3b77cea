"""No request of a customer's makes of a payment what only its provider may say it is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from models import OrderStatus, TransactionStatus
from Payment.port import Outcome
from tests.support.client import Api
from tests.support.declared import BODIES, example_path, operations
from tests.support.fake_provider import FakeProvider, Mood, taking_money
from tests.support.giving_back import paid_for
from tests.support.paying import begun, told
from tests.support.service import Service

# All that changes anything about orders and their money.
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for method, path, operation in operations()
    if method != "GET" and path.startswith(("/api/orders", "/api/transactions", "/api/payments"))
}
ORDER = {"order_id": 1, "payment_method": "stripe"}
# What is sent beside the documentation's own example.
ATTEMPTS: dict[str, list[Any]] = {
    "change_transaction_status": [
        {"status": status.value, "reason": "I have paid"} for status in TransactionStatus
    ],
    "update_transaction": [
        *({"amount": 0.01}, {"payment_method": "cash"}, {"transaction_reference": "ch_77"}),
        *({"status": "success"}, {"provider": None}, {"provider_reference": "pi_9"}),
    ],
    "create_transaction": [
        *(ORDER, ORDER | {"amount": 0.01}, ORDER | {"status": "success"}),
        *(ORDER | {"payment_method": "card"}, ORDER | {"provider_reference": "pi_9"}),
    ],
    "refund_transaction": [{"amount": 0.01}, {}],
    "change_order_status": [{"status": status.value} for status in OrderStatus],
    "hear_payment_provider": [{"type": "payment_intent.succeeded", "id": "evt_9"}],
}


def announced(api: Api, provider: FakeProvider, order: Any) -> None:
    """Nobody knows yet what the provider made of it."""
    provider.mood = Mood.AWAY
    problem = api.refused("POST", "/api/transactions/", ORDER | {"order_id": order["id"]})
    assert problem["code"] == "payment_provider_unavailable"
    provider.mood = Mood.WELL


def declined(api: Api, provider: FakeProvider, order: Any) -> None:
    reference = begun(api, order)["provider_reference"]
    said = {"outcome": Outcome.FAILED, "failure_reason": "card_declined"}
    told(api, provider, provider.pay(reference, **said))


STATES: Mapping[str, Callable[[Api, FakeProvider, Any], Any]] = {
    "announced": announced,
    "begun": lambda api, _, order: begun(api, order),
    "declined": declined,
    "paid": paid_for,
}


@pytest.fixture
def provider(service: Service) -> Iterator[FakeProvider]:
    with taking_money(service, FakeProvider()) as provider:
        yield provider


@dataclass(frozen=True)
class Attempt:
    operation_id: str
    body: Any

    def make(self, customer: Api, number: int) -> None:
        """Send it about an order and its payment, which have the same number."""
        method, path, operation = OPERATIONS[self.operation_id]
        ids = {"order_id": str(number), "transaction_id": str(number)}
        path = example_path(path, operation, **ids, provider="stripe")
        is_about = isinstance(self.body, dict) and "order_id" in self.body
        body = self.body | {"order_id": number} if is_about else self.body
        answer = customer.request(method, path, json=body)
        assert answer.status_code < 500, answer.text

    def __str__(self) -> str:
        return f"{self.operation_id} {self.body}"


def attempts() -> Iterator[Attempt]:
    for operation_id in OPERATIONS:
        for body in (BODIES.get(operation_id), *ATTEMPTS.get(operation_id, ())):
            yield Attempt(operation_id, body)


def said_by_provider(api: Api, number: int) -> Any:
    """What the provider said of a payment; and what money there is for its order."""
    payment = api.get(f"/api/transactions/{number}")
    order = api.get(f"/api/orders/{number}")
    money = api.get(f"/api/transactions/order/{number}")
    kept = ("amount", "refunded_amount", "payment_method", "transaction_reference", "provider")
    return {
        "payment": {name: payment[name] for name in kept},
        "money": [one for one in money if one["status"] in {"success", "refunded"}],
        "order": {name: order[name] for name in ("amount_paid", "amount_refunded", "confirmed_at")},
    }


@pytest.mark.parametrize("attempt", list(attempts()), ids=str)
def test_a_buyer_declares_nothing(api: Api, provider: FakeProvider, attempt: Attempt) -> None:
    user, buyer = api.someone("customer")
    ticket = api.ticket()
    for become in STATES.values():
        become(api, provider, api.order(user, (ticket, 1)))
    for number, state in enumerate(STATES, 1):
        before, status = said_by_provider(api, number), status_of(api, number)
        attempt.make(buyer, number)
        assert said_by_provider(api, number) == before, state
        assert status_of(api, number) in {status, given_up(status)}, state


def status_of(api: Api, number: int) -> tuple[str, Any]:
    payment = api.get(f"/api/transactions/{number}")
    return payment["status"], payment["failure_reason"]


def given_up(status: tuple[str, Any]) -> tuple[str, Any]:
    """Who gives up an order gives up what was to be paid for it."""
    return ("failed", "order_cancelled") if status[0] == "pending" else status


def test_there_are_attempts_of_known_operations_only() -> None:
    assert ATTEMPTS.keys() <= OPERATIONS.keys()
