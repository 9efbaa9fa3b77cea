"""What the provider does for a shop: payments, refunds and disputes, each of them once."""

import hmac
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import httpx2
import pytest

from tests.support.ear import Ear
from tests.support.payments_provider import SECRETS, ProviderProcess, code_of

FIRST = "4000000000000184"


class TestAPayment:
    def test_is_made_once_under_a_key(self, provider: ProviderProcess) -> None:
        body = {"amount": "199.98", "currency": "USD", "metadata": {"number": "TXN-A"}}
        ask = lambda _: provider.ask("POST", "/v1/payments", body, idempotency_key="TXN-A")  # noqa: E731
        with ThreadPoolExecutor(4) as threads:
            answers = [answer.json() for answer in threads.map(ask, range(8))]
        assert answers == [answers[0]] * 8
        assert (answers[0]["status"], answers[0]["amount"]) == ("open", "199.98")
        other = provider.ask(
            "POST", "/v1/payments", body | {"amount": "1.00"}, idempotency_key="TXN-A"
        )
        assert code_of(other) == (409, "idempotency_key_reused")

    @pytest.mark.parametrize(
        "changes",
        [
            {"amount": 10},
            {"amount": "0.00"},
            {"amount": "-1.00"},
            {"amount": "NaN"},
            {"currency": "usd"},
            {"metadata": {"number": 1}},
            {"return_url": "javascript:alert(1)"},
            {"return_url": "../../javascript:alert(1)"},
            {"return_url": "//shop.example"},
            {"channel": "../admin"},
            {"card": "1234"},
            {"colour": "red"},
        ],
    )
    def test_is_not_made_of_what_is_no_payment(
        self, provider: ProviderProcess, changes: dict[str, Any]
    ) -> None:
        body = {"amount": "10.00", "currency": "USD", **changes}
        answer = provider.ask("POST", "/v1/payments", body, idempotency_key="bad")
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY

    def test_is_not_made_without_a_key(self, provider: ProviderProcess) -> None:
        answer = provider.ask("POST", "/v1/payments", {"amount": "10.00", "currency": "USD"})
        assert code_of(answer) == (422, "idempotency_key_missing")

    def test_is_not_made_of_what_can_not_be_read(self, provider: ProviderProcess) -> None:
        headers = {"authorization": f"Bearer {SECRETS[0]}"}
        for body, status in ((b"{", 400), (b"[]", 400), (b" " * 70_000, 413)):
            answer = provider.client.post("/v1/payments", content=body, headers=headers)
            assert answer.status_code == status

    def test_is_the_shops_business(self, provider: ProviderProcess) -> None:
        payment = provider.made()
        for said in ("Bearer wrong", f"Bearer {payment['publishable_key']}", "Basic x", ""):
            answer = provider.ask("GET", f"/v1/payments/{payment['id']}", authorization=said)
            assert code_of(answer) == (401, "unauthorized")
        answer = provider.ask("GET", "/v1/payments", authorization=f"bearer {SECRETS[1]}")
        assert answer.status_code == HTTPStatus.OK

    def test_that_nobody_has_made_is_not_found(self, provider: ProviderProcess) -> None:
        assert code_of(provider.ask("GET", "/v1/payments/pay_1")) == (404, "payment_not_found")
        assert code_of(provider.ask("GET", "/v1/refunds/re_1")) == (404, "refund_not_found")

    def test_is_in_the_list_since_its_time(self, provider: ProviderProcess) -> None:
        provider.made()
        since = datetime.now(UTC).isoformat()
        made = [provider.made()["id"] for _ in range(3)]
        found, after = [], ""
        while True:
            query = {"since": since, "after": after, "limit": "2"}
            page = provider.ask("GET", f"/v1/payments?{httpx2.QueryParams(query)}").json()
            found += [payment["id"] for payment in page["data"]]
            if not page["has_more"]:
                break
            after = found[-1]
        assert found == made

    @pytest.mark.parametrize("query", ["since=yesterday", "limit=0", "limit=101", "limit=x"])
    def test_is_in_no_list_that_makes_no_sense(self, provider: ProviderProcess, query: str) -> None:
        assert code_of(provider.ask("GET", f"/v1/payments?{query}")) == (422, "bad_request")


class TestARefund:
    def test_is_made_once_under_a_key(self, provider: ProviderProcess) -> None:
        payment = provider.paid()
        refunds = [provider.refund(payment, "4.00", key="7").json() for _ in range(2)]
        assert refunds[0] == refunds[1]
        assert (refunds[0]["status"], refunds[0]["key"]) == ("succeeded", "7")
        assert provider.again(payment)["amount_refunded"] == "4.00"
        assert code_of(provider.refund(payment, "5.00", key="7")) == (409, "idempotency_key_reused")

    def test_is_never_more_than_has_arrived(self, provider: ProviderProcess) -> None:
        payment = provider.paid()
        with ThreadPoolExecutor(4) as threads:
            answers = list(threads.map(lambda _: provider.refund(payment, "3.00"), range(6)))
        assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 3
        assert provider.again(payment)["amount_refunded"] == "9.00"

    def test_is_of_what_has_arrived(self, provider: ProviderProcess) -> None:
        assert code_of(provider.refund(provider.made(), "1.00")) == (409, "payment_not_paid")
        assert code_of(provider.refund({"id": "pay_1"}, "1.00")) == (404, "payment_not_found")
        other = provider.refund(provider.paid(), "1.00", currency="EUR")
        assert code_of(other) == (422, "currency_differs")

    def test_is_in_the_list(self, provider: ProviderProcess) -> None:
        since = datetime.now(UTC).isoformat()
        refund = provider.refund(provider.paid(), "1.00").json()
        page = provider.ask("GET", f"/v1/refunds?{httpx2.QueryParams({'since': since})}").json()
        assert page == {"data": [refund], "has_more": False}
        assert provider.ask("GET", f"/v1/refunds/{refund['id']}").json() == refund


class TestADispute:
    def test_is_opened_and_decided_once(self, provider: ProviderProcess, ear: Ear) -> None:
        payment = provider.paid()
        ear.about(payment)
        dispute = provider.ask("POST", "/v1/disputes", {"payment": payment["id"]}).json()
        assert (dispute["status"], dispute["amount"]) == ("open", "10.00")
        assert ear.about(payment).event["type"] == "dispute.opened"
        path = f"/v1/disputes/{dispute['id']}/close"
        assert provider.ask("POST", path, {"status": "won"}).json()["status"] == "won"
        assert ear.about(payment).event["data"]["status"] == "won"
        assert code_of(provider.ask("POST", path, {"status": "lost"})) == (409, "dispute_closed")

    def test_is_about_what_was_paid(self, provider: ProviderProcess) -> None:
        answer = provider.ask("POST", "/v1/disputes", {"payment": provider.made()["id"]})
        assert code_of(answer) == (409, "payment_not_paid")
        answer = provider.ask("POST", "/v1/disputes/dp_1/close", {"status": "won"})
        assert code_of(answer) == (404, "dispute_not_found")


class TestAWebhook:
    def test_is_signed_with_each_secret(self, provider: ProviderProcess, ear: Ear) -> None:
        payment = provider.paid(channel="test")
        heard = ear.about(payment)
        assert heard.path == "/hear/test"
        assert heard.event["type"] == "payment.succeeded"
        assert heard.event["data"] == payment
        stamp, *marks = heard.headers["test-payments-signature"].split(",")
        moment = stamp.removeprefix("t=")
        assert abs(datetime.now(UTC).timestamp() - int(moment)) < 60
        signed = f"{moment}.".encode() + heard.body
        expected = [hmac.new(one.encode(), signed, "sha256").hexdigest() for one in SECRETS]
        assert marks == [f"v1={mark}" for mark in expected]

    def test_is_sent_again_until_it_is_heard(self, provider: ProviderProcess, ear: Ear) -> None:
        ear.answers.append(HTTPStatus.FOUND)
        payment = provider.paid()
        tries = [ear.about(payment) for _ in range(2)]
        assert len({one.event["id"] for one in tries}) == 1

    def test_comes_before_the_answer_where_the_card_says_so(
        self, provider: ProviderProcess, ear: Ear
    ) -> None:
        payment = provider.made(card=FIRST)
        assert payment["status"] == "succeeded"
        assert payment["id"] in [heard.event["data"]["id"] for heard in ear.now()]

    def test_tells_of_a_refund(self, provider: ProviderProcess, ear: Ear) -> None:
        payment = provider.paid()
        ear.about(payment)
        refund = provider.refund(payment, "4.00").json()
        heard = ear.about(payment).event
        assert (heard["type"], heard["data"]) == ("refund.succeeded", refund)
