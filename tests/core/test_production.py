"""Production starts only when it is safe, and tells every reason why it is not in one line."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dotenv import dotenv_values
from fastapi.testclient import TestClient
from sqlalchemy import URL

from benchmarks.baseline import own
from core.production import announce_allowances, load_safe_settings, unsafe_reasons
from core.settings import ConfigurationError, Settings
from core.store.schema_version import ROOT
from main import create_app
from tests.support.service import settings_for
from tests.support.unsafe import ALLOWABLE, GOOD_KEY, OTHER_KEY, SAFE, UNSAFE
from tools.server import default_environment, running_server
from User.services.tokens import AccessToken, TokenSigner


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A safe production, which a test then changes."""
    for name in ("PGHOST", "PGHOSTADDR", "PGSSLMODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/nexticket.db")
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("SECRET_KEY", GOOD_KEY)
    return monkeypatch


def change(environment: pytest.MonkeyPatch, changes: dict[str, str]) -> None:
    for name, value in changes.items():
        environment.setenv(name, value)


def refusal() -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_safe_settings()
    return str(refused.value)


class TestProduction:
    @pytest.mark.parametrize(("changes", "reason"), UNSAFE)
    def test_an_unsafe_configuration_is_refused_with_its_reason(
        self, changes: dict[str, str], reason: str, production: pytest.MonkeyPatch
    ) -> None:
        change(production, changes)
        assert refusal() == f"unsafe in production: {reason}"

    @pytest.mark.parametrize("changes", SAFE)
    def test_a_safe_configuration_starts(
        self, changes: dict[str, str], production: pytest.MonkeyPatch
    ) -> None:
        change(production, changes)
        assert unsafe_reasons(load_safe_settings()) == []

    def test_all_reasons_are_told_at_once(self, production: pytest.MonkeyPatch) -> None:
        change(production, {"SECRET_KEY": "", "DEBUG": "true", "CORS_ORIGINS": "*"})
        assert refusal() == (
            "unsafe in production: SECRET_KEY is missing; DEBUG is on;"
            " CORS_ORIGINS has *, which lets every site's pages in"
        )

    def test_no_key_is_told(self, production: pytest.MonkeyPatch) -> None:
        change(production, {"SECRET_KEY": "hunter2", "SECRET_KEY_PREVIOUS": "hunter1"})
        assert "hunter" not in refusal()

    def test_the_key_of_the_example_is_refused(self, production: pytest.MonkeyPatch) -> None:
        change(production, {"SECRET_KEY": str(dotenv_values(ROOT / ".env.example")["SECRET_KEY"])})
        assert refusal() == "unsafe in production: SECRET_KEY is missing"

    def test_what_the_driver_takes_from_the_surroundings_counts(
        self, production: pytest.MonkeyPatch
    ) -> None:
        change(production, {"DATABASE_URL": "postgresql:///nexticket", "PGHOST": "db.example"})
        assert "DATABASE_URL leads to db.example without TLS" in refusal()
        change(production, {"PGSSLMODE": "verify-full"})
        assert unsafe_reasons(load_safe_settings()) == []


class TestAllowances:
    @pytest.mark.parametrize(("name", "changes", "reason"), ALLOWABLE)
    def test_what_is_allowed_by_name_starts(
        self, name: str, changes: dict[str, str], reason: str, production: pytest.MonkeyPatch
    ) -> None:
        change(production, {**changes, "ALLOW_UNSAFE": name})
        assert unsafe_reasons(load_safe_settings()) == [], reason

    @pytest.mark.parametrize(("name", "changes", "reason"), ALLOWABLE)
    def test_no_other_name_allows_it(
        self, name: str, changes: dict[str, str], reason: str, production: pytest.MonkeyPatch
    ) -> None:
        others = {"limits", "hashing", "tls", "files"} - {name}
        change(production, {**changes, "ALLOW_UNSAFE": ",".join(others)})
        assert refusal() == f"unsafe in production: {reason}"

    def test_what_nobody_can_want_is_allowed_by_no_name(
        self, production: pytest.MonkeyPatch
    ) -> None:
        changes = {"DEBUG": "true", "CORS_ORIGINS": "*", "AUTH_REQUIRED": "false"}
        change(production, {**changes, "ALLOW_UNSAFE": "limits,hashing,tls,files"})
        assert len(refusal().split("; ")) == len(changes)

    @pytest.mark.parametrize(("name", "changes", "reason"), ALLOWABLE)
    def test_the_log_says_loudly_what_was_allowed(
        self,
        name: str,
        changes: dict[str, str],
        reason: str,
        production: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        change(production, {**changes, "ALLOW_UNSAFE": name})
        caplog.set_level("WARNING", logger="nexticket.start")
        announce_allowances(load_safe_settings())
        (record,) = caplog.records
        assert record.levelname == "WARNING"
        assert record.getMessage().startswith("UNSAFE")
        assert reason in record.getMessage()

    def test_a_safe_production_announces_nothing(
        self, production: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        change(production, {"ALLOW_UNSAFE": "limits,hashing,tls,files"})
        caplog.set_level("WARNING", logger="nexticket.start")
        announce_allowances(load_safe_settings())
        assert caplog.records == []

    def test_benchmarks_start_in_production_by_name(self, production: pytest.MonkeyPatch) -> None:
        environment = own().environment
        change(production, {**environment, "DATABASE_URL": os.environ["DATABASE_URL"]})
        assert unsafe_reasons(load_safe_settings()) == []


class TestOtherEnvironments:
    @pytest.mark.parametrize(
        ("changes", "reason"), [case for case in UNSAFE if case[1].startswith("SECRET_KEY")]
    )
    def test_staging_needs_a_key_as_good(
        self, changes: dict[str, str], reason: str, production: pytest.MonkeyPatch
    ) -> None:
        change(production, {"ENVIRONMENT": "staging", **changes})
        assert refusal() == f"unsafe in staging: {reason}"

    @pytest.mark.parametrize(
        "changes", [changes for changes, reason in UNSAFE if not reason.startswith("SECRET_KEY")]
    )
    def test_staging_may_do_the_rest(
        self, changes: dict[str, str], production: pytest.MonkeyPatch
    ) -> None:
        change(production, {"ENVIRONMENT": "staging", **changes})
        assert unsafe_reasons(load_safe_settings()) == []

    @pytest.mark.parametrize("environment", ["development", "test"])
    @pytest.mark.parametrize("changes", [changes for changes, _ in UNSAFE])
    def test_development_and_test_start_with_anything(
        self, environment: str, changes: dict[str, str], production: pytest.MonkeyPatch
    ) -> None:
        change(production, {"ENVIRONMENT": environment, **changes})
        assert unsafe_reasons(load_safe_settings()) == []


class TestStart:
    @pytest.mark.parametrize("program", [["-m", "uvicorn", "main:app", "--port", "0"], ["cli.py"]])
    def test_an_unsafe_production_ends_every_program_with_one_line(
        self, program: list[str], tmp_path: Path
    ) -> None:
        command = [*program, "list-users"] if program == ["cli.py"] else program
        ended = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=default_environment()
            | {"ENVIRONMENT": "production", "DATABASE_URL": f"sqlite:///{tmp_path}/x.db"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 1
        line = "Not started: unsafe in production: SECRET_KEY is missing\n"
        assert (ended.stdout, ended.stderr) == ("", line)
        assert list(tmp_path.iterdir()) == []

    def test_what_was_allowed_is_in_the_log_of_the_server(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        environment = {
            "ENVIRONMENT": "production",
            "SECRET_KEY": GOOD_KEY,
            "DATABASE_URL": f"sqlite:///{tmp_path}/x.db",
            "WRITE_RATE_LIMIT": "",
            "ALLOW_UNSAFE": "limits",
        }
        with running_server(environment, log=log):
            lines = [json.loads(line) for line in log.read_text().splitlines()]
        (said,) = [line for line in lines if "UNSAFE" in line["message"]]
        assert said["level"] == "warning"
        assert said["message"].endswith("WRITE_RATE_LIMIT is empty, so that nothing is limited")


class TestDocs:
    PAGES = ("/docs", "/redoc", "/openapi.json", "/docs-assets/favicon.png")

    def test_they_can_be_switched_off(self, tmp_path: Path) -> None:
        with self.client(tmp_path, docs_enabled=False) as client:
            for page in self.PAGES:
                answer = client.get(page)
                assert answer.status_code == 404, page
                assert answer.headers["content-type"] == "application/problem+json"
                assert json.loads(answer.text)["code"] == "not_found"

    def test_they_are_on_by_default(self, tmp_path: Path) -> None:
        for environment in ("development", "test", "staging"):
            with self.client(tmp_path, environment=environment) as client:
                assert self.statuses(client) == {200}, environment

    def test_production_shows_them_when_told_to(self, tmp_path: Path) -> None:
        with self.client(tmp_path, environment="production") as client:
            assert self.statuses(client) == {404}
            assert client.get("/").json()["docs"] is None
        with self.client(tmp_path, environment="production", docs_enabled=True) as client:
            assert self.statuses(client) == {200}

    def statuses(self, client: TestClient) -> set[int]:
        return {client.get(page).status_code for page in self.PAGES}

    @staticmethod
    def client(folder: Path, **changes: object) -> TestClient:
        url = URL.create("sqlite", database=str(folder / "docs.db"))
        return TestClient(create_app(settings_for(url, **changes)))


class TestKeyRotation:
    NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
    SAID = AccessToken(1, 2, int((NOW + timedelta(minutes=30)).timestamp()))

    @staticmethod
    def signer(key: str, previous: str = "") -> TokenSigner:
        fields = {"secret_key": key, "secret_key_previous": previous}
        return TokenSigner(Settings.model_validate(fields))

    def test_tokens_of_the_previous_key_stay_valid(self) -> None:
        token = self.signer(GOOD_KEY).sign(user_id=1, log_in_id=2, now=self.NOW)
        rotated = self.signer(OTHER_KEY, previous=GOOD_KEY)
        assert rotated.read(token, now=self.NOW) == self.SAID

    def test_tokens_of_the_previous_key_end_when_they_would_have(self) -> None:
        token = self.signer(GOOD_KEY).sign(user_id=1, log_in_id=2, now=self.NOW)
        rotated = self.signer(OTHER_KEY, previous=GOOD_KEY)
        assert rotated.read(token, now=self.NOW + timedelta(minutes=31)) is None

    def test_new_tokens_are_signed_with_the_new_key(self) -> None:
        rotated = self.signer(OTHER_KEY, previous=GOOD_KEY)
        token = rotated.sign(user_id=1, log_in_id=2, now=self.NOW)
        assert self.signer(OTHER_KEY).read(token, now=self.NOW) == self.SAID
        assert self.signer(GOOD_KEY).read(token, now=self.NOW) is None

    def test_without_the_previous_key_its_tokens_are_refused(self) -> None:
        token = self.signer(GOOD_KEY).sign(user_id=1, log_in_id=2, now=self.NOW)
        assert self.signer(OTHER_KEY).read(token, now=self.NOW) is None
