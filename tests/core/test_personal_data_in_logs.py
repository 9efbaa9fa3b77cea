"""Nothing of an account gets into the log, whatever PostgreSQL says of it; strangers can try."""

import ast
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import NullPool

from core.settings import Settings
from core.traces import trace
from main import create_app
from tests.support.architecture import parsed, read_sources
from tests.support.house_rules import product
from tests.support.log_lines import Lines, restored_logging
from tests.support.service import fresh_database, migrate, settings_for
from User.schemas.user import UserRead

PASSWORD = "a walk in the rain"  # noqa: S105 - of users that exist in tests only
BODY = {
    "username": "jane_roe",
    "email": "jane.roe@private.example",
    "full_name": "Jane Abigail Roe",
    "phone_number": "+4915112345678",
    "password": PASSWORD,
}
# What of an account no line may have; its name in a log-in stands for it in clear, too.
PRIVATE = [*BODY.values(), "argon2", "jane.roe"]
PATIENCE = 20
_INSERT = text("""
    INSERT INTO users (username, username_key, email, email_key, full_name, role, is_active,
        created_at, updated_at)
    VALUES ('Jane_Roe', 'jane_roe', 'o@example.com', 'o@example.com', 'Other', 'customer', TRUE,
        now(), now())""")
_WAITING = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'""")
# Says all that there is of the account, as an extension or a trigger of the operator's may.
_FAULT = text("""
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN RAISE EXCEPTION 'a fault at %', NEW; END$$;
    CREATE TRIGGER fail BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION fail()""")
_RULE = text("ALTER TABLE users ADD CONSTRAINT ck_users_odd CHECK (full_name NOT LIKE '%Roe')")


@pytest.fixture(params=["INFO", "DEBUG"])
def settings(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Settings]:
    with fresh_database("postgres", request, f"{worker_name}_private") as url:
        settings = settings_for(
            url, environment="production", log_level=request.param, request_timeout_seconds=2
        )
        migrate(settings)
        yield settings


@pytest.fixture
def lines() -> Iterator[Lines]:
    with restored_logging():
        yield Lines()


@pytest.fixture
def client(lines: Lines, settings: Settings) -> Iterator[TestClient]:
    with lines.of(create_app(settings)) as client:
        yield client


@contextmanager
def another(settings: Settings) -> Iterator[Connection]:
    engine = create_engine(settings.database, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def register(client: TestClient) -> Any:
    return client.post("/api/users/", json=BODY)


def require_nothing_private(lines: Lines, *expected: str) -> str:
    written = "\n".join(lines.text())
    assert all(words in written for words in expected), written
    assert [one for one in PRIVATE if one in written] == [], written
    return written


def registered_behind(settings: Settings, client: TestClient, *, commit: bool) -> Any:
    """What a registration is answered that waits for another one of the same name."""
    with another(settings) as first, another(settings) as onlooker, ThreadPoolExecutor(1) as pool:
        first.execute(_INSERT)
        answer = pool.submit(register, client)
        while not onlooker.execute(_WAITING).scalar_one() and not answer.done():
            onlooker.rollback()
        if commit:
            first.commit()
        return answer.result(PATIENCE)


def test_a_racing_registration_is_told_without_a_word_of_the_account(
    settings: Settings, client: TestClient, lines: Lines
) -> None:
    answer = registered_behind(settings, client, commit=True)
    assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")
    # And without an error of the database, which would stand in PostgreSQL's own log.
    written = require_nothing_private(lines, '"code":"username_taken"')
    assert "the database refused" not in written


def test_a_lock_that_comes_too_late_is_told_by_its_code(
    settings: Settings, client: TestClient, lines: Lines
) -> None:
    answer = registered_behind(settings, client, commit=False)
    assert (answer.status_code, answer.json()["code"]) == (503, "service_busy")
    require_nothing_private(lines, "55P03", '"code":"service_busy"')


def test_a_fault_of_the_database_is_told_with_its_trace_and_without_its_words(
    settings: Settings, client: TestClient, lines: Lines
) -> None:
    with another(settings) as operator:
        operator.execute(_FAULT)
        operator.commit()
    assert register(client).status_code == 500
    require_nothing_private(lines, "Traceback", "P0001", "user_service.py", '"level":"error"')


def test_a_rule_that_is_broken_is_told_by_its_name(
    settings: Settings, client: TestClient, lines: Lines
) -> None:
    with another(settings) as operator:
        operator.execute(_RULE)
        operator.commit()
    assert register(client).status_code == 409
    require_nothing_private(lines, "CheckViolation 23514 ck_users_odd")


def test_an_error_of_a_model_is_told_without_what_it_refused() -> None:
    try:
        UserRead.model_validate(BODY)
    except ValueError as error:
        told = trace(error)
    assert "ValidationError" in told
    assert [one for one in PRIVATE if one in told] == []


def test_what_led_to_an_error_is_told_as_carefully() -> None:
    cause = IntegrityError("INSERT", {"email": BODY["email"]}, ValueError(BODY["email"]))
    group = ExceptionGroup("both", [cause, RuntimeError("of ours")])
    group.__cause__ = cause
    told = trace(group)
    assert told.endswith("RuntimeError: of ours")
    assert "was the direct cause of the following exception" in told
    assert BODY["email"] not in told


def test_every_engine_hides_what_is_sent() -> None:
    made = [
        (path, {keyword.arg for keyword in node.keywords})
        for path, source in product(read_sources()).items()
        for node in ast.walk(parsed(source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "create_engine"
    ]
    assert len(made) >= 4
    assert [path for path, options in made if "hide_parameters" not in options] == []
