import re
from datetime import datetime, timedelta

import pytest

from tests.support.client import Api


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class TestCreate:
    def test_an_order_holds_the_stock_of_its_lines_until_it_expires(self, api: Api) -> None:
        user, vip, stalls = api.user(), api.ticket(), api.ticket(price=20)
        order = api.order(user, (vip, 2), (stalls, 3))
        assert order["status"] == "pending"
        assert order["total_amount"] == 259.98
        assert order["balance_due"] == 259.98
        assert order["amount_paid"] == order["amount_refunded"] == 0
        assert order["currency"] == "USD"
        held_for = moment(order["expires_at"]) - moment(order["created_at"])
        assert held_for == timedelta(minutes=15)
        assert api.stock(vip) == (98, 2, 0, 0)
        assert api.stock(stalls) == (97, 3, 0, 0)

    def test_the_answer_is_what_get_serves_and_location_leads_to_it(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        body = {"user_id": user["id"], "items": [{"ticket_id": ticket["id"], "quantity": 1}]}
        response = api.request("POST", "/api/orders/", json=body)
        assert response.headers["location"] == "/api/orders/1"
        assert api.get(response.headers["location"]) == response.json()

    @pytest.mark.parametrize(("units", "status"), [(99, "available"), (100, "reserved")])
    def test_a_line_tells_how_its_ticket_stands_once_it_is_held(
        self, api: Api, units: int, status: str
    ) -> None:
        ticket = api.ticket(available_quantity=100, total_quantity=100)
        order = api.order(api.user(), (ticket, units))
        assert [line["ticket"]["status"] for line in order["items"]] == [status]
        assert api.again(order, "orders")["items"] == order["items"]

    def test_lines_snapshot_price_and_event(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        order = api.order(user, (ticket, 2))
        api.put(
            f"/api/tickets/{ticket['id']}",
            {"price": 5, "event_name": "Renamed", "venue": "Elsewhere", "category": "Stalls"},
        )
        (line,) = api.again(order, "orders")["items"]
        assert line == {
            "id": 1,
            "ticket_id": ticket["id"],
            "quantity": 2,
            "unit_price": 99.99,
            "line_total": 199.98,
            "event_name": "Concert 2027",
            "event_date": "2027-12-25T20:00:00Z",
            "venue": "Main Arena",
            "category": "VIP",
            "ticket": {
                "event_name": "Renamed",
                "event_date": "2027-12-25T20:00:00Z",
                "venue": "Elsewhere",
                "status": "available",
            },
        }

    def test_who_looks_for_the_place_finds_the_event_as_it_is_now(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        order = api.order(user, (ticket, 2))
        postponed, path = "2028-03-01T19:00:00Z", f"/api/orders/{order['id']}"
        api.put(f"/api/tickets/{ticket['id']}", {"event_date": postponed})
        api.patch(f"/api/tickets/{ticket['id']}/status", {"status": "cancelled"})
        (listed,) = api.get("/api/orders/")
        (of_user,) = api.get(f"/api/users/{user['id']}/orders")
        for lines in (
            api.get(path)["items"],
            api.get(f"{path}/items"),
            listed["items"],
            of_user["items"],
            api.put(path, {"notes": "aisle"})["items"],
            api.post(f"{path}/cancel")["items"],
        ):
            assert [one["event_date"] for one in lines] == ["2027-12-25T20:00:00Z"]
            assert [one["ticket"]["event_date"] for one in lines] == [postponed]
            assert [one["ticket"]["status"] for one in lines] == ["cancelled"]

    def test_lines_of_one_ticket_are_merged(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        order = api.order(user, (ticket, 2), (ticket, 3))
        assert [line["quantity"] for line in order["items"]] == [5]
        assert api.stock(ticket) == (95, 5, 0, 0)

    def test_an_order_may_begin_empty(self, api: Api) -> None:
        order = api.order(api.user())
        assert order["items"] == []
        assert order["total_amount"] == 0

    def test_references_are_unambiguous(self, api: Api) -> None:
        user = api.user()
        references = [api.order(user)["order_reference"] for _ in range(5)]
        assert len(set(references)) == 5
        for reference in references:
            assert re.fullmatch(r"ORD-[2-9A-HJKMNP-TV-Z]{10}", reference)

    def test_stock_is_taken_for_all_lines_or_none(self, api: Api) -> None:
        user, plenty, few = api.user(), api.ticket(), api.ticket(total_quantity=1)
        problem = api.refused(
            "POST",
            "/api/orders/",
            {
                "user_id": user["id"],
                "items": [
                    {"ticket_id": plenty["id"], "quantity": 2},
                    {"ticket_id": few["id"], "quantity": 3},
                ],
            },
        )
        assert problem["status"] == 409
        assert problem["code"] == "insufficient_stock"
        assert problem["lines"] == [{"ticket_id": few["id"], "requested": 3, "available": 1}]
        assert api.stock(plenty) == (100, 0, 0, 0)
        assert api.get("/api/orders/") == []

    def test_unknown_tickets_are_named(self, api: Api) -> None:
        user = api.user()
        body = {"user_id": user["id"], "items": [{"ticket_id": 7, "quantity": 1}]}
        problem = api.refused("POST", "/api/orders/", body)
        assert (problem["status"], problem["code"]) == (404, "ticket_not_found")
        assert problem["ticket_ids"] == [7]

    def test_a_ticket_whose_sale_is_stopped_cannot_be_ordered(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        api.patch(f"/api/tickets/{ticket['id']}/status", {"status": "cancelled"})
        body = {"user_id": user["id"], "items": [{"ticket_id": ticket["id"], "quantity": 1}]}
        problem = api.refused("POST", "/api/orders/", body)
        assert (problem["status"], problem["code"]) == (409, "ticket_not_on_sale")
        assert problem["lines"] == [{"ticket_id": ticket["id"], "status": "cancelled"}]

    def test_one_line_above_the_limit_is_invalid(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=500)
        items = [{"ticket_id": ticket["id"], "quantity": n} for n in (1, 101)]
        problem = api.refused("POST", "/api/orders/", {"user_id": user["id"], "items": items})
        assert (problem["status"], problem["code"]) == (422, "validation_error")
        assert [error["pointer"] for error in problem["errors"]] == ["#/items/1/quantity"]

    def test_lines_that_add_up_above_the_limit_are_refused(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=500)
        items = [{"ticket_id": ticket["id"], "quantity": n} for n in (60, 41)]
        problem = api.refused("POST", "/api/orders/", {"user_id": user["id"], "items": items})
        assert (problem["status"], problem["code"]) == (409, "quantity_limit")
        assert problem["limit"] == 100
        assert problem["lines"] == [{"ticket_id": ticket["id"], "requested": 101}]

    @pytest.mark.parametrize("quantity", [0, -1, 1.5, "2", True, None])
    def test_a_quantity_is_a_positive_whole_number(self, api: Api, quantity: object) -> None:
        body = {"user_id": 1, "items": [{"ticket_id": 1, "quantity": quantity}]}
        problem = api.refused("POST", "/api/orders/", body)
        assert problem["status"] == 422
        assert problem["errors"][0]["pointer"] == "#/items/0/quantity"

    def test_a_million_sized_order_is_exact_to_the_cent(self, api: Api) -> None:
        user = api.user()
        tickets = [api.ticket(price=9_999_999.99, total_quantity=100) for _ in range(3)]
        order = api.order(user, *((ticket, 100) for ticket in tickets))
        assert order["total_amount"] == 2_999_999_997.0
        assert order["items"][0]["line_total"] == 999_999_999.0


class TestFromCart:
    def test_the_cart_becomes_an_order_and_is_empty_afterwards(self, api: Api) -> None:
        user, vip, stalls = api.user(), api.ticket(), api.ticket(price=20)
        for ticket, quantity in ((vip, 2), (stalls, 1)):
            line = {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": quantity}
            api.post("/api/cart/", line)
        order = api.post(f"/api/orders/from-cart/{user['id']}")
        assert order["total_amount"] == 219.98
        assert api.get(f"/api/cart/user/{user['id']}") == []
        assert api.stock(vip) == (98, 2, 0, 0)

    def test_a_refused_order_leaves_the_cart_as_it_was(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=3)
        api.post("/api/cart/", {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": 3})
        api.order(user, (ticket, 2))
        problem = api.refused("POST", f"/api/orders/from-cart/{user['id']}")
        assert problem["code"] == "insufficient_stock"
        assert problem["lines"] == [{"ticket_id": ticket["id"], "requested": 3, "available": 1}]
        assert api.get(f"/api/cart/user/{user['id']}")[0]["quantity"] == 3


class TestItems:
    def test_units_are_added_at_todays_price_and_stock(self, api: Api) -> None:
        user, ticket, other = api.user(), api.ticket(), api.ticket(price=10)
        order = api.order(user, (ticket, 1))
        path = f"/api/orders/{order['id']}/items"
        changed = api.post(path, {"ticket_id": other["id"], "quantity": 2})
        assert changed["total_amount"] == 119.99
        assert changed["balance_due"] == 119.99
        assert changed["expires_at"] == order["expires_at"]
        assert [line["ticket_id"] for line in changed["items"]] == [ticket["id"], other["id"]]
        assert api.stock(other) == (98, 2, 0, 0)
        assert api.get(path) == changed["items"]

    def test_the_last_units_leave_none(self, api: Api) -> None:
        ticket = api.ticket(available_quantity=5, total_quantity=5)
        order = api.order(api.user(), (ticket, 2))
        body = {"ticket_id": ticket["id"], "quantity": 3}
        answer = api.post(f"/api/orders/{order['id']}/items", body)
        assert [line["ticket"]["status"] for line in answer["items"]] == ["reserved"]
        assert api.again(order, "orders")["items"] == answer["items"]

    def test_the_same_ticket_at_the_same_price_is_one_line(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(price=10)
        order = api.order(user, (ticket, 1))
        line = {"ticket_id": ticket["id"], "quantity": 2}
        changed = api.post(f"/api/orders/{order['id']}/items", line)
        (only,) = changed["items"]
        assert (only["quantity"], only["line_total"]) == (3, 30)
        assert changed["total_amount"] == 30

    def test_a_price_that_changed_makes_a_line_of_its_own(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(price=10)
        order = api.order(user, (ticket, 1))
        api.put(f"/api/tickets/{ticket['id']}", {"price": 12})
        line = {"ticket_id": ticket["id"], "quantity": 1}
        changed = api.post(f"/api/orders/{order['id']}/items", line)
        assert [line["unit_price"] for line in changed["items"]] == [10, 12]
        assert changed["total_amount"] == 22
        assert api.stock(ticket) == (98, 2, 0, 0)
        api.post(f"/api/orders/{order['id']}/cancel")
        assert api.stock(ticket) == (100, 0, 0, 0)

    def test_adding_up_above_the_limit_is_refused(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=500)
        order = api.order(user, (ticket, 60))
        line = {"ticket_id": ticket["id"], "quantity": 41}
        problem = api.refused("POST", f"/api/orders/{order['id']}/items", line)
        assert (problem["status"], problem["code"]) == (409, "quantity_limit")

    def test_one_line_above_the_limit_is_invalid(self, api: Api) -> None:
        order = api.order(api.user())
        line = {"ticket_id": 1, "quantity": 101}
        problem = api.refused("POST", f"/api/orders/{order['id']}/items", line)
        assert (problem["status"], problem["errors"][0]["pointer"]) == (422, "#/quantity")

    def test_only_pending_orders_take_items(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        order, _ = api.paid_order(user, (ticket, 1))
        line = {"ticket_id": ticket["id"], "quantity": 1}
        problem = api.refused("POST", f"/api/orders/{order['id']}/items", line)
        assert (problem["status"], problem["code"]) == (409, "order_not_pending")
        assert problem["order_status"] == "confirmed"

    def test_what_is_not_there_cannot_be_added(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=1)
        order = api.order(user)
        path = f"/api/orders/{order['id']}/items"
        assert api.refused("POST", path, {"ticket_id": 99, "quantity": 1})["status"] == 404
        problem = api.refused("POST", path, {"ticket_id": ticket["id"], "quantity": 2})
        assert problem["code"] == "insufficient_stock"
        assert api.again(order, "orders")["total_amount"] == 0

    def test_an_unknown_order_has_no_items(self, api: Api) -> None:
        line = {"ticket_id": 1, "quantity": 1}
        assert api.refused("POST", "/api/orders/9/items", line)["code"] == "order_not_found"
        assert api.refused("GET", "/api/orders/9/items")["code"] == "order_not_found"
        assert api.get(f"/api/orders/{api.order(api.user())['id']}/items") == []


class TestList:
    def test_orders_come_with_their_items(self, api: Api) -> None:
        user, one, two = api.user(), api.ticket(), api.ticket()
        orders = [
            api.order(user, (one, 1), (two, 2)),
            api.order(user),
            api.order(user, (two, 1)),
        ]
        assert api.get("/api/orders/") == orders

    def test_filters_select_by_user_status_reference_and_day(self, api: Api) -> None:
        john, jane = api.user(), api.user("jane")
        first = api.order(john)
        api.clock.advance(days=1)
        second = api.order(jane)
        second = api.post(f"/api/orders/{second['id']}/cancel")

        def ids(**filters: object) -> list[int]:
            return [order["id"] for order in api.get("/api/orders/", **filters)]

        assert ids(user_id=john["id"]) == [first["id"]]
        assert ids(status="cancelled") == [second["id"]]
        assert ids(order_reference=second["order_reference"].lower()) == [second["id"]]
        assert ids(created_to="2026-03-01") == [first["id"]]
        assert ids(created_from="2026-03-02") == [second["id"]]
        assert ids(created_to=first["created_at"]) == []
        assert ids(created_from=second["created_at"]) == [second["id"]]

    def test_unknown_filters_and_states_are_refused(self, api: Api) -> None:
        assert api.refused("GET", "/api/orders/", colour="red")["status"] == 422
        assert api.refused("GET", "/api/orders/", status="open")["status"] == 422
        assert api.refused("GET", "/api/orders/", sort="notes")["status"] == 422


class TestUpdate:
    def test_notes_can_be_set_and_removed(self, api: Api) -> None:
        order = api.order(api.user(), notes="first row")
        path = f"/api/orders/{order['id']}"
        assert api.put(path, {"notes": "second row"})["notes"] == "second row"
        assert api.put(path, {})["notes"] == "second row"
        assert api.put(path, {"notes": None})["notes"] is None

    def test_an_order_may_be_sent_back_as_it_was_served(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 1))
        changed = api.put(
            f"/api/orders/{order['id']}", {**order, "notes": "x", "status": "completed"}
        )
        assert changed["notes"] == "x"
        assert changed["status"] == "pending"

    def test_an_order_that_was_changed_meanwhile_is_stale(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 1))
        api.payment(order)
        api.put(f"/api/orders/{order['id']}", {"notes": "x"})
        problem = api.refused("PUT", f"/api/orders/{order['id']}", order)
        assert (problem["status"], problem["code"]) == (409, "stale_object")
        assert problem["updated_at"] == api.again(order, "orders")["updated_at"]

    def test_unknown_fields_and_orders_are_refused(self, api: Api) -> None:
        order = api.order(api.user())
        assert api.refused("PUT", f"/api/orders/{order['id']}", {"colour": 1})["status"] == 422
        assert api.refused("PUT", "/api/orders/99", {"notes": "x"})["code"] == "order_not_found"


class TestDelete:
    def test_a_pending_order_returns_its_stock(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        order = api.order(user, (ticket, 2))
        api.delete(f"/api/orders/{order['id']}")
        assert api.refused("GET", f"/api/orders/{order['id']}")["status"] == 404
        assert api.stock(ticket) == (100, 0, 0, 0)

    def test_a_cancelled_order_returns_nothing_twice(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        order = api.order(user, (ticket, 2))
        api.post(f"/api/orders/{order['id']}/cancel")
        api.delete(f"/api/orders/{order['id']}")
        assert api.stock(ticket) == (100, 0, 0, 0)

    def test_sold_orders_stay(self, api: Api) -> None:
        order, _ = api.paid_order(api.user(), (api.ticket(), 1))
        problem = api.refused("DELETE", f"/api/orders/{order['id']}")
        assert (problem["status"], problem["code"]) == (409, "order_not_deletable")

    def test_orders_with_money_stay_even_when_it_went_back(self, api: Api) -> None:
        order, _ = api.paid_order(api.user(), (api.ticket(), 1))
        api.post(f"/api/orders/{order['id']}/cancel")
        problem = api.refused("DELETE", f"/api/orders/{order['id']}")
        assert (problem["status"], problem["code"]) == (409, "order_has_payments")

    def test_ids_are_never_given_again(self, api: Api) -> None:
        user = api.user()
        first = api.order(user)
        api.delete(f"/api/orders/{first['id']}")
        assert api.order(user)["id"] != first["id"]
