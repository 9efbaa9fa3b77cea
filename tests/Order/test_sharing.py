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

    @pytest.mark.parametrize("body", [{}, {"user_id": "1"}, {"user_id": 1, "role": "owner"}])
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
