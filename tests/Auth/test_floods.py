"""Floods of writes and reads: no credentials that somebody made up buy an account of their own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from tests.Auth.conftest import Serve
from tests.support.client import PASSWORD
from tests.support.limiting import Caller, WallClock, is_refused, until_refused
from tests.support.service import running_service

REFRESH = {"refresh_token": "a.b"}


def refused(answers: list[Response]) -> list[bool]:
    return [is_refused(answer) for answer in answers]


@contextmanager
def box_office(caller: Caller) -> Iterator[Callable[..., Any]]:
    """Asks the same shop on this machine, in the open mode and without limits."""
    fields = {"trusted_proxies": (), "auth_required": False, "write_rate_limit": ""}
    with running_service(caller.service.settings.model_copy(update=fields)) as service:

        def ask(method: str, path: str, body: Any = None) -> Any:
            answer = service.client.request(method, path, json=body)
            assert answer.status_code < 300, answer.text
            return answer.json() if answer.content else None

        yield ask


def as_admin(caller: Caller, method: str, path: str, body: Any = None) -> Any:
    with box_office(caller) as ask:
        return ask(method, path, body)


def with_key(caller: Caller, name: str = "till") -> Caller:
    body = {"username": name, "email": f"{name}@example.com", "full_name": "Till"}
    as_admin(caller, "POST", "/api/users/", body | {"password": PASSWORD, "role": "staff"})
    member = caller.known(name, "198.51.100.9")
    made = member.ask("POST", "/api/auth/api-keys", json={"name": name, "role": "staff"})
    return caller.at("203.0.113.1", **{"X-API-Key": made.json()["key"]})


class TestInventedKeys:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "/api/auth/logout", REFRESH),
            ("POST", "/api/auth/refresh", REFRESH),
            ("POST", "/api/orders/", {"user_id": 1, "items": []}),
            ("DELETE", "/api/cart/1", None),
            ("PATCH", "/api/nowhere", {}),
        ],
    )
    def test_twenty_from_one_address_meet_the_limit(
        self, serve: Serve, method: str, path: str, body: Any
    ) -> None:
        caller = serve(write_rate_limit="5/minute")
        answers = [
            caller.at("203.0.113.1", **{"X-API-Key": f"nxt_{number}"}).ask(method, path, json=body)
            for number in range(20)
        ]
        assert refused(answers) == [False] * 5 + [True] * 15

    def test_read_no_more_than_their_address_may(self, serve: Serve) -> None:
        caller = serve(read_rate_limit="5/minute")
        answers = []
        for number in range(20):
            made_up = caller.at("203.0.113.1", Authorization=f"Bearer nxt_{number}")
            answers.append(made_up.ask("GET", "/api/auth/me"))
        assert refused(answers) == [False] * 5 + [True] * 15

    def test_do_not_use_up_what_a_good_key_may(self, serve: Serve) -> None:
        caller = serve(auth_required=False, write_rate_limit="3/minute")
        till = with_key(caller)
        # Until it was shown once, nobody can tell it from others.
        assert till.ask("GET", "/api/auth/me").status_code == 200
        until_refused(lambda n: caller.at("203.0.113.1", **{"X-API-Key": f"nxt_{n}"}).write())
        assert until_refused(lambda _: till.write()) == 3


class TestGoodKeys:
    def test_have_a_quota_each(self, serve: Serve) -> None:
        caller = serve(auth_required=False, write_rate_limit="2/minute")
        one, other = with_key(caller, "one"), with_key(caller, "other")
        for key in (one, other):
            assert key.ask("GET", "/api/auth/me").status_code == 200
        assert until_refused(lambda _: one.write()) == 2
        assert not is_refused(other.write())

    def test_that_have_ended_count_by_their_address_again(self, serve: Serve) -> None:
        caller = serve(auth_required=False, write_rate_limit="3/minute")
        till, stranger = with_key(caller), caller.at("203.0.113.1")
        assert till.ask("GET", "/api/auth/me").status_code == 200
        until_refused(lambda _: stranger.write())
        assert as_admin(caller, "DELETE", "/api/auth/api-keys/1") is None
        # It has its own account until somebody looks whether it is good.
        assert till.ask("GET", "/api/auth/me").status_code == 401
        assert is_refused(till.write())


class TestTokens:
    def test_count_by_address_where_nobody_looks_at_them(self, serve: Serve) -> None:
        """Signed out with the tokens of many accounts, of which each would have a quota."""
        caller = serve(write_rate_limit="20/minute", registration_rate_limit="")
        names = ["john", "jane", "jack", "jill"]
        for name in names:
            caller.register(name)
        known = [caller.known(name, "203.0.113.9") for name in names]
        answers = [
            known[number % 4].ask("POST", "/api/auth/logout", json=REFRESH) for number in range(25)
        ]
        assert refused(answers) == [False] * 20 + [True] * 5

    def test_of_many_accounts_write_no_more_than_five_times_from_one_address(
        self, serve: Serve
    ) -> None:
        caller = serve(write_rate_limit="20/minute")
        names = [f"user{number}" for number in range(7)]
        known = []
        for number, name in enumerate(names):
            elsewhere = caller.at(f"198.51.100.{number}")
            elsewhere.register(name)
            known.append(elsewhere.known(name))
        assert until_refused(lambda number: known[number % 7].write(), most=200) == 100
        answer = known[0].write()
        assert '"write-address";r=0' in answer.headers["ratelimit"]
        assert caller.at("203.0.113.2").write().status_code == 401

    def test_of_an_account_that_is_refused_take_nothing_from_others_there(
        self, serve: Serve
    ) -> None:
        caller = serve(write_rate_limit="5/minute")
        known = []
        for number, name in enumerate(("john", "jane")):
            elsewhere = caller.at(f"198.51.100.{number}")
            elsewhere.register(name)
            known.append(elsewhere.known(name))
        john, jane = known
        for _ in range(40):
            john.write()
        assert until_refused(lambda _: jane.write()) == 5


class TestCostOfAWrite:
    @pytest.fixture
    def buyer(self, stocked: None, serve: Serve) -> Caller:  # noqa: ARG002 - it is there
        """Somebody who may write sixty times a minute, where a hundred tickets are sold."""
        caller = serve(auth_required=False, write_rate_limit="60/minute")
        caller.register()
        return caller.known()

    @staticmethod
    def order(buyer: Caller, lines: int) -> Response:
        items = [{"ticket_id": number + 1, "quantity": 1} for number in range(lines)]
        return buyer.ask("POST", "/api/orders/", json={"user_id": 1, "items": items})

    def test_of_an_order_of_a_few_lines_is_one(self, buyer: Caller) -> None:
        answers = [self.order(buyer, 3) for _ in range(3)]
        left = [answer.headers["ratelimit"].partition(";")[2] for answer in answers]
        assert [one.partition(";")[0] for one in left] == ["r=59", "r=58", "r=57"]

    def test_of_an_order_of_a_hundred_lines_is_that_of_many(self, buyer: Caller) -> None:
        allowed = until_refused(lambda _: self.order(buyer, 100))
        assert 1 <= allowed <= 7

    def test_shows_in_the_answer_to_a_change_as_well(self, buyer: Caller) -> None:
        self.order(buyer, 100)
        path = "/api/orders/1"
        allowed = until_refused(lambda n: buyer.ask("PUT", path, json={"notes": f"n{n}"}))
        assert 1 <= allowed <= 7

    def test_is_paid_by_the_account_alone_that_wrote(self, buyer: Caller) -> None:
        until_refused(lambda _: self.order(buyer, 100))
        assert not is_refused(buyer.at("203.0.113.1").write())


class TestReads:
    def test_of_a_stranger_have_the_quota_of_the_address(self, serve: Serve) -> None:
        caller = serve(read_rate_limit="10/minute")
        assert until_refused(lambda _: caller.ask("GET", "/api/tickets/1")) == 10
        assert caller.at("203.0.113.2").ask("GET", "/api/tickets/1").status_code == 404

    @pytest.mark.parametrize(
        ("path", "units"),
        [
            ("/api/tickets/1", 1),
            ("/api/tickets/", 5),
            ("/api/users/", 5),
            ("/api/tickets/search/by-event?q=rock", 10),
            ("/api/analytics/dashboard", 20),
            ("/api/nowhere", 5),
            ("/openapi.json", 5),
        ],
    )
    def test_cost_what_they_are_worth(self, serve: Serve, path: str, units: int) -> None:
        caller = serve(read_rate_limit="40/minute")
        assert until_refused(lambda _: caller.ask("GET", path)) == 40 // units

    def test_that_look_whether_we_live_are_not_counted(self, serve: Serve) -> None:
        caller = serve(read_rate_limit="1/minute")
        until_refused(lambda _: caller.ask("GET", "/api/tickets/1"))
        for path in ("/health", "/health/ready", "/"):
            assert caller.ask("GET", path).status_code == 200

    def test_are_told_what_is_left_only_where_it_is_little(self, serve: Serve) -> None:
        caller = serve(read_rate_limit="20/minute")
        answers = [caller.ask("GET", "/api/tickets/1") for _ in range(20)]
        assert ["ratelimit" in answer.headers for answer in answers] == [False] * 18 + [True] * 2
        assert answers[18].headers["ratelimit"] == '"read";r=1;t=57'
        assert answers[18].headers["ratelimit-policy"] == '"read";q=20;w=60'

    def test_are_let_through_again_when_the_answer_said(
        self, serve: Serve, wall: WallClock
    ) -> None:
        caller = serve(read_rate_limit="10/minute")
        until_refused(lambda _: caller.ask("GET", "/api/tickets/"))
        answer = caller.ask("GET", "/api/tickets/")
        assert answer.headers["retry-after"] == "30"
        wall.now += 29
        assert is_refused(caller.ask("GET", "/api/tickets/"))
        wall.now += 1
        assert caller.ask("GET", "/api/tickets/").status_code == 200

    def test_never_exceed_twice_the_quota_in_a_window(self, serve: Serve, wall: WallClock) -> None:
        caller = serve(read_rate_limit="10/minute")
        allowed = 0
        for _ in range(60):
            allowed += until_refused(lambda _: caller.ask("GET", "/api/tickets/1"))
            wall.now += 1
        assert allowed <= 20

    def test_of_users_at_one_address_do_not_disturb_each_other(self, serve: Serve) -> None:
        caller = serve(read_rate_limit="5/minute")
        for name in ("john", "jane"):
            caller.register(name)
        john, jane = caller.known("john"), caller.known("jane")
        assert until_refused(lambda _: john.ask("GET", "/api/auth/me")) == 5
        assert until_refused(lambda _: caller.ask("GET", "/api/tickets/1")) == 5
        assert jane.ask("GET", "/api/auth/me").status_code == 200

    def test_of_one_address_are_five_times_the_quota_whoever_asks(self, serve: Serve) -> None:
        caller = serve(read_rate_limit="2/minute")
        known = []
        for number in range(7):
            caller.at(f"198.51.100.{number}").register(f"user{number}")
            known.append(caller.known(f"user{number}"))
        assert until_refused(lambda number: known[number % 7].ask("GET", "/api/auth/me")) == 10

    def test_that_were_refused_take_nothing_from_others_at_the_address(self, serve: Serve) -> None:
        caller = serve(read_rate_limit="5/minute")
        for name in ("john", "jane"):
            caller.register(name)
        john, jane = caller.known("john"), caller.known("jane")
        for asking in (caller, john):
            for _ in range(30):
                asking.ask("GET", "/api/auth/me" if asking is john else "/api/tickets/1")
        assert until_refused(lambda _: jane.ask("GET", "/api/auth/me")) == 5

    def test_can_be_unlimited(self, serve: Serve) -> None:
        caller = serve(read_rate_limit="")
        assert until_refused(lambda _: caller.ask("GET", "/api/tickets/"), most=50) == 50

    def test_of_this_machine_are_not_limited_in_the_open_mode(self, serve: Serve) -> None:
        caller = serve(auth_required=False, trusted_proxies="", read_rate_limit="1/hour")
        local, elsewhere = caller.service.client, TestClient(caller.service.app)
        for _ in range(20):
            assert local.get("/api/tickets/").status_code == 200
        assert until_refused(lambda _: elsewhere.get("/api/tickets/")) == 1

    def test_of_callers_that_stay_away_are_forgotten(self, serve: Serve, wall: WallClock) -> None:
        caller = serve(read_rate_limit="5/minute")
        for number in range(20):
            caller.at(f"198.51.100.{number}").ask("GET", "/api/tickets/1")
        buckets = caller.service.app.state.limiter._read
        for _ in range(2):
            wall.now += 61
            caller.ask("GET", "/api/tickets/1")
        assert len(buckets._full_at) == 1
        assert len(buckets._older) == 1
