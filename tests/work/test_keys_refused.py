"""What every operation that takes an ``Idempotency-Key`` refuses because of it."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.pool import NullPool
from sqlmodel import Session

from core.store.exchange import lock_number
from tests.support.client import PASSWORD, Api
from tests.support.declared import contents, example_path, having, sensible
from tests.support.service import Service

KEY = {"Idempotency-Key": "one"}
BAD_KEYS: dict[str, list[bytes]] = {
    "empty": [b""],
    "empty in quotes": [b'""'],
    "256 characters": [b"x" * 256],
    "no ASCII": [b"caf\xe9"],
    "a control character": [b"a\tb"],
    "two": [b"one", b"two"],
}
# Their first answers here are refusals of who asks, and those are not kept.
NOT_KEPT = {"refresh_token", "change_password"}
TAKING_KEYS = having("idempotency_key_reused")
# That of a refresh belongs to its log-in; see tests/Auth/test_repeated.py.
OF_A_LOG_IN = {"refresh_token"}
# Whoever asks here is nobody who could have a second factor, and is told that first.
OF_A_PERSON = {
    "begin_enrolment",
    "confirm_enrolment",
    "disable_second_factor",
    "renew_recovery_codes",
}
OF_THE_CALLER = [one for one in TAKING_KEYS if one.id not in OF_A_LOG_IN | OF_A_PERSON]
KEEPING = [one for one in TAKING_KEYS if one.id not in NOT_KEPT | OF_A_PERSON]


@pytest.fixture
def keyed(api: Api) -> Api:
    """The service with a user, asked under one and the same key."""
    api.user("john", password=PASSWORD)
    return api.having(KEY)


@pytest.mark.parametrize(("method", "path", "operation"), OF_THE_CALLER)
def test_the_key_of_another_operation_is_refused_and_changes_nothing(
    keyed: Api, service: Service, method: str, path: str, operation: dict[str, Any]
) -> None:
    keyed.ticket()
    before = contents(service)
    response = sensible(keyed, method, path, operation)
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert response.json()["errors"][0]["parameter"] == "Idempotency-Key"
    assert contents(service) == before


@pytest.mark.parametrize(("method", "path", "operation"), KEEPING)
def test_a_key_is_refused_with_another_query_and_changes_nothing(
    keyed: Api, service: Service, method: str, path: str, operation: dict[str, Any]
) -> None:
    first = sensible(keyed, method, path, operation)
    assert first.status_code in {200, 201, 204, 404, 409}
    before = contents(service)
    response = sensible(keyed, method, f"{path}?more=1", operation)
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert contents(service) == before
    again = sensible(keyed, method, path, operation)
    assert (again.status_code, again.content) == (first.status_code, first.content)


@pytest.mark.parametrize(("method", "path", "operation"), TAKING_KEYS)
def test_what_can_not_be_a_key_is_refused_and_changes_nothing(
    api: Api, service: Service, method: str, path: str, operation: dict[str, Any]
) -> None:
    before = contents(service)
    for name, values in BAD_KEYS.items():
        headers: Any = [(b"idempotency-key", value) for value in values]
        response = api.client.request(method, example_path(path, operation), headers=headers)
        problem = response.json()
        assert (response.status_code, problem["code"]) == (422, "validation_error"), name
        assert problem["errors"][0]["parameter"] == "Idempotency-Key", name
    assert contents(service) == before


@pytest.fixture
def twin(service: Service) -> Iterator[Session]:
    """Somebody who has claimed the key, and is not done."""
    key_hash = hashlib.sha256(KEY["Idempotency-Key"].encode()).hexdigest()
    engine = create_engine(service.settings.database, poolclass=NullPool)
    with Session(engine) as session:
        lock = func.pg_try_advisory_xact_lock(lock_number(f"open\0{key_hash}"))
        assert session.execute(select(lock)).scalar_one()
        yield session


# With SQLite's one writer at a time nobody else can be under way.
@pytest.mark.parametrize("shared_service", ["postgres"], indirect=True, scope="session")
def test_a_twin_that_takes_long_is_told_and_has_to_be_asked_for_later(
    keyed: Api, service: Service, twin: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = service.settings.model_copy(update={"request_timeout_seconds": 1})
    monkeypatch.setitem(service.app.state._state, "settings", hasty)
    before = contents(service)
    body = {"user_id": 1, "items": []}
    response = keyed.request("POST", "/api/orders/", json=body)
    assert (response.status_code, response.json()["code"]) == (409, "request_in_progress")
    assert int(response.headers["retry-after"]) >= 1
    assert contents(service) == before
    twin.rollback()
    assert keyed.request("POST", "/api/orders/", json=body).status_code == 201
