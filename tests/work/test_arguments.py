"""What operations are given: of the path, the query and the body, as the framework reads them."""

from inspect import signature
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Path, Query, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict

import main
from work.arguments import Arguments
from work.unit_of_work import UnitOfWork

# They need a hasher, a signer, a form or the rules, which the framework hands them.
BY_THE_FRAMEWORK = {
    "begin_enrolment",
    "change_password",
    "confirm_enrolment",
    "create_user",
    "disable_second_factor",
    "get_reconciliation",
    "hear_payment_provider",
    "list_payment_methods",
    "log_in",
    "log_in_browser",
    "log_out_browser",
    "refresh_browser",
    "refresh_token",
    "renew_recovery_codes",
    "share_order",
    "sync_transaction",
    "update_user",
}


class Filters(BaseModel):
    model_config = ConfigDict(extra="forbid")
    limit: Annotated[int, Query(ge=1)] = 10
    name: str | None = None
    size: Annotated[list[Annotated[int, Query(ge=0)]], Query(max_length=3)] | None = None


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int


async def change(
    thing_id: Annotated[int, Path(ge=1)],
    request: Request,
    query: Annotated[Filters, Query()],
    body: Thing,
) -> Response:
    return JSONResponse(jsonable_encoder([thing_id, request.method, query, body]))


async def close(
    thing_id: Annotated[int, Path(ge=1)], request: Request, body: Thing | None = None
) -> Response:
    return JSONResponse(jsonable_encoder([thing_id, request.method, body]))


OPERATIONS: dict[str, Any] = {"/change": change, "/close": close}
JSON = "application/json"
REQUESTS = [
    ("7", b'{"size": 1}', JSON),
    ("7?limit=3&name=x", b'{"size": 1}', "application/json; charset=utf-8"),
    ("7?limit=3&size=4", b'{"size": 1}', "application/merge-patch+json"),
    ("7?size=3&limit=2&size=4", b'{"size": 1}', JSON),
    ("7?size=1&size=2&size=3&size=4", b'{"size": 1}', JSON),
    ("7?name=", b'\xef\xbb\xbf{"size": 1}', JSON),
    ("0?limit=0&nothing=1", b'{"size": "x", "more": 1}', JSON),
    ("x?nothing=1&nothing=2", b"[]", JSON),
    ("7", b"null", JSON),
    ("7", b"", JSON),
    ("7", b"", ""),
    ("7", b'{"size": 1}', ""),
    ("7", b'{"size": 1}', "text/plain"),
    ("7", b'{"size": 1}', "nonsense"),
    ("7", b"{", JSON),
    ("7", b"[" * 200_000, JSON),
    ("7", b"\xff", JSON),
]


@pytest.fixture(scope="module")
def by_the_framework() -> TestClient:
    app = app_that_tells()
    for path, function in OPERATIONS.items():
        app.post(path + "/{thing_id}")(function)
    return TestClient(app)


@pytest.fixture(scope="module")
def by_ourselves() -> TestClient:
    app = app_that_tells()
    for path, function in OPERATIONS.items():
        app.router.add_route(path + "/{thing_id}", reading(function), methods=["POST"])
    return TestClient(app)


def app_that_tells() -> FastAPI:
    async def tell(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return JSONResponse([[one["type"], one["loc"], one["msg"]] for one in error.errors()], 422)

    # What says no kind of body is JSON, as it is with ``work.routing``.
    return FastAPI(exception_handlers={RequestValidationError: tell}, strict_content_type=False)


def reading(function: Any) -> Any:
    arguments = Arguments.of(function, "request")
    assert arguments is not None

    async def serve(request: Request) -> Response:
        response: Response = await function(**await arguments.read(request), request=request)
        return response

    return serve


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(("rest", "body", "kind"), REQUESTS)
def test_they_are_what_the_framework_would_have_read(
    by_the_framework: TestClient,
    by_ourselves: TestClient,
    operation: str,
    rest: str,
    body: bytes,
    kind: str,
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    theirs = by_the_framework.post(f"{operation}/{rest}", content=body, headers=headers)
    ours = by_ourselves.post(f"{operation}/{rest}", content=body, headers=headers)
    assert ours.status_code == theirs.status_code
    # What can't be read at all is told in words of the service's own.
    if theirs.status_code != 400:
        assert ours.json() == theirs.json()


def test_what_has_one_value_is_not_said_twice(by_ourselves: TestClient) -> None:
    """The framework would take the last, and say nothing."""
    answer = by_ourselves.post("/change/7?limit=3&name=a&limit=4&name=b", json={"size": 1})
    assert answer.status_code == 422
    assert [(kind, place) for kind, place, _ in answer.json()] == [
        ("repeated_parameter", ["query", "limit"]),
        ("repeated_parameter", ["query", "name"]),
    ]


def test_which_of_several_values_is_wrong_is_not_told_by_a_number(
    by_ourselves: TestClient,
) -> None:
    (wrong,) = by_ourselves.post("/change/7?size=1&size=x", json={"size": 1}).json()
    assert wrong[:2] == ["int_parsing", ["query", "size"]]


def test_only_operations_that_need_more_are_left_to_the_framework() -> None:
    """Else one would be slower, and nobody would see it."""
    left = set()
    for router in main.DOMAINS.routers:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            kinds = {n: one.annotation for n, one in signature(route.endpoint).parameters.items()}
            works = [name for name, kind in kinds.items() if kind is UnitOfWork]
            if works and Arguments.of(route.endpoint, works[0]) is None:
                left.add(route.operation_id)
    assert left == BY_THE_FRAMEWORK
