"""Whoever waits for a seat, or for what is done there, hears of the end."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from core.errors import BusyError, StoppingError
from core.store.seats import Seating
from core.store.strands import Strand, current

Play = Callable[[Seating, threading.Event], Awaitable[Any]]


class Nothing:
    """What a seat keeps that needs nothing."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def give_back(self) -> None: ...


def scene(play: Play, *, timeout: float = 60) -> Any:
    """What comes of a play with one seat; who sits there stays until the event is set."""

    async def run() -> Any:
        seating, leave = (
            Seating(1, timeout=timeout, max_waiting=10, keep=Nothing, in_loop=False),
            threading.Event(),
        )
        try:
            return await play(seating, leave)
        finally:
            leave.set()
            seating.close()

    return asyncio.run(run())


async def sitting(seating: Seating, leave: threading.Event) -> "asyncio.Task[Any]":
    """Somebody who has the seat already."""
    task = asyncio.create_task(seating.run(leave.wait))
    await asyncio.sleep(0)
    assert seating.taken == 1
    return task


async def waiting(seating: Seating, work: Callable[[], Any]) -> "asyncio.Task[Any]":
    task = asyncio.create_task(seating.run(work))
    await asyncio.sleep(0)
    return task


def test_the_seat_is_given_to_who_came_first() -> None:
    came_in: list[int] = []

    async def play(seating: Seating, leave: threading.Event) -> None:
        first = await sitting(seating, leave)
        others = [await waiting(seating, partial(came_in.append, n)) for n in range(3)]
        leave.set()
        await asyncio.gather(first, *others)

    scene(play)
    assert came_in == [0, 1, 2]


def test_who_leaves_while_waiting_keeps_nobody_from_the_seat() -> None:
    async def play(seating: Seating, leave: threading.Event) -> Any:
        await sitting(seating, leave)
        gone, next_ = [await waiting(seating, lambda: "served") for _ in range(2)]
        gone.cancel()
        leave.set()
        return await next_

    assert scene(play) == "served"


def test_who_leaves_when_the_seat_was_just_given_gives_it_on() -> None:
    async def play(seating: Seating, leave: threading.Event) -> Any:
        first = await sitting(seating, leave)
        gone, next_ = [await waiting(seating, lambda: "served") for _ in range(2)]
        # Whoever had the seat hears of its work in the same turn in which it is given on.
        first.add_done_callback(lambda _: gone.cancel())
        leave.set()
        return await next_

    assert scene(play) == "served"


def test_who_waits_too_long_is_told_so() -> None:
    async def play(seating: Seating, leave: threading.Event) -> None:
        await sitting(seating, leave)
        with pytest.raises(BusyError):
            await seating.run(lambda: "served")
        # Nobody waits there any more.
        assert not seating._waiting

    scene(play, timeout=0.05)


def test_who_waits_when_the_service_stops_is_told_so() -> None:
    async def play(seating: Seating, leave: threading.Event) -> None:
        await sitting(seating, leave)
        next_ = await waiting(seating, lambda: "served")
        seating.refuse_newcomers()
        with pytest.raises(StoppingError):
            await next_

    scene(play)


def test_work_that_ends_as_iterators_do_is_heard_of() -> None:
    """No future takes a ``StopIteration``."""

    def end() -> None:
        next(iter(()))

    async def play(seating: Seating, _leave: threading.Event) -> None:
        with pytest.raises(RuntimeError, match="StopIteration"):
            await asyncio.wait_for(seating.run(end), 10)

    scene(play)


def test_a_strand_that_ended_is_not_gone_on_with() -> None:
    told: list[Any] = []

    async def scenario() -> None:
        strand = Strand(lambda: "done", told.append, lambda _work, _told: None)
        strand.start()
        strand.abandon()
        assert strand.dead

    asyncio.run(scenario())
    assert [outcome.get() for outcome in told] == ["done"]


def test_a_strand_hears_what_keeps_it_from_waiting() -> None:
    told: list[Any] = []

    def wait() -> bool:
        strand = current()
        assert strand
        return strand.wait(2**20, is_to_write=False, seconds=60)

    async def scenario() -> None:
        Strand(wait, told.append, lambda _work, _told: None).start()

    asyncio.run(scenario())
    assert isinstance(told[0].failure, OSError | ValueError)
