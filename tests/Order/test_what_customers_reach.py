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
class Seen:
    """What there is to be seen of an order and of what is paid for it."""

    payment: Any
    order: Any
    payments: Any

    @classmethod
    def of(cls, api: Api, order: int, payment: int) -> "Seen":
        return cls(
            api.get(f"/api/transactions/{payment}"),
            api.get(f"/api/orders/{order}"),
            api.get(f"/api/transactions/order/{order}"),
        )

    def again(self, api: Api) -> "Seen":
        return Seen.of(api, self.order["id"], self.payment["id"])

    @property
    def said_by_provider(self) -> Any:
        """What the provider said of the payment; and what money there is for its order."""
        kept = ("amount", "refunded_amount", "payment_method", "transaction_reference", "provider")
        figures = ("amount_paid", "amount_refunded", "confirmed_at")
        return {
            "payment": {name: self.payment[name] for name in kept},
            "money": [one for one in self.payments if one["status"] in {"success", "refunded"}],
            "order": {name: self.order[name] for name in figures},
        }

    @property
    def status(self) -> tuple[str, Any]:
        return self.payment["status"], self.payment["failure_reason"]


def attempt(customer: Api, operation_id: str, body: Any, seen: Seen) -> None:
    """Send a request about an order and its payment."""
    method, path, operation = OPERATIONS[operation_id]
    order, payment = seen.order["id"], seen.payment["id"]
    ids = {"order_id": str(order), "transaction_id": str(payment)}
    path = example_path(path, operation, **ids, provider="stripe")
    if isinstance(body, dict) and "order_id" in body:
        body = body | {"order_id": order}
    answer = customer.request(method, path, json=body)
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_a_buyer_declares_nothing(api: Api, provider: FakeProvider, operation_id: str) -> None:
    user, buyer = api.someone("customer")
    ticket = api.ticket()
    for state, become in STATES.items():
        before: Seen | None = None
        for body in (BODIES.get(operation_id), *ATTEMPTS.get(operation_id, ())):
            if before is None:
                order = api.order(user, (ticket, 1))
                become(api, provider, order)
                [payment] = api.get(f"/api/transactions/order/{order['id']}")
                before = Seen.of(api, order["id"], payment["id"])
            attempt(buyer, operation_id, body, before)
            seen = before.again(api)
            assert seen.said_by_provider == before.said_by_provider, (state, body)
            assert seen.status in {before.status, given_up(before.status)}, (state, body)
            # One that is not as it was can't be in that state for the next attempt.
            before = before if seen == before else None


def given_up(status: tuple[str, Any]) -> tuple[str, Any]:
    """Who gives up an order gives up what was to be paid for it."""
    return ("failed", "order_cancelled") if status[0] == "pending" else status


def test_there_are_attempts_of_known_operations_only() -> None:
    assert ATTEMPTS.keys() <= OPERATIONS.keys()
