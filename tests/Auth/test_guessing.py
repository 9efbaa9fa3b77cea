"""Passwords are guessed slowly, by many, under every name of an account: the owner gets in."""

import logging
from pathlib import Path

import pytest
from httpx2 import Response
from sqlalchemy import select

from core import production
from models import login_places
from tests.Auth.conftest import Serve
from tests.support.client import PASSWORD
from tests.support.limiting import WRONG, Caller, LogLines, WallClock, is_refused, until_refused
from tests.support.service import Service
from tools.server import default_environment, running_server

LIMITED = {"login_rate_limit": "4/minute", "login_day_rate_limit": "30/day"}


def change_password(caller: Caller, current: str) -> Response:
    body = {"current_password": current, "new_password": "a walk in the fog"}
    return caller.ask("POST", "/api/auth/password", json=body)


def places(service: Service) -> list[str]:
    found = select(login_places.c.place_hash).order_by(login_places.c.id)
    return list(service.database.read_now(lambda session: session.execute(found).scalars().all()))


def guess_from_everywhere(caller: Caller, name: str = "john", most: int = 300) -> int:
    """Until the account takes no more guesses from any new address."""
    return until_refused(
        lambda number: caller.at(f"198.51.{number // 250}.{number % 250}").log_in(name), most
    )


class TestDay:
    def test_who_guesses_slowly_meets_its_bound(self, serve: Serve, wall: WallClock) -> None:
        caller = serve(**LIMITED)
        allowed = 0
        for _ in range(20):
            allowed += until_refused(lambda _: caller.log_in())
            wall.now += 120
        assert allowed == 30

    def test_who_guesses_slowly_from_everywhere_does_too(
        self, serve: Serve, wall: WallClock
    ) -> None:
        caller = serve(login_rate_limit="4/minute", login_day_rate_limit="10/day")
        allowed = 0
        for round_ in range(20):
            allowed += until_refused(caller.at(f"198.51.100.{round_}").guess)
            wall.now += 120
        assert allowed == 50

    def test_can_be_unlimited(self, serve: Serve) -> None:
        caller = serve(login_day_rate_limit="")
        assert until_refused(lambda _: caller.log_in(), most=40) == 40


class TestOwner:
    def test_gets_in_from_where_they_logged_in_before(self, serve: Serve) -> None:
        owner = serve(**LIMITED)
        owner.register()
        assert owner.log_in(password=PASSWORD).status_code == 200
        guess_from_everywhere(owner)
        assert owner.log_in(password=PASSWORD).status_code == 200
        # From anywhere else nobody gets in, for it may be the one who guesses.
        assert is_refused(owner.at("192.0.2.1").log_in(password=PASSWORD))

    def test_may_guess_no_more_often_there_than_anybody(self, serve: Serve) -> None:
        owner = serve(**LIMITED)
        owner.register()
        owner.log_in(password=PASSWORD)
        assert until_refused(lambda _: owner.log_in()) == 3

    def test_is_not_known_where_only_others_logged_in(self, serve: Serve) -> None:
        caller = serve(**LIMITED)
        caller.register("john")
        caller.register("eve")
        assert caller.log_in("eve", PASSWORD).status_code == 200
        guess_from_everywhere(caller)
        assert is_refused(caller.log_in("john", PASSWORD))

    def test_is_not_known_where_a_password_was_wrong(self, serve: Serve) -> None:
        caller = serve(**LIMITED)
        caller.register()
        caller.log_in()
        assert places(caller.service) == []

    def test_is_known_for_ninety_days(self, serve: Serve) -> None:
        owner = serve(**LIMITED)
        owner.register()
        owner.log_in(password=PASSWORD)
        guess_from_everywhere(owner)
        owner.service.clock.advance(days=89)
        assert owner.log_in(password=WRONG).status_code == 401
        owner.service.clock.advance(days=1)
        assert is_refused(owner.log_in(password=PASSWORD))

    def test_is_known_after_a_change_of_the_signing_key(self, serve: Serve) -> None:
        key, next_key = "k" * 40, "n" * 40
        owner = serve(**LIMITED, secret_key=key)
        owner.register()
        owner.log_in(password=PASSWORD)
        owner = serve(**LIMITED, secret_key=next_key, secret_key_previous=key)
        guess_from_everywhere(owner)
        assert owner.log_in(password=PASSWORD).status_code == 200

    def test_leaves_no_address_behind_and_twenty_places(self, serve: Serve) -> None:
        owner = serve()
        owner.register()
        for number in range(25):
            there = owner.at(f"203.0.113.{number}")
            assert there.log_in(password=PASSWORD).status_code == 200
        kept = places(owner.service)
        assert len(set(kept)) == 20
        assert {len(mark) for mark in kept} == {64}


class TestNames:
    def test_of_one_account_count_together(self, serve: Serve) -> None:
        caller = serve(**LIMITED)
        caller.register()
        names = ["john", "john@example.com", "JOHN", "John@Example.com"]
        assert until_refused(lambda number: caller.log_in(names[number % 4])) == 4

    def test_count_together_with_changes_of_the_password(self, serve: Serve) -> None:
        caller = serve(**LIMITED)
        caller.register()
        john = caller.known()
        guesses = [change_password(john, WRONG), caller.log_in(), change_password(john, WRONG)]
        assert [answer.status_code for answer in guesses] == [401] * 3
        assert is_refused(change_password(john, WRONG))
        assert is_refused(caller.log_in("john@example.com"))

    def test_that_nobody_has_count_each_by_itself(self, serve: Serve) -> None:
        caller = serve(login_rate_limit="2/minute")
        until_refused(lambda _: caller.log_in("nobody"))
        assert caller.log_in("nobody@example.com").status_code == 401


class TestWorkers:
    @pytest.mark.parametrize(("workers", "warnings"), [(1, 0), (2, 2)])
    def test_that_count_alone_are_told_of_in_production(
        self, tmp_path: Path, workers: int, warnings: int
    ) -> None:
        log = tmp_path / "log"
        environment = default_environment() | {
            "ENVIRONMENT": "production",
            "SECRET_KEY": "wk7Q2mZ9xTn4Rb8Vc3Lp6Hd1Gs5Jf0Ya",
            "DATABASE_URL": f"sqlite:///{tmp_path}/x.db",
        }
        with running_server(environment, workers, log):
            pass
        assert log.read_text("utf-8").count("each of several processes counts alone") == warnings

    @pytest.mark.parametrize(("told", "is_told"), [("4", True), ("1", False), ("many", False)])
    def test_are_known_by_what_their_manager_was_told(
        self, serve: Serve, monkeypatch: pytest.MonkeyPatch, told: str, *, is_told: bool
    ) -> None:
        monkeypatch.setenv("WEB_CONCURRENCY", told)
        settings = serve().service.settings.model_copy(update={"environment": "production"})
        lines = LogLines("nexticket.start")
        with lines:
            production.announce_counts(settings)
        assert [record.levelno for record in lines.records] == [logging.WARNING] * is_told

    def test_that_share_a_store_are_not_warned_of(
        self, serve: Serve, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WEB_CONCURRENCY", "4")
        changes = {"environment": "production", "rate_limit_storage": "shared://"}
        settings = serve().service.settings.model_copy(update=changes)
        lines = LogLines("nexticket.start")
        with lines:
            production.announce_counts(settings)
        assert lines.records == []
