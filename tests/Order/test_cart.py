from typing import Any

import pytest

from tests.support.client import Api

# More than any cart holds.
ABSENT = 77


def add(api: Api, user: Any, ticket: Any, quantity: int = 1) -> Any:
    body = {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": quantity}
    return api.post("/api/cart/", body)


def cart(api: Api, user: Any) -> Any:
    return api.get(f"/api/cart/user/{user['id']}")


def total(api: Api, user: Any) -> Any:
    return api.get(f"/api/cart/user/{user['id']}/total")


class TestAdd:
    def test_the_line_shows_its_ticket_and_what_it_costs(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(price=99.99)
        line = add(api, user, ticket, 2)
        shown = ("event_name", "event_date", "venue", "category", "status", "available_quantity")
        assert line == {
            "id": 1,
            "user_id": user["id"],
            "ticket_id": ticket["id"],
            "quantity": 2,
            "unit_price": 99.99,
            "line_total": 199.98,
            "currency": "USD",
            "ticket": {name: ticket[name] for name in shown},
            "created_at": line["created_at"],
            "updated_at": line["created_at"],
        }
        assert cart(api, user) == [line]

    def test_creating_answers_201_with_the_address_of_the_line(self, api: Api) -> None:
        api.user(), api.ticket()
        body = {"user_id": 1, "ticket_id": 1, "quantity": 2}
        response = api.request("POST", "/api/cart/", json=body)
        assert response.status_code == 201
        address = response.headers["location"]
        assert address == f"/api/cart/{response.json()['id']}"
        assert api.put(address, {"quantity": 1})["quantity"] == 1

    def test_a_cart_holds_no_stock(self, api: Api) -> None:
        ticket = api.ticket(total_quantity=3)
        for name in ("john", "jane"):
            add(api, api.user(name), ticket, 3)
        assert api.stock(ticket) == (3, 0, 0, 0)

    def test_adding_a_ticket_again_raises_its_quantity(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(price=10)
        first, again = add(api, user, ticket, 2), add(api, user, ticket, 3)
        assert (again["id"], again["quantity"], again["line_total"]) == (first["id"], 5, 50)
        assert again["created_at"] == first["created_at"]
        assert again["updated_at"] > first["updated_at"]
        assert cart(api, user) == [again]

    def test_every_user_has_lines_of_his_own(self, api: Api) -> None:
        john, jane, ticket = api.user("john"), api.user("jane"), api.ticket()
        add(api, john, ticket, 1)
        add(api, jane, ticket, 2)
        assert [line["quantity"] for line in cart(api, john)] == [1]
        assert [line["quantity"] for line in cart(api, jane)] == [2]

    def test_all_that_is_available_may_be_added_and_no_more(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=5, available_quantity=3)
        line = {"user_id": user["id"], "ticket_id": ticket["id"]}
        problem = api.refused("POST", "/api/cart/", line | {"quantity": 4})
        assert (problem["status"], problem["code"]) == (409, "insufficient_stock")
        assert problem["lines"] == [{"ticket_id": ticket["id"], "requested": 4, "available": 3}]
        assert cart(api, user) == []
        assert add(api, user, ticket, 3)["quantity"] == 3

    def test_what_is_there_already_counts(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=5)
        before = add(api, user, ticket, 3)
        body = {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": 3}
        problem = api.refused("POST", "/api/cart/", body)
        assert problem["lines"] == [{"ticket_id": ticket["id"], "requested": 6, "available": 5}]
        assert cart(api, user) == [before]

    def test_holds_that_ran_out_count_as_available(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=3)
        order = api.order(user, (ticket, 3))
        body = {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": 3}
        assert api.refused("POST", "/api/cart/", body)["code"] == "insufficient_stock"
        api.clock.advance(minutes=16)
        line = add(api, user, ticket, 3)
        assert (line["ticket"]["status"], line["ticket"]["available_quantity"]) == ("available", 3)
        assert api.again(order, "orders")["cancel_reason"] == "expired"

    def test_a_refusal_changes_nothing(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=3)
        order = api.order(user, (ticket, 2))
        api.clock.advance(minutes=16)
        body = {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": 4}
        problem = api.refused("POST", "/api/cart/", body)
        assert problem["lines"] == [{"ticket_id": ticket["id"], "requested": 4, "available": 3}]
        assert cart(api, user) == []
        assert api.again(order, "orders")["status"] == "pending"

    @pytest.mark.parametrize(
        ("who", "what", "code"),
        [(ABSENT, 1, "user_not_found"), (1, ABSENT, "ticket_not_found")],
    )
    def test_user_and_ticket_must_exist(self, api: Api, who: int, what: int, code: str) -> None:
        api.user(), api.ticket()
        body = {"user_id": who, "ticket_id": what, "quantity": 1}
        problem = api.refused("POST", "/api/cart/", body)
        assert (problem["status"], problem["code"]) == (404, code)

    def test_the_missing_ticket_is_named(self, api: Api) -> None:
        body = {"user_id": api.user()["id"], "ticket_id": ABSENT, "quantity": 1}
        assert api.refused("POST", "/api/cart/", body)["ticket_ids"] == [ABSENT]

    @pytest.mark.parametrize("status", ["reserved", "sold", "cancelled"])
    def test_a_ticket_whose_sale_is_stopped_can_not_be_added(self, api: Api, status: str) -> None:
        user, ticket = api.user(), api.ticket()
        before = add(api, user, ticket, 1)
        api.patch(f"/api/tickets/{ticket['id']}/status", {"status": status})
        body = {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": 1}
        for method, address in (("POST", "/api/cart/"), ("PUT", f"/api/cart/{before['id']}")):
            wanted = body if method == "POST" else {"quantity": 2}
            problem = api.refused(method, address, wanted)
            assert (problem["status"], problem["code"]) == (409, "ticket_not_on_sale")
            assert problem["lines"] == [{"ticket_id": ticket["id"], "status": status}]
        (line,) = cart(api, user)
        assert (line["quantity"], line["ticket"]["status"]) == (1, status)


class TestGet:
    def test_the_lines_come_in_the_order_in_which_they_were_added(self, api: Api) -> None:
        user, one, two = api.user(), api.ticket(), api.ticket()
        lines = [add(api, user, two), add(api, user, one)]
        assert cart(api, user) == lines

    def test_an_empty_cart_is_an_empty_list(self, api: Api) -> None:
        assert cart(api, api.user()) == []

    def test_prices_and_tickets_are_those_of_today(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(price=10)
        add(api, user, ticket, 3)
        changes = {"price": 12.5, "event_name": "Renamed", "available_quantity": 1}
        api.put(f"/api/tickets/{ticket['id']}", changes)
        (line,) = cart(api, user)
        assert (line["unit_price"], line["line_total"], line["quantity"]) == (12.5, 37.5, 3)
        assert line["ticket"]["event_name"] == "Renamed"
        assert line["ticket"]["available_quantity"] == 1

    def test_lines_of_a_deleted_ticket_vanish(self, api: Api) -> None:
        user, gone, kept = api.user(), api.ticket(price=1), api.ticket(price=2)
        add(api, user, gone)
        line = add(api, user, kept)
        api.delete(f"/api/tickets/{gone['id']}")
        assert cart(api, user) == [line]
        assert total(api, user)["total_amount"] == 2


class TestChange:
    def test_the_quantity_is_set(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(price=10)
        line = add(api, user, ticket, 5)
        changed = api.put(f"/api/cart/{line['id']}", {"quantity": 2})
        assert (changed["quantity"], changed["line_total"]) == (2, 20)
        assert changed["updated_at"] > line["updated_at"]
        assert cart(api, user) == [changed]

    def test_a_line_may_come_back_whole_as_it_was_served(self, api: Api) -> None:
        line = add(api, api.user(), api.ticket(), 5)
        changed = api.put(f"/api/cart/{line['id']}", line | {"quantity": 2, "unit_price": 0})
        assert (changed["quantity"], changed["unit_price"]) == (2, 99.99)

    def test_a_change_meanwhile_refuses_the_change(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        line = add(api, user, ticket, 1)
        changed = add(api, user, ticket, 1)
        problem = api.refused("PUT", f"/api/cart/{line['id']}", line | {"quantity": 5})
        assert (problem["status"], problem["code"]) == (409, "stale_object")
        assert problem["updated_at"] == changed["updated_at"]
        assert cart(api, user) == [changed]

    def test_no_more_than_what_is_available(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=5)
        line = add(api, user, ticket, 2)
        problem = api.refused("PUT", f"/api/cart/{line['id']}", {"quantity": 6})
        assert (problem["status"], problem["code"]) == (409, "insufficient_stock")
        assert problem["lines"] == [{"ticket_id": ticket["id"], "requested": 6, "available": 5}]
        assert cart(api, user) == [line]
        assert api.put(f"/api/cart/{line['id']}", {"quantity": 5})["quantity"] == 5

    def test_holds_that_ran_out_count_as_available(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=3)
        line = add(api, user, ticket, 1)
        api.order(user, (ticket, 3))
        api.clock.advance(minutes=16)
        assert api.put(f"/api/cart/{line['id']}", {"quantity": 3})["quantity"] == 3

    @pytest.mark.parametrize("body", [{"quantity": 0}, {"quantity": -1}, {"quantity": None}, {}])
    def test_at_least_one_must_be_wanted(self, api: Api, body: dict[str, Any]) -> None:
        user = api.user()
        line = add(api, user, api.ticket())
        problem = api.refused("PUT", f"/api/cart/{line['id']}", body)
        assert [error["pointer"] for error in problem["errors"]] == ["#/quantity"]
        assert cart(api, user) == [line]


class TestRemove:
    def test_one_line_goes_and_the_others_stay(self, api: Api) -> None:
        user, one, two = api.user(), api.ticket(), api.ticket()
        gone, kept = add(api, user, one), add(api, user, two)
        api.delete(f"/api/cart/{gone['id']}")
        assert cart(api, user) == [kept]

    def test_a_line_can_not_be_removed_twice(self, api: Api) -> None:
        line = add(api, api.user(), api.ticket())
        api.delete(f"/api/cart/{line['id']}")
        problem = api.refused("DELETE", f"/api/cart/{line['id']}")
        assert (problem["status"], problem["code"]) == (404, "cart_item_not_found")

    def test_a_ticket_that_was_removed_begins_anew(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        line = add(api, user, ticket, 5)
        api.delete(f"/api/cart/{line['id']}")
        again = add(api, user, ticket, 1)
        assert again["quantity"] == 1
        assert again["id"] > line["id"]


class TestClear:
    def test_only_the_cart_of_this_user_is_emptied(self, api: Api) -> None:
        john, jane, one, two = api.user("john"), api.user("jane"), api.ticket(), api.ticket()
        for ticket in (one, two):
            add(api, john, ticket)
            add(api, jane, ticket)
        api.delete(f"/api/cart/user/{john['id']}/clear")
        assert (len(cart(api, john)), len(cart(api, jane))) == (0, 2)

    def test_an_empty_cart_stays_empty(self, api: Api) -> None:
        user = api.user()
        api.delete(f"/api/cart/user/{user['id']}/clear")
        assert cart(api, user) == []


class TestTotal:
    def test_it_adds_up_the_lines(self, api: Api) -> None:
        user, vip, stalls = api.user(), api.ticket(price=99.99), api.ticket(price=0.1)
        lines = [add(api, user, vip, 2), add(api, user, stalls, 3)]
        assert total(api, user) == {
            "user_id": user["id"],
            "total_items": 2,
            "total_quantity": 5,
            "total_amount": 200.28,
            "currency": "USD",
            "items": lines,
        }

    def test_prices_are_those_of_today(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(price=10)
        add(api, user, ticket, 3)
        api.put(f"/api/tickets/{ticket['id']}", {"price": 0.1})
        now = total(api, user)
        assert now["total_amount"] == now["items"][0]["line_total"] == 0.3

    def test_an_empty_cart_costs_nothing(self, api: Api) -> None:
        user = api.user()
        assert total(api, user) == {
            "user_id": user["id"],
            "total_items": 0,
            "total_quantity": 0,
            "total_amount": 0,
            "currency": "USD",
            "items": [],
        }

    def test_it_counts_more_lines_than_a_page_of_the_list_holds(self, api: Api) -> None:
        user = api.user()
        for _ in range(51):
            add(api, user, api.ticket(price=0.01))
        assert len(cart(api, user)) == 50
        now = total(api, user)
        assert (now["total_items"], now["total_amount"], len(now["items"])) == (51, 0.51, 51)

    def test_an_order_from_the_cart_costs_what_the_cart_said_and_empties_it(self, api: Api) -> None:
        user, vip, stalls = api.user(), api.ticket(price=99.99), api.ticket(price=0.1)
        add(api, user, vip, 2)
        add(api, user, stalls, 3)
        expected = total(api, user)["total_amount"]
        order = api.post(f"/api/orders/from-cart/{user['id']}")
        assert order["total_amount"] == expected
        assert cart(api, user) == []
