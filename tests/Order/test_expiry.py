from datetime import datetime
from functools import partial

import pytest

from Order.services.expiry_service import expire_overdue_orders
from tests.support.client import Api
from tests.support.service import Service
from work.context import unattended


def sweep(service: Service, limit: int = 100) -> int:
    """One sweep, as the background task runs it."""
    chore = partial(expire_overdue_orders, limit=limit)
    return service.database.write_now(unattended(chore, service.settings, service.clock))


class TestSweep:
    def test_overdue_orders_return_their_stock_and_tell_why(
        self, api: Api, service: Service
    ) -> None:
        user, ticket = api.user(), api.ticket()
        order = api.order(user, (ticket, 2))
        api.clock.advance(minutes=16)
        assert sweep(service) == 1
        expired = api.again(order, "orders")
        assert (expired["status"], expired["cancel_reason"]) == ("cancelled", "expired")
        assert api.stock(ticket) == (100, 0, 0, 0)

    def test_a_hold_lasts_until_its_time_and_not_longer(self, api: Api, service: Service) -> None:
        order = api.order(api.user(), (api.ticket(), 1))
        until = datetime.fromisoformat(order["expires_at"])
        api.clock.now = until - api.clock.tick
        api.clock.now -= api.clock.tick
        assert sweep(service) == 0
        api.clock.now = until - api.clock.tick
        assert sweep(service) == 1

    def test_part_payments_go_back(self, api: Api, service: Service) -> None:
        order = api.order(api.user(), (api.ticket(), 2))
        part = api.settle(api.payment(order, 50))
        api.clock.advance(minutes=16)
        sweep(service)
        expired = api.again(order, "orders")
        assert (expired["amount_paid"], expired["amount_refunded"]) == (50, 50)
        assert api.again(part, "transactions")["status"] == "refunded"

    def test_a_sweep_takes_a_batch_and_the_longest_overdue_first(
        self, api: Api, service: Service
    ) -> None:
        user, ticket = api.user(), api.ticket()
        orders = [api.order(user, (ticket, 1)) for _ in range(3)]
        api.clock.advance(minutes=16)
        assert [sweep(service, limit=2), sweep(service, limit=2)] == [2, 1]
        assert sweep(service) == 0
        states = {api.again(order, "orders")["status"] for order in orders}
        assert states == {"cancelled"}
        assert api.stock(ticket) == (100, 0, 0, 0)

    def test_confirmed_and_cancelled_orders_are_left_alone(
        self, api: Api, service: Service
    ) -> None:
        user, ticket = api.user(), api.ticket()
        paid, _ = api.paid_order(user, (ticket, 1))
        cancelled = api.post(f"/api/orders/{api.order(user, (ticket, 1))['id']}/cancel")
        api.clock.advance(days=1)
        assert sweep(service) == 0
        assert api.again(paid, "orders")["status"] == "confirmed"
        assert api.again(cancelled, "orders") == cancelled


class TestLazily:
    def test_a_buyer_who_needs_the_stock_gets_it_at_once(self, api: Api) -> None:
        user, one, two = api.user(), api.ticket(total_quantity=2), api.ticket(total_quantity=5)
        first = api.order(user, (one, 2), (two, 3))
        api.clock.advance(minutes=16)
        second = api.order(user, (one, 1), (two, 1))
        assert second["status"] == "pending"
        assert api.again(first, "orders")["cancel_reason"] == "expired"
        assert api.stock(one) == (1, 1, 0, 0)
        assert api.stock(two) == (4, 1, 0, 0)

    def test_a_buyer_who_finds_enough_leaves_overdue_orders_to_the_sweep(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        first = api.order(user, (ticket, 2))
        api.clock.advance(minutes=16)
        api.order(user, (ticket, 1))
        assert api.again(first, "orders")["status"] == "pending"

    def test_what_overdue_orders_hold_may_still_not_be_enough(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=2)
        api.order(user, (ticket, 2))
        api.clock.advance(minutes=16)
        body = {"user_id": user["id"], "items": [{"ticket_id": ticket["id"], "quantity": 3}]}
        problem = api.refused("POST", "/api/orders/", body)
        assert problem["lines"] == [{"ticket_id": ticket["id"], "requested": 3, "available": 2}]

    def test_adding_an_item_frees_overdue_stock_too(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=2)
        api.order(user, (ticket, 2))
        api.clock.advance(minutes=16)
        order = api.order(user)
        line = {"ticket_id": ticket["id"], "quantity": 2}
        assert api.post(f"/api/orders/{order['id']}/items", line)["total_amount"] == 199.98

    @pytest.mark.parametrize(
        ("method", "path", "body", "code"),
        [
            ("POST", "/api/orders/1/items", {"ticket_id": 1, "quantity": 1}, "order_not_pending"),
            ("PATCH", "/api/orders/1/status", {"status": "confirmed"}, "invalid_transition"),
            (
                "POST",
                "/api/transactions/",
                {"order_id": 1, "payment_method": "card"},
                "order_not_payable",
            ),
        ],
    )
    def test_an_overdue_order_is_treated_as_expired_before_any_sweep(
        self, api: Api, method: str, path: str, body: object, code: str
    ) -> None:
        api.order(api.user(), (api.ticket(), 1))
        api.clock.advance(minutes=16)
        problem = api.refused(method, path, body)
        assert (problem["status"], problem["code"]) == (409, code)

    def test_cancelling_an_overdue_order_ends_it_for_good(self, api: Api) -> None:
        ticket = api.ticket()
        order = api.order(api.user(), (ticket, 1))
        api.clock.advance(minutes=16)
        cancelled = api.post(f"/api/orders/{order['id']}/cancel", {"reason": "late"})
        assert cancelled["cancel_reason"] == "late"
        assert api.stock(ticket) == (100, 0, 0, 0)


class TestLateMoney:
    def test_the_tickets_are_sold_again_if_they_are_there(self, api: Api, service: Service) -> None:
        user, ticket = api.user(), api.ticket()
        order = api.order(user, (ticket, 2))
        payment = api.payment(order)
        api.clock.advance(minutes=16)
        sweep(service)
        assert api.settle(payment)["status"] == "success"
        confirmed = api.again(order, "orders")
        assert (confirmed["status"], confirmed["cancel_reason"]) == ("confirmed", None)
        assert (confirmed["amount_paid"], confirmed["balance_due"]) == (199.98, 0)
        assert api.stock(ticket) == (98, 0, 2, 0)

    def test_money_before_the_sweep_finds_the_same(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=2)
        order = api.order(user, (ticket, 2))
        payment = api.payment(order)
        api.clock.advance(minutes=16)
        assert api.settle(payment)["status"] == "success"
        assert api.again(order, "orders")["status"] == "confirmed"
        assert api.stock(ticket) == (0, 0, 2, 0)

    def test_money_for_tickets_that_are_gone_goes_back_at_once(self, api: Api) -> None:
        user, kept, gone = api.user(), api.ticket(), api.ticket(total_quantity=2)
        order = api.order(user, (kept, 1), (gone, 2))
        payment = api.payment(order)
        api.clock.advance(minutes=16)
        api.paid_order(user, (gone, 1))
        settled = api.settle(payment)
        assert (settled["status"], settled["failure_reason"]) == ("refunded", "order_expired")
        assert settled["refunded_amount"] == settled["amount"]
        expired = api.again(order, "orders")
        assert (expired["status"], expired["cancel_reason"]) == ("cancelled", "expired")
        assert expired["amount_paid"] == expired["amount_refunded"] == settled["amount"]
        assert expired["balance_due"] == 0
        assert api.stock(kept) == (100, 0, 0, 0)
        assert api.stock(gone) == (1, 0, 1, 0)

    def test_money_that_does_not_cover_the_total_goes_back(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        order = api.order(user, (ticket, 2))
        payment = api.payment(order, 50)
        api.clock.advance(minutes=16)
        assert api.settle(payment)["status"] == "refunded"
        assert api.stock(ticket) == (100, 0, 0, 0)

    def test_a_late_full_payment_after_a_refunded_part_payment_confirms(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        order = api.order(user, (ticket, 2))
        full = api.payment(order)
        api.settle(api.payment(order, 50))
        api.clock.advance(minutes=16)
        api.settle(full)
        confirmed = api.again(order, "orders")
        assert confirmed["status"] == "confirmed"
        assert (confirmed["amount_paid"], confirmed["amount_refunded"]) == (249.98, 50)
        assert confirmed["balance_due"] == 0

    def test_of_two_late_payments_only_one_is_kept(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        order = api.order(user, (ticket, 2))
        first, second = api.payment(order), api.payment(order)
        api.clock.advance(minutes=16)
        assert api.settle(first)["status"] == "success"
        settled = api.settle(second)
        assert (settled["status"], settled["failure_reason"]) == ("refunded", "already_paid")
        paid = api.again(order, "orders")
        assert (paid["status"], paid["balance_due"]) == ("confirmed", 0)
        assert (paid["amount_paid"], paid["amount_refunded"]) == (399.96, 199.98)

    def test_a_late_buyer_gets_what_other_overdue_orders_hold(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=2)
        order = api.order(user, (ticket, 2))
        payment = api.payment(order)
        api.clock.advance(minutes=16)
        other = api.order(user, (ticket, 2))
        api.clock.advance(minutes=16)
        assert api.settle(payment)["status"] == "success"
        assert api.again(other, "orders")["cancel_reason"] == "expired"
        assert api.stock(ticket) == (0, 0, 2, 0)

    def test_a_stopped_sale_sends_late_money_back(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        order = api.order(user, (ticket, 2))
        payment = api.payment(order)
        api.clock.advance(minutes=16)
        api.patch(f"/api/tickets/{ticket['id']}/status", {"status": "cancelled"})
        assert api.settle(payment)["status"] == "refunded"
