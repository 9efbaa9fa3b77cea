"""Nobody is the cashier of their own order, and much money goes back by an administrator only."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.support.client import Api
from tests.support.service import Service

Member = tuple[Any, Api]


@pytest.fixture(params=["staff", "admin"])
def member(request: pytest.FixtureRequest, api: Api) -> Member:
    return api.someone(request.param)


@pytest.fixture
def colleague(api: Api) -> Api:
    return api.someone("staff", "colleague")[1]


@pytest.fixture
def order(api: Api, member: Member) -> Any:
    """Of the member's own, for 100.00."""
    return api.order(member[0], (api.ticket(price=100), 1))


def refuse(caller: Api, method: str, path: str, body: Any = None) -> None:
    problem = caller.refused(method, path, body)
    assert (problem["status"], problem["code"]) == (403, "own_order")


class TestOnesOwnOrder:
    def test_is_not_confirmed_unpaid(self, member: Member, colleague: Api, order: Any) -> None:
        path = f"/api/orders/{order['id']}"
        assert "confirm" not in member[1].get(path)["allowed_actions"]
        refuse(member[1], "PATCH", f"{path}/status", {"status": "confirmed"})
        assert colleague.get(path)["status"] == "pending"
        assert "confirm" in colleague.get(path)["allowed_actions"]
        assert colleague.patch(f"{path}/status", {"status": "confirmed"})["status"] == "confirmed"
        refuse(member[1], "PATCH", f"{path}/status", {"status": "completed"})

    @pytest.mark.parametrize("outcome", ["success", "failed"])
    def test_is_not_settled(self, member: Member, colleague: Api, order: Any, outcome: str) -> None:
        payment = member[1].payment(order)
        path = f"/api/transactions/{payment['id']}/status"
        refuse(member[1], "PATCH", path, {"status": outcome})
        assert colleague.again(payment, "transactions") == payment
        assert colleague.patch(path, {"status": outcome})["status"] == outcome

    def test_is_not_refunded(self, api: Api, member: Member, colleague: Api, order: Any) -> None:
        settled = colleague.settle(member[1].payment(order))
        path = f"/api/transactions/{settled['id']}/refund"
        assert "refund" not in member[1].again(order, "orders")["allowed_actions"]
        refuse(member[1], "POST", path)
        assert api.again(settled, "transactions") == settled
        assert colleague.post(path)["status"] == "refunded"

    @pytest.mark.parametrize(
        ("method", "end", "body"),
        [("POST", "cancel", None), ("PATCH", "status", {"status": "cancelled"})],
    )
    def test_is_not_taken_back_with_its_money(
        self, member: Member, colleague: Api, order: Any, method: str, end: str, body: Any
    ) -> None:
        colleague.settle(member[1].payment(order))
        assert "cancel" not in member[1].again(order, "orders")["allowed_actions"]
        refuse(member[1], method, f"/api/orders/{order['id']}/{end}", body)
        assert colleague.again(order, "orders")["status"] == "confirmed"

    def test_is_given_up_as_any_buyer_gives_up_theirs(self, member: Member, order: Any) -> None:
        assert "cancel" in order["allowed_actions"]
        cancelled = member[1].post(f"/api/orders/{order['id']}/cancel")
        assert cancelled["status"] == "cancelled"

    def test_has_payments_that_are_fixed_as_any_buyers_are(
        self, member: Member, order: Any
    ) -> None:
        path = f"/api/transactions/{member[1].payment(order)['id']}"
        member[1].put(path, {"transaction_reference": "ch_77"})
        assert member[1].refused("PUT", path, {"amount": 1})["code"] == "transaction_fixed"

    def test_is_not_settled_by_ones_own_key_either(
        self, api: Api, member: Member, order: Any
    ) -> None:
        body = {"name": "till", "role": "staff"}
        key = member[1].post("/api/auth/api-keys", body)["key"]
        path = f"/api/transactions/{member[1].payment(order)['id']}/status"
        refuse(api.having({"X-API-Key": key}), "PATCH", path, {"status": "success"})

    def test_is_settled_where_one_person_runs_the_shop(
        self, service: Service, member: Member, order: Any
    ) -> None:
        state = service.app.state
        state.terms = replace(state.terms, own_orders_by_staff=True)
        assert "confirm" in member[1].again(order, "orders")["allowed_actions"]
        settled = member[1].settle(member[1].payment(order))
        assert member[1].post(f"/api/transactions/{settled['id']}/refund")["status"] == "refunded"


class TestALargeRefund:
    @pytest.fixture
    def limited(self, service: Service) -> None:
        state = service.app.state
        state.terms = replace(state.terms, refund_limit=Decimal(50))

    @pytest.fixture
    def paid(self, api: Api) -> tuple[Any, Any]:
        """Somebody's order of 100.00, and its payment."""
        return api.paid_order(api.user(), (api.ticket(price=100), 1))  # type: ignore[no-any-return]

    def refuse(self, staff: Api, method: str, path: str, body: Any, amount: int) -> None:
        problem = staff.refused(method, path, body)
        assert (problem["status"], problem["code"]) == (403, "refund_needs_admin")
        assert (problem["amount"], problem["limit"]) == (amount, 50)

    @pytest.mark.usefixtures("limited")
    def test_needs_an_administrator(self, api: Api, colleague: Api, paid: tuple[Any, Any]) -> None:
        path = f"/api/transactions/{paid[1]['id']}/refund"
        self.refuse(colleague, "POST", path, None, 100)
        self.refuse(colleague, "POST", path, {"amount": 50.01}, 50.01)  # type: ignore[arg-type]
        assert api.again(paid[0], "orders") == paid[0]
        administrator = api.someone("admin")[1]
        assert administrator.post(path)["status"] == "refunded"

    @pytest.mark.usefixtures("limited")
    def test_is_also_one_of_many_parts(self, colleague: Api, paid: tuple[Any, Any]) -> None:
        path = f"/api/transactions/{paid[1]['id']}/refund"
        colleague.post(path, {"amount": 30})
        assert "refund" in colleague.again(paid[0], "orders")["allowed_actions"]
        self.refuse(colleague, "POST", path, {"amount": 30}, 60)
        colleague.post(path, {"amount": 20})
        assert "refund" not in colleague.again(paid[0], "orders")["allowed_actions"]

    @pytest.mark.usefixtures("limited")
    def test_is_also_one_by_cancelling(self, colleague: Api, paid: tuple[Any, Any]) -> None:
        path = f"/api/orders/{paid[0]['id']}"
        assert "cancel" not in colleague.get(path)["allowed_actions"]
        self.refuse(colleague, "POST", f"{path}/cancel", None, 100)
        self.refuse(colleague, "PATCH", f"{path}/status", {"status": "cancelled"}, 100)
        assert colleague.get(path)["status"] == "confirmed"

    @pytest.mark.usefixtures("limited")
    def test_is_not_what_a_buyer_gives_up_before_it_is_sold(self, api: Api) -> None:
        user, buyer = api.someone("customer")
        order = api.order(user, (api.ticket(price=100), 1))
        api.settle(api.payment(order, 60))
        cancelled = buyer.post(f"/api/orders/{order['id']}/cancel")
        assert cancelled["amount_refunded"] == 60

    def test_is_anybodys_where_no_limit_is_set(self, colleague: Api, paid: tuple[Any, Any]) -> None:
        path = f"/api/transactions/{paid[1]['id']}/refund"
        assert colleague.post(path)["status"] == "refunded"
