"""Every refusal that the OpenAPI document declares can be met, and changes nothing."""

import os
import sqlite3
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from sqlalchemy import event, select
from sqlmodel import Session, SQLModel

from core.settings import Settings
from main import create_app
from tests.client import PROBLEM, Api
from tests.conftest import Service
from tests.refusals import SCENES

os.environ.pop("DATABASE_URL", None)
DOCUMENT: dict[str, Any] = create_app(Settings()).openapi()
# What can happen to every operation of its kind is tried on each of them below.
EVERYWHERE = {
    "validation_error",
    "malformed_body",
    "body_too_large",
    "service_busy",
    "database_unavailable",
    "not_authenticated",
    "invalid_token",
    "not_allowed",
    # tests/Auth/test_limits.py reaches the limits.
    "too_many_requests",
}
# What is declared for a reason of its own beside the reason that it shares with others.
OWN_REASONS = {
    ("update_user", "not_allowed"),
    ("cancel_order", "not_allowed"),
    ("refresh_token", "invalid_token"),
}
# Only a changed schema shows this one; tests/core/test_service_routes.py changes it.
ELSEWHERE = {("get_readiness", "schema_outdated"), ("log_in", "invalid_credentials")}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of the whole document."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def declared(operation: dict[str, Any]) -> set[str]:
    contents = [answer.get("content", {}) for answer in operation["responses"].values()]
    schemas = [content[PROBLEM]["schema"] for content in contents if PROBLEM in content]
    return {code for schema in schemas for code in schema["properties"]["code"]["enum"]}


PAIRS = sorted(
    {
        (operation["operationId"], code)
        for _, _, operation in operations()
        for code in declared(operation) - EVERYWHERE
    }
    - ELSEWHERE
    | OWN_REASONS
)


def example_path(path: str, operation: dict[str, Any], value: str = "1") -> str:
    for parameter in operation.get("parameters", ()):
        path = path.replace(f"{{{parameter['name']}}}", value)
    return path


def having(code: str) -> list[Any]:
    """(method, example path, operation) of those that declare a code."""
    return [
        pytest.param(method, path, operation, id=operation["operationId"])
        for method, path, operation in operations()
        if code in declared(operation)
    ]


def contents(service: Service) -> dict[str, list[Any]]:
    """All rows of all tables."""

    def read(session: Session) -> dict[str, list[Any]]:
        tables = SQLModel.metadata.sorted_tables
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(table.c.id))]
            for table in tables
        }

    return service.database.query_snapshot(read)


def test_every_declared_refusal_has_its_scene_and_no_scene_is_idle() -> None:
    assert sorted(SCENES) == PAIRS


@pytest.mark.parametrize(("operation_id", "code"), PAIRS)
def test_a_declared_refusal_is_met_and_changes_nothing(
    api: Api, service: Service, operation_id: str, code: str
) -> None:
    method, path, body, *headers = SCENES[operation_id, code](api)
    before = contents(service)
    problem = api.having(*headers or [{}]).refused(method, path, body)
    assert problem["code"] == code
    assert api.operation(method, path)["operationId"] == operation_id
    assert contents(service) == before


@pytest.mark.parametrize(("method", "path", "operation"), having("validation_error"))
def test_bad_input_is_refused_and_told(
    api: Api, method: str, path: str, operation: dict[str, Any]
) -> None:
    if operation["operationId"] == "log_in":
        response = api.request(method, path, data={"username": "x"})
        assert response.json()["errors"][0]["pointer"] == "#/password"
    elif "requestBody" in operation:
        response = api.request(method, example_path(path, operation), json={"no_such_field": 1})
        assert "#/no_such_field" in {error.get("pointer") for error in response.json()["errors"]}
    elif "{" in path:
        response = api.request(method, example_path(path, operation, value="!"))
        assert response.json()["errors"][0]["parameter"]
    elif operation.get("parameters"):
        response = api.request(method, path, params={"no_such_parameter": 1})
        assert response.json()["errors"][0]["parameter"] == "no_such_parameter"
    else:
        pytest.fail("the operation takes no input, so it can't refuse any")
    assert (response.status_code, response.json()["code"]) == (422, "validation_error")


@pytest.mark.parametrize(("method", "path", "operation"), having("malformed_body"))
@pytest.mark.parametrize("body", [b"{", b'{"a": "\xff"}', b"\xff\xfe{}", b"[" * 100_000])
def test_a_body_that_is_no_json_is_malformed(
    api: Api, method: str, path: str, operation: dict[str, Any], body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    response = api.request(method, example_path(path, operation), content=body, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "malformed_body")


@pytest.mark.parametrize(("method", "path", "operation"), having("body_too_large"))
def test_a_body_that_is_too_large_is_refused(
    api: Api, service: Service, method: str, path: str, operation: dict[str, Any]
) -> None:
    body = b" " * (service.settings.max_body_bytes + 1)
    headers = {"Content-Type": "application/json"}
    response = api.request(method, example_path(path, operation), content=body, headers=headers)
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


VALID_BODIES = {
    "create_ticket": {
        "event_name": "x",
        "event_date": "2030-01-01T00:00:00Z",
        "venue": "x",
        "price": 1,
        "total_quantity": 1,
        "category": "x",
    },
    "change_ticket_status": {"status": "sold"},
    "create_order": {"user_id": 1, "items": []},
    "add_order_item": {"ticket_id": 1, "quantity": 1},
    "change_order_status": {"status": "confirmed"},
    "share_order": {"user_id": 1},
    "add_to_cart": {"user_id": 1, "ticket_id": 1, "quantity": 1},
    "update_cart_item": {"quantity": 1},
    "create_api_key": {"name": "x", "role": "staff"},
    "refresh_token": {"refresh_token": "x"},
    "log_out": {"refresh_token": "x"},
    "change_password": {"current_password": "x", "new_password": "long enough"},
    "create_user": {"username": "abc", "email": "a@example.com", "full_name": "x"},
    "create_transaction": {"order_id": 1, "payment_method": "card"},
    "change_transaction_status": {"status": "success"},
}


def sensible(api: Api, method: str, path: str, operation: dict[str, Any]) -> Any:
    """A request that nothing but the state of the service can refuse."""
    value = "john" if "{username}" in path else "1"
    body = VALID_BODIES.get(operation["operationId"], {})
    arguments: dict[str, Any] = {"json": body} if "requestBody" in operation else {}
    if operation["operationId"] == "log_in":
        arguments = {"data": {"username": "x", "password": "x"}}
    return api.request(method, example_path(path, operation, value), **arguments)


@pytest.mark.parametrize(("method", "path", "operation"), having("service_busy"))
def test_a_full_queue_sends_newcomers_away_for_a_moment(
    api: Api,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    operation: dict[str, Any],
) -> None:
    database = service.database
    gates = ("_read_gate", "_write_gate", "_snapshot_gate", "_probe_gate")
    for gate in (getattr(database, name) for name in gates):
        monkeypatch.setattr(gate, "_max_waiting", 0)
    response = sensible(api, method, path, operation)
    assert (response.status_code, response.json()["code"]) == (503, "service_busy")
    assert int(response.headers["retry-after"]) >= 1


@pytest.mark.parametrize(("method", "path", "operation"), having("database_unavailable"))
def test_a_lost_database_is_told_and_not_a_fault(
    api: Api, service: Service, method: str, path: str, operation: dict[str, Any]
) -> None:
    def lose_connection(*_: object) -> None:
        raise loss

    loss: Exception = psycopg2.OperationalError("the connection is gone, unexpectedly")
    if service.settings.is_sqlite:
        loss = sqlite3.OperationalError("the disk is gone, unexpectedly")
        loss.sqlite_errorcode = sqlite3.SQLITE_IOERR
    database = service.database
    engines = (database.reader, database.writer, database._probe)
    for engine in engines:
        event.listen(engine, "do_execute", lose_connection)
    try:
        # A key has to be looked up, so that every operation has to ask the database.
        response = sensible(api.having({"X-API-Key": "nxt_key"}), method, path, operation)
    finally:
        for engine in engines:
            event.remove(engine, "do_execute", lose_connection)
    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
    assert "retry-after" in response.headers
    assert "unexpectedly" not in response.text


@pytest.mark.parametrize(("method", "path", "operation"), having("invalid_token"))
@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer forged.token.here"},
        {"Authorization": "Basic am9objpkb2U="},
        {"X-API-Key": "nxt_unknown"},
    ],
)
def test_credentials_that_are_not_valid_open_nothing(
    api: Api, method: str, path: str, operation: dict[str, Any], headers: dict[str, str]
) -> None:
    response = sensible(api.having(headers), method, path, operation)
    assert (response.status_code, response.json()["code"]) == (401, "invalid_token")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path", "operation"), having("not_authenticated"))
def test_nobody_may_do_what_needs_an_identity(
    api: Api, method: str, path: str, operation: dict[str, Any]
) -> None:
    # A page of another site, in a browser on this machine.
    stranger = api.having({"Origin": "https://elsewhere.example"})
    response = sensible(stranger, method, path, operation)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
