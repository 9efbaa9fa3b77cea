"""The command line knows the same rules of names, passwords and keys as the service."""

from typing import Any

import pytest

from tests.support.client import Api
from tests.support.service import Service
from tests.test_cli import ADMIN, OTHER, PASSWORD, RESET, CommandLine, log_in


@pytest.fixture
def command_line(service: Service) -> CommandLine:
    return CommandLine(service)


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
