"""What people said of payments by a provider goes with the person; what that said itself stays."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from Payment.port import Outcome
from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.declared import contents
from tests.support.disputing import dispute
from tests.support.fake_provider import REFUSAL, FakeProvider, Mood, taking_money
from tests.support.giving_back import (
    give_back,
    give_back_by_hand,
    give_back_part,
    paid_for,
)
from tests.support.paying import begun, told
from tests.support.service import Service


@pytest.fixture(autouse=True)
def provider(service: Service) -> Iterator[FakeProvider]:
    with taking_money(service, FakeProvider()) as provider:
        yield provider


def erase(api: Api, user: Any) -> None:
    api.post(f"/api/users/{user['id']}/erase", {"despite_open_orders": True})


def settle(api: Api, payment: Any, **said: Any) -> Any:
    return api.patch(f"/api/transactions/{payment['id']}/status", said)


def found(service: Service, word: str) -> list[str]:
    """The tables in which a word stands."""
    return [name for name, rows in contents(service).items() if word in str(rows)]


class TestWhatPeopleSaid:
    def test_goes(self, api: Api, service: Service, provider: FakeProvider) -> None:
        user, ticket = api.user(), api.ticket(price=100)
        orders = [api.order(user, (ticket, 1)) for _ in range(3)]
        failed, received = (begun(api, order) for order in orders[:2])
        settle(api, failed, status="failed", failure_reason="Ada's card", reason="Ada rang")
        settle(api, received, status="success", reason="Ada paid in cash")
        returned = paid_for(api, provider, orders[2])
        refund = {"amount": 10, "reason": "Ada is ill"}
        api.post(f"/api/transactions/{returned['id']}/refund", refund)
        give_back_by_hand(api, service, provider, returned, "Ada has the cash")
        assert found(service, "Ada") == ["transactions", "payment_reasons", "provider_refunds"]
        erase(api, user)
        assert found(service, "Ada") == []
        # And nothing else has changed.
        assert api.again(failed, "transactions")["status"] == "failed"
        assert api.again(returned, "transactions")["refunded_amount"] == 11
        assert disagreements(service.database, clock=service.clock) == []

    def test_of_others_stays(self, api: Api, service: Service, provider: FakeProvider) -> None:
        user, other, ticket = api.user(), api.user("other"), api.ticket(price=100)
        payment = paid_for(api, provider, api.order(other, (ticket, 1)))
        api.post(f"/api/transactions/{payment['id']}/refund", {"amount": 1, "reason": "Bob rang"})
        give_back_by_hand(api, service, provider, payment, "Bob has the cash")
        erase(api, user)
        assert found(service, "Bob") == ["payment_reasons", "provider_refunds"]

    def test_later_is_not_kept(self, api: Api, service: Service) -> None:
        user, ticket = api.user(), api.ticket(price=100)
        order = api.order(user, (ticket, 1))
        api.patch(f"/api/orders/{order['id']}/status", {"status": "confirmed"})
        payment = begun(api, order)
        erase(api, user)
        settled = settle(api, payment, status="success", reason="Ada paid in cash")
        refund = {"amount": 1, "reason": "Ada is ill"}
        api.post(f"/api/transactions/{settled['id']}/refund", refund)
        assert found(service, "Ada") == []


def test_how_the_buyer_would_go_on_paying_goes(api: Api, service: Service) -> None:
    user, ticket = api.user(), api.ticket(price=100)
    invoiced = api.order(user, (ticket, 1))
    api.patch(f"/api/orders/{invoiced['id']}/status", {"status": "confirmed"})
    payments = [begun(api, one) for one in (invoiced, api.order(user, (ticket, 1)))]
    secrets = [payment["next_action"]["client_secret"] for payment in payments]
    assert [found(service, secret)[0] for secret in secrets] == ["transactions"] * 2
    erase(api, user)
    assert [found(service, secret) for secret in secrets] == [[], []]
    assert api.again(payments[0], "transactions")["status"] == "pending"


class TestWhatTheProviderSaid:
    def test_stays(self, api: Api, service: Service, provider: FakeProvider) -> None:
        user, ticket = api.user(), api.ticket(price=100)
        orders = [api.order(user, (ticket, 1)) for _ in range(4)]
        declined, foreign, other, disputed = (begun(api, order) for order in orders)
        words: dict[int, dict[str, Any]] = {
            declined["id"]: {"outcome": Outcome.FAILED, "failure_reason": "card_declined"},
            foreign["id"]: {"currency": "JPY"},
            other["id"]: {"amount": Decimal(99)},
            disputed["id"]: {},
        }
        for payment in (declined, foreign, other, disputed):
            said = provider.pay(payment["provider_reference"], **words[payment["id"]])
            told(api, provider, said)
        told(api, provider, dispute(disputed))
        before = contents(service)
        erase(api, user)
        kept = {one["id"]: one["failure_reason"] for one in api.get("/api/transactions/")}
        assert kept == {
            declined["id"]: "card_declined",
            foreign["id"]: "currency_differs",
            other["id"]: "amount_differs",
            disputed["id"]: None,
        }
        after = contents(service)
        for table in ("provider_events", "payment_differences", "disputes"):
            assert after[table] == before[table] != []

    def test_of_a_refund_stays(self, api: Api, service: Service, provider: FakeProvider) -> None:
        user = api.user()
        payment = paid_for(api, provider, api.order(user, (api.ticket(price=100), 1)))
        give_back_part(api, payment, 1)
        provider.mood = Mood.FAILING
        give_back(service)
        erase(api, user)
        assert found(service, REFUSAL) == ["provider_refunds"]
