"""Money that comes after its order ended, and orders that wait for money."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.Order.test_expiry import sweep
from tests.support.books import disagreements
from tests.support.buyer import Buyer
from tests.support.client import Api
from tests.support.service import Service


def expired(api: Api, ticket: Any, units: int = 1) -> tuple[Any, Any]:
    """An order that is overdue by now, and the payment that it still awaits."""
    order = api.order(api.user(), (ticket, units))
    payment = api.payment(order)
    api.clock.advance(minutes=16)
    return order, payment


def went_back(api: Api, order: Any, settled: Any) -> bool:
    """Whether the money was recorded and returned, and the order stayed as it was."""
    assert (settled["status"], settled["failure_reason"]) == ("refunded", "order_expired")
    assert settled["refunded_amount"] == settled["amount"]
    now = api.again(order, "orders")
    assert now["amount_paid"] == now["amount_refunded"] == settled["amount"]
    return (now["status"], now["balance_due"]) == ("cancelled", 0)


class TestAnOldPrice:
    """Who is late has no option on it: they get what a buyer of today would, or their money."""

    @pytest.mark.parametrize("price", [200, 20])
    def test_that_changed_sends_the_money_back(
        self, api: Api, service: Service, price: int
    ) -> None:
        ticket = api.ticket(price=100)
        order, payment = expired(api, ticket, 2)
        api.put(f"/api/tickets/{ticket['id']}", {"price": price})
        assert went_back(api, order, api.settle(payment))
        assert api.stock(ticket) == (100, 0, 0, 0)
        assert disagreements(service.database) == []

    def test_of_one_of_many_lines_is_enough(self, api: Api) -> None:
        kept, dearer = api.ticket(), api.ticket()
        order = api.order(api.user(), (kept, 1), (dearer, 1))
        payment = api.payment(order)
        api.clock.advance(minutes=16)
        api.put(f"/api/tickets/{dearer['id']}", {"price": 120})
        assert went_back(api, order, api.settle(payment))
        assert api.stock(kept) == api.stock(dearer) == (100, 0, 0, 0)

    def test_of_a_part_of_the_units_is_enough(self, api: Api) -> None:
        ticket = api.ticket(price=100)
        order = api.order(api.user(), (ticket, 1))
        api.put(f"/api/tickets/{ticket['id']}", {"price": 120})
        api.post(f"/api/orders/{order['id']}/items", {"ticket_id": ticket["id"], "quantity": 1})
        payment = api.payment(order)
        api.clock.advance(minutes=16)
        assert went_back(api, order, api.settle(payment))

    def test_that_came_back_is_todays(self, api: Api) -> None:
        ticket = api.ticket(price=100)
        order, payment = expired(api, ticket)
        for price in (200, 100):
            api.put(f"/api/tickets/{ticket['id']}", {"price": price})
        assert api.settle(payment)["status"] == "success"
        assert api.again(order, "orders")["status"] == "confirmed"

    def test_holds_for_who_pays_in_time(self, api: Api) -> None:
        ticket = api.ticket(price=100)
        order = api.order(api.user(), (ticket, 1))
        payment = api.payment(order)
        api.put(f"/api/tickets/{ticket['id']}", {"price": 200})
        assert api.settle(payment)["status"] == "success"
        assert api.again(order, "orders")["status"] == "confirmed"


class TestAnEvent:
    def test_that_began_sends_the_money_back(self, api: Api) -> None:
        ticket = api.ticket(event_date=(api.clock.now + timedelta(minutes=10)).isoformat())
        order, payment = expired(api, ticket)
        assert went_back(api, order, api.settle(payment))

    def test_that_was_postponed_is_still_to_come(self, api: Api) -> None:
        ticket = api.ticket(event_date=(api.clock.now + timedelta(minutes=10)).isoformat())
        _, payment = expired(api, ticket)
        api.put(f"/api/tickets/{ticket['id']}", {"event_date": "2029-01-01T20:00:00Z"})
        assert api.settle(payment)["status"] == "success"


class TestTheTime:
    def test_ends_a_day_after_the_hold_however_late_the_sweep(
        self, api: Api, service: Service
    ) -> None:
        ticket = api.ticket()
        order = api.order(api.user(), (ticket, 1))
        payment = api.payment(order)
        api.clock.advance(minutes=15, hours=23)
        sweep(service)
        api.clock.advance(hours=1)
        assert went_back(api, order, api.settle(payment))
        assert api.stock(ticket) == (100, 0, 0, 0)

    def test_is_not_over_before(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 1))
        payment = api.payment(order)
        api.clock.advance(minutes=14, hours=24)
        assert api.settle(payment)["status"] == "success"
        assert api.again(order, "orders")["status"] == "confirmed"

    def test_is_a_setting_and_may_be_none_at_all(self, api: Api, service: Service) -> None:
        state = service.app.state
        state.terms = replace(state.terms, late_payment=timedelta(0))
        order, payment = expired(api, api.ticket())
        assert went_back(api, order, api.settle(payment))


class TestAReason:
    """Words for people decide nothing; that a hold ran out stands in a field of its own."""

    @pytest.mark.parametrize("by_refund", [False, True])
    def test_that_reads_like_an_expiry_makes_none(
        self, api: Api, service: Service, *, by_refund: bool
    ) -> None:
        ticket = api.ticket()
        order = api.order(api.user(), (ticket, 1))
        payment = api.payment(order)
        if by_refund:
            path = f"/api/transactions/{api.settle(api.payment(order))['id']}/refund"
            api.post(path, {"reason": "expired"})
        else:
            api.post(f"/api/orders/{order['id']}/cancel", {"reason": "expired"})
        assert api.again(order, "orders")["cancel_reason"] == "expired"
        # As a fault of ours might leave it.
        change = "UPDATE transactions SET status = 'pending', failure_reason = NULL WHERE id = :id"
        with service.database.writer.begin() as connection:
            connection.execute(text(change), {"id": payment["id"]})
        assert "cancelled_awaits_no_money" in str(disagreements(service.database))
        settled = api.settle(payment)
        assert (settled["status"], settled["failure_reason"]) == ("refunded", "order_cancelled")
        assert api.again(order, "orders")["status"] == "cancelled"
        assert api.stock(ticket) == (100, 0, 0, 0)

    def test_that_reads_otherwise_leaves_an_expiry_one(self, api: Api, service: Service) -> None:
        order, payment = expired(api, api.ticket())
        sweep(service)
        with service.database.writer.begin() as connection:
            connection.execute(text("UPDATE orders SET cancel_reason = 'rain'"))
        assert disagreements(service.database) == []
        assert api.settle(payment)["status"] == "success"
        assert api.again(order, "orders")["status"] == "confirmed"


class TestMoneyOnItsWay:
    """An order that awaits money stays on record, so that a success meets its payment."""

    @pytest.fixture
    def buyer(self, api: Api) -> tuple[Any, Api]:
        return api.someone("customer")

    def refuse_to_delete(self, caller: Api, order: Any) -> None:
        path = f"/api/orders/{order['id']}"
        problem = caller.refused("DELETE", path)
        assert (problem["status"], problem["code"]) == (409, "order_has_payments")
        for served in (caller.get(path), *caller.get("/api/orders/")):
            assert "delete" not in served["allowed_actions"]

    def test_keeps_a_pending_order(self, api: Api, buyer: tuple[Any, Api]) -> None:
        order = api.order(buyer[0], (api.ticket(), 1))
        payment = buyer[1].payment(order)
        for caller in (buyer[1], api):
            self.refuse_to_delete(caller, order)
        (listed,) = buyer[1].get(f"/api/users/{buyer[0]['id']}/orders")
        assert "delete" not in listed["allowed_actions"]
        assert api.settle(payment)["status"] == "success"

    def test_keeps_an_expired_order(self, api: Api, buyer: tuple[Any, Api]) -> None:
        order = api.order(buyer[0], (api.ticket(), 1))
        payment = buyer[1].payment(order)
        api.clock.advance(minutes=16)
        self.refuse_to_delete(buyer[1], order)
        assert api.settle(payment)["status"] == "success"

    def test_keeps_an_order_that_was_cancelled_in_its_midst(
        self, api: Api, buyer: tuple[Any, Api]
    ) -> None:
        order = api.order(buyer[0], (api.ticket(), 1))
        payment = buyer[1].payment(order)
        buyer[1].post(f"/api/orders/{order['id']}/cancel")
        self.refuse_to_delete(buyer[1], order)
        assert api.again(payment, "transactions")["failure_reason"] == "order_cancelled"

    def test_keeps_an_order_of_which_another_card_failed(
        self, api: Api, buyer: tuple[Any, Api]
    ) -> None:
        order = api.order(buyer[0], (api.ticket(), 1))
        buyer[1].payment(order)
        api.settle(buyer[1].payment(order), "failed")
        self.refuse_to_delete(buyer[1], order)


class TestAPaymentThatFailed:
    """Its provider may try it again: for as long as late money is waited for, its order stays."""

    @pytest.fixture
    def order(self, api: Api) -> Any:
        return api.order(api.user(), (api.ticket(), 1))

    def refuse_to_delete(self, caller: Api, order: Any) -> datetime:
        """From when on it may be deleted."""
        problem = caller.refused("DELETE", f"/api/orders/{order['id']}")
        assert (problem["status"], problem["code"]) == (409, "payment_just_failed")
        lists = (f"/api/users/{order['user_id']}/orders", "/api/orders/")
        listed = [one for path in lists for one in caller.get(path) if one["id"] == order["id"]]
        for served in (caller.again(order, "orders"), *listed):
            assert "delete" not in served["allowed_actions"]
        return datetime.fromisoformat(problem["deletable_from"])

    def delete(self, caller: Api, order: Any) -> None:
        path = f"/api/orders/{order['id']}"
        assert "delete" in caller.get(path)["allowed_actions"]
        caller.delete(path)

    @pytest.mark.parametrize("role", ["customer", "staff", "admin"])
    def test_keeps_its_order_from_everybody(self, api: Api, role: str) -> None:
        user, caller = api.someone(role)
        order = caller.order(user, (api.ticket(), 1))
        api.settle(caller.payment(order), "failed")
        self.refuse_to_delete(caller, order)

    def test_keeps_it_until_the_time_that_is_told(self, api: Api, order: Any) -> None:
        failed = api.settle(api.payment(order), "failed")
        until = self.refuse_to_delete(api, order)
        assert until == datetime.fromisoformat(failed["updated_at"]) + timedelta(hours=24)
        api.clock.now = until - timedelta(minutes=1)
        assert self.refuse_to_delete(api, order) == until
        api.clock.now = until - api.clock.tick
        self.delete(api, order)
        assert api.get("/api/transactions/") == []

    def test_of_many_the_last_word_counts(self, api: Api, order: Any) -> None:
        first, last = api.payment(order), api.payment(order)
        api.settle(last, "failed")
        api.clock.advance(hours=5)
        said = datetime.fromisoformat(api.settle(first, "failed")["updated_at"])
        assert self.refuse_to_delete(api, order) == said + timedelta(hours=24)

    def test_and_comes_after_all_is_on_record(self, api: Api, order: Any) -> None:
        failed = api.settle(api.payment(order), "failed")
        api.clock.advance(hours=23)
        self.refuse_to_delete(api, order)
        assert api.settle(failed)["status"] == "success"

    def test_keeps_an_order_that_is_cancelled_then(self, api: Api, order: Any) -> None:
        failed = api.settle(api.payment(order), "failed")
        api.post(f"/api/orders/{order['id']}/cancel")
        self.refuse_to_delete(api, order)
        assert api.settle(failed)["failure_reason"] == "order_cancelled"

    def test_keeps_one_that_was_cancelled_before_for_as_long(self, api: Api, order: Any) -> None:
        payment = api.payment(order)
        api.post(f"/api/orders/{order['id']}/cancel")
        api.clock.advance(days=2)
        said = datetime.fromisoformat(api.settle(payment, "failed")["updated_at"])
        assert self.refuse_to_delete(api, order) == said + timedelta(hours=24)
        api.clock.advance(days=1)
        self.delete(api, order)

    def test_keeps_an_order_that_ran_out(self, api: Api, order: Any) -> None:
        failed = api.settle(api.payment(order), "failed")
        api.clock.advance(minutes=16)
        self.refuse_to_delete(api, order)
        api.clock.advance(days=1)
        self.delete(api, order)
        path = f"/api/transactions/{failed['id']}/status"
        assert api.refused("PATCH", path, {"status": "success"})["code"] == "transaction_not_found"

    def test_keeps_nothing_where_no_late_money_is_waited_for(
        self, api: Api, service: Service, order: Any
    ) -> None:
        state = service.app.state
        state.terms = replace(state.terms, late_payment=timedelta(0))
        api.settle(api.payment(order), "failed")
        self.delete(api, order)

    def test_keeps_nothing_then_from_who_waited_for_its_word(
        self, api: Api, service: Service, order: Any
    ) -> None:
        """It is stamped later than what began earlier, and had to wait for the order."""
        state = service.app.state
        state.terms = replace(state.terms, late_payment=timedelta(0))
        failed = api.settle(api.payment(order), "failed")
        api.clock.now = datetime.fromisoformat(failed["updated_at"]) - timedelta(seconds=1)
        self.delete(api, order)

    def test_keeps_its_buyer_as_well(self, api: Api, order: Any) -> None:
        api.settle(api.payment(order), "failed")
        self.refuse_to_delete(api, order)
        path = f"/api/users/{order['user_id']}"
        assert api.refused("DELETE", path)["code"] == "user_has_orders"
        api.post(f"{path}/erase")
        self.refuse_to_delete(api, order)


class TestALimitOfUnits:
    """Late money is no way around it, and what the box office ordered is not under it."""

    @pytest.fixture
    def ann(self, api: Api) -> Buyer:
        return Buyer(api)

    def later(self, api: Api, ann: Buyer, ticket: Any, units: int, *, more: int) -> tuple[Any, Any]:
        """An order that expired, and its payment; meanwhile its customer has bought more."""
        order = ann.order((ticket, units))
        payment = api.payment(order)
        api.clock.advance(minutes=30)
        api.settle(api.payment(ann.order((ticket, more))))
        return order, payment

    def test_sends_the_money_back(self, api: Api, service: Service, ann: Buyer) -> None:
        ticket = api.ticket()
        order, payment = self.later(api, ann, ticket, 8, more=3)
        settled = api.settle(payment)
        assert (settled["status"], settled["failure_reason"]) == ("refunded", "units_limit")
        assert settled["refunded_amount"] == settled["amount"]
        assert api.again(order, "orders")["status"] == "cancelled"
        assert api.stock(ticket) == (97, 0, 3, 0)
        assert disagreements(service.database) == []

    def test_that_is_just_kept_sells(self, api: Api, ann: Buyer) -> None:
        ticket = api.ticket()
        order, payment = self.later(api, ann, ticket, 8, more=2)
        assert api.settle(payment)["status"] == "success"
        assert api.again(order, "orders")["status"] == "confirmed"
        assert api.stock(ticket) == (90, 0, 10, 0)

    def test_is_not_the_box_offices(self, api: Api, ann: Buyer) -> None:
        ticket = api.ticket()
        _, staff = api.someone("staff")
        order = staff.order(ann.user, (ticket, 50))
        payment = api.payment(order)
        api.clock.advance(minutes=30)
        assert api.settle(payment)["status"] == "success"
        assert api.stock(ticket) == (50, 0, 50, 0)
