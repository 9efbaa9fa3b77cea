"""Money that arrived is never refused: what buys nothing any more is recorded and goes back."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.books import disagreements
from tests.support.buyer import swept
from tests.support.client import Api
from tests.support.service import Service

Buyer = tuple[Any, Api]


@pytest.fixture
def buyer(api: Api) -> Buyer:
    return api.someone("customer")


@pytest.fixture
def ticket(api: Api) -> Any:
    return api.ticket(price=100)


@pytest.fixture
def order(api: Api, buyer: Buyer, ticket: Any) -> Any:
    """Of one ticket for 100.00."""
    return api.order(buyer[0], (ticket, 1))


@pytest.fixture(autouse=True)
def books_agree(service: Service) -> Any:
    yield
    assert disagreements(service.database) == []


def fail(api: Api, payment: Any) -> Any:
    body = {"status": "failed", "failure_reason": "card declined"}
    return api.patch(f"/api/transactions/{payment['id']}/status", body)


def went_back(api: Api, payment: Any, reason: str) -> None:
    """Settle a payment, whose money is recorded and goes back."""
    before = api.get(f"/api/orders/{payment['order_id']}")
    settled = api.settle(payment)
    assert (settled["status"], settled["failure_reason"]) == ("refunded", reason)
    assert settled["refunded_amount"] == settled["amount"]
    assert api.again(payment, "transactions") == settled
    now = api.again(before, "orders")
    came = dict.fromkeys(("amount_paid", "amount_refunded"), settled["amount"])
    assert {name: now[name] - before[name] for name in came} == came
    for kept in ("status", "balance_due", "confirmed_at", "expires_at"):
        assert now[kept] == before[kept]
    events = [one["event"] for one in api.get(f"/api/orders/{now['id']}/history")["events"]]
    assert sorted(events[-2:]) == ["payment_received", "payment_refunded"]


def refuse_to_delete(caller: Api, order: Any) -> None:
    problem = caller.refused("DELETE", f"/api/orders/{order['id']}")
    assert (problem["status"], problem["code"]) == (409, "order_has_payments")
    assert "delete" not in caller.again(order, "orders")["allowed_actions"]


ENDINGS: dict[str, Callable[[Api, Buyer, Any], object]] = {
    "cancelled by its buyer": lambda _api, buyer, order: buyer[1].post(
        f"/api/orders/{order['id']}/cancel", {"reason": "ill"}
    ),
    "cancelled by the box office": lambda api, _buyer, order: api.patch(
        f"/api/orders/{order['id']}/status", {"status": "cancelled"}
    ),
    "released": lambda api, buyer, _order: api.post(f"/api/users/{buyer[0]['id']}/holds/release"),
    "of somebody who was erased": lambda api, buyer, _order: api.post(
        f"/api/users/{buyer[0]['id']}/erase"
    ),
}


class TestACancelledOrder:
    @pytest.mark.parametrize("ending", ENDINGS)
    def test_gives_back_what_was_on_its_way(
        self, api: Api, buyer: Buyer, order: Any, ticket: Any, ending: str
    ) -> None:
        payments = [buyer[1].payment(order) for _ in range(2)]
        ENDINGS[ending](api, buyer, order)
        for payment in payments:
            assert api.again(payment, "transactions")["status"] == "failed"
            went_back(api, payment, "order_cancelled")
        assert api.stock(ticket) == (100, 0, 0, 0)

    def test_gives_back_what_failed_before(self, api: Api, buyer: Buyer, order: Any) -> None:
        payment = fail(api, buyer[1].payment(order))
        buyer[1].post(f"/api/orders/{order['id']}/cancel")
        went_back(api, payment, "order_cancelled")

    def test_that_was_sold_and_refunded_gives_back_the_other_card(
        self, api: Api, order: Any, ticket: Any
    ) -> None:
        paid, other = api.payment(order), api.payment(order)
        api.post(f"/api/transactions/{api.settle(paid)['id']}/refund")
        went_back(api, other, "order_cancelled")
        assert api.stock(ticket) == (100, 0, 0, 0)

    def test_stays_on_record(self, api: Api, buyer: Buyer, order: Any) -> None:
        payment = buyer[1].payment(order)
        buyer[1].post(f"/api/orders/{order['id']}/cancel")
        refuse_to_delete(buyer[1], order)
        api.settle(payment)
        refuse_to_delete(buyer[1], order)


class TestAPaidOrder:
    @pytest.mark.parametrize("completed", [False, True])
    def test_gives_back_the_second_card(
        self, api: Api, order: Any, ticket: Any, *, completed: bool
    ) -> None:
        first, second, third = (api.payment(order) for _ in range(3))
        api.settle(first)
        if completed:
            api.patch(f"/api/orders/{order['id']}/status", {"status": "completed"})
        went_back(api, second, "already_paid")
        went_back(api, third, "already_paid")
        assert api.stock(ticket) == (99, 0, 1, 0)

    def test_is_cancelled_with_the_money_that_paid_for_it(
        self, api: Api, order: Any, ticket: Any
    ) -> None:
        first, second = api.payment(order), api.payment(order)
        api.settle(first)
        went_back(api, second, "already_paid")
        assert "refund" in api.again(order, "orders")["allowed_actions"]
        api.post(f"/api/transactions/{first['id']}/refund")
        now = api.again(order, "orders")
        assert (now["status"], now["amount_refunded"]) == ("cancelled", 200)
        assert api.stock(ticket) == (100, 0, 0, 0)

    def test_tells_why_also_when_its_buyer_is_erased(
        self, api: Api, buyer: Buyer, order: Any
    ) -> None:
        first, second = api.payment(order), api.payment(order)
        api.settle(first)
        api.patch(f"/api/orders/{order['id']}/status", {"status": "completed"})
        api.settle(second)
        api.post(f"/api/users/{buyer[0]['id']}/erase")
        assert api.again(second, "transactions")["failure_reason"] == "already_paid"

    def test_in_part_keeps_what_is_due(self, api: Api, order: Any, ticket: Any) -> None:
        part, too_much, rest = (api.payment(order, amount) for amount in (60, 100, 40))
        api.settle(part)
        went_back(api, too_much, "already_paid")
        assert api.again(order, "orders")["balance_due"] == 40
        assert api.settle(rest)["status"] == "success"
        assert api.again(order, "orders")["status"] == "confirmed"
        assert api.stock(ticket) == (99, 0, 1, 0)

    def test_on_an_invoice_keeps_what_is_due(self, api: Api, order: Any) -> None:
        api.patch(f"/api/orders/{order['id']}/status", {"status": "confirmed"})
        part, too_much = api.payment(order, 60), api.payment(order)
        api.settle(part)
        went_back(api, too_much, "already_paid")
        now = api.again(order, "orders")
        assert (now["status"], now["balance_due"]) == ("confirmed", 40)

    @pytest.mark.parametrize("amount", [60, 100])
    def test_of_a_completed_invoice_gives_back_what_is_too_much(
        self, api: Api, order: Any, ticket: Any, amount: int
    ) -> None:
        """What is owed is taken whenever it comes, and never more."""
        for status in ("confirmed", "completed"):
            api.patch(f"/api/orders/{order['id']}/status", {"status": status})
        owed, declined, too_much = (api.payment(order, one) for one in (amount, 40, 100))
        fail(api, declined)
        assert api.settle(owed)["status"] == "success"
        went_back(api, too_much, "already_paid")
        if amount == 100:
            went_back(api, declined, "already_paid")
        else:
            assert api.settle(declined)["status"] == "success"
        now = api.again(order, "orders")
        assert (now["status"], now["balance_due"]) == ("completed", 0)
        assert api.stock(ticket) == (99, 0, 1, 0)


class TestAPaymentThatFailed:
    """Providers try one payment again: what they say last is taken."""

    @pytest.fixture
    def failed(self, api: Api, buyer: Buyer, order: Any) -> Any:
        return fail(api, buyer[1].payment(order))

    def test_and_came_after_all_pays(self, api: Api, order: Any, ticket: Any, failed: Any) -> None:
        settled = api.settle(failed)
        assert (settled["status"], settled["failure_reason"]) == ("success", None)
        assert api.again(order, "orders")["status"] == "confirmed"
        assert api.stock(ticket) == (99, 0, 1, 0)
        counted = api.get("/api/analytics/dashboard")["transactions_by_status"]
        assert counted == {"pending": 0, "success": 1, "failed": 0, "refunded": 0}

    def test_and_came_late_buys_what_is_still_there(
        self, api: Api, order: Any, ticket: Any, failed: Any
    ) -> None:
        api.clock.advance(minutes=16)
        assert api.settle(failed)["status"] == "success"
        assert api.again(order, "orders")["status"] == "confirmed"
        assert api.stock(ticket) == (99, 0, 1, 0)

    def test_and_came_too_late_goes_back(self, api: Api, order: Any, failed: Any) -> None:
        api.clock.advance(days=2)
        api.put(f"/api/orders/{order['id']}", {"notes": "too late"})
        went_back(api, failed, "order_expired")

    def test_and_came_beside_another_card_goes_back(
        self, api: Api, order: Any, failed: Any
    ) -> None:
        api.settle(api.payment(order))
        went_back(api, failed, "already_paid")

    def test_is_still_one_success_of_its_reference(self, api: Api, order: Any) -> None:
        body = {"order_id": order["id"], "payment_method": "card", "transaction_reference": "ch_7"}
        failed, again = (api.post("/api/transactions/", body) for _ in range(2))
        fail(api, failed)
        api.settle(again)
        path = f"/api/transactions/{failed['id']}/status"
        assert api.refused("PATCH", path, {"status": "success"})["code"] == "reference_used"


class TestAnExpiredOrder:
    def test_takes_all_that_it_costs_under_a_payment_of_less(self, api: Api, order: Any) -> None:
        """What the box office finds at the bank is what it writes down, before it settles it."""
        part = api.payment(order, 30)
        api.settle(api.payment(order, 70))
        api.clock.advance(minutes=16)
        path = f"/api/transactions/{part['id']}"
        assert api.refused("PUT", path, {"amount": 100.01})["code"] == "amount_exceeds_balance"
        assert api.settle(api.put(path, {"amount": 100}))["status"] == "success"
        now = api.again(order, "orders")
        assert (now["status"], now["balance_due"]) == ("confirmed", 0)


class TestAnOrderThatExpired:
    """Late money sells it again, but not to who does not want it any more, or may not have it."""

    @pytest.mark.parametrize("ending", ENDINGS)
    @pytest.mark.parametrize("is_swept", [True, False], ids=["swept", "overdue"])
    def test_and_was_given_up_then_is_not_sold(
        self, api: Api, service: Service, buyer: Buyer, order: Any, ending: str, *, is_swept: bool
    ) -> None:
        payment = api.payment(order)
        api.clock.advance(minutes=20)
        if is_swept:
            swept(service)
            if ending == "released":
                # It holds nothing that could be released.
                return
        ENDINGS[ending](api, buyer, order)
        went_back(api, payment, "order_cancelled")

    def test_tells_why_it_was_given_up(self, api: Api, buyer: Buyer, order: Any) -> None:
        api.clock.advance(minutes=20)
        path = f"/api/orders/{order['id']}/cancel"
        assert buyer[1].post(path, {"reason": "ill"})["cancel_reason"] == "ill"

    def test_is_not_sold_to_who_was_deactivated(
        self, api: Api, service: Service, buyer: Buyer, order: Any
    ) -> None:
        payment = api.payment(order)
        api.clock.advance(minutes=20)
        swept(service)
        api.patch(f"/api/users/{buyer[0]['id']}/deactivate")
        went_back(api, payment, "order_expired")


def test_what_a_payer_says_of_a_payment_that_was_given_up_is_taken(api: Api, order: Any) -> None:
    payment = api.payment(order)
    api.post(f"/api/orders/{order['id']}/cancel")
    refuse_to_delete(api, order)
    assert fail(api, payment)["failure_reason"] == "card declined"
    api.clock.advance(days=1)
    api.delete(f"/api/orders/{order['id']}")


def test_money_that_came_after_it_was_given_up_does_not_fail(api: Api, order: Any) -> None:
    payment = api.payment(order)
    api.post(f"/api/orders/{order['id']}/cancel")
    settled = api.settle(payment)
    path, body = f"/api/transactions/{payment['id']}/status", {"status": "failed"}
    assert api.refused("PATCH", path, body)["code"] == "invalid_transition"
    assert api.again(payment, "transactions") == settled
