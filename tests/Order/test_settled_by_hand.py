"""What a provider settles is left to it; or it is settled by hand, by who says why."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.fake_provider import FakeProvider, taking_money
from tests.support.giving_back import paid_for
from tests.support.paying import begun
from tests.support.service import Service

STATUS = "/api/transactions/{id}/status"
# Whoever may settle payments by hand.
ROLES = ("staff", "admin")


@pytest.fixture(autouse=True)
def provider(service: Service) -> Iterator[FakeProvider]:
    with taking_money(service, FakeProvider()) as provider:
        yield provider
    assert disagreements(service.database, clock=service.clock) == []


@pytest.fixture
def order(api: Api) -> Any:
    """Somebody's, for 100.00."""
    return api.order(api.user(), (api.ticket(price=100), 1))


@pytest.fixture
def payment(api: Api, order: Any) -> Any:
    return begun(api, order)


def refuse(api: Api, method: str, path: str, body: Any) -> None:
    problem = api.refused(method, path, body)
    assert (problem["status"], problem["code"]) == (409, "settled_by_provider")
    assert problem["provider"] == "stripe"


def history(api: Api, payment: Any) -> Any:
    return api.get(f"/api/orders/{payment['order_id']}/history")


class TestWhatAProviderSettles:
    @pytest.mark.parametrize("role", ROLES)
    @pytest.mark.parametrize("outcome", ["success", "failed"])
    def test_is_not_settled_by_hand(
        self, api: Api, order: Any, payment: Any, role: str, outcome: str
    ) -> None:
        _, member = api.someone(role)
        refuse(member, "PATCH", STATUS.format_map(payment), {"status": outcome})
        assert api.again(payment, "transactions") == payment
        assert api.again(order, "orders")["status"] == "pending"

    def test_is_not_settled_for_an_empty_reason(self, api: Api, payment: Any) -> None:
        body = {"status": "success", "reason": ""}
        problem = api.refused("PATCH", STATUS.format_map(payment), body)
        assert [error["pointer"] for error in problem["errors"]] == ["#/reason"]

    def test_is_settled_for_a_reason_which_is_kept(
        self, api: Api, order: Any, payment: Any
    ) -> None:
        user, staff = api.someone("staff", "clerk")
        body = {"status": "success", "reason": "on the provider's own list"}
        assert staff.patch(STATUS.format_map(payment), body)["status"] == "success"
        assert api.again(order, "orders")["status"] == "confirmed"
        (received,) = [
            move for event in history(staff, payment)["events"] for move in event["money"]
        ]
        assert (received["direction"], received["reason"]) == ("received", body["reason"])
        (entry,) = api.get("/api/audit", action="settled_by_hand")
        assert entry["object"] == f"transaction:{payment['id']}"
        assert entry["changes"] == {"status": {"before": "pending", "after": "success"}}
        assert entry["actor"]["name"] == f"user:{user['id']}"
        # It outlives the person, so it tells no words.
        assert body["reason"] not in str(entry)

    def test_is_given_up_for_a_reason_which_is_kept(self, api: Api, payment: Any) -> None:
        body = {"status": "failed", "failure_reason": "try again", "reason": "account closed"}
        failed = api.patch(STATUS.format_map(payment), body)
        assert (failed["status"], failed["failure_reason"]) == ("failed", "try again")
        (told,) = history(api, payment)["reasons"]
        assert (told["transaction_id"], told["reason"]) == (payment["id"], "account closed")
        (entry,) = api.get("/api/audit", action="settled_by_hand")
        assert entry["request_id"] == told["request_id"]

    def test_is_what_it_was_said_to_be_before(
        self, api: Api, provider: FakeProvider, order: Any
    ) -> None:
        settled = paid_for(api, provider, order)
        body = {"status": "success"}
        assert api.patch(STATUS.format_map(settled), body) == settled
        assert api.get("/api/audit", action="settled_by_hand") == []

    @pytest.mark.parametrize("role", ["customer", *ROLES])
    @pytest.mark.parametrize(
        "change",
        [{"amount": 1}, {"payment_method": "cash"}, {"transaction_reference": "ch_77"}],
        ids=str,
    )
    def test_is_about_what_the_provider_was_asked_for(
        self, api: Api, role: str, change: Any
    ) -> None:
        user, member = api.someone(role)
        payment = begun(member, api.order(user, (api.ticket(), 1)))
        path = f"/api/transactions/{payment['id']}"
        refuse(member, "PUT", path, change)
        # As it was served it may come back.
        assert member.put(path, payment) == payment

    @pytest.mark.parametrize("method", ["stripe", "Stripe", "STRIPE"])
    def test_does_not_become_so_by_another_name(self, api: Api, order: Any, method: str) -> None:
        by_hand = api.payment(order)
        path = f"/api/transactions/{by_hand['id']}"
        refuse(api, "PUT", path, {"payment_method": method})
        assert api.get(path) == by_hand

    def test_has_no_reference_but_the_providers(self, api: Api, order: Any) -> None:
        named = {"order_id": order["id"], "payment_method": "stripe", "transaction_reference": "x"}
        problem = api.refused("POST", "/api/transactions/", named)
        assert (problem["status"], problem["code"]) == (422, "validation_error")
        (error,) = problem["errors"]
        assert (error["pointer"], error["code"]) == (
            "#/transaction_reference",
            "reference_not_taken",
        )
        assert api.get("/api/transactions/") == []


class TestWhatTheBoxOfficeSettles:
    def test_needs_no_reason(self, api: Api, order: Any) -> None:
        assert api.settle(api.payment(order))["status"] == "success"
        assert api.get("/api/audit", action="settled_by_hand") == []

    def test_keeps_one_all_the_same(self, api: Api, order: Any) -> None:
        body = {"status": "success", "reason": "by cheque"}
        payment = api.patch(STATUS.format_map(api.payment(order)), body)
        moves = [move for event in history(api, payment)["events"] for move in event["money"]]
        assert [move["reason"] for move in moves] == ["by cheque"]


class TestOnesOwnOrder:
    """Nobody is the cashier of their own order, whoever takes its money."""

    @pytest.mark.parametrize("role", ROLES)
    def test_is_not_settled_in_the_providers_place(self, api: Api, role: str) -> None:
        user, member = api.someone(role)
        payment = begun(member, api.order(user, (api.ticket(), 1)))
        body = {"status": "success", "reason": "I have paid"}
        problem = member.refused("PATCH", STATUS.format_map(payment), body)
        assert (problem["status"], problem["code"]) == (403, "own_order")
        assert api.again(payment, "transactions") == payment

    @pytest.mark.parametrize("role", ROLES)
    def test_is_not_refunded(self, api: Api, provider: FakeProvider, role: str) -> None:
        user, member = api.someone(role)
        payment = paid_for(api, provider, api.order(user, (api.ticket(), 1)))
        problem = member.refused("POST", f"/api/transactions/{payment['id']}/refund")
        assert (problem["status"], problem["code"]) == (403, "own_order")
        assert api.again(payment, "transactions") == payment


def test_above_the_limit_an_administrator_gives_a_providers_money_back(
    api: Api, service: Service, provider: FakeProvider, order: Any
) -> None:
    state = service.app.state
    state.terms = replace(state.terms, refund_limit=Decimal(50))
    _, staff = api.someone("staff")
    _, administrator = api.someone("admin")
    path = f"/api/transactions/{paid_for(api, provider, order)['id']}/refund"
    assert staff.refused("POST", path)["code"] == "refund_needs_admin"
    staff.post(path, {"amount": 50})
    assert staff.refused("POST", path, {"amount": 0.01})["code"] == "refund_needs_admin"
    assert administrator.post(path)["status"] == "refunded"
