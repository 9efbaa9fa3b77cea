"""The log tells who tried what, and never a secret."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx2
import pytest

from core.store.schema_version import ROOT
from tests.support.browser import BROWSER, OWN_PAGE
from tests.support.client import PASSWORD
from tools import server
from tools.server import LOCALLY

WRONG = "a walk in the snow"
NEW = "a longer walk in the sun"
SIGNING_KEY = "Zr7-kQ2_vN9xLw4TbY8mHc3JfPs6GdRa"


@dataclass
class Session:
    """What a real server wrote about the requests of a session, and the secrets in them."""

    log: str
    secrets: dict[str, str]
    request_ids: dict[str, str]


@contextmanager
def served(folder: Path, log: IO[bytes]) -> Iterator[httpx2.Client]:
    """A server as it is deployed, whose log can be read."""
    environment = server.default_environment() | {
        "DATABASE_URL": f"sqlite:///{folder}/log.db",
        "SECRET_KEY": SIGNING_KEY,
        # The most that can be logged.
        "LOG_LEVEL": "DEBUG",
        "DEBUG": "true",
        "PASSWORD_HASH_MEMORY_KIB": "8",
        "LOGIN_RATE_LIMIT": "5/hour",
    }
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = server._start(ROOT, environment, server._program(ROOT), listener, log)
        listener.close()
        try:
            server.await_readiness(url, log)
            with httpx2.Client(base_url=url, **LOCALLY) as client:
                yield client
        finally:
            server._stop(process, log)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    with tempfile.TemporaryFile() as log:
        with served(tmp_path_factory.mktemp("log"), log) as client:
            secrets, request_ids = use(client)
        log.seek(0)
        return Session(log.read().decode(), secrets, request_ids)


def use(client: httpx2.Client) -> tuple[dict[str, str], dict[str, str]]:
    """Log in, refresh, use a key, get the password wrong: (secrets, request ids)."""
    user = {"username": "john", "email": "john@example.com", "full_name": "John", "role": "staff"}
    made = client.post("/api/users/", json=user | {"password": PASSWORD})
    assert made.status_code == 201, made.text
    # From here on as a stranger: what this machine asks for is not limited.
    client.headers["Origin"] = "https://elsewhere.example"
    first = log_in(client, PASSWORD).json()
    second = client.post("/api/auth/refresh", json={"refresh_token": first["refresh_token"]}).json()
    bearer = {"Authorization": f"Bearer {second['access_token']}"}
    cookies = kept_by_browser(client)
    key = client.post("/api/auth/api-keys", json={"name": "till", "role": "staff"}, headers=bearer)
    with_key = client.get("/api/auth/me", headers={"X-API-Key": key.json()["key"]})
    assert with_key.json()["username"] == "john"
    forbidden = client.get("/api/users/", headers=bearer)
    change = {"current_password": PASSWORD, "new_password": NEW}
    changed = client.post("/api/auth/password", json=change, headers=bearer)
    assert (forbidden.status_code, changed.status_code) == (403, 204)
    wrong = log_in(client, WRONG)
    tries = [log_in(client, WRONG) for _ in range(5)]
    forged = client.get("/api/auth/me", headers={"X-API-Key": "nxt_forged-by-somebody"})
    secrets = {
        "password": PASSWORD,
        "password as sent": PASSWORD.replace(" ", "+"),
        "wrong password": WRONG,
        "wrong password as sent": WRONG.replace(" ", "+"),
        "new password": NEW,
        "access token": first["access_token"],
        "renewed access token": second["access_token"],
        "refresh token": first["refresh_token"],
        "renewed refresh token": second["refresh_token"],
        "cookie": cookies[0],
        "renewed cookie": cookies[1],
        "API key": key.json()["key"],
        "forged key": "nxt_forged-by-somebody",
        "signing key": SIGNING_KEY,
    }
    ids = {
        "invalid_credentials": wrong,
        "too_many_requests": tries[-1],
        "invalid_token": forged,
        "not_allowed": forbidden,
    }
    return secrets, {code: answer.headers["x-request-id"] for code, answer in ids.items()}


def kept_by_browser(client: httpx2.Client) -> list[str]:
    """The cookies of a log-in and a refresh, and then a refusal of each kind."""
    name = "nexticket-login"
    form = {"username": "john", "password": PASSWORD}
    answers = [client.post(f"{BROWSER}/login", data=form, headers=OWN_PAGE)]
    answers += [client.post(f"{BROWSER}/refresh", headers=OWN_PAGE)]
    kept = [answer.cookies[name] for answer in answers]
    client.cookies.clear()
    foreign = client.post(f"{BROWSER}/refresh", headers={"Cookie": f"{name}={kept[1]}"})
    dead = client.post(f"{BROWSER}/refresh", headers=OWN_PAGE | {"Cookie": f"{name}={kept[1]}x"})
    assert (foreign.status_code, dead.status_code) == (403, 401)
    return kept


def log_in(client: httpx2.Client, password: str) -> httpx2.Response:
    form = {"username": "john", "password": password}
    return client.post("/api/auth/token", data=form)


def test_no_secret_of_a_session_is_in_the_log(session: Session) -> None:
    assert [name for name, secret in session.secrets.items() if secret in session.log] == []
    # It is the log of that session.
    assert session.log.count("route=/api/auth/token") == 7


@pytest.mark.parametrize(
    ("code", "route"),
    [
        ("invalid_credentials", "POST route=/api/auth/token status=401"),
        ("too_many_requests", "POST route=/api/auth/token status=429"),
        ("invalid_token", "GET route=/api/auth/me status=401"),
        ("not_allowed", "GET route=/api/users/ status=403"),
    ],
)
def test_a_refusal_of_identity_is_a_warning_that_can_be_found(
    session: Session, code: str, route: str
) -> None:
    wanted: Any = f"request_id={session.request_ids[code]}"
    (line,) = [line for line in session.log.splitlines() if wanted in line and "request " in line]
    assert " WARNING " in line
    assert f" method={route} " in line
    assert f" code={code} " in line


def test_the_open_mode_is_told_at_the_start(session: Session) -> None:
    assert session.log.count("open mode: ") == 1
