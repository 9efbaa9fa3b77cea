"""A body of the wrong kind is told which is taken; one that says no kind is JSON."""

import json
from collections.abc import Iterator

import pytest
from httpx2 import Response

from tests.support.client import Api
from tests.support.operations import OPERATIONS, Operation, build_world, state

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
OTHERS = ("text/plain", FORM, "multipart/form-data; boundary=x", "text/json", "nonsense")
KEYS: tuple[dict[str, str], ...] = ({}, {"Idempotency-Key": "a"})
UNSAID: tuple[dict[str, str], ...] = ({}, {"Content-Type": ""})


@pytest.fixture
def world(api: Api) -> Iterator[Api]:
    """A world with all objects, which must be the same after the test."""
    build_world(api)
    before = state(api)
    yield api
    assert state(api) == before


def send(api: Api, operation: Operation, content: str, headers: dict[str, str]) -> Response:
    said = content.encode()
    return api.request(operation.method, operation.path, content=said, headers=headers)


def is_of_the_wrong_kind(response: Response, taken: str) -> None:
    problem = response.json()
    assert (problem["status"], problem["code"]) == (415, "unsupported_media_type")
    assert response.headers["accept"] == taken
    assert taken in problem["detail"]


@pytest.mark.parametrize("key", KEYS, ids=["bare", "keyed"])
class TestJson:
    def test_is_all_that_is_taken(self, world: Api, key: dict[str, str]) -> None:
        for operation in OPERATIONS:
            for kind in OTHERS:
                headers = {"Content-Type": kind} | key
                answer = send(world, operation, json.dumps(operation.body), headers)
                is_of_the_wrong_kind(answer, JSON)

    def test_is_what_says_no_kind(self, world: Api, key: dict[str, str]) -> None:
        for operation in OPERATIONS:
            for unsaid in UNSAID:
                unknown = send(world, operation, '{"surprise": 1}', unsaid | key).json()
                told = {error["pointer"] for error in unknown["errors"]}
                assert "#/surprise" in told, operation
                answer = send(world, operation, "{", unsaid | key)
                assert answer.json()["code"] == "malformed_body", operation


def test_what_says_no_kind_is_done(api: Api) -> None:
    """Whether the service reads the body itself or has the framework do so."""
    body = {"username": "john", "email": "john@example.com", "full_name": "John"}
    made = api.request("POST", "/api/users/", content=json.dumps(body).encode())
    assert (made.status_code, made.json()["username"]) == (201, "john")
    order = api.request("POST", "/api/orders/", content=b'{"user_id": 1, "items": []}')
    assert order.status_code == 201
    notes = api.request("PUT", "/api/orders/1", content='{"notes": "größer"}'.encode())
    assert notes.json()["notes"] == "größer"


@pytest.mark.parametrize("key", KEYS, ids=["bare", "keyed"])
def test_no_body_needs_no_kind(api: Api, key: dict[str, str]) -> None:
    """curl says it of an empty one, too."""
    user = api.user()
    for kind in ("", JSON, *OTHERS):
        path = f"/api/orders/{api.order(user)['id']}/cancel"
        headers = {"Content-Type": kind} | dict.fromkeys(key, path)
        assert api.request("POST", path, headers=headers).status_code == 200, kind


def test_a_form_is_told_of_where_one_is_taken(api: Api) -> None:
    for headers in ({"Content-Type": JSON}, {"Content-Type": "text/plain"}, *UNSAID):
        content = b'{"username": "john", "password": "x"}'
        answer = api.request("POST", "/api/auth/token", content=content, headers=headers)
        is_of_the_wrong_kind(answer, FORM)


def test_a_page_of_another_site_is_nobody_though_it_needs_no_preflight(api: Api) -> None:
    """In open mode, where this machine needs no identity; its browser says whose page asks."""
    for said in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = api.request("POST", "/api/tickets/", content=b"{}", headers=said)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
