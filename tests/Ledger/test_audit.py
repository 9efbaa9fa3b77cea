"""The audit tells who changed accounts, rights and prices, and nobody can make it tell else."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.clock import utc_now
from tests.support.client import PASSWORD, Api
from tests.support.declared import contents
from tests.support.service import Service
from tests.test_cli import CommandLine

OPEN = {"name": "open", "role": "admin", "means": None}
# What an audit that outlives an account must not tell of it.
PRIVATE = ("john", "jane", "example.com", PASSWORD, "argon2", "nxt_")
COMMANDS = "command:create-admin", "command:reset-password", "command:fold-ledger"


def entries(api: Api, **filters: Any) -> list[Any]:
    told: list[Any] = api.get("/api/audit", **filters)
    return told


def last(api: Api) -> tuple[str, str, dict[str, Any]]:
    """What was done last, to what, and what changed."""
    entry = entries(api, sort="-id", limit=1)[0]
    changes = {name: (one["before"], one["after"]) for name, one in entry["changes"].items()}
    return entry["action"], entry["object"], changes


class TestIsToldOf:
    def test_accounts_that_are_given_rights(self, api: Api) -> None:
        user = api.user(role="staff")
        assert last(api) == ("user_created", f"user:{user['id']}", {"role": (None, "staff")})

    @pytest.mark.parametrize(
        ("changes", "action", "told"),
        [
            ({"role": "admin"}, "role_changed", {"role": ("customer", "admin")}),
            ({"is_active": False}, "user_deactivated", {}),
            ({"email": "jane@example.com"}, "email_changed", {"email": ("…", "…")}),
            ({"username": "jane_doe"}, "username_changed", {"username": ("…", "…")}),
        ],
    )
    def test_accounts_that_are_changed(
        self, api: Api, changes: Any, action: str, told: Any
    ) -> None:
        user = api.user()
        api.put(f"/api/users/{user['id']}", changes)
        assert last(api) == (action, f"user:{user['id']}", told)
        # Once: the same again changes nothing.
        api.put(f"/api/users/{user['id']}", changes)
        assert len(entries(api)) == 1

    def test_activation_and_deactivation(self, api: Api) -> None:
        user = api.user()
        path = f"/api/users/{user['id']}"
        for word in ("deactivate", "deactivate", "activate", "activate"):
            api.patch(f"{path}/{word}")
        api.delete(path)
        actions = [entry["action"] for entry in entries(api, object=f"user:{user['id']}")]
        assert actions == ["user_deactivated", "user_activated", "user_deleted"]

    def test_passwords_and_the_log_ins_of_staff(self, api: Api) -> None:
        _, customer = api.someone("customer")
        assert entries(api) == []
        user, staff = api.someone("staff")
        by_session = {"name": f"user:{user['id']}", "role": "staff", "means": "session:2"}
        (logged_in,) = entries(api, action="logged_in")
        assert (logged_in["actor"], logged_in["object"]) == (by_session, by_session["name"])
        for one in (customer, staff):
            body = {"current_password": PASSWORD, "new_password": "another long walk"}
            assert one.request("POST", "/api/auth/password", json=body).status_code == 204
        by_owner, by_staff = entries(api, action="password_set")
        assert by_owner["object"] == by_owner["actor"]["name"] == "user:1"
        assert (by_staff["object"], by_staff["actor"]) == (f"user:{user['id']}", by_session)

    def test_keys(self, api: Api) -> None:
        boss, admin = api.someone("admin")
        made = admin.post("/api/auth/api-keys", {"name": "till", "role": "staff"})
        about = f"api_key:{made['id']}"
        assert last(api) == (
            "api_key_created",
            about,
            {"role": (None, "staff"), "user_id": (None, str(boss["id"]))},
        )
        # A key that ends itself is seen to do so.
        till = api.having({"X-API-Key": made["key"]})
        till.delete(f"/api/auth/api-keys/{made['id']}")
        assert last(api) == ("api_key_deleted", about, {})
        by_key = {"name": f"user:{boss['id']}", "role": "staff", "means": f"key:{made['id']}"}
        assert entries(api, sort="-id", limit=1)[0]["actor"] == by_key

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PUT", "/api/users/{}", {"is_active": False}),
            ("PATCH", "/api/users/{}/deactivate", None),
            ("POST", "/api/auth/password", {"new_password": "another long walk"}),
        ],
    )
    def test_how_many_keys_end_with_what_they_stood_on(
        self, api: Api, method: str, path: str, body: Any
    ) -> None:
        user, staff = api.someone("staff")
        for name in ("till", "gate"):
            staff.post("/api/auth/api-keys", {"name": name, "role": "staff"})
        asks = staff if "password" in path else api
        if body is not None and asks is staff:
            body = {**body, "current_password": PASSWORD}
        assert asks.request(method, path.format(user["id"]), json=body).is_success
        (ended,) = entries(api, action="api_keys_ended")
        assert ended["object"] == f"user:{user['id']}"
        assert ended["changes"] == {"api_keys": {"before": "2", "after": "0"}}

    def test_how_many_keys_are_lowered_with_their_owner(self, api: Api) -> None:
        user, admin = api.someone("admin")
        api.someone("admin", "another")
        for role in ("admin", "staff"):
            admin.post("/api/auth/api-keys", {"name": role, "role": role})
        api.put(f"/api/users/{user['id']}", {"role": "staff"})
        (lowered,) = entries(api, action="api_keys_lowered")
        assert lowered["object"] == f"user:{user['id']}"
        assert lowered["changes"] == {"api_keys_above_role": {"before": "1", "after": "0"}}
        # Who has none ends none.
        api.put(f"/api/users/{user['id']}", {"is_active": True, "role": "admin"})
        assert len(entries(api, action="api_keys_lowered")) == 1

    def test_log_ins_that_staff_end_elsewhere(self, api: Api) -> None:
        user, staff = api.someone("staff")
        _, customer = api.someone("customer", "jane")
        for name in (user["username"], user["username"], "jane"):
            api.log_in(name)
        customer.delete("/api/auth/sessions")
        customer.delete("/api/auth/sessions")
        staff.delete("/api/auth/sessions/3")
        staff.delete("/api/auth/sessions")
        staff.delete("/api/auth/sessions")
        told = entries(api, action="sessions_ended")
        assert [entry["object"] for entry in told] == [f"user:{user['id']}"] * 2
        assert [entry["changes"]["sessions"]["before"] for entry in told] == ["1", "1"]

    def test_holds_that_the_box_office_releases(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        _, staff = api.someone("staff", "jane")
        for _ in range(2):
            api.order(user, (ticket, 1))
            staff.post(f"/api/users/{user['id']}/holds/release")
            staff.post(f"/api/users/{user['id']}/holds/release")
        released = entries(api, action="holds_released")
        assert [entry["object"] for entry in released] == [f"user:{user['id']}"] * 2
        assert released[0]["actor"]["role"] == "staff"
        assert released[0]["changes"] == {"orders": {"before": "1", "after": "0"}}

    def test_what_is_told_of_a_person_to_another(self, api: Api) -> None:
        user, customer = api.someone("customer")
        boss, admin = api.someone("admin", "boss")
        path = f"/api/users/{user['id']}/export"
        customer.get(path)
        assert entries(api, action="user_exported") == []
        admin.get(path)
        (told,) = entries(api, action="user_exported")
        assert (told["object"], told["actor"]["name"]) == (
            f"user:{user['id']}",
            f"user:{boss['id']}",
        )
        assert admin.refused("GET", "/api/users/99/export")["code"] == "user_not_found"
        assert customer.refused("GET", f"/api/users/{boss['id']}/export")["status"] == 404
        assert len(entries(api, action="user_exported")) == 1

    def test_who_erased_whom(self, api: Api) -> None:
        user, customer = api.someone("customer")
        other, (_, admin) = api.user("jane"), api.someone("admin", "boss")
        customer.post(f"/api/users/{user['id']}/erase")
        for _ in range(2):
            admin.post(f"/api/users/{other['id']}/erase")
        told = [(one["object"], one["actor"]) for one in entries(api, action="user_erased")]
        assert [(about, actor["role"]) for about, actor in told] == [
            (f"user:{user['id']}", "customer"),
            (f"user:{other['id']}", "admin"),
        ]
        assert told[0][1]["name"] == f"user:{user['id']}"

    def test_prices_and_whatever_else_of_a_ticket(self, api: Api) -> None:
        ticket = api.ticket(price=20)
        path, about = f"/api/tickets/{ticket['id']}", f"ticket:{ticket['id']}"
        # Sent back as it was served, but for the price.
        api.put(path, ticket | {"price": 200})
        assert last(api) == ("ticket_changed", about, {"price": ("20.00", "200.00")})
        api.put(path, {"event_description": "x" * 5000})
        assert last(api)[2] == {"event_description": ("…", "…")}
        api.patch(f"{path}/status", {"status": "cancelled"})
        assert last(api) == ("ticket_changed", about, {"sale_stopped_as": (None, "cancelled")})
        api.delete(path)
        assert last(api) == ("ticket_deleted", about, {})
        assert len(entries(api)) == 4

    def test_what_the_command_line_changes(self, api: Api, service: Service) -> None:
        command_line = CommandLine(service)
        api.order(api.user(), (api.ticket(), 1))
        create = ("create-admin", "--username", "boss", "--email", "boss@example.com")
        command_line.done(*create, password=PASSWORD)
        command_line.done("reset-password", "--username", "boss", password="a longer walk")  # noqa: S106
        command_line.done("list-users")
        command_line.done("reconcile")
        command_line.done("fold-ledger")
        told = [(entry["action"], entry["actor"]["name"]) for entry in entries(api)]
        assert told == list(
            zip(("user_created", "password_set", "ledger_folded"), COMMANDS, strict=True)
        )
        assert {entry["actor"]["means"].partition(":")[0] for entry in entries(api)} == {"uid"}
        assert len({entry["request_id"] for entry in entries(api)}) == 3

    def test_nothing_that_is_refused(self, api: Api) -> None:
        api.user("jane", email="jane@example.com")
        user, customer = api.someone("customer")
        path = f"/api/users/{user['id']}"
        customer.refused("PUT", path, {"role": "admin"})
        customer.refused("PUT", path, {"email": "jane@example.com"})
        key = {"Idempotency-Key": "once"}
        api.having(key).refused("PUT", path, {"email": "jane@example.com"})
        assert entries(api) == []


class TestTells:
    def test_no_name_address_or_secret(self, api: Api, service: Service) -> None:
        user, admin = api.someone("admin", "john")
        names = {"email": "jane@example.com", "username": "jane", "current_password": PASSWORD}
        admin.put(f"/api/users/{user['id']}", names)
        admin.post("/api/auth/api-keys", {"name": "the till of john", "role": "staff"})
        rows = contents(service)["audit_entries"]
        assert len(rows) == 5
        assert [word for word in PRIVATE if word in str(rows)] == []

    @pytest.mark.parametrize("taken", [*COMMANDS, "migration", "sweep"])
    def test_a_name_of_the_services_own_as_a_word_of_the_caller(self, api: Api, taken: str) -> None:
        api.having({"X-Request-ID": taken}).user(role="staff")
        (entry,) = entries(api)
        assert (entry["client_request_id"], entry["actor"]) == (taken, OPEN)
        assert entry["request_id"] not in {taken, "-"}

    def test_the_id_under_which_the_request_stands_in_the_log(self, api: Api) -> None:
        answer = api.request("POST", "/api/auth/api-keys", json={"name": "till", "role": "staff"})
        (entry,) = entries(api)
        assert entry["request_id"] == answer.headers["x-request-id"]
        assert entry["client_request_id"] is None


class TestIsFoundBy:
    @pytest.fixture
    def filled(self, api: Api) -> Api:
        """A role, a day later a price, and another day later the role again."""
        user, ticket = api.user(), api.ticket()
        _, admin = api.someone("admin", "boss")
        admin.put(f"/api/users/{user['id']}", {"role": "staff"})
        api.clock.advance(days=1)
        api.put(f"/api/tickets/{ticket['id']}", {"price": 1})
        api.clock.advance(days=1)
        api.put(f"/api/users/{user['id']}", {"role": "customer"})
        return api

    @pytest.mark.parametrize(
        ("filters", "found"),
        [
            ({"actor": "user:2"}, ["logged_in", "role_changed"]),
            ({"actor": "user:3"}, []),
            ({"object": "user:1"}, ["role_changed", "role_changed"]),
            ({"object": "user:1", "actor": "open"}, ["role_changed"]),
            ({"action": "ticket_changed"}, ["ticket_changed"]),
            ({"action": "no_such_thing"}, []),
            ({"created_from": "2026-03-02", "created_to": "2026-03-02"}, ["ticket_changed"]),
            ({"created_from": "2026-03-03T00:00:00Z"}, ["role_changed"]),
            ({"sort": "-id", "limit": 2}, ["role_changed", "ticket_changed"]),
        ],
    )
    def test_actor_object_action_and_time(
        self, filled: Api, filters: Any, found: list[str]
    ) -> None:
        assert [entry["action"] for entry in entries(filled, **filters)] == found

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("actor", "user 7"),
            ("actor", "a\0"),
            ("object", "user:x"),
            ("object", "User:1"),
            ("action", "x;y"),
            ("created_from", "soon"),
        ],
    )
    def test_nothing_that_is_none(self, api: Api, name: str, value: str) -> None:
        problem = api.refused("GET", "/api/audit", **{name: value})
        assert [error["parameter"] for error in problem["errors"]] == [name]


# Past the triggers of DELETE and UPDATE, in the words of SQLite (True) and of PostgreSQL.
PAST_TRIGGERS = {
    True: """REPLACE INTO audit_entries (id, action, object, changes, request_id, actor, created_at)
        SELECT id, action, object, changes, request_id, 'user:9', created_at FROM audit_entries""",
    False: "TRUNCATE audit_entries",
}


@pytest.mark.parametrize(
    "change",
    ["UPDATE audit_entries SET actor = 'user:9'", "DELETE FROM audit_entries", PAST_TRIGGERS],
)
def test_no_entry_is_ever_changed(
    api: Api, service: Service, change: str | dict[bool, str]
) -> None:
    """Not by the service, and not by whoever has its password for the database."""
    # By the database's own clock.
    api.clock.now = utc_now()
    api.user(role="staff")
    before = contents(service)["audit_entries"]
    if isinstance(change, dict):
        change = change[service.settings.is_sqlite]
    with (
        pytest.raises(DBAPIError, match=r"audit entries (of a year )?are never"),
        service.database.writer.begin() as connection,
    ):
        connection.execute(text(change))
    assert contents(service)["audit_entries"] == before
