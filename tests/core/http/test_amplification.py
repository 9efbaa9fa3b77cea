"""However much is wrong with a request, its answer is short, and was cheap to find."""

import json
from typing import Any

import pytest

from core.http.bodies import MAX_DEPTH, MAX_ITEMS, MAX_MEMBERS, MAX_VALUES
from core.http.problems import MAX_ERRORS
from tests.support.client import Api
from tests.support.operations import JSON, OPERATIONS, Operation

SHORT = 10_000
MEGABYTE = 1_000_000
NAMES = ("a", "b" * 64, "c" * 65, "\u00e9" * 100, '"' * 100, "\x01" * 100, "~/" * 100)


def junk(members: int) -> bytes:
    return json.dumps({f"member{n}": n for n in range(members)}).encode()


MANY_MEMBERS = junk(60_000)
MANY_OBJECTS = b'{"a":[' + b"{}," * 300_000 + b"{}]}"


def send(api: Api, operation: Operation, content: bytes) -> Any:
    return api.request(operation.method, operation.path, content=content, headers=JSON)


def require_too_large(api: Api, operation: Operation, body: bytes) -> None:
    assert len(body) > MEGABYTE // 2
    response = send(api, operation, body)
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    assert len(response.content) < SHORT


class TestBodies:
    @pytest.mark.parametrize("operation", OPERATIONS, ids=str)
    def test_of_a_megabyte_of_members_are_too_large(self, api: Api, operation: Operation) -> None:
        require_too_large(api, operation, MANY_MEMBERS)

    @pytest.mark.parametrize("body", [MANY_MEMBERS[:MEGABYTE], MANY_OBJECTS], ids=["cut", "list"])
    def test_of_a_megabyte_are_too_large_whatever_is_in_them(self, api: Api, body: bytes) -> None:
        require_too_large(api, OPERATIONS[0], body)

    @pytest.mark.parametrize("operation", OPERATIONS, ids=str)
    def test_tell_of_twenty_mistakes_and_how_many_more(
        self, api: Api, operation: Operation
    ) -> None:
        response = send(api, operation, junk(MAX_MEMBERS))
        problem = response.json()
        assert (response.status_code, problem["code"]) == (422, "validation_error")
        assert len(problem["errors"]) == MAX_ERRORS
        assert problem["more_errors"] >= MAX_MEMBERS - MAX_ERRORS
        assert len(response.content) < SHORT

    def test_with_few_mistakes_tell_all_of_them(self, api: Api) -> None:
        problem = api.refused("POST", "/api/users/", {})
        assert len(problem["errors"]) == 3
        assert "more_errors" not in problem

    @pytest.mark.parametrize("operation", OPERATIONS, ids=str)
    def test_with_long_names_are_not_repeated(self, api: Api, operation: Operation) -> None:
        for name in ("x" * MEGABYTE, "\x01" * 100_000, "\u00e9" * 100_000):
            response = send(api, operation, json.dumps({name: 1}).encode())
            assert response.status_code == 422
            assert len(response.content) < SHORT
        many = {f"{n}{NAMES[n % len(NAMES)]}": 1 for n in range(MAX_MEMBERS)}
        assert len(send(api, operation, json.dumps(many).encode()).content) < 2 * SHORT

    @pytest.mark.parametrize(
        ("value", "status"),
        [
            ({f"m{n}": n for n in range(MAX_MEMBERS + 1)}, 413),
            ({"items": [{f"m{n}": n for n in range(MAX_MEMBERS + 1)}]}, 413),
            ({"items": [0] * (MAX_ITEMS + 1)}, 413),
            ({"items": [0] * MAX_ITEMS}, 422),
            ({"items": [[0] * 100] * (MAX_VALUES // 100 + 1)}, 413),
        ],
        ids=range(5),
    )
    def test_are_bounded_in_width(self, api: Api, value: Any, status: int) -> None:
        body = {"user_id": 1, **value}
        assert api.refused("POST", "/api/orders/", body)["status"] == status

    def test_are_bounded_in_depth(self, api: Api) -> None:
        for depth, status in ((MAX_DEPTH - 1, 422), (MAX_DEPTH + 1, 400), (900, 400)):
            nested: Any = []
            for _ in range(depth - 1):
                nested = [nested]
            body = {"user_id": 1, "notes": nested}
            assert api.refused("POST", "/api/orders/", body)["status"] == status, depth

    def test_that_hold_as_much_as_anybody_needs_are_served(self, api: Api) -> None:
        user = api.user()
        tickets = [api.ticket(event_name=f"Concert {n}") for n in range(100)]
        lines = [{"ticket_id": ticket["id"], "quantity": 1} for ticket in tickets]
        body = {"user_id": user["id"], "items": lines, "notes": "," * 5000}
        order = api.post("/api/orders/", body)
        assert len(order["items"]) == 100
        assert api.put(f"/api/orders/{order['id']}", order)["notes"] == "," * 5000


class TestAddresses:
    def test_with_unknown_parameters_tell_of_twenty(self, api: Api) -> None:
        query = "&".join(f"p{n}{'x' * 60}={n}" for n in range(90))
        for path in ("/api/tickets/", "/api/analytics/dashboard", "/api/orders/"):
            response = api.request("GET", f"{path}?{query}")
            problem = response.json()
            assert (response.status_code, len(problem["errors"])) == (422, MAX_ERRORS)
            assert problem["more_errors"] == 90 - MAX_ERRORS
            assert len(response.content) < SHORT

    def test_that_are_long_are_not_repeated(self, api: Api) -> None:
        for path in ("/nowhere/" + "x" * 8000, "/api/tickets/" + "9" * 8000):
            for query in ("", "?" + "y" * 100):
                response = api.client.get(path + query)
                assert response.status_code in {404, 422}
                assert len(response.content) < 2000
        response = api.client.get("/api/tickets/?" + "y" * 8000 + "=1")
        assert response.status_code == 422
        assert len(response.content) < 2000
