"""API keys end with what they stand on: no way to stay for who once had an account, or a key."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from models import api_keys
from tests.support.client import PASSWORD, Api
from tests.support.service import Service
from User.services.api_key_service import forget_ended_keys
from work.context import Terms, unattended

KEYS = "/api/auth/api-keys"
NEW = "another walk in the sun"


def make(caller: Api, role: str = "staff", **fields: Any) -> Any:
    return caller.post(KEYS, {"name": "till", "role": role, **fields})


def works(api: Api, made: Any) -> bool:
    answer = api.bearer(made["key"]).request("GET", "/api/auth/me")
    assert answer.is_success or answer.json()["code"] == "invalid_token"
    return answer.is_success


def change_password(caller: Api, **more: Any) -> None:
    body = {"current_password": PASSWORD, "new_password": NEW, **more}
    assert caller.request("POST", "/api/auth/password", json=body).status_code == 204


def end_error(caller: Api, expires_at: str) -> Any:
    body = {"name": "till", "role": "staff", "expires_at": expires_at}
    problem = caller.refused("POST", KEYS, body)
    assert (problem["status"], problem["code"]) == (422, "validation_error")
    (error,) = problem["errors"]
    assert error["pointer"] == "#/expires_at"
    return error["detail"]


class TestPassword:
    def test_that_is_changed_ends_the_keys(self, api: Api) -> None:
        _, staff = api.someone("staff")
        _, other = api.someone("staff", "other")
        mine, theirs = make(staff), make(other)
        change_password(staff)
        assert not works(api, mine)
        assert works(api, theirs)

    def test_keeps_them_where_that_is_said(self, api: Api) -> None:
        _, staff = api.someone("staff")
        made = make(staff)
        change_password(staff, keep_api_keys=True)
        assert works(api, made)

    @pytest.mark.parametrize("said", ["true", 1, None])
    def test_keeps_them_for_no_other_word(self, api: Api, said: object) -> None:
        _, staff = api.someone("staff")
        body = {"current_password": PASSWORD, "new_password": NEW, "keep_api_keys": said}
        assert staff.refused("POST", "/api/auth/password", body)["status"] == 422


class TestDeactivation:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [("PATCH", "/api/users/1/deactivate", None), ("PUT", "/api/users/1", {"is_active": False})],
    )
    def test_ends_keys_for_good(self, api: Api, method: str, path: str, body: object) -> None:
        _, staff = api.someone("staff")
        made = make(staff)
        assert api.request(method, path, json=body).is_success
        assert not works(api, made)
        api.patch("/api/users/1/activate")
        assert not works(api, made)
        assert api.get(KEYS) == []

    def test_of_a_user_that_is_removed_ends_them(self, api: Api) -> None:
        _, staff = api.someone("staff")
        made = make(staff)
        api.delete("/api/users/1")
        assert not works(api, made)


class TestDemotion:
    def test_leaves_keys_that_one_can_see_and_end(self, api: Api) -> None:
        _, staff = api.someone("staff")
        made = make(staff)
        api.put("/api/users/1", {"role": "customer"})
        former = api.bearer(api.log_in("staff")["access_token"])
        (listed,) = former.get(KEYS)
        assert (listed["id"], listed["role"]) == (made["id"], "customer")
        assert former.refused("POST", KEYS, {"name": "x", "role": "customer"})["status"] == 403
        former.delete(f"{KEYS}/{made['id']}")
        assert not works(api, made)

    def test_lowers_keys_for_good(self, api: Api) -> None:
        _, boss = api.someone("admin")
        api.someone("admin", "another")
        high, low = make(boss, "admin"), make(boss, "customer")
        for role in ("staff", "admin"):
            api.put("/api/users/1", {"role": role})
        assert api.bearer(high["key"]).get("/api/auth/me")["role"] == "staff"
        assert api.bearer(low["key"]).get("/api/auth/me")["role"] == "customer"

    def test_of_others_shows_a_customer_no_keys(self, api: Api) -> None:
        _, staff = api.someone("staff")
        _, john = api.someone("customer")
        made = make(staff)
        assert john.get(KEYS) == []
        assert john.refused("DELETE", f"{KEYS}/{made['id']}")["code"] == "api_key_not_found"


class TestMadeWithAKey:
    def test_a_key_ends_no_later_than_that(self, api: Api) -> None:
        _, staff = api.someone("staff")
        parent = make(staff, expires_at="2026-04-01T00:00:00Z")
        program = api.bearer(parent["key"])
        assert make(program)["expires_at"] == parent["expires_at"]
        assert make(program, expires_at="2026-03-15T00:00:00Z")["expires_at"].startswith("2026-03")
        assert "at the latest" in end_error(program, "2026-04-01T00:00:01Z")

    def test_a_key_ends_with_that_and_so_do_those_made_with_it(self, api: Api) -> None:
        _, staff = api.someone("staff")
        parent, sibling = make(staff), make(staff)
        child = make(api.bearer(parent["key"]))
        grandchild = make(api.bearer(child["key"]))
        staff.delete(f"{KEYS}/{parent['id']}")
        left = [works(api, made) for made in (parent, child, grandchild, sibling)]
        assert left == [False, False, False, True]

    def test_a_key_leaves_that_alone_when_it_ends(self, api: Api) -> None:
        _, staff = api.someone("staff")
        parent = make(staff)
        child = make(api.bearer(parent["key"]))
        api.bearer(child["key"]).delete(f"{KEYS}/{child['id']}")
        assert works(api, parent)
        assert not works(api, child)


class TestEnd:
    @pytest.mark.parametrize("moment", ["2020-01-01T00:00:00Z", "2026-03-01T12:00:00Z"])
    def test_lies_in_the_future(self, api: Api, moment: str) -> None:
        assert end_error(api, moment) == "must lie in the future"

    def test_is_within_the_year(self, api: Api) -> None:
        _, staff = api.someone("staff")
        assert make(staff, expires_at="2027-03-01T11:00:00Z")
        assert "at the latest" in end_error(staff, "2027-03-01T13:00:00Z")

    def test_comes_where_none_was_asked_for(self, api: Api) -> None:
        _, staff = api.someone("staff")
        made = make(staff)
        assert made["expires_at"].startswith("2027-03-01")
        api.clock.advance(days=364)
        assert works(api, made)
        api.clock.advance(days=2)
        assert not works(api, made)

    def test_is_shown_for_a_while_and_then_the_key_is_put_away(
        self, api: Api, service: Service
    ) -> None:
        make(api, expires_at="2026-03-02T00:00:00Z")
        kept = make(api)
        api.clock.advance(days=30)
        assert len(api.get(KEYS)) == 2
        assert swept(service) == 0
        api.clock.advance(days=1)
        assert swept(service) == 1
        assert [one["id"] for one in api.get(KEYS)] == [kept["id"]]


class TestNumber:
    @pytest.fixture(autouse=True)
    def three(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = service.settings.model_copy(update={"max_api_keys_per_user": 3})
        monkeypatch.setitem(service.app.state._state, "terms", Terms.of(settings))

    def test_of_a_users_keys_is_limited_and_those_that_ended_do_not_count(self, api: Api) -> None:
        _, staff = api.someone("staff")
        _, other = api.someone("staff", "other")
        make(staff, expires_at="2026-03-02T00:00:00Z")
        program = api.bearer(make(staff)["key"])
        last = make(program)
        for caller in (staff, program):
            problem = caller.refused("POST", KEYS, {"name": "x", "role": "staff"})
            assert (problem["status"], problem["code"]) == (409, "too_many_api_keys")
            assert problem["limit"] == 3
        assert make(other)
        staff.delete(f"{KEYS}/{last['id']}")
        assert make(staff)
        api.clock.advance(days=2)
        staff = api.bearer(api.log_in("staff")["access_token"])
        assert make(staff)

    def test_holds_when_many_are_asked_for_at_once(self, api: Api, service: Service) -> None:
        _, staff = api.someone("staff")
        body = {"name": "till", "role": "staff"}
        # Refusals are held against it; it is not made by many at once.
        assert staff.document
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda _: staff.request("POST", KEYS, json=body).status_code, range(16))
            )
        assert sorted(answers) == [201] * 3 + [409] * 13
        found = select(api_keys.c.id)
        assert len(service.database.read_now(lambda s: s.execute(found).all())) == 3


def swept(service: Service) -> int:
    unit = unattended(
        lambda context: forget_ended_keys(context, limit=100), service.settings, service.clock
    )
    return service.database.write_now(unit)
