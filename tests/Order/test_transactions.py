import re

import pytest

from tests.support.client import Api

STATES = ("pending", "success", "failed", "refunded")
ALLOWED = {"pending": ["failed", "success"], "success": [], "failed": ["success"], "refunded": []}


class TestCreate:
    def test_a_payment_is_pending_and_by_default_of_all_that_is_due(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 2))
        body = {
            "order_id": order["id"],
            "payment_method": "card",
            "transaction_reference": "ch_1042",
        }
        response = api.request("POST", "/api/transactions/", json=body)
        assert response.headers["location"] == "/api/transactions/1"
        transaction = response.json()
        assert transaction == api.get("/api/transactions/1")
        assert re.fullmatch(r"TXN-[2-9A-HJKMNP-TV-Z]{10}", transaction.pop("transaction_number"))
        assert transaction == {
            "id": 1,
            "order_id": order["id"],
            "amount": 199.98,
            "refunded_amount": 0,
            "currency": "USD",
            "payment_method": "card",
            "transaction_reference": "ch_1042",
            "status": "pending",
            "failure_reason": None,
            "provider": None,
            "provider_reference": None,
            "next_action": None,
            "created_at": transaction["updated_at"],
            "updated_at": transaction["updated_at"],
        }
        assert api.again(order, "orders")["amount_paid"] == 0

    def test_pending_money_does_not_count_so_another_card_can_be_tried(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 2))
        api.payment(order)
        assert api.payment(order)["amount"] == 199.98

    def test_successful_money_counts(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 2))
        api.settle(api.payment(order, 100))
        assert api.payment(order)["amount"] == 99.98

    def test_more_than_is_due_is_refused_with_the_numbers(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 1))
        body = {"order_id": order["id"], "payment_method": "card", "amount": 100}
        problem = api.refused("POST", "/api/transactions/", body)
        assert (problem["status"], problem["code"]) == (409, "amount_exceeds_balance")
        assert (problem["amount"], problem["balance_due"]) == (100, 99.99)

    def test_nothing_due_takes_no_payment(self, api: Api) -> None:
        free = api.order(api.user(), (api.ticket(price=0), 1))
        body = {"order_id": free["id"], "payment_method": "card"}
        problem = api.refused("POST", "/api/transactions/", body)
        assert (problem["code"], problem["balance_due"]) == ("amount_exceeds_balance", 0)

    def test_a_cancelled_order_takes_no_payment(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 1))
        api.post(f"/api/orders/{order['id']}/cancel")
        body = {"order_id": order["id"], "payment_method": "card"}
        problem = api.refused("POST", "/api/transactions/", body)
        assert (problem["status"], problem["code"]) == (409, "order_not_payable")
        assert problem["order_status"] == "cancelled"

    def test_a_completed_order_that_is_paid_takes_no_more(self, api: Api) -> None:
        order, _ = api.paid_order(api.user(), (api.ticket(), 1))
        api.patch(f"/api/orders/{order['id']}/status", {"status": "completed"})
        body = {"order_id": order["id"], "payment_method": "card"}
        problem = api.refused("POST", "/api/transactions/", body)
        assert (problem["code"], problem["balance_due"]) == ("amount_exceeds_balance", 0)

    @pytest.mark.parametrize("amount", [0, -5, 0.001, "5", True, 1e14])
    def test_an_amount_is_a_positive_number_of_cents(self, api: Api, amount: object) -> None:
        body = {"order_id": 1, "payment_method": "card", "amount": amount}
        problem = api.refused("POST", "/api/transactions/", body)
        assert problem["status"] == 422
        assert problem["errors"][0]["pointer"] == "#/amount"


class TestSettle:
    def test_money_that_covers_the_total_confirms_the_order(self, api: Api) -> None:
        ticket = api.ticket()
        order, transaction = api.paid_order(api.user(), (ticket, 2))
        assert transaction["status"] == "success"
        assert order["status"] == "confirmed"
        assert order["confirmed_at"] is not None
        assert (order["amount_paid"], order["balance_due"]) == (199.98, 0)
        assert api.stock(ticket) == (98, 0, 2, 0)

    def test_parts_confirm_once_they_add_up(self, api: Api) -> None:
        ticket = api.ticket()
        order = api.order(api.user(), (ticket, 2))
        api.settle(api.payment(order, 99.98))
        assert api.again(order, "orders")["status"] == "pending"
        api.settle(api.payment(order, 100))
        assert api.again(order, "orders")["status"] == "confirmed"

    def test_failure_leaves_the_order_pending_so_the_buyer_can_try_again(self, api: Api) -> None:
        ticket = api.ticket()
        order = api.order(api.user(), (ticket, 2))
        path = f"/api/transactions/{api.payment(order)['id']}/status"
        failed = api.patch(path, {"status": "failed", "failure_reason": "card declined"})
        assert (failed["status"], failed["failure_reason"]) == ("failed", "card declined")
        assert api.again(order, "orders")["status"] == "pending"
        api.settle(api.payment(order))
        assert api.again(order, "orders")["status"] == "confirmed"

    def test_an_invoice_is_paid_after_confirmation_and_completion(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 2))
        path = f"/api/orders/{order['id']}/status"
        api.patch(path, {"status": "confirmed"})
        first, second = api.payment(order, 100), api.payment(order, 99.98)
        api.settle(first)
        api.patch(path, {"status": "completed"})
        api.settle(second)
        paid = api.again(order, "orders")
        assert (paid["status"], paid["balance_due"]) == ("completed", 0)

    def test_an_invoice_is_announced_and_paid_in_parts_once_it_is_completed(self, api: Api) -> None:
        ticket, net = api.ticket(price=100), "/api/analytics/revenue"
        order = api.order(api.user(), (ticket, 2))
        for status in ("confirmed", "completed"):
            order = api.patch(f"/api/orders/{order['id']}/status", {"status": status})
        for due, amount in ((200, 50), (150, None)):
            assert "pay" in order["allowed_actions"]
            assert order["balance_due"] == due
            assert api.settle(api.payment(order, amount))["status"] == "success"
            order = api.again(order, "orders")
            assert order["status"] == "completed"
        assert (order["amount_paid"], order["balance_due"]) == (200, 0)
        assert "pay" not in order["allowed_actions"]
        assert api.get(net)["net_revenue"] == api.get(net)["average_order_value"] == 200
        assert api.get("/api/analytics/sales")["totals"]["orders"] == 1
        assert api.stock(ticket) == (98, 0, 2, 0)

    @pytest.mark.parametrize("target", STATES)
    @pytest.mark.parametrize("origin", STATES)
    def test_transactions_move_as_the_table_says(self, api: Api, origin: str, target: str) -> None:
        order = api.order(api.user(), (api.ticket(), 1))
        transaction = api.payment(order)
        path = f"/api/transactions/{transaction['id']}"
        if origin in {"success", "failed"}:
            api.settle(transaction, origin)
        if origin == "refunded":
            api.settle(transaction)
            api.post(f"{path}/refund")
        before = api.get(path)
        if origin == target:
            assert api.patch(f"{path}/status", {"status": target}) == before
        elif target in ALLOWED[origin]:
            assert api.patch(f"{path}/status", {"status": target})["status"] == target
        else:
            problem = api.refused("PATCH", f"{path}/status", {"status": target})
            assert (problem["status"], problem["code"]) == (409, "invalid_transition")
            assert problem["allowed"] == ALLOWED[origin]
            assert api.get(path) == before

    def test_bad_input_and_unknown_transactions_are_refused(self, api: Api) -> None:
        path = "/api/transactions/9/status"
        assert api.refused("PATCH", path, {"status": "success"})["code"] == "transaction_not_found"
        assert api.refused("PATCH", path, {"status": "paid"})["status"] == 422
        assert api.refused("PATCH", "/api/transactions/x/status", {})["status"] == 422


class TestRefund:
    def test_the_whole_remainder_by_default(self, api: Api) -> None:
        ticket = api.ticket()
        order, transaction = api.paid_order(api.user(), (ticket, 2))
        path = f"/api/transactions/{transaction['id']}/refund"
        part = api.post(path, {"amount": 50, "reason": "moved seats"})
        assert (part["status"], part["refunded_amount"]) == ("success", 50)
        assert api.again(order, "orders")["status"] == "confirmed"
        assert api.stock(ticket) == (98, 0, 2, 0)
        rest = api.post(path)
        assert (rest["status"], rest["refunded_amount"]) == ("refunded", 199.98)
        cancelled = api.again(order, "orders")
        assert (cancelled["status"], cancelled["cancel_reason"]) == ("cancelled", "refunded")
        assert (cancelled["amount_refunded"], cancelled["balance_due"]) == (199.98, 0)
        assert api.stock(ticket) == (100, 0, 0, 0)

    def test_without_restock_the_tickets_are_withheld(self, api: Api) -> None:
        ticket = api.ticket()
        _, transaction = api.paid_order(api.user(), (ticket, 2))
        api.post(
            f"/api/transactions/{transaction['id']}/refund", {"restock": False, "reason": "void"}
        )
        assert api.stock(ticket) == (98, 0, 0, 2)
        assert api.get("/api/orders/1")["cancel_reason"] == "void"

    def test_more_than_was_paid_never_goes_back(self, api: Api) -> None:
        _, transaction = api.paid_order(api.user(), (api.ticket(), 1))
        path = f"/api/transactions/{transaction['id']}/refund"
        api.post(path, {"amount": 50})
        problem = api.refused("POST", path, {"amount": 50})
        assert (problem["status"], problem["code"]) == (409, "refund_exceeds_payment")
        assert (problem["amount"], problem["refundable"]) == (50, 49.99)
        api.post(path)
        assert api.refused("POST", path)["code"] == "refund_exceeds_payment"

    def test_only_successful_money_can_go_back(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 1))
        pending, failed = api.payment(order), api.settle(api.payment(order), "failed")
        for transaction in (pending, failed):
            problem = api.refused("POST", f"/api/transactions/{transaction['id']}/refund")
            assert (problem["status"], problem["code"]) == (409, "transaction_not_refundable")
            assert problem["transaction_status"] == transaction["status"]

    def test_a_completed_order_stays_completed(self, api: Api) -> None:
        ticket = api.ticket()
        order, transaction = api.paid_order(api.user(), (ticket, 1))
        api.patch(f"/api/orders/{order['id']}/status", {"status": "completed"})
        api.post(f"/api/transactions/{transaction['id']}/refund")
        assert api.again(order, "orders")["status"] == "completed"
        assert api.stock(ticket) == (99, 0, 1, 0)

    @pytest.mark.parametrize(("paid", "due"), [(40, 60), (100, 0)])
    def test_a_completed_invoice_stays_completed_and_owes_none_of_it_again(
        self, api: Api, paid: int, due: int
    ) -> None:
        ticket = api.ticket(price=100)
        order = api.order(api.user(), (ticket, 1))
        for status in ("confirmed", "completed"):
            api.patch(f"/api/orders/{order['id']}/status", {"status": status})
        api.post(f"/api/transactions/{api.settle(api.payment(order, paid))['id']}/refund")
        now = api.again(order, "orders")
        assert (now["status"], now["balance_due"]) == ("completed", due)
        assert ("pay" in now["allowed_actions"]) == (due > 0)
        assert api.stock(ticket) == (99, 0, 1, 0)

    def test_a_pending_order_stays_pending_and_owes_it_again(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 2))
        part = api.settle(api.payment(order, 50))
        assert api.again(order, "orders")["balance_due"] == 149.98
        api.post(f"/api/transactions/{part['id']}/refund", {"amount": 20})
        pending = api.again(order, "orders")
        assert (pending["status"], pending["balance_due"]) == ("pending", 169.98)
        api.settle(api.payment(order))
        paid = api.again(order, "orders")
        assert (paid["status"], paid["balance_due"]) == ("confirmed", 0)

    def test_an_order_paid_by_two_is_cancelled_when_both_are_refunded(self, api: Api) -> None:
        ticket = api.ticket()
        order = api.order(api.user(), (ticket, 2))
        payments = [api.settle(api.payment(order, 100)), api.settle(api.payment(order))]
        api.post(f"/api/transactions/{payments[0]['id']}/refund")
        assert api.again(order, "orders")["status"] == "confirmed"
        api.post(f"/api/transactions/{payments[1]['id']}/refund")
        assert api.again(order, "orders")["status"] == "cancelled"
        assert api.stock(ticket) == (100, 0, 0, 0)

    def test_a_part_payment_takes_no_order_with_it_that_is_sold_without(self, api: Api) -> None:
        """The box office's word is what it was sold on; a refund is no other word."""
        ticket = api.ticket(price=50)
        order = api.order(api.user(), (ticket, 2))
        api.patch(f"/api/orders/{order['id']}/status", {"status": "confirmed"})
        first, second = (api.settle(api.payment(order, amount)) for amount in (40, 30))
        for part in (first, second):
            api.post(f"/api/transactions/{part['id']}/refund")
            assert api.again(order, "orders")["status"] == "confirmed"
        now = api.again(order, "orders")
        # What a refund of what is sold gives back is not asked for again.
        assert (now["balance_due"], now["amount_refunded"]) == (30, 70)
        assert "pay" in now["allowed_actions"]
        assert api.stock(ticket) == (98, 0, 2, 0)

    @pytest.mark.parametrize("first", [40, 60])
    def test_an_invoice_that_was_paid_is_cancelled_with_the_last_of_its_money(
        self, api: Api, first: int
    ) -> None:
        ticket = api.ticket(price=50)
        order = api.order(api.user(), (ticket, 2))
        api.patch(f"/api/orders/{order['id']}/status", {"status": "confirmed"})
        parts = [api.settle(api.payment(order, amount)) for amount in (first, None)]
        api.post(f"/api/transactions/{parts[0]['id']}/refund")
        assert api.again(order, "orders")["status"] == "confirmed"
        api.post(f"/api/transactions/{parts[1]['id']}/refund")
        assert api.again(order, "orders")["status"] == "cancelled"
        assert api.stock(ticket) == (100, 0, 0, 0)

    @pytest.mark.parametrize("body", [{"amount": 0}, {"amount": -1}, {"restock": "no"}, {"x": 1}])
    def test_bad_input_is_refused(self, api: Api, body: object) -> None:
        assert api.refused("POST", "/api/transactions/1/refund", body)["status"] == 422


class TestUpdate:
    def test_a_pending_payment_can_be_changed(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 2))
        path = f"/api/transactions/{api.payment(order)['id']}"
        changes = {"amount": 20, "payment_method": "cash", "transaction_reference": "r1"}
        changed = api.put(path, changes)
        assert changes.items() <= changed.items()
        assert api.put(path, {}) == changed

    def test_a_settled_one_keeps_amount_and_method(self, api: Api) -> None:
        _, transaction = api.paid_order(api.user(), (api.ticket(), 1))
        path = f"/api/transactions/{transaction['id']}"
        for change in ({"amount": 1}, {"payment_method": "cash"}):
            problem = api.refused("PUT", path, change)
            assert (problem["status"], problem["code"]) == (409, "transaction_not_pending")
        assert api.put(path, {"transaction_reference": "r1"})["transaction_reference"] == "r1"

    def test_it_may_be_sent_back_as_it_was_served(self, api: Api) -> None:
        _, transaction = api.paid_order(api.user(), (api.ticket(), 1))
        body = {**transaction, "transaction_reference": "r2"}
        assert api.put(f"/api/transactions/{transaction['id']}", body)["status"] == "success"

    @pytest.mark.parametrize("body", [{"amount": None}, {"payment_method": None}, {"colour": 1}])
    def test_bad_input_is_refused(self, api: Api, body: object) -> None:
        assert api.refused("PUT", "/api/transactions/1", body)["status"] == 422


class TestList:
    def test_filters_select_by_order_status_and_method(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        first, second = api.order(user, (ticket, 1)), api.order(user, (ticket, 2))
        paid = api.settle(api.payment(first))
        waiting = api.payment(second)
        waiting = api.put(f"/api/transactions/{waiting['id']}", {"payment_method": "cash"})
        path = "/api/transactions/"
        assert api.get(path) == [paid, waiting]
        assert api.get(path, order_id=first["id"]) == [paid]
        assert api.get(path, status="pending") == [waiting]
        assert api.get(path, payment_method="cash") == [waiting]
        assert api.get(path, sort="-amount") == [waiting, paid]
        assert api.refused("GET", path, sort="status")["status"] == 422

    def test_an_orders_transactions_are_listed(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 1))
        path = f"/api/transactions/order/{order['id']}"
        assert api.get(path) == []
        payment = api.payment(order)
        assert api.get(path) == [payment]
        assert api.get(path, status="success") == []
        assert api.refused("GET", path, colour="red")["status"] == 422
        assert api.refused("GET", "/api/transactions/order/9")["code"] == "order_not_found"
