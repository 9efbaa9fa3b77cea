"""What costs nothing is confirmed by its buyer, and what holds nothing by nobody."""

from typing import Any

import pytest

from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.service import Service

Buyer = tuple[Any, Api]
CONFIRMED = {"status": "confirmed"}


@pytest.fixture
def buyer(api: Api) -> Buyer:
    return api.someone("customer")


@pytest.fixture
def free(api: Api) -> Any:
    return api.ticket(price=0)


def ordered(buyer: Buyer, ticket: Any, way: str) -> Any:
    """An order of two, as the buyer places it."""
    user, theirs = buyer
    line = {"ticket_id": ticket["id"], "quantity": 2}
    if way == "from-cart":
        theirs.post("/api/cart/", {"user_id": user["id"], **line})
        return theirs.post(f"/api/orders/from-cart/{user['id']}")
    order = theirs.order(user) if way == "items" else theirs.order(user, (ticket, 2))
    return theirs.post(f"/api/orders/{order['id']}/items", line) if way == "items" else order


def status_of(order: Any) -> str:
    return f"/api/orders/{order['id']}/status"


class TestAFreeOrder:
    @pytest.mark.parametrize("way", ["lines", "from-cart", "items"])
    def test_is_confirmed_by_its_buyer(
        self, api: Api, service: Service, buyer: Buyer, free: Any, way: str
    ) -> None:
        order = ordered(buyer, free, way)
        assert "confirm" in order["allowed_actions"]
        confirmed = buyer[1].patch(status_of(order), CONFIRMED)
        assert (confirmed["status"], confirmed["balance_due"]) == ("confirmed", 0)
        assert confirmed["confirmed_at"] is not None
        assert api.stock(free) == (98, 0, 2, 0)
        assert disagreements(service.database) == []

    @pytest.mark.parametrize("role", ["staff", "admin"])
    def test_is_confirmed_by_a_member_of_the_box_office_who_bought_it(
        self, api: Api, free: Any, role: str
    ) -> None:
        order = ordered(own := api.someone(role), free, "lines")
        assert "confirm" in order["allowed_actions"]
        assert own[1].patch(status_of(order), CONFIRMED)["status"] == "confirmed"
        # What was given away is completed and taken back by somebody else, as what was sold.
        for status in ("completed", "cancelled"):
            problem = own[1].refused("PATCH", status_of(order), {"status": status})
            assert (problem["status"], problem["code"]) == (403, "own_order")

    def test_is_confirmed_once(self, api: Api, buyer: Buyer, free: Any) -> None:
        order = ordered(buyer, free, "lines")
        confirmed = buyer[1].patch(status_of(order), CONFIRMED)
        assert buyer[1].patch(status_of(order), CONFIRMED) == confirmed
        assert api.stock(free) == (98, 0, 2, 0)

    def test_that_ran_out_is_confirmed_by_nobody(self, api: Api, buyer: Buyer, free: Any) -> None:
        order = ordered(buyer, free, "lines")
        api.clock.advance(minutes=16)
        again = api.bearer(api.log_in(buyer[0]["username"])["access_token"])
        assert "confirm" not in again.get(f"/api/orders/{order['id']}")["allowed_actions"]
        for caller in (again, api):
            problem = caller.refused("PATCH", status_of(order), CONFIRMED)
            assert (problem["status"], problem["code"]) == (409, "invalid_transition")

    def test_that_costs_something_by_now_takes_a_payment(
        self, api: Api, buyer: Buyer, free: Any
    ) -> None:
        order = ordered(buyer, free, "lines")
        line = {"ticket_id": api.ticket()["id"], "quantity": 1}
        priced = buyer[1].post(f"/api/orders/{order['id']}/items", line)
        assert "confirm" not in priced["allowed_actions"]
        problem = buyer[1].refused("PATCH", status_of(order), CONFIRMED)
        assert (problem["status"], problem["code"]) == (403, "not_allowed")
        assert api.settle(buyer[1].payment(priced))["status"] == "success"
        assert api.again(order, "orders")["status"] == "confirmed"

    @pytest.mark.parametrize("status", ["cancelled", "completed"])
    def test_is_put_in_no_other_state_by_its_buyer(
        self, api: Api, buyer: Buyer, free: Any, status: str
    ) -> None:
        order = ordered(buyer, free, "lines")
        for _ in ("pending", "confirmed"):
            problem = buyer[1].refused("PATCH", status_of(order), {"status": status})
            assert (problem["status"], problem["code"]) == (403, "not_allowed")
            buyer[1].patch(status_of(order), CONFIRMED)
        assert api.again(order, "orders")["status"] == "confirmed"

    def test_is_not_confirmed_by_others(self, api: Api, buyer: Buyer, free: Any) -> None:
        order = ordered(buyer, free, "lines")
        stranger, recipient = (api.someone("customer", name)[1] for name in ("eve", "friend"))
        buyer[1].post(f"/api/orders/{order['id']}/users", {"recipient": "friend"})
        for caller in (stranger, recipient):
            problem = caller.refused("PATCH", status_of(order), CONFIRMED)
            assert (problem["status"], problem["code"]) == (404, "order_not_found")
        assert api.again(order, "orders")["status"] == "pending"

    def test_that_changed_since_it_was_read_is_not_confirmed(self, buyer: Buyer, free: Any) -> None:
        read = ordered(buyer, free, "lines")
        buyer[1].post(f"/api/orders/{read['id']}/items", {"ticket_id": free["id"], "quantity": 1})
        body = {**CONFIRMED, "updated_at": read["updated_at"]}
        assert buyer[1].refused("PATCH", status_of(read), body)["code"] == "stale_object"


class TestAnEmptyOrder:
    """Nothing could be added to it afterwards."""

    @pytest.mark.parametrize("role", ["customer", "staff", "admin"])
    def test_is_confirmed_by_nobody(self, api: Api, role: str) -> None:
        order = (own := api.someone(role))[1].order(own[0])
        for caller in (own[1], api.someone("staff", "colleague")[1], api):
            assert "confirm" not in caller.again(order, "orders")["allowed_actions"]
            problem = caller.refused("PATCH", status_of(order), CONFIRMED)
            assert (problem["status"], problem["code"]) == (409, "order_empty")
        assert api.again(order, "orders")["status"] == "pending"

    def test_is_confirmed_once_it_holds_something(self, buyer: Buyer, free: Any) -> None:
        order = ordered(buyer, free, "items")
        assert buyer[1].patch(status_of(order), CONFIRMED)["status"] == "confirmed"
