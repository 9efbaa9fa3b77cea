"""One's own username and address: changed with the password alone, and compared in one form."""

from urllib.parse import quote

import pytest

from core.text import account_key
from tests.support.client import PASSWORD, Api
from tests.support.interruptions import meanwhile
from tests.support.service import Service
from tests.test_cli import CommandLine
from User.services import account_service
from work.context import unattended

CHANGES = [
    {"email": "new@example.com"},
    {"username": "new_name"},
    {"email": "CUSTOMER@example.com"},
]
NEW = "another walk in the sun"
PATH = "/api/users/1"


class TestPassword:
    @pytest.mark.parametrize("change", CHANGES, ids=str)
    def test_is_needed_and_nothing_changes_without(self, api: Api, change: dict[str, str]) -> None:
        user, john = api.someone("customer")
        problem = john.refused("PUT", PATH, {"full_name": "Jo", **change})
        assert (problem["status"], problem["code"]) == (403, "password_required")
        problem = john.refused("PUT", PATH, {**change, "current_password": "a wild guess"})
        assert (problem["status"], problem["code"]) == (401, "invalid_credentials")
        assert api.get(PATH) == user

    @pytest.mark.parametrize("change", CHANGES, ids=str)
    def test_lets_it_be_changed(self, api: Api, change: dict[str, str]) -> None:
        _, john = api.someone("customer")
        changed = john.put(PATH, {**change, "current_password": PASSWORD})
        assert change.items() <= changed.items()
        assert "current_password" not in changed
        # The log-in goes on.
        assert john.get(PATH) == changed

    def test_is_asked_for_before_anything_is_told_of_others(self, api: Api) -> None:
        _, john = api.someone("customer")
        api.user("jane")
        body = {"email": "jane@example.com"}
        assert john.refused("PUT", PATH, body)["code"] == "password_required"
        body["current_password"] = PASSWORD
        assert john.refused("PUT", PATH, body)["code"] == "email_taken"

    def test_is_not_needed_for_the_rest_nor_for_what_stays(self, api: Api) -> None:
        user, john = api.someone("customer")
        assert john.put(PATH, {**user, "full_name": "Jo", "phone_number": "12345"})

    @pytest.mark.parametrize("role", ["staff", "admin"])
    def test_is_needed_whatever_role_one_has(self, api: Api, role: str) -> None:
        _, caller = api.someone(role)
        assert caller.refused("PUT", PATH, CHANGES[0])["code"] == "password_required"

    def test_is_not_needed_for_others_nor_in_the_open_mode(self, api: Api) -> None:
        _, admin = api.someone("admin")
        user = api.user()
        for caller, name in ((admin, "one"), (api, "two")):
            changed = caller.put(f"/api/users/{user['id']}", {"username": name})
            assert changed["username"] == name

    @pytest.mark.parametrize("password", [None, PASSWORD])
    def test_is_not_for_a_program_to_show(self, api: Api, password: str | None) -> None:
        user, staff = api.someone("staff")
        made = staff.post("/api/auth/api-keys", {"name": "till", "role": "staff"})
        body = {**CHANGES[0], **({"current_password": password} if password else {})}
        problem = api.bearer(made["key"]).refused("PUT", PATH, body)
        assert (problem["status"], problem["code"]) == (403, "not_by_api_key")
        assert api.get(PATH) == user

    def test_that_is_reset_meanwhile_changes_nothing(self, api: Api, service: Service) -> None:
        user, thief = api.someone("customer")
        hashed = service.app.state.hasher.hash_now(NEW)
        reset = unattended(
            lambda context: account_service.set_password(context, 1, hashed), service.settings
        )
        with meanwhile(service, lambda: service.database.write_now(reset)):
            body = {**CHANGES[0], "current_password": PASSWORD}
            assert thief.refused("PUT", PATH, body)["status"] == 401
        assert api.get(PATH) == user


class TestRepeated:
    def test_under_a_key_it_is_answered_again(self, api: Api) -> None:
        _, john = api.someone("customer")
        keyed = john.having({"Idempotency-Key": "one"})
        body = {**CHANGES[0], "current_password": PASSWORD}
        first, second = (keyed.request("PUT", PATH, json=body) for _ in range(2))
        assert (second.status_code, second.content) == (200, first.content)
        assert second.headers["idempotency-replayed"] == "true"


# Written in another way, and the same to a reader.
SAME = [
    ("\N{LATIN SMALL LIGATURE FI}ona@example.com", "fiona@example.com"),
    ("\N{FULLWIDTH LATIN SMALL LETTER A}nna@example.com", "ANNA@example.com"),
    (
        "e\N{COMBINING ACUTE ACCENT}mile@example.com",
        "\N{LATIN CAPITAL LETTER E WITH ACUTE}mile@example.com",
    ),
    ("stra\N{LATIN SMALL LETTER SHARP S}e@example.com", "strasse@example.com"),
    ("lena@xn--bcher-kva.example", "lena@b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example"),
    ("LENA@XN--BCHER-KVA.EXAMPLE", "lena@bu\N{COMBINING DIAERESIS}cher.example"),
    ("max@example.com ", "\N{NO-BREAK SPACE}MAX@example.com"),
]


class TestOneForm:
    @pytest.mark.parametrize(("one", "other"), SAME)
    def test_is_the_same_for_registration_change_log_in_and_the_command_line(
        self, api: Api, service: Service, one: str, other: str
    ) -> None:
        api.user("first", email=one, password=PASSWORD)
        second = api.user("second")
        body = {"username": "third", "full_name": "T", "email": other}
        assert api.refused("POST", "/api/users/", body)["code"] == "email_taken"
        path = f"/api/users/{second['id']}"
        assert api.refused("PUT", path, {"email": other})["code"] == "email_taken"
        for name in (one, other):
            assert api.log_in(name)
            done = CommandLine(service).done(
                "reset-password", "--username", name, password=PASSWORD
            )
            assert "was changed" in done

    @pytest.mark.parametrize(
        "typed", ["max ", " MAX\N{ZERO WIDTH SPACE}", "\N{IDEOGRAPHIC SPACE}Max\t"]
    )
    def test_is_that_of_a_username_wherever_it_is_typed(
        self, api: Api, service: Service, typed: str
    ) -> None:
        made = api.user(typed, email="ann@example.com", password=PASSWORD)
        assert made["username"] == typed.strip(" \t\N{ZERO WIDTH SPACE}\N{IDEOGRAPHIC SPACE}")
        body = {"username": "max", "email": "other@example.com", "full_name": "M"}
        assert api.refused("POST", "/api/users/", body)["code"] == "username_taken"
        assert api.log_in(typed)
        said = CommandLine(service).done("reset-password", "--username", typed, password=PASSWORD)
        assert "was changed" in said
        assert api.get(f"/api/users/username/{quote(typed)}") == api.again(made, "users")

    @pytest.mark.parametrize(
        "typed", [" Max", "MAX@example.com ", "max@xn--bcher-kva.example", "max@BÜCHER.example"]
    )
    def test_is_that_of_whom_an_order_is_shared_with(self, api: Api, typed: str) -> None:
        domain = "bücher.example" if "cher" in typed.lower() else "example.com"
        other = api.user("max", email=f"max@{domain}")
        order = api.order(api.user("ann"))
        shared = api.post(f"/api/orders/{order['id']}/users", {"recipient": typed})
        assert shared["user_id"] == other["id"]

    def test_is_how_an_address_is_kept(self, api: Api) -> None:
        made = api.user(email="\N{LATIN SMALL LIGATURE FI}ona@example.com")
        assert made["email"] == "fiona@example.com"

    @pytest.mark.parametrize("text", ["", "John_Doe", "a@b.example", *(name for name, _ in SAME)])
    def test_of_what_is_in_it_already_is_the_same(self, text: str) -> None:
        assert account_key(account_key(text)) == account_key(text)

    def test_of_a_name_without_end_is_nobodys(self, api: Api) -> None:
        form = {"username": "x" * 100_000, "password": PASSWORD}
        answer = api.request("POST", "/api/auth/token", data=form)
        assert answer.json()["code"] == "invalid_credentials"
