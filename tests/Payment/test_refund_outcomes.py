"""What a provider makes of a refund, and what the service makes of that."""

import logging
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from models import RefundStatus
from Payment.flows.asking import Providers
from Payment.port import RefundReport
from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.fake_provider import REFUSAL, FakeProvider, Mood
from tests.support.giving_back import give_back, give_back_part, note, paid, refund, send
from tests.support.paying import told
from tests.support.service import Service

SUCCEEDED, FAILED, PENDING = RefundStatus.SUCCEEDED, RefundStatus.FAILED, RefundStatus.PENDING


def returned(api: Api, provider: FakeProvider) -> Any:
    """A payment of which all is to go back."""
    _, payment = paid(api, provider)
    return api.post(f"/api/transactions/{payment['id']}/refund")


def seen_to_later(api: Api, service: Service) -> int:
    api.clock.advance(hours=2)
    return send(service)


def outcome(api: Api, payment: Any) -> tuple[str, str | None]:
    shown = refund(api, payment)
    return shown["status"], shown["failure_reason"]


class TestWhoIsNotHeard:
    @pytest.mark.parametrize("mood", [Mood.AWAY, Mood.NONSENSE, Mood.UNHEARD, Mood.DEADLY])
    def test_is_asked_again_under_the_same_key(
        self, api: Api, service: Service, provider: FakeProvider, mood: Mood
    ) -> None:
        payment = returned(api, provider)
        provider.mood = mood
        assert give_back(service) == 1
        assert outcome(api, payment) == ("pending", None)
        provider.mood = Mood.WELL
        assert seen_to_later(api, service) == 1
        assert outcome(api, payment) == ("succeeded", None)
        assert len(provider.asked) == 2
        assert len({one.key for one in provider.asked}) == 1
        assert provider.given_back == [100]

    def test_is_not_asked_again_at_once(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        returned(api, provider)
        provider.mood = Mood.AWAY
        assert [give_back(service), send(service)] == [1, 0]
        api.clock.advance(seconds=100)
        assert send(service) == 1

    def test_keeps_all_others_for_the_next_time(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        _, payment = paid(api, provider)
        for _ in range(20):
            give_back_part(api, payment, 1)
        provider.mood = Mood.AWAY
        give_back(service)
        assert 0 < len(provider.asked) < 20
        provider.mood = Mood.WELL
        seen_to_later(api, service)
        assert len(provider.given_back) == 20


class TestWhatTakesLong:
    def test_is_asked_about_until_it_has_ended(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        payment = returned(api, provider)
        provider.mood = Mood.SLOW
        give_back(service)
        shown = refund(api, payment)
        assert (shown["status"], shown["provider_reference"]) == ("pending", "re_1")
        seen_to_later(api, service)
        assert refund(api, payment)["status"] == "pending"
        provider.decide(provider.asked[0].key, SUCCEEDED)
        seen_to_later(api, service)
        assert refund(api, payment)["status"] == "succeeded"
        assert len(provider.asked) == 1

    def test_may_fail_in_the_end(self, api: Api, service: Service, provider: FakeProvider) -> None:
        payment = returned(api, provider)
        provider.mood = Mood.SLOW
        give_back(service)
        provider.decide(provider.asked[0].key, FAILED, "bank_says_no")
        seen_to_later(api, service)
        assert outcome(api, payment) == ("failed", "bank_says_no")


class TestWhatFails:
    @pytest.mark.parametrize("mood", [Mood.REFUSING, Mood.FAILING])
    def test_is_named_by_the_reconciliation_and_in_the_log(
        self,
        api: Api,
        service: Service,
        provider: FakeProvider,
        mood: Mood,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        payment = returned(api, provider)
        provider.mood = mood
        give_back(service)
        assert outcome(api, payment) == ("failed", REFUSAL)
        number = refund(api, payment)["id"]
        (error,) = [one for one in caplog.records if one.levelno == logging.ERROR]
        assert vars(error).items() >= {"refund_id": number, "transaction_id": payment["id"]}.items()
        assert REFUSAL not in caplog.text
        (named,) = api.get("/api/analytics/reconciliation")["differences"]
        assert (named["rule"], named["id"]) == ("no_refund_failed", number)

    def test_is_not_asked_for_again_by_itself(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        returned(api, provider)
        provider.mood = Mood.REFUSING
        give_back(service)
        assert seen_to_later(api, service) == 0
        assert len(provider.asked) == 1

    def test_is_what_the_provider_never_took(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        """Somebody took the money in its place, before it had answered."""
        order = api.order(api.user(), (api.ticket(), 1))
        provider.mood = Mood.AWAY
        api.refused("POST", "/api/transactions/", {"order_id": 1, "payment_method": "stripe"})
        (payment,) = api.get(f"/api/transactions/order/{order['id']}")
        settled = {"status": "success", "reason": "seen at the provider"}
        api.patch(f"/api/transactions/{payment['id']}/status", settled)
        api.post(f"/api/transactions/{payment['id']}/refund")
        give_back(service)
        assert outcome(api, payment) == ("failed", "no_provider_payment")
        assert provider.asked == []

    def test_is_money_of_another_amount(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        payment = returned(api, provider)
        provider.mood = Mood.SLOW
        give_back(service)
        (report,) = provider.refunds.values()
        less = replace(report, status=SUCCEEDED, amount=Decimal(7))
        assert told(api, provider, less) == "differs"
        assert outcome(api, payment) == ("failed", "amount_differs")


class TestWhatTheProviderTells:
    @pytest.fixture
    def slow(self, api: Api, service: Service, provider: FakeProvider) -> tuple[Any, RefundReport]:
        """A payment whose refund is on its way, and what was told of that so far."""
        payment = returned(api, provider)
        provider.mood = Mood.SLOW
        give_back(service)
        (report,) = provider.refunds.values()
        return payment, report

    def test_ends_it(
        self, api: Api, provider: FakeProvider, slow: tuple[Any, RefundReport]
    ) -> None:
        payment, report = slow
        ended = replace(report, status=SUCCEEDED)
        assert told(api, provider, ended) == "applied"
        assert outcome(api, payment) == ("succeeded", None)
        assert told(api, provider, ended) == "known"
        assert told(api, provider, report) == "known"
        assert outcome(api, payment) == ("succeeded", None)

    def test_may_take_back_that_it_has_arrived(
        self, api: Api, provider: FakeProvider, slow: tuple[Any, RefundReport]
    ) -> None:
        payment, report = slow
        failed = replace(report, status=FAILED, failure_reason="account_closed")
        for one in (replace(report, status=SUCCEEDED), failed):
            assert told(api, provider, one) == "applied"
        assert outcome(api, payment) == ("failed", "account_closed")

    def test_says_nothing_once_it_has_failed(
        self, api: Api, provider: FakeProvider, slow: tuple[Any, RefundReport]
    ) -> None:
        """Its words come in any order."""
        payment, report = slow
        told(api, provider, replace(report, status=FAILED, failure_reason="account_closed"))
        for status in (PENDING, SUCCEEDED, FAILED):
            assert told(api, provider, replace(report, status=status)) == "known"
        assert outcome(api, payment) == ("failed", "account_closed")

    @pytest.mark.parametrize("status", RefundStatus)
    def test_may_come_before_its_answer(
        self, api: Api, service: Service, provider: FakeProvider, status: RefundStatus
    ) -> None:
        payment = returned(api, provider)
        note(service)
        key = str(refund(api, payment)["id"])
        first = RefundReport(
            "re_9", key, payment["provider_reference"], status, Decimal(100), "USD"
        )
        assert told(api, provider, first) == "applied"
        shown = refund(api, payment)
        assert (shown["status"], shown["provider_reference"]) == (status.value, "re_9")

    @pytest.mark.parametrize(
        "changes",
        [{"payment_reference": "pi_77"}, {"key": "99"}, {"key": None}, {"key": "no number"}],
        ids=str,
    )
    def test_is_not_ours_where_the_key_is_not_or_the_payment(
        self, api: Api, service: Service, provider: FakeProvider, changes: dict[str, Any]
    ) -> None:
        """Another deployment with the same account counts as we do."""
        payment = returned(api, provider)
        note(service)
        key = str(refund(api, payment)["id"])
        report = RefundReport(
            "re_9", key, payment["provider_reference"], SUCCEEDED, Decimal(100), "USD"
        )
        assert told(api, provider, replace(report, **changes)) == "not_ours"
        assert outcome(api, payment) == ("pending", None)


def taken_out(service: Service) -> None:
    """The provider is not set up any more."""
    state = service.app.state
    state.providers = Providers({}, 5, "USD")
    state.terms = replace(state.terms, providers=frozenset())


class TestAProviderThatIsNotSetUpAnyMore:
    @pytest.fixture
    def payment(self, api: Api, service: Service, provider: FakeProvider) -> Any:
        payment = returned(api, provider)
        taken_out(service)
        give_back(service)
        return payment

    def test_leaves_it_pending_and_the_log_tells(
        self, api: Api, service: Service, provider: FakeProvider, caplog: pytest.LogCaptureFixture
    ) -> None:
        payment = returned(api, provider)
        taken_out(service)
        give_back(service)
        assert outcome(api, payment) == ("pending", None)
        (error,) = [one for one in caplog.records if one.levelno == logging.ERROR]
        assert vars(error)["refund_id"] == refund(api, payment)["id"]

    def test_gives_it_back_once_it_is_again(
        self, api: Api, service: Service, provider: FakeProvider, payment: Any
    ) -> None:
        service.app.state.providers = Providers({"stripe": provider}, 5, "USD")
        seen_to_later(api, service)
        assert outcome(api, payment) == ("succeeded", None)

    def test_leaves_it_to_the_box_office(self, api: Api, service: Service, payment: Any) -> None:
        path = f"/api/transactions/{payment['id']}/refunds/{refund(api, payment)['id']}"
        assert api.refused("POST", f"{path}/retry")["code"] == "refund_not_failed"
        shown = api.post(f"{path}/settle", {"reason": "paid out in cash"})
        assert (shown["status"], shown["is_by_hand"]) == ("succeeded", True)
        assert disagreements(service.database) == []

    def test_leaves_nothing_to_it_that_nobody_has_noted(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        payment = returned(api, provider)
        taken_out(service)
        path = f"/api/transactions/{payment['id']}/refunds/{refund(api, payment)['id']}/settle"
        problem = api.refused("POST", path, {"reason": "paid out in cash"})
        assert (problem["code"], problem["refund_status"]) == ("refund_not_failed", "pending")
