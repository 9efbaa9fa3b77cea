"""Paying by a provider begins with what is announced here, and never begins twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.fake_provider import REFUSAL, FakeProvider, Mood
from tests.support.paying import an_order, begin, begun, look_after, told
from tests.support.service import Service


def transactions(api: Api, order: Any) -> list[Any]:
    found: list[Any] = api.get(f"/api/transactions/order/{order['id']}")
    return found


class TestABuyer:
    def test_is_told_how_to_go_on(self, api: Api, provider: FakeProvider) -> None:
        order = an_order(api, price=99.99, units=2)
        payment = begun(api, order)
        assert (payment["status"], payment["amount"]) == ("pending", 199.98)
        assert (payment["provider"], payment["provider_reference"]) == ("stripe", "pi_1")
        assert payment["next_action"] == {
            "type": "confirm",
            "client_secret": "pi_1_secret",
            "publishable_key": "pk_test",
        }
        assert api.again(payment, "transactions") == payment
        asked = provider.payments["pi_1"]
        assert (asked.number, asked.amount) == (payment["transaction_number"], Decimal("199.98"))

    def test_spells_the_method_as_they_like(self, api: Api, provider: FakeProvider) -> None:
        payment = begun(api, an_order(api), payment_method="STRIPE")
        assert payment["provider"] == provider.name

    def test_pays_a_part(self, api: Api, provider: FakeProvider) -> None:
        order = an_order(api, price=100)
        told(api, provider, provider.pay(begun(api, order, amount=40)["provider_reference"]))
        assert api.again(order, "orders")["balance_due"] == 60

    def test_has_a_ticket_once_the_provider_has_told(
        self, api: Api, provider: FakeProvider, service: Service
    ) -> None:
        order = an_order(api)
        payment = begun(api, order)
        assert told(api, provider, provider.pay("pi_1")) == "applied"
        assert api.again(order, "orders")["status"] == "confirmed"
        settled = api.again(payment, "transactions")
        assert (settled["status"], settled["next_action"]) == ("success", None)
        assert disagreements(service.database) == []

    def test_of_another_method_is_served_by_the_box_office(
        self, api: Api, provider: FakeProvider
    ) -> None:
        payment = api.payment(an_order(api))
        assert (payment["provider"], payment["next_action"]) == (None, None)
        assert provider.payments == {}
        assert api.settle(payment)["status"] == "success"

    @pytest.mark.parametrize("key", [None, "one"])
    def test_is_refused_what_nobody_owes(
        self, api: Api, provider: FakeProvider, key: str | None
    ) -> None:
        order = an_order(api)
        api.post(f"/api/orders/{order['id']}/cancel")
        answers = [begin(api, order, key=key) for _ in range(2)]
        said = {(answer.status_code, answer.json()["code"]) for answer in answers}
        assert said == {(409, "order_not_payable")}
        replayed = ["Idempotency-Replayed" in answer.headers for answer in answers]
        assert replayed == [False, key is not None]
        assert provider.payments == {}

    def test_can_not_say_what_the_provider_calls_it(self, api: Api, provider: FakeProvider) -> None:
        answer = begin(api, order := an_order(api), transaction_reference="pi_9")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == "reference_not_taken"
        assert (transactions(api, order), provider.payments) == ([], {})


@pytest.fixture
def slow_hold(service: Service, provider: FakeProvider) -> Iterator[None]:
    """Holds of a quarter of an hour, and ten minutes more for a payment."""
    state = service.app.state
    terms = state.terms
    state.terms = replace(terms, hold=timedelta(minutes=15), payment=timedelta(minutes=10))
    assert provider.name in terms.providers
    yield
    state.terms = terms


@pytest.mark.usefixtures("slow_hold")
class TestAHold:
    @pytest.mark.parametrize(("after", "until"), [(1, 15), (10, 20), (14, 24)])
    def test_is_prolonged_by_what_a_payment_takes(self, api: Api, after: int, until: int) -> None:
        order = an_order(api)
        api.clock.advance(minutes=after)
        begun(api, order)
        assert minutes_held(api, order) == pytest.approx(until, abs=0.1)

    def test_is_never_longer_than_a_hold_and_a_payment(self, api: Api) -> None:
        order = an_order(api)
        for _ in range(4):
            api.clock.advance(minutes=5)
            if minutes_held(api, order):
                begun(api, order)
        assert minutes_held(api, order) == pytest.approx(25, abs=0.1)

    def test_is_not_prolonged_for_the_box_office(self, api: Api) -> None:
        order = an_order(api)
        api.clock.advance(minutes=14)
        api.payment(order)
        assert minutes_held(api, order) == pytest.approx(15, abs=0.1)


def minutes_held(api: Api, order: Any) -> float:
    now = api.again(order, "orders")
    held = datetime.fromisoformat(now["expires_at"]) - datetime.fromisoformat(now["created_at"])
    return held / timedelta(minutes=1)


class TestAProviderThatIs:
    @pytest.mark.parametrize(
        ("mood", "status", "code"),
        [
            (Mood.AWAY, 503, "payment_provider_unavailable"),
            (Mood.UNHEARD, 503, "payment_provider_unavailable"),
            (Mood.NONSENSE, 502, "payment_provider_failed"),
        ],
    )
    def test_not_heard_leaves_a_payment_that_the_same_request_goes_on_with(
        self, api: Api, provider: FakeProvider, mood: Mood, status: int, code: str
    ) -> None:
        order = an_order(api)
        provider.mood = mood
        refused = begin(api, order, key="one")
        assert (refused.status_code, refused.json()["code"]) == (status, code)
        (announced,) = transactions(api, order)
        assert (announced["id"], announced["status"], announced["next_action"]) == (
            refused.json()["transaction_id"],
            "pending",
            None,
        )
        provider.mood = Mood.WELL
        again = begin(api, order, key="one")
        assert again.status_code == 201
        assert again.json()["id"] == announced["id"]
        assert len(transactions(api, order)) == len(provider.payments) == 1

    def test_away_is_gone_on_with_by_the_service_itself(
        self, api: Api, provider: FakeProvider, service: Service
    ) -> None:
        order = an_order(api)
        provider.mood = Mood.AWAY
        assert begin(api, order).status_code == 503
        provider.mood = Mood.WELL
        assert look_after(service) == 0
        api.clock.advance(seconds=31)
        assert look_after(service) == 1
        (payment,) = transactions(api, order)
        shown = api.again(payment, "transactions")
        assert shown["provider_reference"] == "pi_1"
        assert shown["next_action"]["type"] == "confirm"

    def test_refusing_ends_the_payment(
        self, api: Api, provider: FakeProvider, service: Service
    ) -> None:
        order = an_order(api)
        provider.mood = Mood.REFUSING
        refused = begin(api, order, key="one").json()
        assert (refused["code"], refused["reason"]) == ("payment_refused", REFUSAL)
        (payment,) = transactions(api, order)
        assert (payment["status"], payment["failure_reason"]) == ("failed", REFUSAL)
        provider.mood = Mood.WELL
        again = begin(api, order, key="one").json()
        assert (again["code"], again["reason"]) == ("payment_refused", REFUSAL)
        assert provider.payments == {}
        # Another try is another payment.
        assert begin(api, order, key="two").status_code == 201
        api.clock.advance(hours=1)
        assert look_after(service) == 1

    def test_away_is_not_asked_again_for_an_order_that_was_cancelled(
        self, api: Api, provider: FakeProvider
    ) -> None:
        order = an_order(api)
        provider.mood = Mood.AWAY
        begin(api, order, key="one")
        api.post(f"/api/orders/{order['id']}/cancel")
        provider.mood = Mood.WELL
        ended = begin(api, order, key="one").json()
        assert (ended["status"], ended["failure_reason"]) == ("failed", "order_cancelled")
        assert provider.payments == {}


class TestAKey:
    @pytest.mark.usefixtures("provider")
    def test_begins_one_payment_however_often_it_is_used(self, api: Api) -> None:
        order = an_order(api)
        answers = [begin(api, order, key="one") for _ in range(3)]
        assert [one.json() for one in answers] == [answers[0].json()] * 3
        assert [one.headers.get("idempotency-replayed") for one in answers[1:]] == ["true"] * 2
        assert len(transactions(api, order)) == 1

    def test_of_a_payment_that_was_not_begun_is_not_another_ones(
        self, api: Api, provider: FakeProvider
    ) -> None:
        order = an_order(api)
        provider.mood = Mood.AWAY
        begin(api, order, key="one")
        answer = begin(api, order, key="one", amount=5)
        assert answer.json()["code"] == "idempotency_key_reused"
        assert len(transactions(api, order)) == 1

    @pytest.mark.usefixtures("provider")
    def test_under_which_nothing_was_begun_is_taken_all_the_same(self, api: Api) -> None:
        order = an_order(api)
        api.post(f"/api/orders/{order['id']}/cancel")
        first, again = (begin(api, order, key="one") for _ in range(2))
        assert (again.status_code, again.content) == (409, first.content)
        headers = {"Idempotency-Key": "one"}
        path = f"/api/orders/{order['id']}"
        other = api.request("PUT", path, json={"notes": "aisle"}, headers=headers)
        assert other.json()["code"] == "idempotency_key_reused"


def test_another_buyer_pays_no_order_that_is_not_theirs(api: Api, provider: FakeProvider) -> None:
    order = an_order(api)
    _, stranger = api.someone("customer", "eve")
    assert begin(stranger, order).status_code == 404
    assert (transactions(api, order), provider.payments) == ([], {})


def test_nothing_of_the_database_is_kept_while_the_provider_takes_its_time(
    api: Api, provider: FakeProvider, service: Service
) -> None:
    order = an_order(api)
    seated: list[int] = []
    start = provider.start

    async def looking(asked: Any) -> Any:
        seated.append(sum(one.taken for one in service.database._seatings))
        return await start(asked)

    provider.start = looking  # type: ignore[method-assign]
    begun(api, order)
    assert seated == [0]


@pytest.mark.usefixtures("provider")
def test_a_front_end_is_told_which_methods_there_are(api: Api) -> None:
    assert api.get("/api/payments/methods") == {
        "methods": [
            {
                "payment_method": "stripe",
                "next_action": "confirm",
                "publishable_key": "pk_test",
            }
        ],
        "currency": "USD",
    }
