"""What the box office does about refunds that a provider has refused."""

from typing import Any

import pytest

from models import RefundStatus
from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.fake_provider import REFUSAL, FakeProvider, Mood
from tests.support.giving_back import arrived, give_back, note, paid, refund, send
from tests.support.paying import begun, told
from tests.support.service import Service

REASON = {"reason": "paid out in cash"}


@pytest.fixture
def refused(api: Api, service: Service, provider: FakeProvider) -> Any:
    """A payment that the provider will not give back; it would give back others."""
    _, payment = paid(api, provider)
    api.post(f"/api/transactions/{payment['id']}/refund")
    provider.mood = Mood.REFUSING
    give_back(service)
    provider.mood = Mood.WELL
    return payment


def path_of(api: Api, payment: Any, action: str) -> str:
    return f"/api/transactions/{payment['id']}/refunds/{refund(api, payment)['id']}/{action}"


class TestRetrying:
    def test_asks_the_provider_under_another_key(
        self, api: Api, service: Service, provider: FakeProvider, refused: Any
    ) -> None:
        shown = api.post(path_of(api, refused, "retry"))
        assert (shown["status"], shown["attempt"], shown["failure_reason"]) == ("pending", 2, None)
        assert send(service) == 1
        assert refund(api, refused)["status"] == "succeeded"
        first, second = (one.key for one in provider.asked)
        assert second == f"{first}-2"
        assert provider.given_back == [100]
        assert disagreements(service.database) == []

    def test_may_be_refused_again_and_done_again(
        self, api: Api, service: Service, provider: FakeProvider, refused: Any
    ) -> None:
        provider.mood = Mood.REFUSING
        api.post(path_of(api, refused, "retry"))
        send(service)
        shown = refund(api, refused)
        assert (shown["status"], shown["failure_reason"]) == ("failed", REFUSAL)
        assert api.post(path_of(api, refused, "retry"))["attempt"] == 3

    def test_hears_no_words_about_the_try_before(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        _, payment = paid(api, provider)
        api.post(f"/api/transactions/{payment['id']}/refund")
        provider.mood = Mood.FAILING
        give_back(service)
        (before,) = provider.refunds.values()
        api.post(path_of(api, payment, "retry"))
        assert told(api, provider, before) == "known"
        assert refund(api, payment)["status"] == "pending"

    def test_is_in_the_audit(self, api: Api, refused: Any) -> None:
        api.post(path_of(api, refused, "retry"))
        (entry,) = api.get("/api/audit", action="refund_retried")
        assert entry["object"] == f"refund:{refund(api, refused)['id']}"
        assert entry["changes"] == {"status": {"before": "failed", "after": "pending"}}


class TestSettling:
    def test_is_told_with_its_words_to_the_box_office(
        self, api: Api, service: Service, refused: Any
    ) -> None:
        shown = api.post(path_of(api, refused, "settle"), REASON)
        assert (shown["status"], shown["is_by_hand"]) == ("succeeded", True)
        assert (shown["settled_reason"], shown["failure_reason"]) == ("paid out in cash", None)
        assert disagreements(service.database) == []

    def test_is_told_without_them_to_the_buyer(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        buyer, owner = api.someone("customer")
        order = api.order(buyer, (api.ticket(), 1))
        payment = arrived(api, provider, begun(owner, order))
        api.post(f"/api/transactions/{payment['id']}/refund")
        provider.mood = Mood.REFUSING
        give_back(service)
        api.post(path_of(api, payment, "settle"), REASON)
        shown = refund(owner, payment)
        assert (shown["status"], shown["is_by_hand"]) == ("succeeded", True)
        assert shown["settled_reason"] is None

    def test_takes_a_reason(self, api: Api, refused: Any) -> None:
        path = path_of(api, refused, "settle")
        for body in ({}, {"reason": ""}, {"reason": "  "}, {"reason": None}):
            assert api.refused("POST", path, body)["code"] == "validation_error"
        assert refund(api, refused)["status"] == "failed"

    def test_stays_whatever_the_provider_says(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        _, payment = paid(api, provider)
        api.post(f"/api/transactions/{payment['id']}/refund")
        provider.mood = Mood.FAILING
        give_back(service)
        api.post(path_of(api, payment, "settle"), REASON)
        (key,) = provider.refunds
        assert told(api, provider, provider.decide(key, RefundStatus.FAILED)) == "known"
        assert refund(api, payment)["status"] == "succeeded"

    def test_is_in_the_audit_without_its_words(self, api: Api, refused: Any) -> None:
        api.post(path_of(api, refused, "settle"), REASON)
        (entry,) = api.get("/api/audit", action="refund_settled_by_hand")
        assert entry["object"] == f"refund:{refund(api, refused)['id']}"
        assert entry["changes"] == {"status": {"before": "failed", "after": "succeeded"}}


@pytest.mark.parametrize("action", ["retry", "settle"])
class TestWhatMayNotBeDone:
    def test_about_what_has_not_failed(
        self, api: Api, service: Service, provider: FakeProvider, action: str
    ) -> None:
        _, payment = paid(api, provider)
        api.post(f"/api/transactions/{payment['id']}/refund")
        path, said = path_of(api, payment, action), REASON if action == "settle" else None
        # Nobody has noted it; it is noted; it has arrived.
        for status, go_on in (("pending", note), ("pending", send), ("succeeded", send)):
            problem = api.refused("POST", path, said)
            assert (problem["code"], problem["refund_status"]) == ("refund_not_failed", status)
            go_on(service)
        assert len(provider.asked) == 1

    def test_about_another_transactions(self, api: Api, refused: Any, action: str) -> None:
        number = refund(api, refused)["id"]
        said = REASON if action == "settle" else None
        for transaction, one in ((refused["id"] + 1, number), (refused["id"], number + 1)):
            path = f"/api/transactions/{transaction}/refunds/{one}/{action}"
            assert api.refused("POST", path, said)["code"] == "refund_not_found"

    def test_about_ones_own(
        self, api: Api, service: Service, provider: FakeProvider, action: str
    ) -> None:
        clerk, staff = api.someone("staff")
        order = api.order(clerk, (api.ticket(), 1))
        payment = arrived(api, provider, begun(staff, order))
        api.post(f"/api/transactions/{payment['id']}/refund")
        provider.mood = Mood.REFUSING
        give_back(service)
        path = path_of(api, payment, action)
        said = REASON if action == "settle" else None
        assert staff.refused("POST", path, said)["code"] == "own_order"
        _, colleague = api.someone("staff", "colleague")
        colleague.post(path, said)

    def test_by_buyers(self, api: Api, refused: Any, action: str) -> None:
        _, buyer = api.someone("customer")
        said = REASON if action == "settle" else None
        assert buyer.refused("POST", path_of(api, refused, action), said)["code"] == "not_allowed"
