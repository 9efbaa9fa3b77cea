"""What is settled is what was looked at, and a payment's reference is good for one success."""

from typing import Any

import pytest

from tests.support.client import Api


@pytest.fixture
def buyer(api: Api) -> tuple[Any, Api]:
    return api.someone("customer")


@pytest.fixture
def order(api: Api, buyer: tuple[Any, Api]) -> Any:
    """Of the buyer's, for 100.00."""
    return api.order(buyer[0], (api.ticket(price=100), 1))


def pay(api: Api, order: Any, reference: str | None = None, **fields: Any) -> Any:
    body = {"order_id": order["id"], "payment_method": "card", "transaction_reference": reference}
    return api.post("/api/transactions/", body | fields)


def refuse(api: Api, transaction: Any, **body: Any) -> Any:
    """A success that must be refused; the problem."""
    path = f"/api/transactions/{transaction['id']}/status"
    return api.refused("PATCH", path, {"status": "success"} | body)


class TestWhatWasLookedAt:
    def test_an_amount_that_grew_since_settles_nothing(
        self, api: Api, buyer: tuple[Any, Api], order: Any
    ) -> None:
        seen = pay(buyer[1], order, amount=0.01)
        path = f"/api/transactions/{seen['id']}"
        changed = buyer[1].put(path, {"amount": 100})
        problem = refuse(api, seen, amount=seen["amount"])
        assert (problem["status"], problem["code"]) == (409, "amount_differs")
        assert (problem["amount"], problem["transaction_amount"]) == (0.01, 100)
        assert api.get(path) == changed
        now = api.again(order, "orders")
        assert (now["status"], now["amount_paid"]) == ("pending", 0)

    def test_a_payment_that_was_changed_since_is_not_settled(
        self, api: Api, buyer: tuple[Any, Api], order: Any
    ) -> None:
        seen = pay(buyer[1], order, amount=0.01)
        changed = buyer[1].put(f"/api/transactions/{seen['id']}", {"amount": 100})
        problem = refuse(api, seen, updated_at=seen["updated_at"])
        assert (problem["status"], problem["code"]) == (409, "stale_object")
        assert problem["updated_at"] == changed["updated_at"]
        assert api.again(order, "orders")["status"] == "pending"

    def test_what_is_as_it_was_seen_is_settled(self, api: Api, order: Any) -> None:
        seen = pay(api, order)
        body = {"status": "success", "amount": 100, "updated_at": seen["updated_at"]}
        assert api.patch(f"/api/transactions/{seen['id']}/status", body)["status"] == "success"
        assert api.again(order, "orders")["amount_paid"] == 100

    def test_an_amount_is_held_against_money_that_is_settled_already(
        self, api: Api, order: Any
    ) -> None:
        settled = api.settle(pay(api, order))
        assert refuse(api, settled, amount=99.99)["code"] == "amount_differs"

    def test_a_refund_of_what_was_changed_since_gives_nothing_back(
        self, api: Api, order: Any
    ) -> None:
        seen = api.settle(pay(api, order))
        path = f"/api/transactions/{seen['id']}/refund"
        part = {"amount": 40, "updated_at": seen["updated_at"]}
        assert api.post(path, part)["refunded_amount"] == 40
        assert api.refused("POST", path, part)["code"] == "stale_object"
        assert api.again(order, "orders")["amount_refunded"] == 40


class TestOrders:
    """The same of orders: their buyers add to them while the box office looks."""

    def test_an_order_that_grew_since_is_not_confirmed(
        self, api: Api, buyer: tuple[Any, Api], order: Any
    ) -> None:
        ticket = order["items"][0]["ticket_id"]
        path = f"/api/orders/{order['id']}"
        grown = buyer[1].post(f"{path}/items", {"ticket_id": ticket, "quantity": 9})
        body = {"status": "confirmed", "updated_at": order["updated_at"]}
        problem = api.refused("PATCH", f"{path}/status", body)
        assert (problem["status"], problem["code"]) == (409, "stale_object")
        assert api.get(path)["status"] == "pending"
        body["updated_at"] = grown["updated_at"]
        assert api.patch(f"{path}/status", body)["status"] == "confirmed"

    def test_an_order_that_was_paid_since_is_not_cancelled(self, api: Api, order: Any) -> None:
        api.settle(pay(api, order))
        body = {"reason": "nobody paid", "updated_at": order["updated_at"]}
        path = f"/api/orders/{order['id']}"
        assert api.refused("POST", f"{path}/cancel", body)["code"] == "stale_object"
        assert api.get(path)["status"] == "confirmed"


CHANGES = [{"amount": 1}, {"payment_method": "cash"}, {"transaction_reference": "ch_78"}]


class TestWhatBuyersChange:
    @pytest.mark.parametrize("change", CHANGES, ids=str)
    def test_a_payment_with_a_reference_is_fixed(
        self, api: Api, buyer: tuple[Any, Api], order: Any, change: Any
    ) -> None:
        payment = pay(buyer[1], order, "ch_77")
        path = f"/api/transactions/{payment['id']}"
        problem = buyer[1].refused("PUT", path, change)
        assert (problem["status"], problem["code"]) == (409, "transaction_fixed")
        assert problem["fields"] == list(change)
        assert api.get(path) == payment
        assert change.items() <= api.put(path, change).items()

    @pytest.mark.parametrize("outcome", ["success", "failed"])
    def test_a_settled_payment_gets_no_reference(
        self, api: Api, buyer: tuple[Any, Api], order: Any, outcome: str
    ) -> None:
        path = f"/api/transactions/{api.settle(pay(buyer[1], order), outcome)['id']}"
        change = {"transaction_reference": "ch_78"}
        assert buyer[1].refused("PUT", path, change)["code"] == "transaction_fixed"
        assert change.items() <= api.put(path, change).items()

    def test_a_payment_without_a_reference_may_be_corrected(
        self, buyer: tuple[Any, Api], order: Any
    ) -> None:
        path = f"/api/transactions/{pay(buyer[1], order)['id']}"
        changes = {"amount": 5, "payment_method": "cash", "transaction_reference": "r1"}
        fixed = buyer[1].put(path, changes)
        assert changes.items() <= fixed.items()
        # As it was served it may come back.
        assert buyer[1].put(path, fixed) == fixed


class TestReference:
    @pytest.fixture
    def other(self, api: Api, buyer: tuple[Any, Api]) -> Any:
        return api.order(buyer[0], (api.ticket(price=100), 1))

    def test_is_good_for_one_success(self, api: Api, order: Any, other: Any) -> None:
        first, second = pay(api, order, "ch_77"), pay(api, other, "ch_77")
        api.settle(first)
        problem = refuse(api, second)
        assert (problem["status"], problem["code"]) == (409, "reference_used")
        assert problem["transaction_id"] == first["id"]
        assert api.again(second, "transactions") == second
        now = api.again(other, "orders")
        assert (now["status"], now["amount_paid"]) == ("pending", 0)

    def test_is_used_up_though_its_money_went_back(self, api: Api, order: Any, other: Any) -> None:
        first, second = pay(api, order, "ch_77"), pay(api, other, "ch_77")
        api.post(f"/api/transactions/{api.settle(first)['id']}/refund")
        assert refuse(api, second)["code"] == "reference_used"

    def test_that_failed_is_not_used_up(self, api: Api, order: Any) -> None:
        api.settle(pay(api, order, "ch_77"), "failed")
        assert api.settle(pay(api, order, "ch_77"))["status"] == "success"

    def test_of_another_method_is_another_one(self, api: Api, order: Any, other: Any) -> None:
        api.settle(pay(api, order, "4711"))
        again = pay(api, other, "4711", payment_method="bank transfer")
        assert api.settle(again)["status"] == "success"

    def test_of_settled_money_can_not_become_one_that_is_used(
        self, api: Api, order: Any, other: Any
    ) -> None:
        first, second = (api.settle(pay(api, one, f"ch_{one['id']}")) for one in (order, other))
        path, change = f"/api/transactions/{second['id']}", {"transaction_reference": "ch_1"}
        problem = api.refused("PUT", path, change)
        assert (problem["code"], problem["transaction_id"]) == ("reference_used", first["id"])
        assert api.get(path) == second
        # Once the first one gives it up, it is free.
        api.put(f"/api/transactions/{first['id']}", {"transaction_reference": None})
        assert api.put(path, change)["transaction_reference"] == "ch_1"

    def test_finds_all_who_name_it(self, api: Api, buyer: tuple[Any, Api], order: Any) -> None:
        stranger, theirs = api.someone("customer", "stranger")
        other = api.order(stranger, (api.ticket(), 1))
        named = [pay(api, order, "ch_77"), pay(api, other, "ch_77")]
        pay(api, order, "ch_78")
        path = "/api/transactions/"
        assert api.get(path, transaction_reference="ch_77") == named
        assert api.get(path, transaction_reference="ch_7") == []
        assert buyer[1].get(path, transaction_reference="ch_77") == named[:1]
        assert theirs.get(f"{path}order/{other['id']}", transaction_reference="ch_77") == named[1:]
