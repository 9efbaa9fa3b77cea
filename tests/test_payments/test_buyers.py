"""What the provider does for buyers: in a front end, and on its page."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http import HTTPStatus

import httpx2
import pytest

from test_payments.cards import CARDS, Receipt
from tests.support.payments_provider import SUCCESS, ProviderProcess, code_of

DECLINED, NEEDS_MORE = "4000000000000002", "4000000000003220"
BACK = "https://shop.example/thanks?order=1"


class TestABrowser:
    def test_pays_with_a_card(self, provider: ProviderProcess) -> None:
        payment = provider.made()
        answer = provider.confirm(payment, card="4242 4242 4242 4242")
        assert answer.json() == {"id": payment["id"], "status": "succeeded", "error": None}
        received = {"amount": "10.00", "currency": "USD"}
        assert provider.again(payment)["received"] == received

    def test_tries_another_card_when_one_is_declined(self, provider: ProviderProcess) -> None:
        payment = provider.made()
        assert provider.confirm(payment, card=DECLINED).json()["error"] == "card_declined"
        assert provider.again(payment)["status"] == "failed"
        assert provider.confirm(payment, card=SUCCESS).json()["status"] == "succeeded"

    def test_pays_once(self, provider: ProviderProcess) -> None:
        payment = provider.made()
        with ThreadPoolExecutor(4) as threads:
            answers = list(threads.map(lambda _: provider.confirm(payment, card=SUCCESS), range(8)))
        assert sorted(answer.status_code for answer in answers) == [200, *[409] * 7]

    def test_needs_the_secret_of_the_payment(self, provider: ProviderProcess) -> None:
        payment, other = provider.made(), provider.made()
        payment["client_secret"] = other["client_secret"]
        assert code_of(provider.confirm(payment, card=SUCCESS)) == (403, "wrong_client_secret")
        assert provider.again(payment)["status"] == "open"

    def test_pays_with_no_card_that_there_is_not(self, provider: ProviderProcess) -> None:
        answer = provider.confirm(provider.made(), card="4111111111111111")
        assert code_of(answer) == (422, "unknown_card")

    @pytest.mark.parametrize(
        ("said", "status", "error"),
        [("passed", "succeeded", None), ("failed", "failed", "authentication_failed")],
    )
    def test_answers_the_bank(
        self, provider: ProviderProcess, said: str, status: str, error: str | None
    ) -> None:
        payment = provider.made()
        assert code_of(provider.confirm(payment, authentication=said)) == (
            409,
            "nothing_to_authenticate",
        )
        assert (
            provider.confirm(payment, card=NEEDS_MORE).json()["status"] == "authentication_required"
        )
        answer = provider.confirm(payment, authentication=said).json()
        assert (answer["status"], answer["error"]) == (status, error)

    def test_of_any_origin_may_ask(self, provider: ProviderProcess) -> None:
        payment = provider.made()
        asked = {
            "Origin": "https://shop.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        path = f"/v1/payments/{payment['id']}/confirm"
        answer = provider.client.options(path, headers=asked)
        assert answer.status_code == HTTPStatus.OK
        assert answer.headers["access-control-allow-origin"] == "*"


class TestThePage:
    def test_takes_a_card_and_leads_back(self, provider: ProviderProcess) -> None:
        payment = provider.made(return_url=BACK)
        assert payment["url"].startswith(f"{provider.url}/pay/")
        assert "Pay 10.00 USD" in provider.client.get(payment["url"]).text
        answer = provider.client.post(payment["url"], data={"card": SUCCESS})
        assert (answer.status_code, answer.headers["location"]) == (303, BACK)
        assert provider.again(payment)["status"] == "succeeded"

    def test_leads_to_a_shop_that_is_served_beside_it(self, provider: ProviderProcess) -> None:
        back = "../../shop?transaction_number=TXN-1"
        payment = provider.made(return_url=back)
        shown = provider.client.get(payment["url"])
        assert "form-action 'self';" in shown.headers["content-security-policy"]
        answer = provider.client.post(payment["url"], data={"card": SUCCESS})
        assert answer.headers["location"] == back

    def test_says_so_where_there_is_no_way_back(self, provider: ProviderProcess) -> None:
        payment = provider.made()
        answer = provider.client.post(payment["url"], data={"card": SUCCESS}, follow_redirects=True)
        assert "You can go back to the shop." in answer.text

    def test_says_what_is_wrong_and_takes_another_card(self, provider: ProviderProcess) -> None:
        payment = provider.made(return_url=BACK)
        wrong = provider.client.post(payment["url"], data={"card": "1"})
        assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        declined = provider.client.post(
            payment["url"], data={"card": DECLINED}, follow_redirects=True
        )
        assert "The bank has declined the card" in declined.text
        for answer in (wrong, declined):
            assert 'role="alert"' in answer.text
            assert 'aria-describedby="error"' in answer.text
        answer = provider.client.post(payment["url"], data={"card": SUCCESS})
        assert answer.headers["location"] == BACK

    @pytest.mark.parametrize(("said", "status"), [("passed", "succeeded"), ("failed", "failed")])
    def test_asks_what_the_bank_asks(
        self, provider: ProviderProcess, said: str, status: str
    ) -> None:
        payment = provider.made(return_url=BACK)
        form = {"card": NEEDS_MORE}
        answer = provider.client.post(payment["url"], data=form, follow_redirects=True)
        assert "Your bank asks" in answer.text
        provider.client.post(payment["url"], data={"authentication": said})
        assert provider.again(payment)["status"] == status

    def test_loads_nothing_and_leads_nowhere_else(self, provider: ProviderProcess) -> None:
        answer = provider.client.get(
            provider.made(return_url=BACK, description="<b>2 & 3</b>")["url"]
        )
        policy = answer.headers["content-security-policy"].split("; ")
        assert policy[0] == "default-src 'none'"
        assert "form-action 'self' https://shop.example" in policy
        assert "<b>2" not in answer.text
        assert "<script" not in answer.text
        assert 'src="' not in answer.text
        assert '<label for="card">' in answer.text

    def test_of_no_payment_is_not_found(self, provider: ProviderProcess) -> None:
        answer = provider.client.get("/pay/pay_1")
        assert answer.status_code == HTTPStatus.NOT_FOUND
        assert answer.headers["content-type"].startswith("text/html")


class TestTheCards:
    def test_pass_for_numbers_of_cards(self) -> None:
        """Front ends refuse others before they ask."""
        assert [number for number in CARDS if not has_check_digit(number)] == []

    def test_that_charge_twice_leave_two_payments_of_one_number(
        self, provider: ProviderProcess
    ) -> None:
        (card,) = (one.number for one in CARDS.values() if one.receipt is Receipt.TWICE)
        since = datetime.now(UTC).isoformat()
        payment = provider.paid(card)
        page = provider.ask("GET", f"/v1/payments?{httpx2.QueryParams({'since': since})}").json()
        assert len(page["data"]) == 2
        numbers = {one["metadata"]["number"] for one in page["data"]}
        assert numbers == {payment["metadata"]["number"]}
        assert {one["status"] for one in page["data"]} == {"succeeded"}


def has_check_digit(number: str) -> bool:
    """Luhn's."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
