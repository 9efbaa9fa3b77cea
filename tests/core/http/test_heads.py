"""The head of a request is bounded, and means the same to everybody who reads it."""

from typing import Any

import pytest
from httpx2 import Response

from core.http.heads import MAX_HEADERS, MAX_PARAMETERS, MAX_TARGET
from tests.support.client import PASSWORD, PROBLEM, Api

LIST = "/api/tickets/"


def ask(api: Api, *headers: tuple[str, str], path: str = LIST) -> Response:
    listed: Any = list(headers)
    return api.client.get(path, headers=listed)


def is_refused(response: Response, status: int, code: str) -> None:
    assert response.headers["content-type"] == PROBLEM
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code), response.text
    assert problem["request_id"] == response.headers["x-request-id"]


class TestHost:
    @pytest.mark.parametrize(
        "host",
        [
            "",
            " ",
            "evil.example@localhost",
            "localhost/..",
            "localhost#x",
            "localhost?x",
            "localhost:",
            "localhost:x",
            "localhost:123456",
            "localhost, evil.example",
            "localhost evil.example",
            "http://localhost",
            "[::1",
            "::1",
            "caf%c3%a9",
            "%6cocalhost",
        ],
    )
    def test_that_is_none_is_refused(self, api: Api, host: str) -> None:
        is_refused(ask(api, ("Host", host)), 400, "malformed_request")

    @pytest.mark.parametrize(
        "host", ["localhost", "LOCALHOST:8000", "shop.example", "192.0.2.1:80", "[2001:db8::1]:443"]
    )
    def test_that_is_one_is_served(self, api: Api, host: str) -> None:
        assert ask(api, ("Host", host)).status_code == 200


class TestTwice:
    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("Host", ("localhost", "evil.example")),
            ("Host", ("localhost", "localhost")),
            ("Authorization", ("Bearer one", "Bearer other")),
            ("X-API-Key", ("nxt_one", "nxt_other")),
            ("Origin", ("http://localhost", "https://evil.example")),
            ("Content-Type", ("application/json", "text/plain")),
            ("Referer", ("http://localhost/", "https://evil.example/")),
        ],
    )
    def test_what_can_be_said_once_is_refused(
        self, api: Api, name: str, values: tuple[str, str]
    ) -> None:
        response = ask(api, *((name, value) for value in values))
        is_refused(response, 400, "malformed_request")

    def test_what_is_a_list_may_be_said_in_two_lines(self, api: Api) -> None:
        lines = [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-For", "192.0.2.2")]
        assert ask(api, *lines, ("Accept", "a/b"), ("Accept", "c/d")).status_code == 200


class TestSizes:
    def test_of_more_headers_than_anybody_sends_are_refused(self, api: Api) -> None:
        for number, status in ((MAX_HEADERS // 2, 200), (MAX_HEADERS + 1, 431)):
            response = ask(api, *((f"X-{n}", "x") for n in range(number)))
            assert response.status_code == status
        is_refused(response, 431, "headers_too_large")

    def test_of_an_address_have_a_bound(self, api: Api) -> None:
        longest = "x" * (MAX_TARGET - len(LIST) - len("q="))
        assert ask(api, path=f"{LIST}?q={longest}").status_code == 422
        is_refused(ask(api, path=f"{LIST}?q={longest}x"), 414, "uri_too_long")
        is_refused(ask(api, path=f"{LIST}{longest}xxx"), 414, "uri_too_long")

    def test_of_a_query_are_bounded_in_parameters_too(self, api: Api) -> None:
        most = "&".join(["status=sold"] * MAX_PARAMETERS)
        # More values than a filter takes, which is told of what is read.
        assert ask(api, path=f"{LIST}?{most}").status_code == 422
        is_refused(ask(api, path=f"{LIST}?{most}&limit=1"), 414, "uri_too_long")

    def test_are_refused_before_anybody_is_asked_who_asks(self, api: Api) -> None:
        _, admin = api.someone("admin")
        for caller in (admin, api.bearer("forged"), api):
            response = caller.client.get(f"/api/users/?{'&' * 9000}", headers=caller.headers)
            is_refused(response, 414, "uri_too_long")


class TestAnswers:
    def test_never_repeat_a_foreign_host(self, api: Api) -> None:
        """A cache would keep it, and lead the next caller to whom the first one named."""
        user, admin = api.someone("admin")
        ticket = api.ticket()
        foreign = admin.having({"Host": "evil.example"})
        for n in range(2):
            made = foreign.request("POST", "/api/orders/", json=order_of(user, ticket))
            assert made.headers["location"] == f"/api/orders/{n + 1}"
        paths = ("/api/orders/?limit=1", "/", "/docs", "/openapi.json", "/nowhere", LIST)
        answers = [made, *(foreign.client.get(path, headers=foreign.headers) for path in paths)]
        assert any("link" in answer.headers for answer in answers)
        for answer in answers:
            assert "evil" not in f"{answer.headers}{answer.text}", answer.url

    def test_lead_to_the_next_page_by_a_path(self, api: Api) -> None:
        for n in range(2):
            api.user(f"user{n}", password=PASSWORD)
        link = api.request("GET", "/api/users/?limit=1&skip=0&username=").headers.get("link")
        assert link is None
        link = api.request("GET", "/api/users/?limit=1&skip=0").headers["link"]
        assert link == '</api/users/?limit=1&after=1>; rel="next"'


def order_of(user: Any, ticket: Any) -> Any:
    return {"user_id": user["id"], "items": [{"ticket_id": ticket["id"], "quantity": 1}]}
