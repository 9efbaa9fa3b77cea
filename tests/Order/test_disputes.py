"""What payers' banks ask back is on record, once, and is told to the box office."""

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from models import DisputeStatus
from Order.schemas.analytics import AnalyticsQuery
from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.disputing import dispute
from tests.support.fake_provider import FakeProvider, taking_money
from tests.support.giving_back import paid_for
from tests.support.paying import hear, told
from tests.support.reports_compared import require_equal
from tests.support.service import Service

OPEN, WON, LOST = DisputeStatus.OPEN, DisputeStatus.WON, DisputeStatus.LOST


@pytest.fixture(autouse=True)
def provider(service: Service) -> Iterator[FakeProvider]:
    with taking_money(service, FakeProvider()) as provider:
        yield provider


@pytest.fixture
def paid(api: Api, provider: FakeProvider) -> Any:
    """A payment of 100.00 that has come by the provider."""
    return paid_for(api, provider, api.order(api.user(), (api.ticket(price=100), 1)))


def disputes(api: Api, payment: Any) -> Any:
    return api.get(f"/api/transactions/{payment['id']}/disputes")


def statuses(api: Api, payment: Any) -> list[str]:
    return [one["status"] for one in disputes(api, payment)]


def disputed(api: Api, **query: Any) -> Any:
    return api.get("/api/analytics/revenue", **query)["disputed"]


class TestADispute:
    def test_is_kept_as_the_provider_tells_it(
        self, api: Api, provider: FakeProvider, paid: Any
    ) -> None:
        assert disputes(api, paid) == []
        assert told(api, provider, dispute(paid)) == "applied"
        (found,) = disputes(api, paid)
        assert found == {
            "id": 1,
            "transaction_id": paid["id"],
            "provider": "stripe",
            "provider_reference": "dp_1",
            "amount": 100,
            "minor_units": 10000,
            "currency": "USD",
            "reason": "fraudulent",
            "status": "open",
            "respond_by": "2026-03-12T23:59:59Z",
            "created_at": found["created_at"],
            "updated_at": found["created_at"],
        }

    def test_moves_neither_money_nor_the_order(
        self, api: Api, service: Service, provider: FakeProvider, paid: Any
    ) -> None:
        order = api.get(f"/api/orders/{paid['order_id']}")
        for status in (OPEN, LOST):
            told(api, provider, dispute(paid, status))
        assert api.again(paid, "transactions") == paid
        assert api.again(order, "orders") == order
        assert disagreements(service.database, clock=service.clock) == []

    def test_that_is_told_again_is_the_same_one(
        self, api: Api, provider: FakeProvider, paid: Any
    ) -> None:
        told(api, provider, dispute(paid))
        before = disputes(api, paid)
        assert told(api, provider, dispute(paid)) == "known"
        assert disputes(api, paid) == before

    def test_has_the_deadline_that_was_told_last(
        self, api: Api, provider: FakeProvider, paid: Any
    ) -> None:
        told(api, provider, dispute(paid, respond_by=None, reason=None))
        assert told(api, provider, dispute(paid)) == "applied"
        (found,) = disputes(api, paid)
        assert (found["reason"], found["respond_by"]) == ("fraudulent", "2026-03-12T23:59:59Z")

    @pytest.mark.parametrize("outcome", [WON, LOST])
    @pytest.mark.parametrize("later", [OPEN, WON, LOST])
    def test_stays_decided_whatever_word_comes_late(
        self,
        api: Api,
        provider: FakeProvider,
        paid: Any,
        outcome: DisputeStatus,
        later: DisputeStatus,
    ) -> None:
        for said, came in ((OPEN, "applied"), (outcome, "applied"), (later, "known")):
            assert told(api, provider, dispute(paid, said)) == came
        assert statuses(api, paid) == [outcome]

    def test_may_be_decided_before_anybody_told_that_it_is_open(
        self, api: Api, provider: FakeProvider, paid: Any
    ) -> None:
        assert told(api, provider, dispute(paid, WON)) == "applied"
        assert told(api, provider, dispute(paid, OPEN)) == "known"
        assert statuses(api, paid) == ["won"]

    def test_of_a_payment_may_follow_another(
        self, api: Api, provider: FakeProvider, paid: Any
    ) -> None:
        told(api, provider, dispute(paid, WON))
        told(api, provider, dispute(paid, reference="dp_2"))
        assert statuses(api, paid) == ["won", "open"]

    def test_of_what_is_not_in_the_books_is_not_ours(
        self, api: Api, provider: FakeProvider, paid: Any
    ) -> None:
        unknown = dispute(paid, payment_reference="pay_elsewhere")
        assert told(api, provider, unknown) == "not_ours"
        assert disputes(api, paid) == []

    def test_in_another_currency_is_told_in_that(
        self, api: Api, provider: FakeProvider, paid: Any
    ) -> None:
        yen = dispute(paid, amount=Decimal(15000), currency="JPY")
        assert told(api, provider, yen) == "applied"
        (found,) = disputes(api, paid)
        assert found["amount"] is None
        assert (found["minor_units"], found["currency"]) == (15000, "JPY")
        # There is no figure that it could be added to.
        assert disputed(api) == 0

    def test_is_told_by_the_log_when_it_opens(
        self, api: Api, provider: FakeProvider, paid: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING, "nexticket.payments"):
            for status in (OPEN, OPEN, WON):
                told(api, provider, dispute(paid, status))
        (line,) = caplog.records
        assert line.getMessage() == "a payment is disputed"
        found = vars(line)
        assert (found["provider"], found["transaction_id"]) == ("stripe", paid["id"])


# SQLite has one writer at a time.
@pytest.mark.parametrize("shared_service", ["postgres"], indirect=True, scope="session")
def test_events_at_the_same_moment_tell_of_one_dispute(
    api: Api, provider: FakeProvider, paid: Any
) -> None:
    together = threading.Barrier(8)

    def tell_now(raw: bytes) -> str:
        together.wait(30)
        return hear(api, provider, raw)

    for number in range(3):
        said = dispute(paid, reference=f"dp_{number}")
        events = [provider.event(said) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            assert Counter(pool.map(tell_now, events)) == {"applied": 1, "known": 7}
    assert statuses(api, paid) == ["open"] * 3


class TestWhoIsTold:
    def test_is_the_box_office_alone(self, api: Api, provider: FakeProvider) -> None:
        user, owner = api.someone("customer")
        _, staff = api.someone("staff")
        payment = paid_for(api, provider, api.order(user, (api.ticket(price=100), 1)))
        told(api, provider, dispute(payment))
        path = f"/api/transactions/{payment['id']}/disputes"
        assert [one["provider_reference"] for one in staff.get(path)] == ["dp_1"]
        problem = owner.refused("GET", path)
        assert (problem["status"], problem["code"]) == (403, "not_allowed")
        history = f"/api/orders/{payment['order_id']}/history"
        assert staff.get(history)["disputes"] == staff.get(path)
        assert owner.get(history)["disputes"] == []

    def test_nobody_of_a_transaction_that_is_not_there(self, api: Api) -> None:
        problem = api.refused("GET", "/api/transactions/9/disputes")
        assert (problem["status"], problem["code"]) == (404, "transaction_not_found")

    def test_an_orders_history_has_those_of_all_its_payments_and_no_others(
        self, api: Api, provider: FakeProvider, paid: Any
    ) -> None:
        other = paid_for(api, provider, api.order(api.user("other"), (api.ticket(price=100), 1)))
        for number, payment in enumerate((paid, other, paid)):
            told(api, provider, dispute(payment, reference=f"dp_{number}"))
        found = api.get(f"/api/orders/{paid['order_id']}/history")["disputes"]
        assert [one["provider_reference"] for one in found] == ["dp_0", "dp_2"]


class TestTheReport:
    def test_counts_what_is_open_and_what_was_lost(
        self, api: Api, provider: FakeProvider, paid: Any
    ) -> None:
        before = api.get("/api/analytics/revenue")
        assert before["disputed"] == 0
        for status, counted in ((OPEN, 60.5), (LOST, 60.5)):
            told(api, provider, dispute(paid, status, amount=Decimal("60.5")))
            assert disputed(api) == counted
        told(api, provider, dispute(paid, reference="dp_2", amount=Decimal("39.49")))
        # In none of the other figures.
        assert api.get("/api/analytics/revenue") == before | {"disputed": 99.99}

    def test_does_not_count_what_the_shop_kept(
        self, api: Api, provider: FakeProvider, paid: Any
    ) -> None:
        for status in (OPEN, WON):
            told(api, provider, dispute(paid, status))
        assert disputed(api) == 0

    def test_counts_it_when_it_was_heard_of(
        self, api: Api, service: Service, provider: FakeProvider, paid: Any
    ) -> None:
        api.clock.now = datetime(2026, 3, 9, 23, 30, tzinfo=UTC)
        told(api, provider, dispute(paid))
        api.clock.advance(days=2)
        told(api, provider, dispute(paid, LOST))
        periods = {
            ("2026-03-09", "2026-03-09"): 100,
            ("2026-03-10", None): 0,
            (None, "2026-03-08"): 0,
            ("2026-03-09T23:30:00Z", "2026-03-09T23:30:01Z"): 100,
            (None, "2026-03-09T23:30:00Z"): 0,
        }
        for (start, end), counted in periods.items():
            bounds = {name: at for name, at in (("start", start), ("end", end)) if at}
            assert disputed(api, **bounds) == counted, bounds
            require_equal(service, AnalyticsQuery.model_validate(bounds))
        # In Tokyo it is tomorrow already.
        assert disputed(api, start="2026-03-10", timezone="Asia/Tokyo") == 100

    def test_counts_it_under_the_events_and_categories_of_its_order(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        gala = api.ticket(event_name="Gala", category="VIP", price=60)
        ball = api.ticket(event_name="Ball", category="Floor", price=40)
        user = api.user()
        both = paid_for(api, provider, api.order(user, (gala, 1), (ball, 1)))
        one = paid_for(api, provider, api.order(user, (ball, 1)))
        told(api, provider, dispute(both, amount=Decimal(100)))
        told(api, provider, dispute(one, reference="dp_2", amount=Decimal(40)))
        asked = (
            ({"event_name": "GALA"}, 100),
            ({"event_name": "Ball"}, 140),
            ({"category": "floor"}, 140),
            ({"event_name": "gala", "category": "vip"}, 100),
            # No line has both.
            ({"event_name": "gala", "category": "floor"}, 0),
            ({"event_name": "Circus"}, 0),
        )
        for filters, counted in asked:
            assert disputed(api, **filters) == counted, filters
            require_equal(service, AnalyticsQuery.model_validate(filters))


class TestTheReconciliation:
    def test_names_a_payment_of_which_more_is_asked_back_than_was_paid(
        self, api: Api, service: Service, provider: FakeProvider, paid: Any
    ) -> None:
        first, second = dispute(paid), dispute(paid, reference="dp_2", amount=Decimal("0.01"))
        told(api, provider, first)
        assert disagreements(service.database, clock=service.clock) == []
        told(api, provider, second)
        (found,) = api.get("/api/analytics/reconciliation")["differences"]
        assert found == {
            "rule": "disputed_within_paid",
            "object": "transaction",
            "id": paid["id"],
            "field": "disputed",
            "expected": 100,
            "found": 100.01,
        }
        told(api, provider, replace(second, status=WON))
        assert disagreements(service.database, clock=service.clock) == []
