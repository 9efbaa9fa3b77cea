"""A thousand lines of the log, of everything that can be asked for: no secret and nobody's data."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from core.settings import Settings
from main import create_app
from tests.support.client import PASSWORD, Api
from tests.support.clock import ManualClock
from tests.support.declared import TEXT, operations, sensible
from tests.support.lives import live
from tests.support.log_lines import Lines, restored_logging
from tests.support.service import fresh_database, migrate, settings_for
from User.services import account_service
from User.services.hashing import PasswordHasher
from work.context import unattended

KEY = "Zr7-kQ2_vN9xLw4TbY8mHc3JfPs6GdRa"
LINES = 1000
PRIVATE = {"full_name": "Jane Abigail Roe", "phone_number": "+4915112345678"}
SECRETS = [PASSWORD, PASSWORD.replace(" ", "+"), KEY, *PRIVATE.values()]
# What looks like a secret, or like somebody's: tokens, keys, hashes, addresses, numbers of phones.
FORMS = [
    r"eyJ[\w-]{10,}",
    r"nxt_[\w-]+",
    r"argon2",
    r"[\w.+-]+(@|%40)[\w-]+\.\w+",
    r"\+[0-9]{7,}",
    r"postgresql(\+psycopg2)?://",
]


@pytest.fixture(params=["INFO", "DEBUG"])
def settings(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Settings]:
    with fresh_database("postgres", request, f"{worker_name}_day") as url:
        settings = settings_for(
            url,
            environment="production",
            second_factor="optional",
            debug=request.param == "DEBUG",
            log_level=request.param,
            secret_key=KEY,
            # Longer than all that is lived through.
            access_token_expire_minutes=100_000,
        )
        migrate(settings)
        yield settings


class Day:
    """What callers of all kinds ask for, and the secrets that they are given."""

    def __init__(self, client: Any, app: Any, settings: Settings) -> None:
        self._nobody = Api(client, app.state.clock, app)
        self.given: list[str] = []
        self._nobody.user(TEXT, password=PASSWORD, **PRIVATE)
        hasher = PasswordHasher(memory_kib=8, iterations=1)
        made = unattended(
            lambda context: account_service.create_admin(
                context,
                username="boss",
                email="boss@example.com",
                password_hash=hasher.hash_now(PASSWORD),
            ),
            settings,
        )
        app.state.database.write_now(made)
        self.admin = self._known("boss")
        self.admin.user("clerk", password=PASSWORD, role="staff", **PRIVATE)
        staff = self._known("clerk")
        key = staff.post("/api/auth/api-keys", {"name": "till", "role": "staff"})["key"]
        self.given.append(key)
        self._callers = [
            self._nobody,
            self._known(TEXT),
            staff,
            self._nobody.having({"X-API-Key": key}),
            self._nobody.having({"X-API-Key": "nxt_forged"}),
            self.admin,
        ]

    def _known(self, username: str) -> Api:
        tokens = self._nobody.log_in(username)
        refresh = {"refresh_token": tokens["refresh_token"]}
        renewed = self._nobody.post("/api/auth/refresh", refresh)
        self.given += [tokens["refresh_token"], renewed["refresh_token"]]
        return self._nobody.bearer(renewed["access_token"])

    def ask_for_everything(self) -> None:
        for caller in self._callers:
            for method, path, operation in operations():
                sensible(caller, method, path, operation)

    def make_mistakes(self) -> None:
        """With data of one's own in them, where it belongs and where it does not."""
        body = {"username": "jane", "email": "jane@private.example", **PRIVATE}
        for mistake in ({"role": "queen"}, {"email": "jane@"}, {"age": 7}, {"username": "boss"}):
            self._nobody.refused("POST", "/api/users/", body | {"password": PASSWORD} | mistake)
        for path in ("users/jane@private.example", "orders/+4915112345678", "jane@private.example"):
            self.admin.refused("GET", f"/api/{path}")
        self.admin.refused("GET", "/api/tickets/", q="jane@private.example")
        for name in ("jane@private.example", "john@example.com", PRIVATE["phone_number"]):
            form = {"username": name, "password": f"{PASSWORD}!"}
            self._nobody.request("POST", "/api/auth/token", data=form)
        self._nobody.bearer(self.given[0]).refused("GET", "/api/auth/me")


def test_has_a_thousand_lines_and_nothing_private(settings: Settings) -> None:
    with restored_logging():
        lines, app = Lines(), create_app(settings, clock=ManualClock())
        with lines.of(app) as client:
            day = Day(client, app, settings)
            live(day.admin)
            written: list[str] = []
            while len(written) < LINES:
                day.make_mistakes()
                day.ask_for_everything()
                written += lines.text()
    log = "\n".join(written)
    assert [secret for secret in [*SECRETS, *day.given] if secret in log] == []
    assert [form for form in FORMS if re.search(form, log)] == []
    # It is the log of all that.
    routes = {path for _, path, _ in operations()}
    assert {path for path in routes if f'"route":"{path}"' not in log} == set()
