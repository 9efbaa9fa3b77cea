"""Who let a hold end unpaid has to leave the ticket to others for a while."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from Order.services.fairness import forget_ended_holds
from tests.support.buyer import Buyer, chore, ends, swept
from tests.support.client import Api
from tests.support.service import Service

HOLD, PAUSE = timedelta(minutes=15), timedelta(minutes=10)
UNITS, OPEN, UNPAID = 10, 10, 20


@pytest.fixture
def ann(api: Api) -> Buyer:
    return Buyer(api)


@pytest.fixture
def bob(api: Api) -> Buyer:
    return Buyer(api, "bob")


def not_swept(_service: Service) -> None:
    """The order is overdue, and nobody has come by."""


class TestHoldAgain:
    @pytest.mark.parametrize("sweep", [swept, not_swept])
    def test_after_a_hold_that_ran_out_it_is_the_others_turn(
        self,
        api: Api,
        service: Service,
        ann: Buyer,
        bob: Buyer,
        sweep: Callable[[Service], None],
    ) -> None:
        ticket, other = api.ticket(total_quantity=UNITS), api.ticket()
        order = ann.order((ticket, UNITS))
        api.clock.now = ends(order) + timedelta(seconds=1)
        sweep(service)
        items = [{"ticket_id": ticket["id"], "quantity": 1}]
        body = {"user_id": ann.user["id"], "items": items}
        response = ann.api.request("POST", "/api/orders/", json=body)
        problem = response.json()
        assert (response.status_code, problem["code"]) == (429, "hold_again_later")
        assert problem["ticket_ids"] == [ticket["id"]]
        assert response.headers["retry-after"] == str(problem["retry_after"])
        assert timedelta(seconds=problem["retry_after"]) <= PAUSE
        ann.order((other, 1))
        bob.order((ticket, 8))
        api.clock.now = ends(order) + PAUSE
        assert ends(ann.order((ticket, 1))) > api.clock.now + HOLD - timedelta(minutes=1)

    def test_a_refusal_that_time_heals_is_not_kept_under_a_key(self, api: Api, ann: Buyer) -> None:
        ticket = api.ticket()
        ann.order((ticket, 1))
        api.clock.advance(minutes=16)
        keyed = ann.api.having({"Idempotency-Key": "a"})
        body = {"user_id": ann.user["id"], "items": [{"ticket_id": ticket["id"], "quantity": 1}]}
        assert keyed.refused("POST", "/api/orders/", body)["code"] == "hold_again_later"
        api.clock.advance(minutes=10)
        assert keyed.post("/api/orders/", body)["status"] == "pending"

    @pytest.mark.parametrize("way", ["cancel", "delete"])
    def test_who_gives_a_hold_back_goes_on_with_its_time(
        self, api: Api, ann: Buyer, way: str
    ) -> None:
        ticket = api.ticket()
        first = ann.order((ticket, 2))
        api.clock.advance(minutes=14)
        ann.gives_back(first, way)
        again = ann.order((ticket, 3))
        assert again["expires_at"] == first["expires_at"]
        ann.gives_back(again, way)
        api.clock.now = ends(first)
        assert ann.refused((ticket, 1))["code"] == "hold_again_later"
        api.clock.now = ends(first) + PAUSE
        ann.order((ticket, 1))

    def test_after_a_pause_a_hold_that_was_given_back_is_forgotten(
        self, api: Api, ann: Buyer
    ) -> None:
        ticket = api.ticket()
        first = ann.order((ticket, 2))
        ann.gives_back(first, "cancel")
        api.clock.advance(minutes=11)
        assert ends(ann.order((ticket, 2))) > ends(first) + timedelta(minutes=10)

    def test_holds_of_a_ticket_run_out_together(self, api: Api, ann: Buyer) -> None:
        """Or half of what is held could be renewed while the other half is held, for ever."""
        ticket = api.ticket()
        first = ann.order((ticket, 5))
        api.clock.advance(minutes=14)
        assert ann.order((ticket, 5))["expires_at"] == first["expires_at"]

    def test_an_order_of_several_tickets_ends_with_the_first(self, api: Api, ann: Buyer) -> None:
        one, two = api.ticket(), api.ticket()
        first = ann.order((one, 1))
        api.clock.advance(minutes=5)
        assert ann.order((one, 1), (two, 1))["expires_at"] == first["expires_at"]

    def test_what_is_added_to_an_order_does_not_outlast_the_first_hold(
        self, api: Api, ann: Buyer
    ) -> None:
        ticket = api.ticket()
        first = ann.order((ticket, 1))
        api.clock.advance(minutes=14)
        young = ann.order()
        ann.gives_back(first, "delete")
        assert ann.adds(young, ticket, 1)["expires_at"] == first["expires_at"]

    def test_what_ran_out_is_not_added_to_another_order(self, api: Api, ann: Buyer) -> None:
        ticket = api.ticket()
        ann.order((ticket, 1))
        api.clock.advance(minutes=14)
        young = ann.order()
        api.clock.advance(minutes=2)
        line = {"ticket_id": ticket["id"], "quantity": 1}
        problem = ann.api.refused("POST", f"/api/orders/{young['id']}/items", line)
        assert (problem["status"], problem["code"]) == (429, "hold_again_later")

    def test_a_hold_that_was_part_paid_ran_out_as_well(self, api: Api, ann: Buyer) -> None:
        ticket = api.ticket()
        api.settle(api.payment(ann.order((ticket, 1)), 0.01))
        api.clock.advance(minutes=16)
        assert ann.refused((ticket, 1))["code"] == "hold_again_later"

    def test_an_order_that_was_paid_late_is_no_hold_that_ended(
        self, api: Api, service: Service, ann: Buyer
    ) -> None:
        ticket = api.ticket()
        payment = api.payment(ann.order((ticket, 1)))
        api.clock.advance(minutes=16)
        swept(service)
        api.settle(payment)
        ann.order((ticket, 1))

    def test_what_the_box_office_cancels_may_be_ordered_again(self, api: Api, ann: Buyer) -> None:
        ticket = api.ticket()
        first = ann.order((ticket, 1))
        api.clock.advance(minutes=14)
        api.post(f"/api/orders/{first['id']}/cancel")
        assert ends(ann.order((ticket, 1))) > ends(first)


class TestUnpaidOrders:
    @pytest.mark.parametrize("way", ["cancel", "delete"])
    def test_of_a_day_are_limited_however_they_ended(
        self, api: Api, service: Service, ann: Buyer, way: str
    ) -> None:
        first = api.clock.now
        for number in range(UNPAID):
            order = ann.order()
            if number % 2:
                ann.gives_back(order, way)
            else:
                api.clock.advance(minutes=15)
                swept(service)
        response = ann.api.request(
            "POST", "/api/orders/", json={"user_id": ann.user["id"], "items": []}
        )
        problem = response.json()
        assert (response.status_code, problem["code"]) == (429, "unpaid_orders_limit")
        assert problem["limit"] == UNPAID
        assert response.headers["retry-after"] == str(problem["retry_after"])
        wait = timedelta(seconds=problem["retry_after"])
        assert first + HOLD + timedelta(days=1) - api.clock.now - wait < timedelta(minutes=1)
        api.clock.advance(seconds=problem["retry_after"])
        ann.order()

    def test_that_nobody_has_swept_count(self, api: Api, ann: Buyer, bob: Buyer) -> None:
        for _ in range(2):
            for _ in range(OPEN):
                ann.order()
            api.clock.advance(minutes=15)
        assert ann.refused()["code"] == "unpaid_orders_limit"
        bob.order()

    def test_are_forgotten_after_a_day(self, api: Api, service: Service, ann: Buyer) -> None:
        ann.order((api.ticket(), 1))
        api.clock.advance(minutes=16)
        swept(service)
        api.clock.advance(hours=23, minutes=58)
        assert chore(service, forget_ended_holds) == 0
        api.clock.advance(minutes=2)
        # One row for the order, and one for its ticket.
        assert chore(service, forget_ended_holds) == 2
