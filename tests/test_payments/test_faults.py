"""What is wrong with the provider as a whole, for as long as somebody wants it."""

from http import HTTPStatus
from typing import Any

import httpx2
import pytest

from tests.support.ear import Ear
from tests.support.payments_provider import SUCCESS, ProviderProcess, code_of
from tests.support.sockets import until


class TestFaults:
    @pytest.mark.parametrize(("answers", "status"), [("down", 503), ("nonsense", 200)])
    def test_concern_all_answers_until_they_end(
        self, provider: ProviderProcess, answers: str, status: int
    ) -> None:
        payment = provider.made()
        path = f"/v1/payments/{payment['id']}"
        provider.set_faults(answers=answers)
        answer = provider.ask("GET", path)
        assert answer.status_code == status
        is_json = answer.headers["content-type"] == "application/json"
        assert is_json == (answers == "down")
        assert provider.client.get(payment["url"]).status_code == status
        assert provider.ask("GET", "/v1/faults").json()["answers"] == answers
        provider.end_faults()
        assert provider.again(payment)["id"] == payment["id"]

    def test_keep_who_asks_waiting_for_what_is_done_already(
        self, provider: ProviderProcess
    ) -> None:
        payment = provider.made()
        provider.set_faults(answers="slow")
        with pytest.raises(httpx2.ReadTimeout):
            provider.client.post(payment["url"], data={"card": SUCCESS}, timeout=0.05)
        provider.end_faults()
        until(lambda: provider.again(payment)["status"] == "succeeded")

    def test_do_nothing_where_the_provider_is_down(self, provider: ProviderProcess) -> None:
        payment = provider.made()
        provider.set_faults(answers="down")
        assert provider.confirm(payment, card=SUCCESS).status_code == 503
        provider.end_faults()
        assert provider.again(payment)["status"] == "open"

    def test_do_what_is_asked_where_only_the_answer_is_nonsense(
        self, provider: ProviderProcess
    ) -> None:
        payment = provider.made()
        provider.set_faults(answers="nonsense")
        provider.confirm(payment, card=SUCCESS)
        provider.end_faults()
        assert provider.again(payment)["status"] == "succeeded"

    def test_end_by_themselves(self, provider: ProviderProcess) -> None:
        provider.set_faults(answers="down", seconds=0)
        assert provider.made()["status"] == "open"

    def test_lose_and_double_webhooks(self, provider: ProviderProcess, ear: Ear) -> None:
        provider.set_faults(webhooks="lost")
        lost = provider.paid()
        provider.set_faults(webhooks="doubled")
        doubled = provider.paid()
        told: list[str] = []
        while told.count(doubled["id"]) < 2:
            told.append(ear.next().event["data"]["id"])
        assert lost["id"] not in told
        assert lost["status"] == "succeeded"

    def test_pay_so_many_payments_as_they_are_made(self, provider: ProviderProcess) -> None:
        provider.set_faults(card=SUCCESS, times=2)
        states = [provider.made()["status"] for _ in range(3)]
        assert states == ["succeeded", "succeeded", "open"]

    def test_have_a_chance(self, provider: ProviderProcess) -> None:
        provider.set_faults(answers="down", chance=0)
        assert provider.made()["status"] == "open"

    @pytest.mark.parametrize(
        "faults",
        [
            {"answers": "sleepy"},
            {"webhooks": "reordered"},
            {"seconds": 601},
            {"chance": 2},
            {"chance": True},
            {"card": "1"},
            {"card": SUCCESS, "times": 0},
            {"colour": "red"},
        ],
    )
    def test_are_those_that_there_are(
        self, provider: ProviderProcess, faults: dict[str, Any]
    ) -> None:
        answer = provider.ask("POST", "/v1/faults", faults)
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY

    def test_are_set_by_front_ends_too_but_not_by_everybody(
        self, provider: ProviderProcess
    ) -> None:
        key = provider.made()["publishable_key"]
        for method in ("GET", "POST", "DELETE"):
            theirs = provider.ask(method, "/v1/faults", {}, authorization=f"Bearer {key}")
            assert theirs.status_code == HTTPStatus.OK
            assert code_of(provider.ask(method, "/v1/faults", {}, authorization="")) == (
                *(401, "unauthorized"),
            )
