"""However many requests arrive at once, the event loop looks around between any two of them."""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable

import pytest
from starlette.types import Message, Receive, Scope, Send

import main
from core.http.pacing import Pace, PacingMiddleware


class Door:
    """Notes who comes in, and in which turn of the event loop."""

    def __init__(self) -> None:
        self.came_in: list[str] = []
        self.turns: list[int] = []
        self._turn = 0
        self.paced = PacingMiddleware(self, pace=Pace())

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        self.came_in.append(scope["path"])
        self.turns.append(self._turn)

    def request(self, path: str, root_path: str = "", method: str = "GET") -> "asyncio.Task[None]":
        scope = {"type": "http", "method": method, "path": path, "root_path": root_path}
        return asyncio.create_task(self._ask(scope))

    def count_turns(self) -> None:
        self._turn += 1
        asyncio.get_running_loop().call_soon(self.count_turns)

    async def _ask(self, scope: Scope) -> None:
        await self.paced(scope, nothing_comes, nobody_hears)


async def nothing_comes() -> Message:
    raise AssertionError


async def nobody_hears(_message: Message) -> None:
    raise AssertionError


def scene(play: Callable[[Door], Awaitable[object]]) -> Door:
    door = Door()

    async def run() -> None:
        await play(door)

    asyncio.run(run())
    return door


CROWD = [f"/api/tickets/{number}" for number in range(20)]


def test_requests_come_in_one_by_one_in_their_order() -> None:
    async def crowd(door: Door) -> None:
        door.count_turns()
        await asyncio.gather(*(door.request(path) for path in CROWD))

    door = scene(crowd)
    assert door.came_in == CROWD
    assert len(set(door.turns)) == len(CROWD)


def test_who_only_looks_comes_before_who_changes_something() -> None:
    async def crowd(door: Door) -> None:
        changing = [door.request(f"/{number}", method="POST") for number in range(6)]
        looking = [door.request(path) for path in CROWD[:3]]
        await asyncio.gather(*changing, *looking)

    # The first of all finds nobody before it.
    rest = [f"/{number}" for number in range(1, 6)]
    assert scene(crowd).came_in == ["/0", *CROWD[:3], *rest]


def test_a_crowd_that_looks_keeps_nobody_out() -> None:
    async def crowd(door: Door) -> None:
        looking = [door.request(path) for path in CROWD]
        changing = [door.request(f"/{number}", method="POST") for number in range(3)]
        await asyncio.gather(*looking, *changing)

    came_in = scene(crowd).came_in
    assert sorted(came_in) == sorted([*CROWD, "/0", "/1", "/2"])
    # Every fifth is one of the others.
    assert [came_in.index(f"/{number}") for number in range(3)] == [5, 10, 15]


def test_health_checks_pass_under_the_prefix_of_a_proxy() -> None:
    async def crowd_and_check(door: Door) -> None:
        crowd = [door.request(one) for one in CROWD]
        await door.request("/shop/health", root_path="/shop")
        assert not crowd[-1].done()
        await asyncio.gather(*crowd)

    assert scene(crowd_and_check).came_in[1] == "/shop/health"


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_health_checks_pass_the_crowd(path: str) -> None:
    async def crowd_and_check(door: Door) -> None:
        crowd = [door.request(one) for one in CROWD]
        await door.request(path)
        assert not crowd[-1].done()
        await asyncio.gather(*crowd)

    # Nobody is before the one who came first of all.
    assert scene(crowd_and_check).came_in[:2] == [CROWD[0], path]


def test_who_leaves_keeps_nobody_from_coming_in() -> None:
    async def crowd(door: Door) -> None:
        first, second, third = (door.request(path) for path in CROWD[:3])
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(first, third)
        # Nor anybody later.
        await door.request(CROWD[3])

    assert scene(crowd).came_in == [CROWD[0], *CROWD[2:4]]


def test_who_comes_alone_does_not_wait() -> None:
    async def one_after_the_other(door: Door) -> None:
        for path in CROWD[:3]:
            request = door.request(path)
            await asyncio.sleep(0)
            assert request.done()
            await asyncio.sleep(0)

    assert scene(one_after_the_other).came_in == CROWD[:3]


def test_what_the_start_has_made_is_left_alone() -> None:
    """By far the most of what there is: routes, schemas and statements."""
    assert main.app
    assert gc.get_freeze_count() > 10_000
    # Hundreds of requests that wait are not looked through again and again, either.
    assert gc.get_threshold()[2] == 100


def test_threads_that_compute_give_the_interpreter_back_soon() -> None:
    """With 200 clients on SQLite, some checks of health took longer than 300 ms otherwise."""
    assert main.app
    assert sys.getswitchinterval() == pytest.approx(0.0005)
