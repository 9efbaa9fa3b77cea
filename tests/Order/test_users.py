from typing import Any

import pytest

from tests.support.client import PASSWORD, Api

# The body of the create call in the README.
EXAMPLE = {
    "username": "john_doe",
    "email": "john@example.com",
    "full_name": "John Doe",
    "phone_number": "+1234567890",
}


def path(user: Any) -> str:
    return f"/api/users/{user['id']}"


def refused_code(api: Api, method: str, address: str, **body: Any) -> str:
    return str(api.refused(method, address, body)["code"])


class TestCreate:
    def test_the_example_of_the_readme_works(self, api: Api) -> None:
        response = api.request("POST", "/api/users/", json=EXAMPLE)
        assert response.status_code == 201
        user = response.json()
        made_by_us = {name: user[name] for name in ("id", "created_at", "updated_at")}
        defaults = {"is_active": True, "erased_at": None, "role": "customer"}
        assert user == EXAMPLE | made_by_us | defaults
        assert user["created_at"] == user["updated_at"]

    def test_location_leads_to_the_user(self, api: Api) -> None:
        response = api.request("POST", "/api/users/", json=EXAMPLE)
        assert api.get(response.headers["location"]) == response.json()

    def test_the_phone_number_may_be_left_out(self, api: Api) -> None:
        assert api.user()["phone_number"] is None

    @pytest.mark.parametrize("username", ["abc", "A.b-C_1", "123", "x" * 50, "...", "  padded  "])
    def test_usernames_are_3_to_50_letters_digits_and_marks(self, api: Api, username: str) -> None:
        user = api.post("/api/users/", EXAMPLE | {"username": username})
        assert user["username"] == username.strip()

    @pytest.mark.parametrize(
        "username",
        [
            "ab",
            "x" * 51,
            "john doe",
            "jöhn",
            "a/b",
            "a@b",
            "abc\n.",
            "",
            "   ",
            "\N{CYRILLIC SMALL LETTER A}bc",
        ],
    )
    def test_other_usernames_are_refused(self, api: Api, username: str) -> None:
        problem = api.refused("POST", "/api/users/", EXAMPLE | {"username": username})
        assert [error["pointer"] for error in problem["errors"]] == ["#/username"]

    @pytest.mark.parametrize(
        "username", ["Admin", "support", "ad.min", "_root_", "Box-Office", "sweep", "MIGRATION"]
    )
    def test_strangers_take_no_name_that_would_be_taken_for_the_house(
        self, api: Api, username: str
    ) -> None:
        user, john = api.someone("customer")
        body = EXAMPLE | {"username": username}
        problem = john.refused("POST", "/api/users/", body)
        assert (problem["status"], problem["code"]) == (409, "username_reserved")
        change = {"username": username, "current_password": PASSWORD}
        assert refused_code(john, "PUT", path(user), **change) == "username_reserved"
        assert api.get("/api/users/") == [user]

    def test_an_administrator_gives_names_of_the_house_but_none_of_the_services(
        self, api: Api
    ) -> None:
        for username in ("admin", "Support"):
            assert api.user(username)["username"] == username
        for username in ("sweep", "Migration", "command_line", "webhook"):
            body = EXAMPLE | {"username": username}
            assert refused_code(api, "POST", "/api/users/", **body) == "username_reserved"
            assert (
                refused_code(api, "PUT", "/api/users/1", username=username) == "username_reserved"
            )

    @pytest.mark.parametrize(
        "email",
        [
            "john",
            "john@",
            "@example.com",
            "john@example",
            "john@@example.com",
            "john doe@example.com",
            "john@exa mple.com",
            "john@-example.com",
            "John <john@example.com>",
            "john@example.com, jane@example.com",
            "a" * 250 + "@example.com",
            "john\u0000@example.com",
            "",
        ],
    )
    def test_what_is_no_email_address_is_refused(self, api: Api, email: str) -> None:
        problem = api.refused("POST", "/api/users/", EXAMPLE | {"email": email})
        assert [error["pointer"] for error in problem["errors"]] == ["#/email"]
        assert api.get("/api/users/") == []

    @pytest.mark.parametrize(
        "number", ["+1234567890", "12345", "+49 (30) 123-456", "+44.20.7946.0958", "0301234567"]
    )
    def test_phone_numbers_are_kept_as_they_were_written(self, api: Api, number: str) -> None:
        user = api.post("/api/users/", EXAMPLE | {"phone_number": number})
        assert api.again(user, "users")["phone_number"] == number

    @pytest.mark.parametrize(
        "number",
        [
            "1234",
            "1" * 16,
            "+",
            "+0123456789",
            "1----",
            "phone",
            "",
            "\N{FULLWIDTH DIGIT ONE}23456",
            "+1234567890x",
        ],
    )
    def test_what_is_no_phone_number_is_refused(self, api: Api, number: str) -> None:
        problem = api.refused("POST", "/api/users/", EXAMPLE | {"phone_number": number})
        assert [error["pointer"] for error in problem["errors"]] == ["#/phone_number"]

    @pytest.mark.parametrize("username", ["john_doe", "JOHN_DOE", "John_Doe"])
    def test_a_username_is_taken_in_any_case(self, api: Api, username: str) -> None:
        api.user("john_doe")
        body = EXAMPLE | {"username": username, "email": "other@example.com"}
        problem = api.refused("POST", "/api/users/", body)
        assert (problem["status"], problem["code"]) == (409, "username_taken")
        assert len(api.get("/api/users/")) == 1

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ("john@example.com", "john@example.com"),
            ("john@example.com", "JOHN@Example.COM"),
            ("Émile@example.com", "éMILE@example.com"),
            ("Émile@example.com", "e\u0301mile@example.com"),
            ("john@bücher.example.com", "john@BÜCHER.example.com"),
            ("john@bücher.example.com", "john@xn--bcher-kva.example.com"),
        ],
    )
    def test_an_email_address_is_taken_in_any_case(self, api: Api, first: str, second: str) -> None:
        api.post("/api/users/", EXAMPLE | {"email": first})
        body = EXAMPLE | {"username": "other", "email": second}
        problem = api.refused("POST", "/api/users/", body)
        assert (problem["status"], problem["code"]) == (409, "email_taken")

    def test_fields_that_the_service_sets_can_not_be_sent(self, api: Api) -> None:
        problem = api.refused("POST", "/api/users/", EXAMPLE | {"is_active": False})
        assert [error["pointer"] for error in problem["errors"]] == ["#/is_active"]


class TestGet:
    def test_a_user_is_found_by_id_and_by_username_in_any_case(self, api: Api) -> None:
        user = api.user("John.Doe")
        assert api.get(path(user)) == user
        for username in ("John.Doe", "john.doe", "JOHN.DOE"):
            assert api.get(f"/api/users/username/{username}") == user

    def test_a_username_of_digits_is_no_id(self, api: Api) -> None:
        first, second = api.user("222"), api.user("john_doe")
        assert api.get("/api/users/username/222") == first
        assert api.get("/api/users/2") == second

    @pytest.mark.parametrize("address", ["7", "username/nobody", "username/john", "username/1"])
    def test_a_user_that_does_not_exist_is_not_found(self, api: Api, address: str) -> None:
        api.user("john_doe")
        problem = api.refused("GET", f"/api/users/{address}")
        assert (problem["status"], problem["code"]) == (404, "user_not_found")

    @pytest.mark.parametrize("username", ["john%20doe", "j%C3%B6hn", "x" * 51, "%00"])
    def test_what_can_be_no_username_is_refused(self, api: Api, username: str) -> None:
        problem = api.refused("GET", f"/api/users/username/{username}")
        assert (problem["status"], problem["errors"][0]["parameter"]) == (422, "username")


class TestList:
    def test_users_can_be_told_by_whether_they_are_active(self, api: Api) -> None:
        active, inactive = api.user("active"), api.user("inactive")
        inactive = api.patch(f"{path(inactive)}/deactivate")
        assert api.get("/api/users/") == [active, inactive]
        assert api.get("/api/users/", is_active="true") == [active]
        assert api.get("/api/users/", is_active="false") == [inactive]


class TestUpdate:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("username", "jane_doe"),
            ("email", "jane@example.com"),
            ("full_name", "Jane Doe"),
            ("phone_number", "+4930123456"),
            ("phone_number", None),
        ],
    )
    def test_the_field_that_is_sent_changes_and_the_others_stay(
        self, api: Api, field: str, value: str | None
    ) -> None:
        user = api.post("/api/users/", EXAMPLE)
        changed = api.put(path(user), {field: value})
        assert changed == user | {field: value, "updated_at": changed["updated_at"]}
        assert changed["updated_at"] > user["updated_at"]
        assert api.again(user, "users") == changed

    def test_nothing_sent_changes_nothing(self, api: Api) -> None:
        user = api.user()
        assert api.put(path(user), {}) == user

    def test_a_user_may_come_back_whole_as_it_was_served(self, api: Api) -> None:
        user = api.user()
        changed = api.put(path(user), user | {"full_name": "Jane Doe", "id": 7})
        assert (changed["full_name"], changed["id"]) == ("Jane Doe", user["id"])

    def test_a_change_meanwhile_refuses_the_change(self, api: Api) -> None:
        user = api.user()
        changed = api.patch(f"{path(user)}/deactivate")
        problem = api.refused("PUT", path(user), user | {"full_name": "Jane"})
        assert (problem["status"], problem["code"]) == (409, "stale_object")
        assert problem["updated_at"] == changed["updated_at"]
        assert api.again(user, "users") == changed

    def test_the_old_name_and_address_are_free_afterwards(self, api: Api) -> None:
        user = api.user("old")
        api.put(path(user), {"username": "new", "email": "new@example.com"})
        assert refused_code(api, "GET", "/api/users/username/old") == "user_not_found"
        assert api.get("/api/users/username/NEW")["id"] == user["id"]
        assert api.user("old")["id"] != user["id"]

    def test_what_another_has_is_taken_in_any_case(self, api: Api) -> None:
        user = api.user("john_doe")
        api.user("jane_doe")
        taken = {"username": "JANE_DOE", "email": "Jane_Doe@EXAMPLE.com"}
        for name, value in taken.items():
            problem = api.refused("PUT", path(user), {"full_name": "x", name: value})
            assert (problem["status"], problem["code"]) == (409, f"{name}_taken")
        assert api.again(user, "users") == user

    def test_the_case_of_what_one_has_may_change(self, api: Api) -> None:
        user = api.user("john_doe")
        changed = api.put(path(user), {"username": "John_Doe", "email": "John_Doe@example.com"})
        assert (changed["username"], changed["email"]) == ("John_Doe", "John_Doe@example.com")

    def test_a_field_that_does_not_exist_is_refused(self, api: Api) -> None:
        problem = api.refused("PUT", path(api.user()), {"password": "x"})
        assert [error["pointer"] for error in problem["errors"]] == ["#/password"]

    def test_a_user_that_does_not_exist_can_not_be_changed(self, api: Api) -> None:
        assert refused_code(api, "PUT", "/api/users/7", full_name="x") == "user_not_found"


class TestDelete:
    def test_a_user_without_orders_is_gone_with_the_cart(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        line = {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": 1}
        item = api.post("/api/cart/", line)
        api.delete(path(user))
        assert refused_code(api, "GET", path(user)) == "user_not_found"
        assert refused_code(api, "GET", f"/api/cart/user/{user['id']}") == "user_not_found"
        assert refused_code(api, "DELETE", f"/api/cart/{item['id']}") == "cart_item_not_found"

    def test_name_and_address_are_free_again_but_not_the_id(self, api: Api) -> None:
        user = api.user()
        api.delete(path(user))
        assert api.user()["id"] > user["id"]

    def test_a_user_with_orders_stays(self, api: Api) -> None:
        user = api.user()
        order = api.order(user, (api.ticket(), 1))
        api.post(f"/api/orders/{order['id']}/cancel")
        problem = api.refused("DELETE", path(user))
        assert (problem["status"], problem["code"]) == (409, "user_has_orders")
        assert api.again(user, "users") == user

    def test_a_user_with_whom_an_order_was_shared_may_go(self, api: Api) -> None:
        owner, friend = api.user("owner"), api.user("friend")
        order = api.order(owner, (api.ticket(), 1))
        api.post(f"/api/orders/{order['id']}/users", {"user_id": friend["id"]})
        api.delete(path(friend))
        assert [each["user_id"] for each in api.get(f"/api/orders/{order['id']}/users")] == [
            owner["id"]
        ]

    def test_a_user_can_not_be_deleted_twice(self, api: Api) -> None:
        user = api.user()
        api.delete(path(user))
        assert refused_code(api, "DELETE", path(user)) == "user_not_found"


class TestActivation:
    def test_a_user_is_deactivated_and_activated_again(self, api: Api) -> None:
        user = api.user()
        off = api.patch(f"{path(user)}/deactivate")
        assert off == user | {"is_active": False, "updated_at": off["updated_at"]}
        on = api.patch(f"{path(user)}/activate")
        assert on == user | {"updated_at": on["updated_at"]}
        assert user["updated_at"] < off["updated_at"] < on["updated_at"]

    def test_doing_it_twice_changes_nothing_more(self, api: Api) -> None:
        user = api.user()
        assert api.patch(f"{path(user)}/activate") == user
        off = api.patch(f"{path(user)}/deactivate")
        assert api.patch(f"{path(user)}/deactivate") == off

    @pytest.mark.parametrize("action", ["activate", "deactivate"])
    def test_a_user_that_does_not_exist_is_not_found(self, api: Api, action: str) -> None:
        assert refused_code(api, "PATCH", f"/api/users/7/{action}") == "user_not_found"

    def test_a_deactivated_user_can_neither_fill_a_cart_nor_order(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        line = {"ticket_id": ticket["id"], "quantity": 1}
        owner = {"user_id": user["id"]}
        item, order = api.post("/api/cart/", owner | line), api.order(user, (ticket, 1))
        api.patch(f"{path(user)}/deactivate")
        attempts: list[tuple[str, str, dict[str, Any]]] = [
            ("POST", "/api/cart/", owner | line),
            ("PUT", f"/api/cart/{item['id']}", {"quantity": 2}),
            ("POST", "/api/orders/", owner | {"items": [line]}),
            ("POST", f"/api/orders/from-cart/{user['id']}", {}),
            ("POST", f"/api/orders/{order['id']}/items", line),
        ]
        for method, address, body in attempts:
            problem = api.refused(method, address, body)
            assert (problem["status"], problem["code"]) == (409, "user_inactive"), address
        assert api.stock(ticket) == (99, 1, 0, 0)

    def test_what_a_deactivated_user_has_goes_on(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        line = {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": 1}
        item, order = api.post("/api/cart/", line), api.order(user, (ticket, 1))
        api.patch(f"{path(user)}/deactivate")
        api.settle(api.payment(order))
        assert api.again(order, "orders")["status"] == "confirmed"
        assert [each["id"] for each in api.get(f"{path(user)}/orders")] == [order["id"]]
        assert [each["id"] for each in api.get(f"/api/cart/user/{user['id']}")] == [item["id"]]
        api.delete(f"/api/cart/{item['id']}")
        assert api.put(path(user), {"full_name": "Jane"})["full_name"] == "Jane"

    def test_an_activated_user_can_order_again(self, api: Api) -> None:
        user = api.user()
        for action in ("deactivate", "activate"):
            api.patch(f"{path(user)}/{action}")
        assert api.order(user, (api.ticket(), 1))["status"] == "pending"


class TestHistory:
    def test_it_shows_what_the_user_bought_and_what_is_shared(self, api: Api) -> None:
        john, jane, ticket = api.user("john"), api.user("jane"), api.ticket()
        first, second = api.order(john, (ticket, 1)), api.order(jane, (ticket, 2))
        api.order(jane, (ticket, 3))
        api.post(f"/api/orders/{second['id']}/users", {"user_id": john["id"]})
        assert api.get(f"{path(john)}/orders") == [
            first | {"role": "owner"},
            second | {"role": "recipient"},
        ]

    def test_it_is_empty_for_a_user_without_orders(self, api: Api) -> None:
        assert api.get(f"{path(api.user())}/orders") == []

    def test_it_can_be_filtered_like_the_list_of_orders(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        early, late = api.order(user, (ticket, 1)), api.order(user, (ticket, 1))
        api.settle(api.payment(late))
        address = f"{path(user)}/orders"

        def ids(**query: str) -> list[int]:
            return [order["id"] for order in api.get(address, **query)]

        assert ids(status="pending") == [early["id"]]
        assert ids(status="confirmed") == [late["id"]]
        assert ids(order_reference=late["order_reference"]) == [late["id"]]
        assert ids(created_from=late["created_at"]) == [late["id"]]
        assert ids(created_to=late["created_at"]) == [early["id"]]
        assert ids(created_from="2026-03-01", created_to="2026-03-01") == [1, 2]
        assert ids(created_to="2026-02-28") == []

    def test_deleted_orders_leave_it(self, api: Api) -> None:
        user = api.user()
        order = api.order(user, (api.ticket(), 1))
        api.delete(f"/api/orders/{order['id']}")
        assert api.get(f"{path(user)}/orders") == []
