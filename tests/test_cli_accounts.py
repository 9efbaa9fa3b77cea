"""The command line knows the same rules of names, passwords and keys as the service."""

from typing import Any

import pytest

from tests.support.client import Api
from tests.support.service import Service
from tests.test_cli import ADMIN, OTHER, PASSWORD, RESET, CommandLine, log_in

NAMED = ("create-admin", "--username", "boss-man", "--email", "boss-man@example.com")
IS_A_NAME = "The password: is the account's own name"


@pytest.fixture
def command_line(service: Service) -> CommandLine:
    return CommandLine(service)


@pytest.mark.parametrize("username", ["sweep", "Migration", "command-line", "system"])
def test_what_the_service_acts_under_is_nobodys_name(
    command_line: CommandLine, api: Api, username: str
) -> None:
    words = ("create-admin", "--username", username, "--email", "boss@example.com")
    assert command_line.refused(*words, password=PASSWORD) == "The username is reserved."
    assert api.get("/api/users/") == []


@pytest.mark.parametrize("password", ["boss-man@example.com", "Boss-Man", "BOSS-MAN@example.com"])
def test_no_password_is_the_accounts_own_name(
    command_line: CommandLine, api: Api, password: str
) -> None:
    assert command_line.refused(*NAMED, password=password) == IS_A_NAME
    assert api.get("/api/users/") == []
    command_line.done(*NAMED, password=PASSWORD)
    again = ("reset-password", "--username", "boss-man")
    assert command_line.refused(*again, password=password) == IS_A_NAME
    assert log_in(api, "boss-man", PASSWORD).status_code == 200


@pytest.mark.parametrize("more", [(), ("--keep-api-keys",)])
def test_a_reset_ends_api_keys_unless_they_are_kept_by_name(
    command_line: CommandLine, api: Api, more: tuple[str, ...]
) -> None:
    command_line.done(*ADMIN, password=PASSWORD)
    tokens: Any = log_in(api, "boss", PASSWORD).json()
    boss = api.bearer(tokens["access_token"])
    key = boss.post("/api/auth/api-keys", {"name": "till", "role": "staff"})["key"]
    said = command_line.done(*RESET, *more, password=OTHER)
    assert ("API keys" in said) is not bool(more)
    assert api.bearer(key).request("GET", "/api/auth/me").is_success is bool(more)
