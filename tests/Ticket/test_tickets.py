from typing import Any

import pytest

from tests.support.client import Api

# The body of the create call in the README.
EXAMPLE = {
    "event_name": "Concert 2024",
    "event_description": "Amazing concert event",
    "event_date": "2024-12-25T20:00:00",
    "venue": "Main Arena",
    "price": 99.99,
    "available_quantity": 100,
    "total_quantity": 100,
    "category": "VIP",
}


def path(ticket: Any) -> str:
    return f"/api/tickets/{ticket['id']}"


def change(api: Api, ticket: Any, **fields: Any) -> Any:
    return api.put(path(ticket), fields)


class TestCreate:
    def test_the_example_of_the_readme_works(self, api: Api) -> None:
        response = api.request("POST", "/api/tickets/", json=EXAMPLE)
        assert response.status_code == 201
        ticket = response.json()
        assert ticket == EXAMPLE | {
            "id": ticket["id"],
            "event_date": "2024-12-25T20:00:00Z",
            "currency": "USD",
            "reserved_quantity": 0,
            "sold_quantity": 0,
            "withheld_quantity": 0,
            "status": "available",
            "created_at": ticket["created_at"],
            "updated_at": ticket["created_at"],
        }

    def test_location_leads_to_the_ticket(self, api: Api) -> None:
        response = api.request("POST", "/api/tickets/", json=EXAMPLE)
        assert api.get(response.headers["location"]) == response.json()

    def test_all_units_are_available_if_nothing_else_is_said(self, api: Api) -> None:
        assert api.stock(api.ticket(total_quantity=7)) == (7, 0, 0, 0)

    def test_fewer_available_withholds_the_rest(self, api: Api) -> None:
        assert api.stock(api.ticket(total_quantity=7, available_quantity=5)) == (5, 0, 0, 2)

    def test_none_available_is_sold(self, api: Api) -> None:
        ticket = api.ticket(total_quantity=7, available_quantity=0)
        assert (ticket["status"], ticket["withheld_quantity"]) == ("sold", 7)

    def test_nothing_to_sell_yet_is_possible(self, api: Api) -> None:
        assert api.ticket(total_quantity=0)["status"] == "sold"

    def test_more_available_than_there_are_is_refused(self, api: Api) -> None:
        body = EXAMPLE | {"available_quantity": 101}
        problem = api.refused("POST", "/api/tickets/", body)
        assert problem["status"] == 422
        assert [error["pointer"] for error in problem["errors"]] == ["#/available_quantity"]
        assert api.get("/api/tickets/") == []

    @pytest.mark.parametrize("missing", ["event_name", "event_date", "venue", "price", "category"])
    def test_what_a_ticket_must_have_is_named_when_it_is_missing(
        self, api: Api, missing: str
    ) -> None:
        body = {name: value for name, value in EXAMPLE.items() if name != missing}
        problem = api.refused("POST", "/api/tickets/", body)
        assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [
            (f"#/{missing}", "missing")
        ]

    def test_fields_that_the_service_sets_can_not_be_sent(self, api: Api) -> None:
        problem = api.refused("POST", "/api/tickets/", EXAMPLE | {"status": "sold", "id": 5})
        pointers = {error["pointer"] for error in problem["errors"]}
        assert (problem["status"], pointers) == (422, {"#/status", "#/id"})

    def test_text_is_kept_as_it_was_written_but_for_blanks_around_it(self, api: Api) -> None:
        name = "Äpfel & Birnen - 50% „live“\t🎫 \\ _ O'Neill"
        ticket = api.ticket(event_name=f"  {name}\n", event_description="two\nlines")
        assert (ticket["event_name"], ticket["event_description"]) == (name, "two\nlines")
        assert api.again(ticket, "tickets") == ticket

    @pytest.mark.parametrize("price", [0, 0.01, 19.9, 1234567.89, 9_999_999.99, 100])
    def test_prices_come_back_to_the_cent(self, api: Api, price: float) -> None:
        assert api.again(api.ticket(price=price), "tickets")["price"] == price

    @pytest.mark.parametrize(
        ("sent", "served"),
        [
            ("2027-06-01T20:00:00+02:00", "2027-06-01T18:00:00Z"),
            ("2027-06-01T20:00:00-05:30", "2027-06-02T01:30:00Z"),
            ("2027-06-01T20:00:00", "2027-06-01T20:00:00Z"),
            ("2027-06-01T20:00:00.123456Z", "2027-06-01T20:00:00.123456Z"),
        ],
    )
    def test_times_are_served_in_utc(self, api: Api, sent: str, served: str) -> None:
        ticket = api.ticket(event_date=sent)
        assert ticket["event_date"] == served
        assert api.again(ticket, "tickets") == ticket


class TestGet:
    def test_a_ticket_that_does_not_exist_is_not_found(self, api: Api) -> None:
        problem = api.refused("GET", "/api/tickets/7")
        assert (problem["status"], problem["code"]) == (404, "ticket_not_found")
        assert problem["ticket_ids"] == [7]

    def test_the_stock_is_that_of_now(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        api.order(user, (ticket, 3))
        api.paid_order(user, (ticket, 2))
        assert api.stock(ticket) == (95, 3, 2, 0)


class TestUpdate:
    def test_the_fields_that_are_sent_change_and_the_others_stay(self, api: Api) -> None:
        ticket = api.ticket(event_description="as it was")
        changed = change(api, ticket, price=89.5, venue="Small Hall")
        different = {name for name in ticket if changed[name] != ticket[name]}
        assert different == {"price", "venue", "updated_at"}
        assert api.again(ticket, "tickets") == changed

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("event_name", "Ópera"),
            ("event_description", None),
            ("event_date", "2028-01-01T00:00:00Z"),
            ("venue", "Lagoon"),
            ("price", 0),
            ("category", "Standing"),
        ],
    )
    def test_every_field_can_be_changed(self, api: Api, field: str, value: object) -> None:
        ticket = api.ticket(event_description="text")
        assert change(api, ticket, **{field: value})[field] == value

    def test_nothing_sent_changes_nothing(self, api: Api) -> None:
        ticket = api.ticket()
        assert change(api, ticket) == ticket

    def test_a_ticket_may_come_back_whole_as_it_was_served(self, api: Api) -> None:
        ticket = api.ticket(total_quantity=10, available_quantity=8)
        api.order(api.user(), (ticket, 3))
        served = api.again(ticket, "tickets")
        changed = api.put(path(ticket), served | {"price": 5})
        assert changed == served | {"price": 5, "updated_at": changed["updated_at"]}

    def test_read_only_fields_are_ignored_whatever_they_say(self, api: Api) -> None:
        ticket = api.ticket()
        changed = change(
            api,
            ticket,
            id=99,
            status="cancelled",
            sold_quantity=50,
            withheld_quantity=-1,
            currency="EUR",
            created_at="yesterday",
        )
        assert changed == ticket

    def test_a_field_that_does_not_exist_is_refused(self, api: Api) -> None:
        ticket = api.ticket()
        problem = api.refused("PUT", path(ticket), {"price": 5, "colour": "red"})
        assert (problem["status"], problem["errors"][0]["pointer"]) == (422, "#/colour")
        assert api.again(ticket, "tickets") == ticket

    def test_what_was_found_under_its_old_name_is_found_under_its_new_one(self, api: Api) -> None:
        ticket = api.ticket(event_name="Old", event_description="text", category="Balcony")
        change(api, ticket, event_name="Nuevo")

        def found(**query: str) -> bool:
            return bool(api.get("/api/tickets/search/by-event", **query))

        assert [found(q="nuevo"), found(q="text balcony"), found(event_name="NUEVO")] == [True] * 3
        assert [found(q="old"), found(event_name="old")] == [False] * 2

    def test_a_price_change_never_touches_orders(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(price=10)
        pending = api.order(user, (ticket, 2))
        paid, _ = api.paid_order(user, (ticket, 1))
        change(api, ticket, price=99, event_name="Renamed")
        for order in (pending, paid):
            for line in order["items"]:
                # Beside what was sold stands how it is called today.
                line["ticket"]["event_name"] = "Renamed"
            assert api.again(order, "orders") == order
        assert api.order(user, (ticket, 1))["total_amount"] == 99


class TestStaleObject:
    def test_a_ticket_as_it_is_now_may_be_changed(self, api: Api) -> None:
        ticket = api.ticket()
        assert change(api, ticket, price=5, updated_at=ticket["updated_at"])["price"] == 5

    @pytest.mark.parametrize("zone", ["+00:00", "Z"])
    def test_the_same_moment_in_another_spelling_is_current(self, api: Api, zone: str) -> None:
        ticket = api.ticket()
        written = ticket["updated_at"].removesuffix("Z") + zone
        assert change(api, ticket, price=5, updated_at=written)["price"] == 5

    def test_a_change_meanwhile_refuses_the_change(self, api: Api) -> None:
        ticket = api.ticket()
        changed = change(api, ticket, price=5)
        problem = api.refused("PUT", path(ticket), ticket | {"price": 6})
        assert (problem["status"], problem["code"]) == (409, "stale_object")
        assert problem["updated_at"] == changed["updated_at"]
        assert api.again(ticket, "tickets") == changed

    @pytest.mark.parametrize("event", ["reserve", "sell", "return", "stop", "resize"])
    def test_every_change_makes_what_was_read_before_it_stale(self, api: Api, event: str) -> None:
        user, ticket = api.user(), api.ticket()
        order: Any = api.order(user, (ticket, 1)) if event in {"sell", "return"} else None
        before = api.again(ticket, "tickets")
        if event == "reserve":
            api.order(user, (ticket, 1))
        elif event == "sell":
            api.settle(api.payment(order))
        elif event == "return":
            api.post(f"/api/orders/{order['id']}/cancel")
        elif event == "stop":
            api.patch(f"{path(ticket)}/status", {"status": "cancelled"})
        else:
            change(api, ticket, available_quantity=50)
        assert api.refused("PUT", path(ticket), before)["code"] == "stale_object"

    def test_what_changes_nothing_makes_nothing_stale(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        api.post("/api/cart/", {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": 1})
        assert api.put(path(ticket), ticket)["price"] == ticket["price"]


class TestDelete:
    def test_a_ticket_without_orders_is_gone_afterwards(self, api: Api) -> None:
        ticket, other = api.ticket(), api.ticket()
        api.delete(path(ticket))
        assert api.refused("GET", path(ticket))["code"] == "ticket_not_found"
        assert api.get("/api/tickets/") == [other]

    def test_its_cart_lines_go_with_it(self, api: Api) -> None:
        user, ticket, other = api.user(), api.ticket(), api.ticket()
        for each in (ticket, other):
            api.post("/api/cart/", {"user_id": user["id"], "ticket_id": each["id"], "quantity": 1})
        api.delete(path(ticket))
        assert [line["ticket_id"] for line in api.get("/api/cart/user/1")] == [other["id"]]

    def test_its_id_is_never_given_again(self, api: Api) -> None:
        ticket = api.ticket()
        api.delete(path(ticket))
        assert api.ticket()["id"] > ticket["id"]

    @pytest.mark.parametrize("ending", [None, "cancel", "confirm"])
    def test_a_ticket_with_orders_in_any_state_stays(self, api: Api, ending: str | None) -> None:
        ticket = api.ticket()
        order = api.order(api.user(), (ticket, 1))
        if ending == "cancel":
            api.post(f"/api/orders/{order['id']}/cancel")
        elif ending == "confirm":
            api.settle(api.payment(order))
        before = api.again(ticket, "tickets")
        problem = api.refused("DELETE", path(ticket))
        assert (problem["status"], problem["code"]) == (409, "ticket_has_orders")
        assert api.again(ticket, "tickets") == before

    def test_a_ticket_may_go_when_its_orders_were_deleted(self, api: Api) -> None:
        ticket = api.ticket()
        order = api.order(api.user(), (ticket, 1))
        api.delete(f"/api/orders/{order['id']}")
        api.delete(path(ticket))

    def test_a_ticket_can_not_be_deleted_twice(self, api: Api) -> None:
        ticket = api.ticket()
        api.delete(path(ticket))
        assert api.refused("DELETE", path(ticket))["code"] == "ticket_not_found"
