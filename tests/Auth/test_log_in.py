from typing import Any

import jwt
import pytest

from tests.support.client import PASSWORD, Api
from tests.support.service import Service


def refused_log_in(api: Api, username: str, password: str) -> Any:
    form = {"username": username, "password": password}
    response = api.request("POST", "/api/auth/token", data=form)
    assert response.status_code == 401, response.text
    return response.json()


class TestLogIn:
    def test_answers_tokens_as_oauth_names_them(self, api: Api) -> None:
        api.user(password=PASSWORD)
        tokens = api.log_in("john_doe")
        assert tokens.keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
        assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 1800)
        me = api.bearer(tokens["access_token"]).get("/api/auth/me")
        assert me == {"user_id": 1, "username": "john_doe", "role": "customer"}

    def test_the_access_token_says_who_from_whom_and_until_when(self, api: Api) -> None:
        api.user(password=PASSWORD)
        token = api.log_in("john_doe")["access_token"]
        claims = jwt.decode(token, options={"verify_signature": False})
        assert {"exp", "iat", "sub", "jti", "iss", "aud", "typ"} <= claims.keys()
        assert (claims["sub"], claims["typ"]) == ("1", "access")
        assert claims["exp"] - claims["iat"] == 1800
        assert jwt.get_unverified_header(token)["alg"] == "HS256"

    @pytest.mark.parametrize("name", ["john_doe", "JOHN_DOE", "john_doe@example.com"])
    def test_username_or_email_in_any_case_name_the_account(self, api: Api, name: str) -> None:
        api.user(password=PASSWORD)
        assert api.log_in(name)["access_token"]

    @pytest.mark.parametrize("name", ["username", "password"])
    def test_what_it_takes_is_said_once(self, api: Api, name: str) -> None:
        """Who reads the first of two, such as a proxy, would see another log-in than who reads the
        last (RFC 6749, 3.2).
        """
        api.user(password=PASSWORD)
        form = {"username": "john_doe", "password": PASSWORD}
        twice = form | {name: [form[name], form[name]]}
        for headers in ({}, {"Idempotency-Key": name}):
            answer = api.request("POST", "/api/auth/token", data=twice, headers=headers)
            (error,) = answer.json()["errors"]
            assert (answer.status_code, error["pointer"]) == (422, f"#/{name}")
            assert error["code"] == "repeated_parameter"
        parts = {name: (None, form[name]) for name in form}
        assert api.request("POST", "/api/auth/token", files=parts).status_code == 200

    def test_all_wrong_log_ins_look_the_same(self, api: Api) -> None:
        api.user("right", password=PASSWORD)
        api.user("without")
        gone = api.user("gone", password=PASSWORD)
        api.patch(f"/api/users/{gone['id']}/deactivate")
        problems = [
            refused_log_in(api, "right", "not the password"),
            refused_log_in(api, "without", PASSWORD),
            refused_log_in(api, "gone", PASSWORD),
            refused_log_in(api, "nobody", PASSWORD),
            refused_log_in(api, "no\0body", PASSWORD),
        ]
        shown = {(problem["code"], problem["title"], problem["detail"]) for problem in problems}
        assert shown == {
            (
                "invalid_credentials",
                "Username or password is wrong",
                "Username or password is wrong.",
            )
        }

    def test_an_access_token_ends_in_time(self, api: Api) -> None:
        _, john = api.someone("customer")
        api.clock.advance(minutes=31)
        assert john.refused("GET", "/api/auth/me")["code"] == "invalid_token"

    def test_parameters_that_changed_renew_the_hash(self, api: Api, service: Service) -> None:
        from User.services.hashing import PasswordHasher

        api.user(password=PASSWORD)
        before = service.app.state.hasher
        service.app.state.hasher = PasswordHasher(memory_kib=16, iterations=2)
        try:
            api.log_in("john_doe")
            api.log_in("john_doe")
        finally:
            service.app.state.hasher = before
        # What is stored now was made with the new parameters, and the old ones still verify it.
        assert api.log_in("john_doe")


class TestPasswordsAndRoles:
    @pytest.mark.parametrize(
        "password",
        [
            *("shorty7", "x" * 129, "password1", "PASSWORD1", "sunshine", "a\0bcdefgh"),
            *("aaaaaaaaaa", "abababababab", "AaBbAaBbAa", " " * 12, "a  b  a  b  c"),
            *("johnny-b-goode", "JOHNNY-B-GOODE", "Johnny-B-Goode@Example.com"),
            *("nexticket", "Nexticket2026!", "box office 1", "TICKET-SERVICE", "42nexticket"),
        ],
    )
    def test_weak_passwords_are_refused(self, api: Api, password: str) -> None:
        body = {
            "username": "johnny-b-goode",
            "email": "johnny-b-goode@example.com",
            "full_name": "John",
            "password": password,
        }
        problem = api.refused("POST", "/api/users/", body)
        assert (problem["status"], problem["errors"][0]["pointer"]) == (422, "#/password")
        assert password not in str(problem)

    @pytest.mark.parametrize(
        "password", [" Blanks Around ", "Ünïcode Ⅸ pass", "0123456789abcdeF" * 8]
    )
    def test_a_password_is_what_was_typed(self, api: Api, password: str) -> None:
        api.user("jane", password=password)
        assert api.log_in("jane", password)
        for other in {password.strip(), password.lower(), password[:72], password[:-1]} - {
            password
        }:
            form = {"username": "jane", "password": other}
            assert api.request("POST", "/api/auth/token", data=form).status_code == 401

    @pytest.mark.parametrize("password", ["customer", "CUSTOMER@example.com", "cccccccc"])
    def test_a_new_password_is_no_weaker(self, api: Api, password: str) -> None:
        _, john = api.someone("customer")
        body = {"current_password": PASSWORD, "new_password": password}
        problem = john.refused("POST", "/api/auth/password", body)
        assert (problem["status"], problem["code"]) == (422, "validation_error")
        assert problem["errors"][0]["pointer"] == "#/new_password"
        assert api.log_in("customer")

    def test_no_answer_shows_a_password_or_its_hash(self, api: Api) -> None:
        user = api.user(password=PASSWORD)
        served = [user, api.again(user, "users"), *api.get("/api/users/")]
        for answer in served:
            assert not {"password", "password_hash"} & answer.keys()
            assert "argon2" not in str(answer)

    def test_who_registers_is_a_customer(self, api: Api) -> None:
        stranger = api.having({"Origin": "https://elsewhere.example"})
        assert stranger.user()["role"] == "customer"
        body = {"username": "boss", "email": "boss@example.com", "full_name": "B", "role": "admin"}
        problem = stranger.refused("POST", "/api/users/", body)
        assert (problem["status"], problem["code"]) == (403, "role_too_high")

    def test_only_administrators_write_role_and_activity(self, api: Api) -> None:
        user, john = api.someone("customer")
        path = f"/api/users/{user['id']}"
        for change in ({"role": "staff"}, {"is_active": False}):
            problem = john.refused("PUT", path, change)
            assert (problem["status"], problem["code"]) == (403, "not_allowed")
        # What was served may come back as it was.
        assert john.put(path, {**user, "full_name": "New"})["full_name"] == "New"
        assert api.put(path, {"role": "staff"})["role"] == "staff"

    def test_changing_the_password_ends_every_log_in(self, api: Api) -> None:
        _, john = api.someone("customer")
        other = api.log_in("customer")
        body = {"current_password": PASSWORD, "new_password": "another walk in the sun"}
        assert john.request("POST", "/api/auth/password", json=body).status_code == 204
        assert john.refused("GET", "/api/auth/me")["code"] == "invalid_token"
        refresh = {"refresh_token": other["refresh_token"]}
        assert api.refused("POST", "/api/auth/refresh", refresh)["code"] == "invalid_token"
        refused_log_in(api, "customer", PASSWORD)
        assert api.log_in("customer", "another walk in the sun")

    def test_the_current_password_is_asked_for(self, api: Api) -> None:
        _, john = api.someone("customer")
        body = {"current_password": "a wild guess", "new_password": "another walk in the sun"}
        problem = john.refused("POST", "/api/auth/password", body)
        assert (problem["status"], problem["code"]) == (401, "invalid_credentials")
        assert api.log_in("customer")

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PATCH", "/api/users/1/deactivate", None),
            ("PUT", "/api/users/1", {"role": "staff"}),
            ("PUT", "/api/users/1", {"is_active": False}),
        ],
    )
    def test_tokens_end_with_what_they_stood_for_and_do_not_come_back(
        self, api: Api, method: str, path: str, body: object
    ) -> None:
        _, john = api.someone("customer")
        refresh = {"refresh_token": api.log_in("customer")["refresh_token"]}
        assert api.request(method, path, json=body).is_success
        assert john.refused("GET", "/api/auth/me")["code"] == "invalid_token"
        api.put("/api/users/1", {"is_active": True, "role": "customer"})
        assert john.refused("GET", "/api/auth/me")["code"] == "invalid_token"
        assert api.refused("POST", "/api/auth/refresh", refresh)["code"] == "invalid_token"
        assert api.log_in("customer")


class TestRefresh:
    def test_each_refresh_token_works_once_and_answers_the_next(self, api: Api) -> None:
        api.user(password=PASSWORD)
        first = api.log_in("john_doe")
        second = api.post("/api/auth/refresh", {"refresh_token": first["refresh_token"]})
        third = api.post("/api/auth/refresh", {"refresh_token": second["refresh_token"]})
        assert len({tokens["refresh_token"] for tokens in (first, second, third)}) == 3
        assert api.bearer(third["access_token"]).get("/api/auth/me")["user_id"] == 1

    def test_a_token_that_was_used_before_ends_the_whole_log_in(self, api: Api) -> None:
        api.user(password=PASSWORD)
        stolen = api.log_in("john_doe")
        other = api.log_in("john_doe")
        used = {"refresh_token": stolen["refresh_token"]}
        fresh = api.post("/api/auth/refresh", used)
        api.clock.advance(seconds=31)
        assert api.refused("POST", "/api/auth/refresh", used)["code"] == "invalid_token"
        newest = {"refresh_token": fresh["refresh_token"]}
        assert api.refused("POST", "/api/auth/refresh", newest)["code"] == "invalid_token"
        for tokens in (stolen, fresh):
            assert api.bearer(tokens["access_token"]).refused("GET", "/api/auth/me")
        # Another log-in of the same user has nothing to do with it.
        assert api.bearer(other["access_token"]).get("/api/auth/me")

    def test_refresh_tokens_end_when_nobody_uses_them(self, api: Api) -> None:
        api.user(password=PASSWORD)
        body = {"refresh_token": api.log_in("john_doe")["refresh_token"]}
        api.clock.advance(days=31)
        assert api.refused("POST", "/api/auth/refresh", body)["code"] == "invalid_token"

    def test_log_out_ends_refresh_and_access_tokens_at_once(self, api: Api) -> None:
        api.user(password=PASSWORD)
        tokens = api.log_in("john_doe")
        body = {"refresh_token": tokens["refresh_token"]}
        for _ in range(2):
            assert api.request("POST", "/api/auth/logout", json=body).status_code == 204
        assert api.refused("POST", "/api/auth/refresh", body)["code"] == "invalid_token"
        problem = api.bearer(tokens["access_token"]).refused("GET", "/api/auth/me")
        assert problem["code"] == "invalid_token"


class TestApiKeys:
    def test_a_key_is_shown_once_and_works_in_both_headers(self, api: Api) -> None:
        _, staff = api.someone("staff")
        made = staff.post("/api/auth/api-keys", {"name": "till 2", "role": "staff"})
        assert made["key"].startswith("nxt_")
        assert made["key"].startswith(made["hint"])
        (listed,) = staff.get("/api/auth/api-keys")
        assert "key" not in listed
        for program in (api.bearer(made["key"]), api.having({"X-API-Key": made["key"]})):
            me = program.get("/api/auth/me")
            assert me == {"user_id": 1, "username": "staff", "role": "staff"}

    def test_nobody_makes_a_key_above_the_own_role(self, api: Api) -> None:
        _, staff = api.someone("staff")
        problem = staff.refused("POST", "/api/auth/api-keys", {"name": "x", "role": "admin"})
        assert (problem["status"], problem["code"]) == (403, "role_too_high")

    def test_a_key_may_do_what_its_maker_may_today(self, api: Api) -> None:
        boss, admin = api.someone("admin")
        api.someone("admin", "another")
        made = admin.post("/api/auth/api-keys", {"name": "x", "role": "admin"})
        program = api.bearer(made["key"])
        assert program.get("/api/users/")
        api.put(f"/api/users/{boss['id']}", {"role": "staff"})
        assert program.refused("GET", "/api/users/")["code"] == "not_allowed"
        api.patch(f"/api/users/{boss['id']}/deactivate")
        assert program.refused("GET", "/api/orders/")["code"] == "invalid_token"

    def test_a_key_ends_in_time_or_by_hand(self, api: Api) -> None:
        _, staff = api.someone("staff")
        body = {"name": "x", "role": "staff", "expires_at": "2026-03-01T13:00:00Z"}
        timed = staff.post("/api/auth/api-keys", body)
        ended = staff.post("/api/auth/api-keys", {"name": "y", "role": "staff"})
        staff.delete(f"/api/auth/api-keys/{ended['id']}")
        assert api.bearer(ended["key"]).refused("GET", "/api/orders/")["code"] == "invalid_token"
        assert api.bearer(timed["key"]).get("/api/orders/") == []
        api.clock.advance(hours=2)
        assert api.bearer(timed["key"]).refused("GET", "/api/orders/")["code"] == "invalid_token"

    def test_a_key_of_nobody_ends_with_the_open_mode(
        self, api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = api.post("/api/auth/api-keys", {"name": "x", "role": "admin"})
        assert made["user_id"] is None
        program = api.bearer(made["key"])
        assert program.get("/api/orders/") == []
        closed = service.settings.model_copy(update={"auth_required": True})
        monkeypatch.setattr(service.app.state.gatekeeper, "_settings", closed)
        assert program.refused("GET", "/api/orders/")["code"] == "invalid_token"

    @pytest.mark.parametrize("role", ["customer", "staff"])
    def test_that_nobody_in_particular_made_owns_nothing(self, api: Api, role: str) -> None:
        made = api.post("/api/auth/api-keys", {"name": "x", "role": role})
        key = api.having({"X-API-Key": made["key"]})
        user = api.user()
        # Its own or, for staff too, the administrator's.
        problem = key.refused("GET", f"/api/users/{user['id']}")
        assert (problem["status"], problem["code"]) == (404, "user_not_found")

    def test_that_nobody_in_particular_made_sees_such_keys_alone(self, api: Api) -> None:
        _, admin = api.someone("admin")
        admin.post("/api/auth/api-keys", {"name": "of a person", "role": "staff"})
        made = api.post("/api/auth/api-keys", {"name": "of nobody", "role": "staff"})
        key = api.having({"X-API-Key": made["key"]})
        assert [one["name"] for one in key.get("/api/auth/api-keys")] == ["of nobody"]

    def test_the_last_use_is_recorded_to_the_minute(self, api: Api) -> None:
        made = api.post("/api/auth/api-keys", {"name": "x", "role": "staff"})
        program = api.bearer(made["key"])

        def last_use() -> Any:
            return api.get("/api/auth/api-keys")[0]["last_used_at"]

        assert last_use() is None
        program.get("/api/orders/")
        first = last_use()
        assert first is not None
        program.get("/api/orders/")
        assert last_use() == first
        api.clock.advance(minutes=2)
        program.get("/api/orders/")
        assert last_use() > first

    def test_staff_see_and_end_their_own_keys_only(self, api: Api) -> None:
        _, staff = api.someone("staff")
        _, admin = api.someone("admin")
        foreign = admin.post("/api/auth/api-keys", {"name": "x", "role": "admin"})
        own = staff.post("/api/auth/api-keys", {"name": "y", "role": "staff"})
        assert [key["id"] for key in staff.get("/api/auth/api-keys")] == [own["id"]]
        path = f"/api/auth/api-keys/{foreign['id']}"
        assert staff.refused("DELETE", path)["code"] == "api_key_not_found"
        assert len(admin.get("/api/auth/api-keys")) == 2


class TestCustomers:
    def test_a_customer_buys_and_announces_the_payment(self, api: Api) -> None:
        user, john = api.someone("customer")
        ticket = api.ticket()
        order = john.order(user, (ticket, 2))
        assert order["allowed_actions"] == ["update", "add_item", "pay", "cancel", "delete"]
        payment = john.payment(order)
        path = f"/api/transactions/{payment['id']}/status"
        assert john.refused("PATCH", path, {"status": "success"})["code"] == "not_allowed"
        api.settle(payment)
        assert john.again(order, "orders")["allowed_actions"] == ["update"]
        problem = john.refused("POST", f"/api/orders/{order['id']}/cancel")
        assert (problem["status"], problem["code"]) == (403, "not_allowed")

    def test_an_event_that_has_passed_is_sold_by_the_box_office_only(self, api: Api) -> None:
        user, john = api.someone("customer")
        ticket = api.ticket(event_date="2026-02-28T20:00:00Z")
        body = {"user_id": user["id"], "items": [{"ticket_id": ticket["id"], "quantity": 1}]}
        problem = john.refused("POST", "/api/orders/", body)
        assert (problem["status"], problem["code"]) == (409, "event_passed")
        _, staff = api.someone("staff")
        assert staff.post("/api/orders/", body)["status"] == "pending"
