"""Every refusal that the OpenAPI document declares can be met, and changes nothing."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import anyio
import psycopg2
import pytest
from sqlalchemy import event
from starlette.types import ASGIApp, Message, Scope

from core.settings import Settings
from core.store.exchange import Exchange
from main import create_app
from tests.support.client import Api
from tests.support.declared import (
    contents,
    declared,
    example_path,
    having,
    operations,
    path_parameters,
    sensible,
)
from tests.support.disputing import somebody_telling
from tests.support.refusals import SCENES
from tests.support.service import Service

# What can happen to every operation of its kind is tried on each of them below.
EVERYWHERE = {
    "validation_error",
    "malformed_body",
    # tests/core/http/test_heads.py
    "malformed_request",
    "request_timeout",
    "body_too_large",
    "unsupported_media_type",
    "service_busy",
    "database_unavailable",
    "service_stopping",
    "not_authenticated",
    "invalid_token",
    "not_allowed",
    # tests/Auth/test_second_factor_required.py tries it on each.
    "second_factor_enrolment_required",
    # tests/test_keys_refused.py
    "idempotency_key_reused",
    "request_in_progress",
    # tests/work/test_conditions.py
    "condition_not_supported",
    # tests/core/test_lists.py
    "skip_too_deep",
    # tests/Auth/test_limits.py reaches the limits.
    "too_many_requests",
    # tests/Auth/test_stored_answers.py
    "too_many_stored_answers",
}
# What is declared for a reason of its own beside the reason that it shares with others.
OWN_REASONS = {
    ("update_user", "not_allowed"),
    ("cancel_order", "not_allowed"),
    ("change_order_status", "not_allowed"),
    ("share_order", "not_allowed"),
    ("refresh_token", "invalid_token"),
    ("refresh_browser", "invalid_token"),
}
ELSEWHERE = {
    # tests/work/test_health.py changes the schema.
    ("get_readiness", "schema_outdated"),
    # tests/core/store/test_fitness.py
    ("get_readiness", "database_misconfigured"),
    ("get_readiness", "database_read_only"),
    # tests/Ticket/test_live_places.py takes all of them.
    ("listen_to_ticket", "listeners_full"),
    ("listen_to_ticket", "too_many_listeners"),
    ("listen_to_tickets", "listeners_full"),
    ("listen_to_tickets", "too_many_listeners"),
    ("log_in", "invalid_credentials"),
    # tests/Auth/test_second_factor.py
    ("log_in", "second_factor_required"),
    ("log_in", "invalid_second_factor"),
    # tests/Auth/test_browser.py
    ("log_in_browser", "invalid_credentials"),
    ("log_in_browser", "second_factor_required"),
    ("log_in_browser", "invalid_second_factor"),
    # tests/Payment/test_paying.py: what was announced stays so.
    ("create_transaction", "payment_provider_unavailable"),
    ("create_transaction", "payment_provider_failed"),
    ("create_transaction", "payment_refused"),
}


PAIRS = sorted(
    {
        (operation["operationId"], code)
        for _, _, operation in operations()
        for code in declared(operation) - EVERYWHERE
    }
    - ELSEWHERE
    | OWN_REASONS
)


@pytest.fixture(autouse=True)
def provider(service: Service) -> Iterator[None]:
    with somebody_telling(service):
        yield


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
    if operation["operationId"] in {"log_in", "log_in_browser"}:
        response = api.request(method, path, data={"username": "x"})
        assert response.json()["errors"][0]["pointer"] == "#/password"
    elif "requestBody" in operation:
        response = api.request(method, example_path(path, operation), json={"no_such_field": 1})
        assert "#/no_such_field" in {error.get("pointer") for error in response.json()["errors"]}
    elif "{" in path:
        # No id, and too long for any text.
        bad = dict.fromkeys(path_parameters(operation), "x" * 1000)
        response = api.request(method, example_path(path, operation, **bad))
        assert response.json()["errors"][0]["parameter"] in bad
    elif operation.get("parameters"):
        response = api.request(method, path, params={"no_such_parameter": 1})
        assert "no_such_parameter" in {one["parameter"] for one in response.json()["errors"]}
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


@pytest.mark.parametrize(("method", "path", "operation"), having("unsupported_media_type"))
def test_a_body_of_a_kind_that_is_not_taken_is_refused(
    api: Api, method: str, path: str, operation: dict[str, Any]
) -> None:
    headers = {"Content-Type": "application/xml"}
    response = api.request(method, example_path(path, operation), content=b"<a/>", headers=headers)
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")
    assert response.headers["accept"] in operation["requestBody"]["content"]


@pytest.mark.parametrize(("method", "path", "operation"), having("request_timeout"))
def test_a_body_that_does_not_arrive_is_not_waited_for(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    (kind,) = operation["requestBody"]["content"]
    headers = [(b"host", b"localhost"), (b"content-type", kind.encode())]
    scope = {
        "type": "http",
        "method": method,
        "path": example_path(path, operation),
        "client": ("127.0.0.1", 1),
        "query_string": b"",
        "headers": [*headers, (b"content-length", b"10")],
    }
    start, body = anyio.run(answer_without_body, HASTY, scope)
    answer = json.loads(body["body"])
    assert (start["status"], answer["code"]) == (408, "request_timeout")
    # What arrives later would be taken for the next request.
    assert (b"connection", b"close") in start["headers"]


# Its requests end before they ask the database, so it needs none.
HASTY = create_app(Settings(request_timeout_seconds=0.1))


async def answer_without_body(app: ASGIApp, scope: Scope) -> list[Message]:
    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    async def nothing_comes() -> Message:
        await anyio.sleep_forever()
        raise AssertionError

    with anyio.fail_after(10):
        await app(scope, nothing_comes, keep)
    return sent


SEATINGS = ("_readers", "_writers", "_snapshot_readers", "_probers")


@pytest.mark.parametrize(("method", "path", "operation"), having("service_busy"))
def test_a_full_queue_sends_newcomers_away_for_a_moment(
    api: Api,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    operation: dict[str, Any],
) -> None:
    for seating in (getattr(service.database, name) for name in SEATINGS):
        for name, value in {"_free": [], "_unmade": 0, "_max_waiting": 0}.items():
            monkeypatch.setattr(seating, name, value)
        # A full queue in front of a database that is away is told as that.
        monkeypatch.setattr(seating, "_is_away", False)
    response = sensible(api, method, path, operation)
    assert (response.status_code, response.json()["code"]) == (503, "service_busy")
    assert int(response.headers["retry-after"]) >= 1


@pytest.mark.parametrize(("method", "path", "operation"), having("service_stopping"))
def test_a_process_that_stops_sends_newcomers_to_another(
    api: Api,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    operation: dict[str, Any],
) -> None:
    for seating in SEATINGS:
        monkeypatch.setattr(getattr(service.database, seating), "_is_closed", True)
    response = sensible(api, method, path, operation)
    assert (response.status_code, response.json()["code"]) == (503, "service_stopping")
    assert int(response.headers["retry-after"]) >= 1
    assert response.headers["connection"] == "close"


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
    send = Exchange._send
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Exchange, "_send", lambda self, text, _: send(self, text, lose_connection))
        for engine in engines:
            event.listen(engine, "do_execute", lose_connection)
            stack.callback(event.remove, engine, "do_execute", lose_connection)
        # A key has to be looked up, so that every operation has to ask the database.
        response = sensible(api.having({"X-API-Key": f"nxt_{'k' * 43}"}), method, path, operation)
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
        {"X-API-Key": f"nxt_{'k' * 43}"},
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
