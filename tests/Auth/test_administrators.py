"""There always is an administrator: the last active one stays."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.client import PASSWORD, Api

AWAY: dict[str, Callable[[Api, int], Any]] = {
    "demoted": lambda api, number: api.request(
        "PUT", f"/api/users/{number}", json={"role": "staff"}
    ),
    "switched off": lambda api, number: api.request(
        "PUT", f"/api/users/{number}", json={"is_active": False}
    ),
    "deactivated": lambda api, number: api.request("PATCH", f"/api/users/{number}/deactivate"),
    "erased": lambda api, number: api.request("POST", f"/api/users/{number}/erase"),
    "deleted": lambda api, number: api.request("DELETE", f"/api/users/{number}"),
}
WAYS = pytest.mark.parametrize("way", AWAY)


def admins(api: Api) -> list[Any]:
    return [
        user for user in api.get("/api/users/") if user["is_active"] and user["role"] == "admin"
    ]


@WAYS
def test_the_last_one_stays(api: Api, way: str) -> None:
    api.someone("admin")
    gone = api.user("gone", role="admin")
    api.patch(f"/api/users/{gone['id']}/deactivate")
    api.user("someone_else", role="staff")
    before = api.get("/api/users/")
    problem = AWAY[way](api, 1).json()
    assert (problem["status"], problem["code"]) == (409, "last_administrator")
    assert api.get("/api/users/") == before


@WAYS
def test_who_can_not_log_in_is_no_other_one(api: Api, way: str) -> None:
    api.someone("admin")
    silent = api.user("silent", role="admin")
    problem = AWAY[way](api, 1).json()
    assert (problem["status"], problem["code"]) == (409, "last_administrator")
    assert [user["id"] for user in admins(api)] == [1, silent["id"]]


@WAYS
def test_another_one_may_go(api: Api, way: str) -> None:
    api.someone("admin")
    other = api.user("other", role="admin")
    assert AWAY[way](api, other["id"]).is_success
    assert [user["id"] for user in admins(api)] == [1]


@WAYS
def test_who_is_none_may_go_beside_the_last_one(api: Api, way: str) -> None:
    api.someone("admin")
    staff = api.user("someone_else", role="customer")
    assert AWAY[way](api, staff["id"]).is_success


def test_the_last_one_may_change_everything_else(api: Api) -> None:
    user, admin = api.someone("admin")
    assert admin.put("/api/users/1", {**user, "full_name": "Boss"})["full_name"] == "Boss"


@WAYS
@pytest.mark.parametrize("number", [2, 6])
def test_of_all_who_are_sent_away_at_once_one_stays(api: Api, way: str, number: int) -> None:
    callers = []
    for name in range(number):
        user = api.user(f"boss{name}", role="admin", password=PASSWORD)
        callers.append((user["id"], api.bearer(api.log_in(user["username"])["access_token"])))
    # Each sends away the next one.
    pairs = [
        (caller, callers[(place + 1) % number][0]) for place, (_, caller) in enumerate(callers)
    ]
    with ThreadPoolExecutor(number) as pool:
        list(pool.map(lambda pair: AWAY[way](*pair), pairs))
    assert admins(api)
    # And whoever sends them all away, again at once.
    with ThreadPoolExecutor(number) as pool:
        answers = list(pool.map(lambda one: AWAY[way](api, one[0]), callers))
    assert "last_administrator" in {
        answer.json().get("code") for answer in answers if answer.content
    }
    assert len(admins(api)) == 1
