"""Who looked at an object says when it was changed last, as precisely as they can."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from core import clock
from tests.support.client import Api
from tests.support.editable import EDITABLE
from tests.support.operations import build_world

# What else is done to what was looked at, and needs no more than the world has.
ACTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("PATCH", "/api/orders/1/status", {"status": "confirmed"}),
    ("POST", "/api/orders/1/cancel", {}),
    ("PATCH", "/api/transactions/1/status", {"status": "failed"}),
    ("PATCH", "/api/transactions/1/status", {"status": "success"}),
)


@pytest.fixture
def world(api: Api) -> Api:
    # Between two milliseconds, as most moments are.
    api.clock.advance(microseconds=456)
    build_world(api)
    return api


def cut(digits: int) -> Callable[[str], str]:
    """A time as a program has it that knows so many digits of a second's fraction."""
    kept = rf"(\.[0-9]{{{digits}}})" if digits else r"()\."
    return lambda time: re.sub(f"{kept}[0-9]*", r"\1", time)


milliseconds = cut(3)


class TestPut:
    def test_takes_a_time_that_was_cut(self, world: Api) -> None:
        for editable in EDITABLE:
            for digits in (0, 1, 3, 6):
                seen = editable.read(world)["updated_at"]
                assert len(seen) == len("2026-03-01T12:00:00.001456Z")
                world.put(editable.path, editable.one | {"updated_at": cut(digits)(seen)})

    def test_takes_a_whole_object_from_a_browser(self, world: Api) -> None:
        """Its dates have three digits, and are written in UTC."""
        for editable in EDITABLE:
            seen = editable.read(world)
            times = {name: value for name, value in seen.items() if name.endswith("_at") and value}
            body = seen | {name: milliseconds(value) for name, value in times.items()}
            world.put(editable.path, body | editable.one)

    def test_takes_more_digits_than_there_are(self, world: Api) -> None:
        for editable in EDITABLE:
            seen = editable.read(world)["updated_at"].removesuffix("Z")
            world.put(editable.path, editable.one | {"updated_at": f"{seen}000Z"})

    def test_refuses_the_state_before_the_last_change(self, world: Api) -> None:
        for editable in EDITABLE:
            for digits, change in ((2, editable.one), (3, editable.other), (6, editable.one)):
                seen = cut(digits)(editable.read(world)["updated_at"])
                world.clock.advance(milliseconds=10)
                changed = world.put(editable.path, change)
                problem = world.refused("PUT", editable.path, change | {"updated_at": seen})
                assert (problem["status"], problem["code"]) == (409, "stale_object")
                assert problem["updated_at"] == changed["updated_at"]
                assert editable.read(world) == changed

    def test_refuses_what_is_no_part_of_the_time(self, world: Api) -> None:
        for editable in EDITABLE:
            seen = editable.read(world)["updated_at"]
            cut_at = milliseconds(seen).removesuffix("Z")
            minute = seen[: len("2026-03-01T12:00")]
            for other in (f"{cut_at}457Z", f"{cut_at}5Z", f"{cut_at}000Z", f"{minute}:59Z"):
                body = editable.one | {"updated_at": other}
                assert world.refused("PUT", editable.path, body)["code"] == "stale_object", other


@pytest.mark.parametrize(("method", "path", "body"), ACTS)
def test_what_else_takes_the_time_takes_it_cut(
    world: Api, method: str, path: str, body: dict[str, Any]
) -> None:
    seen = world.get("/".join(path.split("/")[:4]))["updated_at"]
    wrong = milliseconds(seen).replace("Z", "1Z")
    assert world.refused(method, path, body | {"updated_at": wrong})["code"] == "stale_object"
    answer = world.request(method, path, json=body | {"updated_at": milliseconds(seen)})
    assert answer.status_code == 200, answer.text


def test_a_refund_takes_the_time_cut(world: Api) -> None:
    paid = world.patch("/api/transactions/1/status", {"status": "success"})
    path = "/api/transactions/1/refund"
    wrong = {"updated_at": milliseconds(paid["updated_at"]).replace("Z", "1Z")}
    assert world.refused("POST", path, wrong)["code"] == "stale_object"
    seen = milliseconds(paid["updated_at"])
    assert world.post(path, {"updated_at": seen})["status"] == "refunded"


def test_nothing_happens_at_a_whole_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be served without a fraction, and every change of that second be taken for it."""

    class Whole(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Whole":  # noqa: ARG003 - the clock asks in UTC
            return cls(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

    monkeypatch.setattr(clock, "datetime", Whole)
    assert clock.utc_now() == datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC)
