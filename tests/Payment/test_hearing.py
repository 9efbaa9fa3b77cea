"""What a provider tells has its effect once: however often it comes, late, and in any order."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from Payment.port import Event, Outcome, UnverifiedError
from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.fake_provider import FakeProvider
from tests.support.paying import an_order, begin, begun, hear, told
from tests.support.service import Service


@pytest.fixture
def order(api: Api) -> Any:
    return an_order(api)


@pytest.fixture
def payment(api: Api, order: Any, provider: FakeProvider) -> Any:
    assert provider.payments == {}
    return begun(api, order)


def state(api: Api, order: Any) -> tuple[str, float, float]:
    now = api.again(order, "orders")
    return now["status"], now["amount_paid"], now["amount_refunded"]


class TestAWord:
    def test_that_is_repeated_is_known(
        self, api: Api, provider: FakeProvider, order: Any, payment: Any
    ) -> None:
        event = provider.event(provider.pay(payment["provider_reference"]))
        assert [hear(api, provider, event) for _ in range(3)] == ["applied", "known", "known"]
        assert state(api, order) == ("confirmed", 100, 0)

    def test_that_comes_in_two_events_is_known_the_second_time(
        self, api: Api, provider: FakeProvider, order: Any, payment: Any
    ) -> None:
        report = provider.pay(payment["provider_reference"])
        assert [told(api, provider, report) for _ in range(2)] == ["applied", "known"]
        assert state(api, order) == ("confirmed", 100, 0)

    def test_of_failure_after_success_changes_nothing(
        self, api: Api, provider: FakeProvider, order: Any, payment: Any
    ) -> None:
        paid = provider.pay(payment["provider_reference"])
        failed = replace(paid, outcome=Outcome.FAILED, failure_reason="card_declined")
        assert [told(api, provider, one) for one in (paid, failed)] == ["applied", "known"]
        assert state(api, order) == ("confirmed", 100, 0)

    def test_of_success_after_failure_counts(
        self, api: Api, provider: FakeProvider, order: Any, payment: Any
    ) -> None:
        paid = provider.pay(payment["provider_reference"])
        failed = replace(paid, outcome=Outcome.FAILED, failure_reason="card_declined")
        assert told(api, provider, failed) == "applied"
        now = api.again(payment, "transactions")
        assert (now["status"], now["failure_reason"]) == ("failed", "card_declined")
        assert told(api, provider, paid) == "applied"
        assert state(api, order) == ("confirmed", 100, 0)

    def test_that_nothing_has_happened_yet_changes_nothing(
        self, api: Api, provider: FakeProvider, order: Any, payment: Any
    ) -> None:
        waiting = provider.pay(payment["provider_reference"], outcome=Outcome.PENDING)
        assert told(api, provider, waiting) == "known"
        assert api.again(payment, "transactions") == payment
        assert state(api, order)[0] == "pending"

    def test_about_a_payment_of_somebody_else_is_remembered(
        self, api: Api, provider: FakeProvider, payment: Any
    ) -> None:
        paid = provider.pay(payment["provider_reference"])
        foreign = replace(paid, reference="pi_foreign", number="TXN-0000000000")
        assert told(api, provider, foreign) == "not_ours"
        assert api.again(payment, "transactions")["status"] == "pending"

    def test_of_another_kind_is_remembered(self, api: Api, provider: FakeProvider) -> None:
        raw = b"evt_other"
        provider._events[raw] = Event("evt_other", "customer.created", None)
        assert [hear(api, provider, raw) for _ in range(2)] == ["ignored", "known"]


class TestBeforeTheAnswer:
    """The provider tells that a payment is made before it has answered that it was begun."""

    def test_the_payment_is_known_by_its_number(
        self, api: Api, provider: FakeProvider, order: Any, service: Service
    ) -> None:
        start = provider.start
        heard: list[str] = []

        async def telling(asked: Any) -> Any:
            answer = await start(asked)
            event = provider.event(provider.pay(answer.reference))
            heard.append(await _hear_within(service, provider, event))
            return answer

        provider.start = telling  # type: ignore[method-assign]
        answer = begin(api, order)
        assert heard == ["applied"]
        assert answer.status_code == 201
        told_now = answer.json()
        assert (told_now["status"], told_now["next_action"]) == ("success", None)
        assert told_now["provider_reference"] == "pi_1"
        assert state(api, order) == ("confirmed", 100, 0)
        assert disagreements(service.database) == []


async def _hear_within(service: Service, provider: FakeProvider, event: bytes) -> str:
    transport = httpx2.ASGITransport(service.app, client=("127.0.0.1", 50001))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        path = f"/api/payments/webhooks/{provider.name}"
        answer = await client.post(path, content=event)
        return str(answer.json()["outcome"])


class TestMoney:
    def test_that_is_taken_twice_goes_back_once(
        self, api: Api, provider: FakeProvider, order: Any, payment: Any, service: Service
    ) -> None:
        paid = provider.pay(payment["provider_reference"])
        twice = replace(paid, reference="pi_beside")
        assert [told(api, provider, one) for one in (paid, twice, twice)] == [
            *("applied", "applied", "known")
        ]
        assert state(api, order) == ("confirmed", 200, 100)
        _, beside = api.get(f"/api/transactions/order/{order['id']}")
        assert (beside["status"], beside["failure_reason"]) == ("refunded", "already_paid")
        assert (beside["provider"], beside["provider_reference"]) == ("stripe", "pi_beside")
        assert disagreements(service.database) == []

    def test_taken_beside_a_payment_that_nobody_made_pays_the_order(
        self, api: Api, provider: FakeProvider, order: Any, payment: Any, service: Service
    ) -> None:
        beside = replace(provider.pay(payment["provider_reference"]), reference="pi_beside")
        assert told(api, provider, beside) == "applied"
        assert state(api, order) == ("confirmed", 100, 0)
        assert api.again(payment, "transactions")["status"] == "pending"
        assert disagreements(service.database) == []

    def test_of_another_currency_taken_twice_is_remembered_twice(
        self, api: Api, provider: FakeProvider, order: Any, payment: Any, service: Service
    ) -> None:
        paid = provider.pay(payment["provider_reference"])
        foreign = replace(paid, reference="pi_beside", currency="JPY")
        assert [told(api, provider, one) for one in (paid, foreign, foreign)] == [
            *("applied", "differs", "known")
        ]
        assert state(api, order) == ("confirmed", 100, 0)
        _, beside = api.get(f"/api/transactions/order/{order['id']}")
        assert (beside["status"], beside["failure_reason"]) == ("failed", "currency_differs")
        (named,) = disagreements(service.database)
        assert "payments_as_asked" in named

    def test_for_an_order_that_was_cancelled_goes_back(
        self, api: Api, provider: FakeProvider, order: Any, payment: Any
    ) -> None:
        api.post(f"/api/orders/{order['id']}/cancel")
        assert told(api, provider, provider.pay(payment["provider_reference"])) == "applied"
        assert state(api, order) == ("cancelled", 100, 100)
        assert api.again(payment, "transactions")["failure_reason"] == "order_cancelled"

    def test_that_comes_late_buys_the_tickets_if_they_are_there(
        self, api: Api, provider: FakeProvider, order: Any, payment: Any
    ) -> None:
        api.clock.advance(minutes=40)
        assert told(api, provider, provider.pay(payment["provider_reference"])) == "applied"
        assert state(api, order) == ("confirmed", 100, 0)

    @pytest.mark.parametrize("amount", ["99.99", "100.01"])
    def test_of_another_amount_is_recorded_and_confirms_nothing(
        self, api: Api, provider: FakeProvider, order: Any, payment: Any, amount: str
    ) -> None:
        other = provider.pay(payment["provider_reference"], amount=Decimal(amount))
        assert [told(api, provider, other) for _ in range(2)] == ["differs", "known"]
        assert state(api, order) == ("pending", float(amount), float(amount))
        now = api.again(payment, "transactions")
        assert (now["status"], now["failure_reason"]) == ("refunded", "amount_differs")
        assert now["amount"] == now["refunded_amount"] == float(amount)

    def test_of_another_currency_is_remembered_and_confirms_nothing(
        self, api: Api, provider: FakeProvider, order: Any, payment: Any
    ) -> None:
        other = provider.pay(payment["provider_reference"], currency="JPY")
        assert [told(api, provider, other) for _ in range(2)] == ["differs", "known"]
        assert state(api, order) == ("pending", 0, 0)
        now = api.again(payment, "transactions")
        assert (now["status"], now["failure_reason"]) == ("failed", "currency_differs")


def test_an_order_stays_for_a_payment_that_may_be_made_at_any_time(
    api: Api, provider: FakeProvider, order: Any, payment: Any
) -> None:
    paid = provider.pay(payment["provider_reference"])
    told(api, provider, replace(paid, outcome=Outcome.FAILED, failure_reason="declined"))
    api.post(f"/api/orders/{order['id']}/cancel")
    api.clock.advance(days=30)
    assert "delete" not in api.again(order, "orders")["allowed_actions"]
    problem = api.refused("DELETE", f"/api/orders/{order['id']}")
    assert problem["code"] == "order_has_payments"
    assert told(api, provider, paid) == "applied"
    assert state(api, order) == ("cancelled", 100, 100)


class TestWhoIsNotTheProvider:
    def test_is_refused_and_changes_nothing(
        self, api: Api, provider: FakeProvider, payment: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        paths = f"/api/payments/webhooks/{provider.name}"
        problem = api.request("POST", paths, content=b"evt_1").json()
        assert (problem["status"], problem["code"]) == (400, "webhook_not_verified")
        assert "not ours" not in str(problem)
        (line,) = [one for one in caplog.records if one.name == "nexticket.payments"]
        assert (line.provider, line.reason) == ("stripe", "not ours")  # type: ignore[attr-defined]
        assert api.again(payment, "transactions") == payment

    def test_names_no_provider_of_this_deployment(self, api: Api, provider: FakeProvider) -> None:
        assert provider.name != "paypal"
        problem = api.refused("POST", "/api/payments/webhooks/paypal")
        assert problem["code"] == "payment_provider_not_found"

    def test_is_asked_before_anybody_looks_at_what_was_sent(
        self, api: Api, provider: FakeProvider
    ) -> None:
        read: list[bytes] = []

        async def refuse(raw: bytes, *_: Any) -> Event:
            read.append(raw)
            raise UnverifiedError("no")

        provider.read = refuse  # type: ignore[method-assign, assignment]
        bodies = [b'{"a": 1, "a": 2}', b"\xff\xfe", b"[" * 5000, b"," * 50_000, b""]
        for body in bodies:
            path = f"/api/payments/webhooks/{provider.name}"
            answer = api.request("POST", path, content=body, headers={"content-type": "text/x"})
            assert answer.json()["code"] == "webhook_not_verified"
        assert read == bodies


def test_the_ledger_tells_whose_word_it_was(
    api: Api, provider: FakeProvider, order: Any, payment: Any
) -> None:
    told(api, provider, provider.pay(payment["provider_reference"]))
    events = api.get(f"/api/orders/{order['id']}/history")["events"]
    actors = {(one["actor"]["name"], one["actor"]["means"]) for one in events if one["money"]}
    assert actors == {("provider:stripe", "event:evt_1")}
