"""Guessing passwords, registering in bulk and flooding with writes are slowed down."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import ValidationError

from core.settings import Settings
from tests.Auth.conftest import Serve
from tests.Auth.test_floods import as_admin
from tests.support.client import PASSWORD
from tests.support.limiting import (
    START,
    WRONG,
    LogLines,
    SharedStorage,
    WallClock,
    is_refused,
    until_refused,
)


class TestChangeOfPassword:
    def test_guesses_at_the_current_password_have_the_quota_of_log_ins(self, serve: Serve) -> None:
        john = serve(login_rate_limit="3/minute")
        john.register()
        token = john.log_in(password=PASSWORD).json()["access_token"]
        guesser = john.at("203.0.113.9", Authorization=f"Bearer {token}")
        body = {"current_password": WRONG, "new_password": "a walk in the fog"}
        answers = [guesser.ask("POST", "/api/auth/password", json=body) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


class TestOwnNames:
    """Each change tells whether a name is taken, and whether the password is right."""

    def test_are_changed_so_often_whoever_asks_and_from_wherever(self, serve: Serve) -> None:
        john = serve(account_rate_limit="3/hour")
        for name in ("john", "jane"):
            john.register(name)
        bodies = [
            {"email": "jane@example.com", "current_password": PASSWORD},
            {"email": "new@example.com", "current_password": WRONG},
            {"username": "johnny", "current_password": PASSWORD},
        ]
        places = [john.known("john", f"203.0.113.{number}") for number in range(4)]
        answers = [
            place.ask("PUT", "/api/users/1", json=body)
            for place, body in zip(places, [*bodies, bodies[0]], strict=True)
        ]
        assert [answer.status_code for answer in answers] == [409, 401, 200, 429]
        assert is_refused(answers[-1])
        # The rest of the account, and the accounts of others, have nothing to do with it.
        full_name = places[0].ask("PUT", "/api/users/1", json={"full_name": "Jo"})
        jane = john.known("jane").ask("PUT", "/api/users/2", json=bodies[1])
        assert (full_name.status_code, jane.status_code) == (200, 401)


class TestSharing:
    """Each try by name tells whether somebody has it."""

    def test_is_tried_so_often_from_wherever(self, serve: Serve) -> None:
        john = serve(share_rate_limit="3/hour")
        for name in ("john", "jane"):
            john.register(name)
        places = [john.known("john", f"203.0.113.{number}") for number in range(5)]
        order = places[0].ask("POST", "/api/orders/", json={"user_id": 1, "items": []}).json()
        path = f"/api/orders/{order['id']}/users"
        tried = ["ada", "bob", "jane", "cleo"]
        answers = [
            place.ask("POST", path, json={"recipient": name})
            for place, name in zip(places, tried, strict=False)
        ]
        assert [answer.status_code for answer in answers] == [404, 404, 201, 429]
        assert is_refused(answers[-1])
        # Who is shown the order no more has nothing to do with it.
        assert places[4].ask("DELETE", f"{path}/2").status_code == 204

    def test_is_not_counted_at_the_box_office(self, serve: Serve) -> None:
        john = serve(share_rate_limit="1/hour", auth_required=False, trusted_proxies="")
        for name in ("john", "jane"):
            john.register(name)
        as_admin(john, "PUT", "/api/users/2", {"role": "staff"})
        staff = john.known("jane")
        order = staff.ask("POST", "/api/orders/", json={"user_id": 1, "items": []}).json()
        path = f"/api/orders/{order['id']}/users"
        answers = [staff.ask("POST", path, json={"recipient": "nobody"}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [404] * 3


class TestLogIn:
    def test_of_an_account_at_an_address_has_a_quota(self, serve: Serve) -> None:
        caller = serve(login_rate_limit="3/minute")
        assert [caller.log_in().status_code for _ in range(4)] == [401, 401, 401, 429]
        assert is_refused(caller.log_in())

    def test_over_the_quota_does_not_succeed_with_the_right_password(self, serve: Serve) -> None:
        caller = serve(login_rate_limit="2/minute")
        caller.register()
        assert caller.log_in(password=PASSWORD).status_code == 200
        caller.log_in()
        assert is_refused(caller.log_in(password=PASSWORD))

    def test_elsewhere_is_not_locked_out_by_a_guesser(self, serve: Serve) -> None:
        caller = serve(login_rate_limit="2/minute")
        caller.register()
        until_refused(lambda _: caller.log_in())
        assert caller.at("203.0.113.2").log_in(password=PASSWORD).status_code == 200

    def test_of_others_at_the_address_is_let_through(self, serve: Serve) -> None:
        caller = serve(login_rate_limit="2/minute")
        until_refused(lambda _: caller.log_in("john"))
        assert caller.log_in("jane").status_code == 401

    def test_counts_a_name_in_any_case(self, serve: Serve) -> None:
        caller = serve(login_rate_limit="2/minute")
        names = ["john", "JOHN", "John"]
        assert until_refused(lambda number: caller.log_in(names[number])) == 2

    def test_from_an_address_has_five_times_the_quota(self, serve: Serve) -> None:
        caller = serve(login_rate_limit="2/minute")
        assert until_refused(lambda number: caller.log_in(f"user{number}")) == 10

    def test_of_an_account_from_everywhere_has_five_times_the_quota(self, serve: Serve) -> None:
        caller = serve(login_rate_limit="2/minute")
        assert until_refused(lambda number: caller.at(f"198.51.100.{number}").log_in()) == 10

    def test_is_let_through_again_when_the_answer_said(self, serve: Serve, wall: WallClock) -> None:
        caller = serve(login_rate_limit="3/minute")
        wall.now = START + 20
        until_refused(lambda _: caller.log_in())
        wait = int(caller.log_in().headers["retry-after"])
        wall.now += wait - 2
        assert is_refused(caller.log_in())
        wall.now += 2
        assert caller.log_in().status_code == 401

    def test_is_let_through_as_the_window_before_fades(self, serve: Serve, wall: WallClock) -> None:
        caller = serve(login_rate_limit="6/minute")
        until_refused(lambda _: caller.log_in())
        wall.now = START + 61
        assert caller.log_in().status_code == 401
        wait = int(caller.log_in().headers["retry-after"])
        assert wait == 10
        wall.now += wait - 1.5
        assert is_refused(caller.log_in())
        wall.now += 1.5
        assert caller.log_in().status_code == 401

    def test_can_be_unlimited(self, serve: Serve) -> None:
        caller = serve(login_rate_limit="")
        assert until_refused(lambda _: caller.log_in(), most=15) == 15


class TestRegistration:
    def test_from_an_address_has_a_quota(self, serve: Serve) -> None:
        caller = serve(registration_rate_limit="3/hour")
        assert until_refused(lambda number: caller.register(f"user{number}")) == 3

    def test_that_is_refused_registers_nobody(self, serve: Serve) -> None:
        caller = serve(registration_rate_limit="1/hour")
        caller.register("john")
        assert is_refused(caller.register("jane"))
        assert caller.log_in("jane", PASSWORD).status_code == 401

    def test_without_the_trailing_slash_counts_too(self, serve: Serve) -> None:
        caller = serve(registration_rate_limit="1/hour")
        caller.register()
        assert is_refused(caller.ask("POST", "/api/users", json={}))

    def test_from_another_address_is_let_through(self, serve: Serve) -> None:
        caller = serve(registration_rate_limit="1/hour")
        until_refused(lambda number: caller.register(f"user{number}"))
        assert caller.at("203.0.113.2").register("jane").status_code == 201

    def test_counts_the_addresses_of_one_household_as_one(self, serve: Serve) -> None:
        caller = serve(registration_rate_limit="1/hour")
        caller.at("2001:db8:1:2::1").register("john")
        assert is_refused(caller.at("2001:db8:1:2:ffff::9").register("jane"))
        assert caller.at("2001:db8:1:3::1").register("jane").status_code == 201

    def test_can_be_unlimited(self, serve: Serve) -> None:
        caller = serve(registration_rate_limit="")
        assert until_refused(lambda number: caller.register(f"user{number}"), most=25) == 25


class TestWrites:
    def test_of_a_stranger_have_the_quota_of_the_address(self, serve: Serve) -> None:
        caller = serve(write_rate_limit="3/minute")
        assert until_refused(lambda _: caller.write()) == 3
        assert caller.at("203.0.113.2").write().status_code == 401

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_are_all_methods_that_change_something(self, serve: Serve, method: str) -> None:
        caller = serve(write_rate_limit="2/minute")
        assert until_refused(lambda _: caller.ask(method, "/api/tickets/1")) == 2

    def test_are_not_reads(self, serve: Serve) -> None:
        caller = serve(write_rate_limit="1/minute")
        until_refused(lambda _: caller.write())
        answer = caller.ask("GET", "/api/tickets/")
        assert answer.status_code == 200
        assert "ratelimit" not in answer.headers

    def test_of_a_user_have_one_quota_for_all_log_ins_and_addresses(self, serve: Serve) -> None:
        caller = serve(write_rate_limit="6/minute")
        caller.register()
        here, there = caller.known(), caller.known(address="203.0.113.2")
        assert until_refused(lambda number: (here, there)[number % 2].write()) == 6

    def test_of_users_at_one_address_do_not_disturb_each_other(self, serve: Serve) -> None:
        caller = serve(write_rate_limit="6/minute")
        for name in ("john", "jane"):
            caller.register(name)
        john, jane = caller.known("john"), caller.known("jane")
        until_refused(lambda _: john.write())
        assert jane.write().status_code == 422

    def test_with_invented_tokens_have_the_quota_of_the_address(self, serve: Serve) -> None:
        caller = serve(write_rate_limit="3/minute")

        def invented(number: int) -> Response:
            return caller.at("203.0.113.1", Authorization=f"Bearer {number}").write()

        assert until_refused(invented) == 3

    def test_behind_a_forged_address_have_the_quota_of_the_real_one(self, serve: Serve) -> None:
        caller = serve(write_rate_limit="3/minute")
        assert until_refused(lambda number: caller.at(f"10.0.0.{number}, 203.0.113.9").write()) == 3

    def test_that_are_refused_change_nothing(self, serve: Serve) -> None:
        caller = serve(write_rate_limit="3/minute")
        user = caller.register().json()
        john = caller.known()
        path = f"/api/users/{user['id']}"
        assert until_refused(lambda n: john.ask("PUT", path, json={"full_name": f"n{n}"})) == 3
        assert john.ask("GET", path).json()["full_name"] == "n2"

    def test_can_be_unlimited(self, serve: Serve) -> None:
        caller = serve(write_rate_limit="")
        assert until_refused(lambda _: caller.write(), most=20) == 20


class TestHeaders:
    def test_tell_what_is_left(self, serve: Serve, wall: WallClock) -> None:
        caller = serve(write_rate_limit="10/minute")
        wall.now = START + 18
        caller.write()
        answer = caller.write()
        assert answer.headers["ratelimit"] == '"write";r=8;t=42'
        assert answer.headers["ratelimit-policy"] == '"write";q=10;w=60'

    def test_tell_of_the_quota_that_refused(self, serve: Serve, wall: WallClock) -> None:
        caller = serve(login_rate_limit="1/minute")
        caller.log_in()
        wall.now = START + 29.5
        answer = caller.log_in()
        assert answer.headers["ratelimit"] == '"login-address";r=3;t=31, "login";r=0;t=31'
        policies = '"login-address";q=5;w=60, "login";q=1;w=60'
        assert answer.headers["ratelimit-policy"] == policies
        assert answer.headers["retry-after"] == "31"
        assert is_refused(answer)


class TestOpenMode:
    def test_on_this_machine_nothing_is_limited(self, serve: Serve) -> None:
        caller = serve(auth_required=False, trusted_proxies="", **every_limit("1/hour"))
        local = caller.service.client
        for number in range(3):
            name = f"user{number}"
            user = {"username": name, "email": f"{name}@example.com", "full_name": "User"}
            assert local.post("/api/users/", json=user).status_code == 201
            form = {"username": "nobody", "password": WRONG}
            assert local.post("/api/auth/token", data=form).status_code == 401

    def test_from_elsewhere_everything_is(self, serve: Serve) -> None:
        caller = serve(auth_required=False, trusted_proxies="", **every_limit("1/hour"))
        elsewhere = TestClient(caller.service.app, client=("203.0.113.1", 1))
        assert elsewhere.post("/api/cart/", json={}).status_code == 401
        assert is_refused(elsewhere.post("/api/cart/", json={}))


class TestStore:
    def test_can_be_shared_by_processes(
        self, serve: Serve, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(SharedStorage, "everything", {})
        one, other = (
            serve(write_rate_limit="4/hour", rate_limit_storage="shared://", secret_key="K" * 40)
            for _ in "ab"
        )
        assert until_refused(lambda number: (one, other)[number % 2].write()) == 4

    def test_that_is_shared_has_no_name_and_no_address(
        self, serve: Serve, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nor what anybody finds out who tries them all: that takes the service's key."""
        stores: list[dict[str, Any]] = []
        for key in ("K" * 40, "L" * 40):
            stores.append({})
            monkeypatch.setattr(SharedStorage, "everything", stores[-1])
            limits = every_limit("100/hour")
            caller = serve(rate_limit_storage="shared://", secret_key=key, **limits)
            caller.register(f"john{len(stores)}")
            caller.write()
            caller.log_in("jane")
        names = [set(store["storage"]) for store in stores]
        assert [len(one) for one in names] == [5, 5]
        assert [word for word in ("203.0.113", "jane", "john") if word in str(names)] == []
        assert names[0] & names[1] == set()

    def test_of_each_process_is_its_own_by_default(self, serve: Serve) -> None:
        one, other = serve(write_rate_limit="1/hour"), serve(write_rate_limit="1/hour")
        until_refused(lambda _: one.write())
        assert other.write().status_code == 401

    def test_of_a_process_forgets_callers_that_stay_away(
        self, serve: Serve, wall: WallClock
    ) -> None:
        caller = serve(write_rate_limit="5/minute")
        counters = caller.service.app.state.limiter._own_store.storage
        for number in range(20):
            caller.at(f"198.51.100.{number}").write()
        assert len(counters) == 20
        wall.now += 121
        caller.write()
        assert len(counters) == 1

    def test_that_is_gone_leaves_each_process_to_count_alone(self, serve: Serve) -> None:
        caller = serve(write_rate_limit="2/hour", rate_limit_storage="lost://")
        lines = LogLines("nexticket.limits")
        with lines:
            assert until_refused(lambda _: caller.write()) == 2
        assert {record.levelname for record in lines.records} == {"WARNING"}


class TestLog:
    def test_names_route_and_code_of_a_refusal(self, serve: Serve) -> None:
        caller = serve(write_rate_limit="1/hour")
        caller.write()
        lines = LogLines("nexticket.access")
        with lines:
            answer = caller.ask("PUT", "/api/cart/7", json={"quantity": 1})
        assert is_refused(answer)
        (line,) = lines.records
        assert line.levelname == "WARNING"
        told = vars(line)
        assert (told["status"], told["code"]) == (429, "too_many_requests")
        assert told["route"] == "/api/cart/{cart_item_id}"


class TestSettings:
    @pytest.mark.parametrize("field", ["login_rate_limit", "registration_rate_limit"])
    @pytest.mark.parametrize(
        "value", ["often", "10", "10/fortnight", "1/second; 9/minute", "0/day"]
    )
    def test_know_what_a_limit_is(self, field: str, value: str) -> None:
        with pytest.raises(ValidationError):
            Settings.model_validate({field: value})

    @pytest.mark.parametrize("value", ["", "nowhere", "nosuch://host", "redis://:hunter2@host:x"])
    def test_know_what_a_store_is_and_show_no_password(self, value: str) -> None:
        with pytest.raises(ValidationError) as refused:
            Settings.model_validate({"rate_limit_storage": value})
        (error,) = refused.value.errors(include_input=False)
        assert "hunter2" not in error["msg"]


class TestDocument:
    def test_declares_the_refusal_for_all_that_is_counted(self, serve: Serve) -> None:
        paths = serve().service.app.openapi()["paths"]
        for path, operations in paths.items():
            for operation in operations.values():
                assert ("429" in operation["responses"]) == (path not in UNCOUNTED), path


# Who looks whether the service is there does not ask it for anything.
UNCOUNTED = {"/", "/health", "/health/ready"}


def every_limit(value: str) -> dict[str, object]:
    names = ("login_rate_limit", "registration_rate_limit", "write_rate_limit")
    return dict.fromkeys((*names, "account_rate_limit"), value)
