from typing import Any

import pytest

from tests.support.client import Api

COUNTERS = ("total", "available", "reserved", "sold", "withheld")


def path(ticket: Any) -> str:
    return f"/api/tickets/{ticket['id']}"


def status_of(api: Api, ticket: Any) -> str:
    return str(api.again(ticket, "tickets")["status"])


def set_status(api: Api, ticket: Any, status: str) -> Any:
    return api.patch(f"{path(ticket)}/status", {"status": status})


def traded(api: Api) -> Any:
    """A ticket with 50 available, 20 reserved, 10 sold and 20 withheld of 100."""
    user, ticket = api.user(), api.ticket(total_quantity=100, available_quantity=80)
    api.order(user, (ticket, 20))
    api.paid_order(user, (ticket, 10))
    assert api.stock(ticket) == (50, 20, 10, 20)
    return api.again(ticket, "tickets")


class TestQuantities:
    @pytest.mark.parametrize(
        ("sent", "stock"),
        [
            ({"total_quantity": 130}, (80, 20, 10, 20)),
            ({"total_quantity": 60}, (10, 20, 10, 20)),
            ({"total_quantity": 50}, (0, 20, 10, 20)),
            ({"available_quantity": 0}, (0, 20, 10, 70)),
            ({"available_quantity": 35}, (35, 20, 10, 35)),
            ({"available_quantity": 70}, (70, 20, 10, 0)),
            ({"total_quantity": 110, "available_quantity": 80}, (80, 20, 10, 0)),
            # The number that is on sale already, as it is said.
            ({"total_quantity": 110, "available_quantity": 50}, (50, 20, 10, 30)),
            ({"total_quantity": 110, "available_quantity": 10}, (10, 20, 10, 70)),
            ({"total_quantity": 30, "available_quantity": 0}, (0, 20, 10, 0)),
            ({"total_quantity": 100, "available_quantity": 50}, (50, 20, 10, 20)),
        ],
    )
    def test_total_moves_what_is_available_and_available_moves_what_is_withheld(
        self, api: Api, sent: dict[str, int], stock: tuple[int, ...]
    ) -> None:
        ticket = traded(api)
        changed = api.put(path(ticket), sent)
        assert tuple(changed[f"{name}_quantity"] for name in COUNTERS[1:]) == stock
        assert api.stock(ticket) == stock

    @pytest.mark.parametrize(
        "sent",
        [
            {"total_quantity": 49},
            {"total_quantity": 0},
            {"available_quantity": 71},
            {"total_quantity": 110, "available_quantity": 81},
            {"total_quantity": 29, "available_quantity": 0},
            {"available_quantity": 500_000_000},
        ],
    )
    def test_what_the_stock_does_not_allow_is_told_with_its_numbers(
        self, api: Api, sent: dict[str, int]
    ) -> None:
        ticket = traded(api)
        problem = api.refused("PUT", path(ticket), sent | {"price": 1})
        assert (problem["status"], problem["code"]) == (409, "stock_conflict")
        numbers = {f"{name}_quantity": ticket[f"{name}_quantity"] for name in COUNTERS}
        assert problem.items() >= numbers.items()
        assert api.again(ticket, "tickets") == ticket

    def test_units_given_back_by_an_order_are_available_again(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=5)
        order = api.order(user, (ticket, 5))
        api.put(path(ticket), {"total_quantity": 8})
        api.post(f"/api/orders/{order['id']}/cancel")
        assert api.stock(ticket) == (8, 0, 0, 0)


class TestDerivedStatus:
    def test_it_follows_the_stock_by_itself(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=2)
        assert status_of(api, ticket) == "available"
        order = api.order(user, (ticket, 2))
        assert status_of(api, ticket) == "reserved"
        api.settle(api.payment(order))
        assert status_of(api, ticket) == "sold"
        api.post(f"/api/orders/{order['id']}/cancel")
        assert status_of(api, ticket) == "available"

    def test_while_something_is_held_the_rest_being_sold_is_reserved(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=3)
        api.paid_order(user, (ticket, 2))
        api.order(user, (ticket, 1))
        assert status_of(api, ticket) == "reserved"

    def test_withheld_units_are_not_on_sale(self, api: Api) -> None:
        ticket = api.ticket(total_quantity=3)
        assert api.put(path(ticket), {"available_quantity": 0})["status"] == "sold"
        assert api.put(path(ticket), {"available_quantity": 1})["status"] == "available"


class TestStatusByHand:
    @pytest.mark.parametrize("status", ["reserved", "sold", "cancelled"])
    def test_it_is_shown_whatever_the_stock_says_and_leaves_the_stock_alone(
        self, api: Api, status: str
    ) -> None:
        ticket = traded(api)
        stopped = set_status(api, ticket, status)
        assert stopped == ticket | {"status": status, "updated_at": stopped["updated_at"]}
        assert status_of(api, ticket) == status

    @pytest.mark.parametrize("status", ["reserved", "sold", "cancelled"])
    def test_available_gives_the_status_back_to_the_stock(self, api: Api, status: str) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=2)
        order = api.order(user, (ticket, 2))
        set_status(api, ticket, status)
        assert set_status(api, ticket, "available")["status"] == "reserved"
        api.post(f"/api/orders/{order['id']}/cancel")
        assert status_of(api, ticket) == "available"

    def test_available_does_not_make_a_sold_out_ticket_available(self, api: Api) -> None:
        ticket = api.ticket(total_quantity=0)
        assert set_status(api, ticket, "available")["status"] == "sold"

    @pytest.mark.parametrize("status", ["reserved", "sold", "cancelled"])
    def test_a_stopped_ticket_can_neither_be_bought_nor_put_in_a_cart(
        self, api: Api, status: str
    ) -> None:
        user, ticket = api.user(), api.ticket()
        set_status(api, ticket, status)
        line = {"ticket_id": ticket["id"], "quantity": 1}
        owner = {"user_id": user["id"]}
        for problem in (
            api.refused("POST", "/api/orders/", owner | {"items": [line]}),
            api.refused("POST", "/api/cart/", owner | line),
        ):
            assert (problem["status"], problem["code"]) == (409, "ticket_not_on_sale")
            assert problem["lines"] == [{"ticket_id": ticket["id"], "status": status}]
        assert api.stock(ticket) == (100, 0, 0, 0)

    def test_carts_that_hold_it_keep_their_lines_and_show_the_status(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        line = {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": 1}
        api.post("/api/cart/", line)
        set_status(api, ticket, "cancelled")
        (shown,) = api.get(f"/api/cart/user/{user['id']}")
        assert shown["ticket"]["status"] == "cancelled"
        problem = api.refused("POST", f"/api/orders/from-cart/{user['id']}")
        assert problem["code"] == "ticket_not_on_sale"
        assert len(api.get(f"/api/cart/user/{user['id']}")) == 1

    def test_orders_that_hold_it_go_on(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        paid, cancelled = api.order(user, (ticket, 2)), api.order(user, (ticket, 3))
        set_status(api, ticket, "cancelled")
        api.settle(api.payment(paid))
        assert api.again(paid, "orders")["status"] == "confirmed"
        api.post(f"/api/orders/{cancelled['id']}/cancel")
        assert api.stock(ticket) == (98, 0, 2, 0)
        assert status_of(api, ticket) == "cancelled"

    def test_a_stopped_ticket_can_still_be_changed(self, api: Api) -> None:
        ticket = api.ticket()
        set_status(api, ticket, "cancelled")
        changed = api.put(path(ticket), {"total_quantity": 10, "price": 5})
        assert (changed["status"], changed["available_quantity"]) == ("cancelled", 10)

    @pytest.mark.parametrize("body", [{}, {"status": "gone"}, {"status": "Sold"}, {"status": None}])
    def test_a_status_that_there_is_not_is_refused(self, api: Api, body: dict[str, Any]) -> None:
        ticket = api.ticket()
        problem = api.refused("PATCH", f"{path(ticket)}/status", body)
        assert [error["pointer"] for error in problem["errors"]] == ["#/status"]
        assert api.again(ticket, "tickets") == ticket
