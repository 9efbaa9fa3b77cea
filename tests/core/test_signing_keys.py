"""Without SECRET_KEY there is one key for all that a server starts, and none that nobody shares."""

import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

import main
from Auth.pseudonyms import Pseudonyms
from core.production import require_shared_key
from core.settings import Settings
from core.signing_keys import signing_keys
from tests.support.sockets import until
from tools import processes
from tools.server import LOCALLY, running_server
from User.services.factor_seal import FactorSeal
from User.services.tokens import TokenSigner

NOW = datetime(2030, 1, 1, tzinfo=UTC)
KEYLESS = Settings()
KEYED = Settings.model_validate({"secret_key": "wk7Q2mZ9xTn4Rb8Vc3Lp6Hd1Gs5Jf0Ya"})
# Whatever proxy the surroundings name, these requests stay on this machine.
PATIENTLY: Any = {"timeout": 30, **LOCALLY}
STARTED = "Application startup complete"
USER = {
    "username": "john_doe",
    "email": "john@example.com",
    "full_name": "John Doe",
    "password": "a walk in the rain",
}


class TestWithoutSecretKey:
    """Two of each, as two workers have them."""

    def test_a_token_is_known_by_the_others(self) -> None:
        token = TokenSigner(KEYLESS).sign(user_id=7, log_in_id=3, now=NOW)
        said = TokenSigner(KEYLESS).read(token, now=NOW)
        assert said is not None
        assert (said.user_id, said.log_in_id) == (7, 3)
        assert TokenSigner(KEYLESS).marks("a place") == TokenSigner(KEYLESS).marks("a place")

    def test_a_second_factor_is_opened_by_the_others(self) -> None:
        opened = FactorSeal(KEYLESS).open(7, FactorSeal(KEYLESS).shut(7, b"secret"))
        assert opened is not None
        assert opened.secret == b"secret"

    def test_names_of_counters_are_the_same_in_a_shared_store(self) -> None:
        assert Pseudonyms(KEYLESS).counted("user:7") == Pseudonyms(KEYLESS).counted("user:7")

    def test_it_is_not_that_of_the_next_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        (before,) = signing_keys(KEYLESS)
        monkeypatch.setattr(multiprocessing.current_process(), "authkey", b"of another start")
        assert signing_keys(KEYLESS) != [before]


class TestForked:
    """By a manager that hands nothing on, so that each process would make its own."""

    APART = ({"WEB_CONCURRENCY": "2"}, {"SERVER_SOFTWARE": "gunicorn/23.0.0"})

    @pytest.fixture(params=APART, ids=lambda told: next(iter(told)))
    def told(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in request.param.items():
            monkeypatch.setenv(name, value)

    @pytest.mark.usefixtures("told")
    def test_they_are_not_served_without_a_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(main, "keep_files_private", lambda: None)
        with pytest.raises(SystemExit, match=r"^Not started: SECRET_KEY is missing, and each"):
            main._from_environment()

    @pytest.mark.usefixtures("told")
    def test_they_are_served_with_one(self) -> None:
        require_shared_key(KEYED)

    @pytest.mark.usefixtures("told")
    def test_what_python_started_has_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        parent = multiprocessing.current_process()
        monkeypatch.setattr(multiprocessing, "parent_process", lambda: parent)
        require_shared_key(KEYLESS)

    @pytest.mark.parametrize("told", [{}, {"WEB_CONCURRENCY": "1"}, {"SERVER_SOFTWARE": "x/1"}])
    def test_one_alone_makes_its_own(
        self, told: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        require_shared_key(KEYLESS)


def test_who_logged_in_at_one_worker_is_known_to_the_other(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/x.db", "AUTH_REQUIRED": "true"}
    program = ("-m", "uvicorn", "main:app")
    log = tmp_path / "log"
    with running_server(settings, 2, log, program) as (url, server):
        until(lambda: log.read_text("utf-8").count(STARTED) == 2)
        first, second = processes.workers(server.pid)
        with asleep(second):
            token = logged_in(url)
        for one in (first, second):
            with asleep(one):
                headers = {"Authorization": f"Bearer {token}"}
                answer = httpx2.get(f"{url}/api/auth/me", headers=headers, **PATIENTLY)
                assert answer.status_code == 200


def logged_in(url: str) -> str:
    with httpx2.Client(base_url=url, **PATIENTLY) as client:
        assert client.post("/api/users/", json=USER).status_code == 201
        form = {"username": USER["username"], "password": USER["password"]}
        return str(client.post("/api/auth/token", data=form).json()["access_token"])


@contextmanager
def asleep(worker: int) -> Iterator[None]:
    """Whoever connects meanwhile is served by the other."""
    processes.send(signal.SIGSTOP, [worker])
    try:
        yield
    finally:
        processes.send(signal.SIGCONT, [worker])
