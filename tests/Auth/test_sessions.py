"""Log-ins: how they go on, how one sees and ends them, and that they end by themselves."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from models import login_sessions
from Privacy.services.retention_service import forget_ended_log_ins
from tests.support.client import PASSWORD, Api
from tests.support.service import Service
from User.services.devices import device_of
from work.context import unattended

SESSIONS, REFRESH = "/api/auth/sessions", "/api/auth/refresh"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Safari/537.36"
)


def refreshed(api: Api, tokens: Any) -> Any:
    return api.post(REFRESH, {"refresh_token": tokens["refresh_token"]})


def code(api: Api, tokens: Any) -> str:
    return str(api.refused("POST", REFRESH, {"refresh_token": tokens["refresh_token"]})["code"])


def is_in(api: Api, tokens: Any) -> bool:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return bool(api.request("GET", "/api/auth/me", headers=headers).is_success)


@pytest.fixture
def first(api: Api) -> Any:
    api.user(password=PASSWORD)
    return api.log_in("john_doe")


class TestGrace:
    def test_two_tabs_that_refresh_at_once_get_the_same_token_and_both_go_on(
        self, api: Api, first: Any
    ) -> None:
        one, other = refreshed(api, first), refreshed(api, first)
        assert one["refresh_token"] == other["refresh_token"] != first["refresh_token"]
        assert is_in(api, one)
        assert is_in(api, other)
        api.clock.advance(minutes=29)
        assert is_in(api, refreshed(api, other))

    def test_all_of_many_at_once_get_the_same_token(self, api: Api, first: Any) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: refreshed(api, first), range(24)))
        assert len({tokens["refresh_token"] for tokens in answers}) == 1
        assert is_in(api, refreshed(api, answers[0]))

    def test_ends_in_time(self, api: Api, first: Any) -> None:
        second = refreshed(api, first)
        api.clock.advance(seconds=29)
        assert refreshed(api, first)["refresh_token"] == second["refresh_token"]
        # Asked for again, it does not begin again.
        api.clock.advance(seconds=2)
        assert code(api, first) == "invalid_token"
        assert not is_in(api, second)
        assert code(api, second) == "invalid_token"

    def test_is_for_the_token_before_the_newest_alone(self, api: Api, first: Any) -> None:
        third = refreshed(api, refreshed(api, first))
        assert code(api, first) == "invalid_token"
        assert not is_in(api, third)

    def test_opens_nothing_that_was_ended(self, api: Api, first: Any) -> None:
        second = refreshed(api, first)
        body = {"refresh_token": second["refresh_token"]}
        assert api.request("POST", "/api/auth/logout", json=body).status_code == 204
        assert code(api, first) == "invalid_token"

    def test_is_for_the_right_secret_alone(self, api: Api, first: Any) -> None:
        second = refreshed(api, first)
        key = first["refresh_token"].partition(".")[0]
        assert code(api, {"refresh_token": f"{key}.guessed"}) == "invalid_token"
        assert not is_in(api, second)

    def test_can_be_switched_off(
        self, api: Api, first: Any, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_terms(service, monkeypatch, refresh_grace_seconds=0)
        second = refreshed(api, first)
        assert code(api, first) == "invalid_token"
        assert not is_in(api, second)

    def test_no_token_can_be_made_from_what_is_stored(
        self, api: Api, first: Any, service: Service
    ) -> None:
        second = refreshed(api, first)
        stored = str(service.database.read_now(lambda s: s.execute(select(login_sessions)).all()))
        for tokens in (first, second):
            for part in tokens["refresh_token"].split("."):
                assert part not in stored


class TestEnd:
    def test_comes_after_ninety_days_however_often_it_is_refreshed(
        self, api: Api, first: Any
    ) -> None:
        tokens = first
        for _ in range(4):
            api.clock.advance(days=22)
            tokens = refreshed(api, tokens)
        api.clock.advance(days=1, hours=23, minutes=50)
        tokens = refreshed(api, tokens)
        assert 0 < tokens["expires_in"] <= 600
        assert is_in(api, tokens)
        api.clock.advance(minutes=11)
        # The access token ends as well.
        assert not is_in(api, tokens)
        assert code(api, tokens) == "invalid_token"

    def test_that_is_set_to_sooner_counts_for_those_who_are_in(
        self, api: Api, first: Any, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        api.clock.advance(days=3)
        set_terms(service, monkeypatch, login_max_days=2)
        assert code(api, first) == "invalid_token"

    def test_of_log_ins_is_put_away_by_the_chore_and_those_that_go_on_stay(
        self, api: Api, first: Any, service: Service
    ) -> None:
        api.log_in("john_doe")
        kept = api.log_in("john_doe")
        body = {"refresh_token": first["refresh_token"]}
        api.request("POST", "/api/auth/logout", json=body)
        api.clock.advance(days=2)
        assert swept(service) == 1
        api.clock.advance(days=20)
        kept = refreshed(api, kept)
        api.clock.advance(days=11)
        assert swept(service) == 1
        assert swept(service) == 0
        assert len(rows(service)) == 1
        assert refreshed(api, kept)


class TestList:
    def test_shows_when_from_what_and_which_one_this_is(self, api: Api) -> None:
        api.user(password=PASSWORD)
        began = api.clock.now
        for agent in (FIREFOX, SAFARI):
            tokens = api.having({"User-Agent": agent}).log_in("john_doe")
        api.clock.advance(hours=1)
        john = api.bearer(refreshed(api, tokens)["access_token"])
        older, current = john.get(SESSIONS)
        assert (older["device"], older["is_current"]) == ("Firefox on Windows", False)
        assert (current["device"], current["is_current"]) == ("Safari on iPhone", True)
        assert older["created_at"] == older["last_used_at"]
        assert current["created_at"] < current["last_used_at"] < current["expires_at"]
        assert began.date().isoformat() in current["created_at"]
        assert current.keys() == {
            *("id", "device", "is_current", "created_at", "last_used_at", "expires_at")
        }

    def test_shows_ones_own_that_go_on_alone(self, api: Api, first: Any) -> None:
        _, other = api.someone("customer")
        john = api.bearer(first["access_token"])
        api.log_in("john_doe")
        ended = api.log_in("john_doe")
        body = {"refresh_token": ended["refresh_token"]}
        api.request("POST", "/api/auth/logout", json=body)
        assert [one["id"] for one in john.get(SESSIONS)] == [1, 3]
        assert [one["id"] for one in other.get(SESSIONS)] == [2]
        api.clock.advance(days=29)
        newest = api.log_in("john_doe")
        api.clock.advance(days=2)
        fresh = refreshed(api, newest)
        assert [one["id"] for one in api.bearer(fresh["access_token"]).get(SESSIONS)] == [5]

    def test_of_nobody_in_particular_is_empty(self, api: Api, first: Any) -> None:
        assert first
        assert api.get(SESSIONS) == []
        api.delete(SESSIONS)
        assert is_in(api, first)


class TestEnding:
    def test_one_ends_its_tokens_at_once_and_no_other(self, api: Api, first: Any) -> None:
        lost = api.log_in("john_doe")
        john = api.bearer(first["access_token"])
        john.delete(f"{SESSIONS}/2")
        assert not is_in(api, lost)
        assert code(api, lost) == "invalid_token"
        assert is_in(api, first)
        assert john.refused("DELETE", f"{SESSIONS}/2")["code"] == "session_not_found"

    def test_another_users_is_not_there(self, api: Api, first: Any) -> None:
        _, admin = api.someone("admin")
        for caller in (admin, api):
            problem = caller.refused("DELETE", f"{SESSIONS}/1")
            assert (problem["status"], problem["code"]) == (404, "session_not_found")
        assert is_in(api, first)

    def test_all_others_leaves_the_one_that_asks(self, api: Api, first: Any) -> None:
        others = [api.log_in("john_doe") for _ in range(3)]
        _, someone_else = api.someone("customer")
        john = api.bearer(others[1]["access_token"])
        john.delete(SESSIONS)
        assert [is_in(api, tokens) for tokens in (first, *others)] == [False, False, True, False]
        assert someone_else.get("/api/auth/me")
        assert refreshed(api, others[1])

    def test_is_not_for_api_keys(self, api: Api) -> None:
        _, staff = api.someone("staff")
        made = staff.post("/api/auth/api-keys", {"name": "till", "role": "staff"})
        program = api.bearer(made["key"])
        for method, path in (("GET", SESSIONS), ("DELETE", SESSIONS), ("DELETE", f"{SESSIONS}/1")):
            problem = program.refused(method, path)
            assert (problem["status"], problem["code"]) == (403, "not_by_api_key")
        assert staff.get(SESSIONS)


class TestDevice:
    @pytest.mark.parametrize(
        ("said", "kept"),
        [
            (FIREFOX, "Firefox on Windows"),
            (SAFARI, "Safari on iPhone"),
            (CHROME, "Chrome on Linux"),
            (f"{CHROME} Edg/140.0", "Edge on Linux"),
            ("curl/8.5.0", "curl"),
            ("python-httpx2/0.28", "python-httpx2"),
            ("", None),
            (None, None),
            ("<script>alert(1)</script>", None),
            ("\x1b[2J\u202e", None),
            ("x" * 10_000, "x" * 40),
            (" " * 600 + "Firefox", None),
        ],
    )
    def test_is_kept_in_words_that_are_known_or_a_plain_name(
        self, said: str | None, kept: str | None
    ) -> None:
        assert device_of(said) == kept

    def test_may_call_itself_anything(self, api: Api) -> None:
        api.user(password=PASSWORD)
        for said in ("\xff\xfe", "a" * 4000, "'; DROP TABLE users; --"):
            headers: Any = {"User-Agent": said.encode("latin-1")}
            form = {"username": "john_doe", "password": PASSWORD}
            answer = api.request("POST", "/api/auth/token", data=form, headers=headers)
            assert answer.status_code == 200


def set_terms(service: Service, monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    from work.context import Terms

    changed = service.settings.model_copy(update=changes)
    monkeypatch.setitem(service.app.state._state, "terms", Terms.of(changed))


def swept(service: Service) -> int:
    kept_a_day = service.settings.model_copy(update={"keep_ended_logins_days": 1})
    unit = unattended(
        lambda context: forget_ended_log_ins(context, limit=100), kept_a_day, service.clock
    )
    return service.database.write_now(unit)


def rows(service: Service) -> list[Any]:
    found = select(login_sessions.c.id)
    return service.database.read_now(lambda s: list(s.execute(found).scalars()))
