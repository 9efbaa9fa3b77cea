"""The command line: the first administrator, lost passwords, and who has an account."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from alembic import command
from sqlalchemy import URL, text
from sqlmodel import Session
from typer.testing import CliRunner, Result

import cli
from commands import accounts
from commands.accounts import PASSWORD_VARIABLE
from core.store.schema_version import ROOT, alembic_config, migration_connection
from Ledger.services.reconciliation_service import LISTED
from main import DOMAINS
from tests.support.client import Api
from tests.support.declared import contents
from tests.support.forked import ended
from tests.support.service import Service, fresh_database, settings_for
from tools.server import default_environment
from work.context import Context

PASSWORD = "a long walk in the rain"  # noqa: S105 - of accounts that live as long as a test
OTHER = "a longer walk in the sun"
ADMIN = ("create-admin", "--username", "boss", "--email", "boss@example.com")
HEAD = ["id", "username", "email", "role", "active"]
ASK, CONFIRM = "Password: ", "Repeat for confirmation: "
RESET = ("reset-password", "--username", "boss")


class CommandLine:
    """Runs commands against the database that the service of the test serves."""

    def __init__(self, service: Service) -> None:
        settings = service.settings
        self.environment: dict[str, str | None] = {
            "DATABASE_URL": settings.database_url,
            "PASSWORD_HASH_MEMORY_KIB": str(settings.password_hash_memory_kib),
            "PASSWORD_HASH_ITERATIONS": str(settings.password_hash_iterations),
        }

    def run(self, *words: str, password: str | None = None) -> Result:
        environment = self.environment | {PASSWORD_VARIABLE: password}
        result = CliRunner().invoke(cli.app, words, env=environment)
        assert password is None or password not in result.output
        return result

    def done(self, *words: str, password: str | None = None) -> str:
        """What a command that must succeed prints."""
        result = self.run(*words, password=password)
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout

    def refused(self, *words: str, password: str | None = None) -> str:
        """The one line with which a command must fail."""
        result = self.run(*words, password=password)
        assert (result.exit_code, result.stdout) == (1, "")
        assert isinstance(result.exception, SystemExit)
        (line,) = result.stderr.splitlines()
        return line


@pytest.fixture
def command_line(service: Service) -> CommandLine:
    return CommandLine(service)


def spoil(service: Service, *statements: str) -> None:
    """Change rows behind the service's back."""

    def change(session: Session) -> None:
        for statement in statements:
            session.execute(text(statement))

    service.database.write_now(change)


def log_in(api: Api, username: str, password: str) -> Any:
    form = {"username": username, "password": password}
    return api.request("POST", "/api/auth/token", data=form)


def me(api: Api, tokens: Any) -> Any:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return api.request("GET", "/api/auth/me", headers=headers)


class TestCreateAdmin:
    def test_the_administrator_can_log_in(self, command_line: CommandLine, api: Api) -> None:
        said = command_line.done(*ADMIN, password=PASSWORD)
        assert said == "Administrator boss was created with id 1.\n"
        answer = log_in(api, "boss", PASSWORD)
        assert answer.status_code == 200
        known = me(api, answer.json()).json()
        assert known == {"user_id": 1, "username": "boss", "role": "admin"}

    def test_the_email_serves_for_the_log_in_as_well(
        self, command_line: CommandLine, api: Api
    ) -> None:
        command_line.done(*ADMIN, password=PASSWORD)
        assert log_in(api, "BOSS@example.com", PASSWORD).status_code == 200

    @pytest.mark.parametrize("username", ["boss", "BOSS"])
    def test_a_username_is_taken_in_any_case(
        self, username: str, command_line: CommandLine, api: Api
    ) -> None:
        api.user("boss")
        words = ("create-admin", "--username", username, "--email", "other@example.com")
        assert command_line.refused(*words, password=PASSWORD) == "The username is taken."
        assert log_in(api, "boss", PASSWORD).json()["code"] == "invalid_credentials"

    @pytest.mark.parametrize("email", ["ada@example.com", "ADA@EXAMPLE.COM"])
    def test_an_email_address_is_taken_in_any_case(
        self, email: str, command_line: CommandLine, api: Api
    ) -> None:
        api.user("ada")
        words = ("create-admin", "--username", "boss", "--email", email)
        assert command_line.refused(*words, password=PASSWORD) == "The email address is taken."

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("--username", "x"),
            ("--username", "two words"),
            ("--email", "nobody"),
            ("--email", "Boss <boss@example.com>"),
        ],
    )
    def test_a_bad_value_is_refused_by_its_name(
        self, option: str, value: str, command_line: CommandLine, api: Api
    ) -> None:
        words = list(ADMIN)
        words[words.index(option) + 1] = value
        line = command_line.refused(*words, password=PASSWORD)
        assert line.startswith(f"{option}: ")
        assert api.get("/api/users/") == []

    @pytest.mark.parametrize("password", ["short", "password123", "x" * 129])
    def test_a_bad_password_is_refused_and_not_shown(
        self, password: str, command_line: CommandLine, api: Api
    ) -> None:
        line = command_line.refused(*ADMIN, password=password)
        assert line.startswith("The password: ")
        assert api.get("/api/users/") == []

    def test_without_terminal_and_variable_there_is_no_password(
        self, command_line: CommandLine
    ) -> None:
        line = command_line.refused(*ADMIN)
        assert line == "No password: set ADMIN_PASSWORD, or run this in a terminal."


class TestResetPassword:
    def test_the_new_password_replaces_the_old_one(
        self, command_line: CommandLine, api: Api
    ) -> None:
        command_line.done(*ADMIN, password=PASSWORD)
        said = command_line.done(*RESET, password=OTHER)
        ended = "all log-ins and API keys have ended"
        assert said == f"The password of boss was changed, and {ended}.\n"
        assert log_in(api, "boss", PASSWORD).status_code == 401
        assert log_in(api, "boss", OTHER).status_code == 200

    def test_log_ins_end_at_once(self, command_line: CommandLine, api: Api) -> None:
        command_line.done(*ADMIN, password=PASSWORD)
        tokens = log_in(api, "boss", PASSWORD).json()
        assert me(api, tokens).status_code == 200
        command_line.done(*RESET, password=PASSWORD)
        assert me(api, tokens).json()["code"] == "invalid_token"
        refresh = {"refresh_token": tokens["refresh_token"]}
        assert api.refused("POST", "/api/auth/refresh", refresh)["code"] == "invalid_token"

    def test_an_account_without_password_gets_its_first(
        self, command_line: CommandLine, api: Api
    ) -> None:
        api.user("boss")
        command_line.done("reset-password", "--username", "BOSS@example.com", password=PASSWORD)
        assert log_in(api, "boss", PASSWORD).status_code == 200

    def test_an_unknown_user_is_told_in_one_line(self, command_line: CommandLine) -> None:
        assert command_line.refused(*RESET, password=PASSWORD) == "The user does not exist."

    def test_a_bad_password_changes_nothing(self, command_line: CommandLine, api: Api) -> None:
        command_line.done(*ADMIN, password=PASSWORD)
        assert command_line.refused(*RESET, password=PASSWORD[:7]).startswith("The password: ")
        assert log_in(api, "boss", PASSWORD).status_code == 200


class TestListUsers:
    def test_a_line_tells_id_names_role_and_whether_active(
        self, command_line: CommandLine, api: Api
    ) -> None:
        command_line.done(*ADMIN, password=PASSWORD)
        ada = api.user("ada")
        api.patch(f"/api/users/{ada['id']}/deactivate")
        assert [line.split() for line in command_line.done("list-users").splitlines()] == [
            HEAD,
            ["1", "boss", "boss@example.com", "admin", "yes"],
            ["2", "ada", "ada@example.com", "customer", "no"],
        ]

    def test_without_users_there_is_the_head_alone(self, command_line: CommandLine) -> None:
        assert command_line.done("list-users").split() == HEAD

    @pytest.mark.parametrize("number", [3, 4, 5])
    def test_all_pages_are_shown(
        self, number: int, command_line: CommandLine, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(accounts, "PAGE", 2)
        names = [api.user(f"user{n}")["username"] for n in range(number)]
        lines = command_line.done("list-users").splitlines()[1:]
        assert [line.split()[1] for line in lines] == names


class TestFoldLedger:
    def test_all_of_the_ledger_is_added_to_the_sums_once(
        self, command_line: CommandLine, api: Api
    ) -> None:
        api.paid_order(api.user(), (api.ticket(), 2))
        assert command_line.done("fold-ledger") == "6 movements added.\n"
        assert command_line.done("fold-ledger") == ""
        assert "books agree" in command_line.done("reconcile")


class TestReconcile:
    def test_sound_books_are_told_in_one_line(self, command_line: CommandLine, api: Api) -> None:
        api.paid_order(api.user(), (api.ticket(), 2))
        assert command_line.done("reconcile") == (
            f"The books agree: {len(DOMAINS.rules)} rules, 1 ticket, 1 order,"
            " 1 transaction, 6 movements.\n"
        )

    def test_each_difference_is_a_line_and_the_end_is_1(
        self, command_line: CommandLine, api: Api, service: Service
    ) -> None:
        user = api.user()
        orders = [api.order(user, (api.ticket(), 1))["id"] for _ in range(LISTED + 2)]
        spoil(
            service,
            "UPDATE user_orders SET role = 'recipient'",
            "UPDATE orders SET total_amount = 500 WHERE id = 1",
        )
        result = command_line.run("reconcile")
        assert (result.exit_code, result.stderr) == (1, "")
        *lines, summary = result.stdout.splitlines()
        assert lines == [
            "order_total: order 1: total_amount is 5.00, not 99.99",
            *(f"order_owner: order {number}: user_id is missing, not 1" for number in orders),
            "ledger_order_total: order 1: total_amount is 5.00, not 99.99",
        ]
        assert summary.startswith(
            f"The books do not agree: {LISTED + 4} differences in order_total (1),"
            f" order_owner ({LISTED + 2}), ledger_order_total (1); "
        )

    def test_nothing_is_written(
        self, command_line: CommandLine, api: Api, service: Service
    ) -> None:
        api.order(api.user(), (api.ticket(), 1))
        spoil(service, "UPDATE user_orders SET role = 'recipient'")
        before = contents(service)
        command_line.run("reconcile")
        assert contents(service) == before

    def test_an_older_database_is_refused_and_stays_as_it_is(
        self, command_line: CommandLine, request: pytest.FixtureRequest, worker_name: str
    ) -> None:
        with fresh_database("sqlite", request, f"{worker_name}_old") as url:
            with migration_connection(settings_for(url)) as connection:
                command.upgrade(alembic_config(connection), "0001")
            command_line.environment["DATABASE_URL"] = str(url)
            for _ in range(2):
                assert "0001 is older" in command_line.refused("reconcile")

    def test_a_file_that_is_not_there_is_not_made(
        self, command_line: CommandLine, tmp_path: Path
    ) -> None:
        missing = tmp_path / "missing #1.db"
        command_line.environment["DATABASE_URL"] = f"sqlite:///{missing}"
        assert command_line.refused("reconcile").startswith("Not started: ")
        assert list(tmp_path.iterdir()) == []


class TestDatabase:
    def test_one_without_a_server_is_told_in_one_line(self, command_line: CommandLine) -> None:
        command_line.environment["DATABASE_URL"] = "postgresql://u:hunter2@127.0.0.1:1/db"
        line = command_line.refused("list-users")
        assert line.startswith("Not started: ")
        assert "hunter2" not in line

    def test_a_fault_of_the_database_is_told_without_its_words(
        self, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(context: Context, **_: object) -> None:
            context.session.execute(text("SELECT jane_roe FROM nowhere"))

        monkeypatch.setattr("commands.accounts.account_service.create_admin", fail)
        line = command_line.refused(*ADMIN, password=PASSWORD)
        assert line.startswith("The database refused: ")
        assert "jane" not in line

    def test_a_bad_setting_is_told_in_one_line(self, command_line: CommandLine) -> None:
        command_line.environment["HOLD_MINUTES"] = "soon"
        line = command_line.refused("list-users")
        assert line.startswith("Not started: bad settings: HOLD_MINUTES: ")


def read_until(process: "subprocess.Popen[bytes]", words: str) -> str:
    assert process.stdout
    said = b""
    while not said.endswith(words.encode()):
        byte = process.stdout.read(1)
        assert byte, f"ended before {words!r}: {said!r}"
        said += byte
    return said.decode()


class TestProcess:
    """``python cli.py`` as an operator runs it."""

    @pytest.fixture
    def environment(
        self, request: pytest.FixtureRequest, worker_name: str
    ) -> Iterator[dict[str, str]]:
        with fresh_database("sqlite", request, f"{worker_name}_cli") as url:
            yield self.environment_of(url)

    @staticmethod
    def environment_of(url: URL) -> dict[str, str]:
        address = url.render_as_string(hide_password=False)
        return default_environment() | {"DATABASE_URL": address, "PYTHONWARNINGS": "error"}

    @staticmethod
    def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "cli.py", *words],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @staticmethod
    def typed(environment: dict[str, str], *passwords: str) -> tuple[int, str]:
        """Exit code and output of ``create-admin`` in a terminal where somebody types."""
        keyboard, terminal = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "cli.py", *ADMIN],
            cwd=ROOT,
            env=environment,
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        patience = Timer(60, process.kill)
        patience.start()
        with process:
            said = ""
            for number, password in enumerate(passwords):
                # What is typed before it is asked for is thrown away.
                said += read_until(process, CONFIRM if number % 2 else ASK)
                os.write(keyboard, f"{password}\n".encode())
            rest, _ = process.communicate()
        patience.cancel()
        os.close(keyboard)
        os.close(terminal)
        return process.returncode, said + rest.decode()

    def test_a_new_database_gets_its_administrator(self, environment: dict[str, str]) -> None:
        made = self.run(environment | {"ADMIN_PASSWORD": PASSWORD}, *ADMIN)
        line = "Administrator boss was created with id 1.\n"
        assert (made.returncode, made.stdout, made.stderr) == (0, line, "")
        # The imports are done already for this one; that it is told on stderr TestCreateAdmin sees.
        again = ended(("cli.py", *ADMIN), environment | {"ADMIN_PASSWORD": PASSWORD}, ROOT)
        assert again == (1, "The username is taken.\n")

    def test_a_terminal_asks_for_the_password_twice_and_again_where_it_was_typed_differently(
        self, environment: dict[str, str]
    ) -> None:
        code, said = self.typed(environment, PASSWORD, OTHER, PASSWORD, PASSWORD)
        assert code == 0
        assert "do not match" in said
        assert "Administrator boss was created with id 1." in said
        assert PASSWORD not in said
