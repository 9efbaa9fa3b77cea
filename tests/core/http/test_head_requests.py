"""HEAD is answered as GET, without the body, at every address."""

import logging

import pytest
from httpx2 import Response

from tests.support.client import Api
from tests.support.declared import QUERIES, example_path, is_of_any_length, operations
from tests.support.operations import build_world

NOT_IN_THE_DOCUMENT = ("/docs", "/redoc", "/openapi.json", "/docs-assets/swagger-ui.css")
# Of a request of its own.
OWN = {"x-request-id", "last-modified"}


def addresses() -> list[str]:
    documented = [
        example_path(path, operation) + QUERIES.get(operation["operationId"], "")
        for method, path, operation in operations()
        if method == "GET"
    ]
    return [*documented, *NOT_IN_THE_DOCUMENT]


def said(response: Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name not in OWN}


@pytest.fixture
def world(api: Api) -> Api:
    build_world(api)
    return api


def test_every_get_has_its_head(world: Api) -> None:
    # How long they are shows when they are made.
    of_any_length = {
        example_path(path, operation) + QUERIES.get(operation["operationId"], "")
        for _, path, operation in operations()
        if is_of_any_length(operation)
    }
    for path in addresses():
        got = world.client.get(path)
        head = world.client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert said(head).keys() == said(got).keys(), path
        if path not in of_any_length:
            assert int(head.headers["content-length"]) == len(got.content) > 0, path


def test_a_refusal_of_it_is_that_of_the_get(world: Api) -> None:
    refused = {
        "/api/tickets/77": 404,
        "/api/tickets/x": 422,
        "/api/tickets/?limit=0": 422,
        "/nowhere": 404,
        "/api/orders/1/cancel": 405,
    }
    for path, status in refused.items():
        got, head = world.client.get(path), world.client.head(path)
        assert (head.status_code, head.content, said(head)) == (status, b"", said(got)), path
    stranger = {"Authorization": "Bearer nobody"}
    assert world.client.head("/api/orders/", headers=stranger).status_code == 401


def test_it_does_what_the_get_does_and_no_more(world: Api) -> None:
    before = world.get("/api/tickets/")
    for path in ("/api/tickets/", "/api/tickets", "/api/tickets/1/"):
        assert world.client.head(path, headers={"Idempotency-Key": "x"}).status_code == 200
    assert world.get("/api/tickets/") == before


def test_other_methods_are_told_of_it(world: Api) -> None:
    for path in ("/health", "/", "/docs", "/api/tickets/1"):
        allowed = world.client.request("TRACE", path).headers["allow"].split(", ")
        assert {"GET", "HEAD"} <= set(allowed), path
    assert "HEAD" not in world.client.get("/api/orders/1/cancel").headers["allow"]


def test_the_log_has_it_under_its_own_name(world: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="nexticket.access"):
        world.client.head("/api/tickets/1")
    (line,) = [record for record in caplog.records if record.name == "nexticket.access"]
    told = vars(line)
    assert (told["method"], told["route"]) == ("HEAD", "/api/tickets/{ticket_id}")
