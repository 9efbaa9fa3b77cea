from typing import Any

import pytest

from tests.support.client import Api


class TestShare:
    def test_the_owner_is_related_from_the_start(self, api: Api) -> None:
        john = api.user()
        order = api.order(john)
        (owner,) = api.get(f"/api/orders/{order['id']}/users")
        assert owner == {
            "order_id": order["id"],
            "user_id": john["id"],
            "username": "john_doe",
            "shared_as": None,
            "role": "owner",
            "created_at": order["created_at"],
        }

    def test_a_recipient_sees_the_order_in_the_history(self, api: Api) -> None:
        john, jane = api.user(), api.user("jane")
        shared, private = api.order(john), api.order(john)
        response = api.request(
            "POST", f"/api/orders/{shared['id']}/users", json={"user_id": jane["id"]}
        )
        assert response.status_code == 201
        assert response.headers["location"] == f"/api/orders/{shared['id']}/users/{jane['id']}"
        assert response.json()["role"] == "recipient"
        assert api.get(f"/api/users/{jane['id']}/orders") == [{**shared, "role": "recipient"}]
        history = api.get(f"/api/users/{john['id']}/orders")
        assert history == [{**shared, "role": "owner"}, {**private, "role": "owner"}]

    def test_nobody_is_related_twice(self, api: Api) -> None:
        john, jane = api.user(), api.user("jane")
        order = api.order(john)
        path = f"/api/orders/{order['id']}/users"
        api.post(path, {"user_id": jane["id"]})
        for user in (john, jane):
            problem = api.refused("POST", path, {"user_id": user["id"]})
            assert (problem["status"], problem["code"]) == (409, "order_already_shared")

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"user_id": "1"},
            {"user_id": 1, "role": "owner"},
            {"user_id": 1, "recipient": "jane"},
            {"user_id": 1, "recipient": None},
        ],
    )
    def test_bad_input_is_refused(self, api: Api, body: object) -> None:
        assert api.refused("POST", "/api/orders/1/users", body)["status"] == 422


class TestStopSharing:
    def test_one_recipient_is_removed(self, api: Api) -> None:
        john, jane, jim = api.user(), api.user("jane"), api.user("jim")
        path = f"/api/orders/{api.order(john)['id']}/users"
        for user in (jane, jim):
            api.post(path, {"user_id": user["id"]})
        api.delete(f"{path}/{jane['id']}")
        assert [entry["username"] for entry in api.get(path)] == ["john_doe", "jim"]
        assert api.get(f"/api/users/{jane['id']}/orders") == []

    def test_all_recipients_are_removed_and_the_owner_stays(self, api: Api) -> None:
        john, jane = api.user(), api.user("jane")
        path = f"/api/orders/{api.order(john)['id']}/users"
        api.post(path, {"user_id": jane["id"]})
        api.delete(path)
        api.delete(path)
        assert [entry["role"] for entry in api.get(path)] == ["owner"]

    def test_strangers_and_unknown_orders_are_not_found(self, api: Api) -> None:
        path = f"/api/orders/{api.order(api.user())['id']}/users"
        assert api.refused("DELETE", f"{path}/99")["code"] == "recipient_not_found"
        assert api.refused("DELETE", "/api/orders/99/users/1")["code"] == "order_not_found"
        assert api.refused("DELETE", "/api/orders/99/users")["code"] == "order_not_found"
        assert api.refused("DELETE", f"{path}/0")["status"] == 422

    def test_deleting_a_recipient_ends_the_sharing(self, api: Api) -> None:
        john, jane = api.user(), api.user("jane")
        path = f"/api/orders/{api.order(john)['id']}/users"
        api.post(path, {"user_id": jane["id"]})
        api.delete(f"/api/users/{jane['id']}")
        assert [entry["username"] for entry in api.get(path)] == ["john_doe"]


class TestNames:
    """Who shares an order learns of a stranger no more than they typed."""

    @pytest.fixture
    def owner(self, api: Api) -> tuple[Any, Api]:
        return api.someone("customer", "owner")

    @pytest.fixture
    def path(self, api: Api, owner: tuple[Any, Api]) -> str:
        return f"/api/orders/{api.order(owner[0], notes='a surprise')['id']}/users"

    @pytest.mark.parametrize("number", range(1, 5))
    def test_are_not_told_for_numbers(
        self, api: Api, owner: tuple[Any, Api], path: str, number: int
    ) -> None:
        api.someone("admin")
        api.user("jane")
        problem = owner[1].refused("POST", path, {"user_id": number})
        assert (problem["status"], problem["code"]) == (403, "not_allowed")
        assert api.get(path) == owner[1].get(path)
        assert len(api.get(path)) == 1

    @pytest.mark.parametrize("name", ["jane", "Jane", " JANE "])
    def test_that_were_typed_are_told_back(
        self, api: Api, owner: tuple[Any, Api], path: str, name: str
    ) -> None:
        jane = api.user("jane")
        shared = owner[1].post(path, {"recipient": name})
        assert (shared["user_id"], shared["username"]) == (jane["id"], "jane")
        assert shared["shared_as"] == name.strip()
        assert owner[1].get(path)[1] == shared

    def test_are_not_told_for_emails(self, api: Api, owner: tuple[Any, Api], path: str) -> None:
        api.user("jane")
        shared = owner[1].post(path, {"recipient": "Jane@Example.com"})
        assert (shared["username"], shared["shared_as"]) == (None, "Jane@Example.com")
        assert owner[1].get(path)[1] == shared
        # Administrators see all accounts anyway; the rest of the box office does not.
        assert api.get(path)[1]["username"] == "jane"
        assert api.someone("staff")[1].get(path)[1]["username"] is None

    def test_that_were_changed_since_are_not_told(
        self, api: Api, owner: tuple[Any, Api], path: str
    ) -> None:
        jane = api.user("jane")
        owner[1].post(path, {"recipient": "jane"})
        api.put(f"/api/users/{jane['id']}", {"username": "mrs_smith"})
        entry = owner[1].get(path)[1]
        assert (entry["username"], entry["shared_as"]) == (None, "jane")

    @pytest.mark.parametrize("name", ["nobody", "jan", "jane@", "%", "gone", "gone@example.com"])
    def test_of_nobody_and_of_who_is_gone_are_the_same(
        self, api: Api, owner: tuple[Any, Api], path: str, name: str
    ) -> None:
        api.user("jane")
        api.patch(f"/api/users/{api.user('gone')['id']}/deactivate")
        problem = owner[1].refused("POST", path, {"recipient": name})
        assert (problem["status"], problem["code"]) == (404, "unknown_recipient")
        assert problem["detail"] == "No active account has this username or email."

    def test_are_not_told_to_the_box_office_for_numbers_either(self, api: Api, path: str) -> None:
        jane = api.user("jane")
        shared = api.someone("staff")[1].post(path, {"user_id": jane["id"]})
        assert (shared["username"], shared["shared_as"]) == (None, None)


class TestRecipients:
    @pytest.fixture
    def shared(self, api: Api) -> Any:
        """Jane's and Jim's to look at, with words that are not for them."""
        order = api.order(api.user(), notes="it is a surprise")
        for name in ("jane", "jim"):
            api.someone("customer", name)
            api.post(f"/api/orders/{order['id']}/users", {"recipient": name})
        return order

    def of(self, api: Api, name: str) -> tuple[int, Api]:
        caller = api.bearer(api.log_in(name)["access_token"])
        return caller.get("/api/auth/me")["user_id"], caller

    def test_leave_by_themselves(self, api: Api, shared: Any) -> None:
        jane_id, jane = self.of(api, "jane")
        path = f"/api/orders/{shared['id']}"
        jane.delete(f"{path}/users/{jane_id}")
        assert jane.get(f"/api/users/{jane_id}/orders") == []
        assert jane.refused("GET", path)["code"] == "order_not_found"
        assert jane.refused("DELETE", f"{path}/users/{jane_id}")["code"] == "order_not_found"
        assert [entry["username"] for entry in api.get(f"{path}/users")] == ["john_doe", "jim"]

    def test_remove_nobody_else(self, api: Api, shared: Any) -> None:
        _, jane = self.of(api, "jane")
        jim_id, _ = self.of(api, "jim")
        path = f"/api/orders/{shared['id']}/users"
        for user_id in (shared["user_id"], jim_id, 99):
            problem = jane.refused("DELETE", f"{path}/{user_id}")
            assert problem["code"] == "recipient_not_found"
        assert jane.refused("DELETE", path)["code"] == "order_not_found"
        assert len(api.get(path)) == 3

    def test_do_not_see_what_was_not_written_for_them(self, api: Api, shared: Any) -> None:
        jane_id, jane = self.of(api, "jane")
        path = f"/api/orders/{shared['id']}"
        api.post(f"{path}/cancel", {"reason": "she found out"})
        for seen in (jane.get(path), *jane.get(f"/api/users/{jane_id}/orders")):
            assert (seen["notes"], seen["cancel_reason"]) == (None, None)
            assert seen["status"] == "cancelled"
        assert api.get(path)["notes"] == "it is a surprise"
