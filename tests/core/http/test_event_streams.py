"""Streams of events: alive as long as their caller listens, and no longer."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from starlette.types import Message, Scope

from core.http.event_streams import EventStream, event
from core.http.middleware import DeadlineMiddleware

PATIENCE = 20
# A stream outlasts it.
REQUEST_SECONDS = 0.02


class Source:
    """Has news when a test says so."""

    def __init__(self, *news: bytes) -> None:
        self.bell = asyncio.Event()
        self.is_over = False
        self.is_closed = False
        self._news = list(news)

    def tell(self, piece: bytes) -> None:
        self._news.append(piece)
        self.bell.set()

    def end(self) -> None:
        self.is_over = True
        self.bell.set()

    def news(self) -> bytes:
        news, self._news = b"".join(self._news), []
        return news

    def close(self) -> None:
        self.is_closed = True


class Caller:
    """Takes what is sent, unless it has stalled."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Message] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.listens = asyncio.Event()
        self.listens.set()
        # Whether something is kept back.
        self.waits = asyncio.Event()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if not self.listens.is_set():
            self.waits.set()
        await self.listens.wait()
        self.heard.put_nowait(message)

    async def next(self) -> Message:
        async with asyncio.timeout(PATIENCE):
            return await self.heard.get()


Scenario = Callable[[Source, Caller, "asyncio.Task[None]"], Coroutine[Any, Any, None]]


def play(
    scenario: Scenario, source: Callable[[], Source] = Source, method: str = "GET", **options: float
) -> None:
    """A stream that is served to its end, whatever the scenario has somebody do meanwhile."""

    async def served() -> None:
        told, caller = source(), Caller()
        scope: Scope = {"type": "http", "method": method}
        stream = DeadlineMiddleware(EventStream(told, **options), seconds=REQUEST_SECONDS)
        task = asyncio.create_task(stream(scope, caller.receive, caller.send))
        await scenario(told, caller, task)
        async with asyncio.timeout(PATIENCE):
            await task
        assert told.is_closed

    asyncio.run(served())


async def beginning(caller: Caller) -> bytes:
    assert (await caller.next())["type"] == "http.response.start"
    body: bytes = (await caller.next())["body"]
    return body


def test_an_event_is_as_the_standard_has_it() -> None:
    assert event("ticket", b'{"id":1}') == b'event: ticket\ndata: {"id":1}\n\n'


def test_it_begins_with_what_there_is_and_when_to_come_back() -> None:
    async def scenario(source: Source, caller: Caller, _task: "asyncio.Task[None]") -> None:
        said = await beginning(caller)
        retry, _, rest = said.partition(b"\n\n")
        assert retry.startswith(b"retry: ")
        assert 2000 <= int(retry[7:]) < 5000
        assert rest == b"first"
        source.end()

    play(scenario, lambda: Source(b"first"))


def test_it_ends_with_its_source() -> None:
    async def scenario(source: Source, caller: Caller, _task: "asyncio.Task[None]") -> None:
        await beginning(caller)
        source.end()
        last = await caller.next()
        assert (last["body"], last["more_body"]) == (b"", False)

    play(scenario)


def test_it_ends_with_its_caller() -> None:
    async def scenario(_source: Source, caller: Caller, task: "asyncio.Task[None]") -> None:
        await beginning(caller)
        caller.gone.set()
        await task
        assert caller.heard.empty()

    play(scenario)


def test_it_shows_that_it_is_alive_where_nothing_happens() -> None:
    async def scenario(source: Source, caller: Caller, _task: "asyncio.Task[None]") -> None:
        await beginning(caller)
        for _ in range(2):
            assert (await caller.next())["body"] == b":\n\n"
        source.end()

    play(scenario, beat_seconds=0.01)


def test_it_goes_on_for_longer_than_a_request_may_take() -> None:
    async def scenario(source: Source, caller: Caller, task: "asyncio.Task[None]") -> None:
        await beginning(caller)
        begun = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < begun + 2 * REQUEST_SECONDS:
            await caller.next()
        source.tell(b"later")
        while (await caller.next())["body"] != b"later":
            """A sign of life."""
        assert not task.done()
        caller.gone.set()

    play(scenario, beat_seconds=0.005)


def test_events_are_signs_of_life() -> None:
    async def scenario(source: Source, caller: Caller, task: "asyncio.Task[None]") -> None:
        await beginning(caller)
        source.tell(b"event")
        assert (await caller.next())["body"] == b"event"
        source.end()
        await task
        assert (await caller.next())["body"] == b""

    play(scenario, beat_seconds=60)


def test_who_does_not_read_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    """Nor told that it was the end: the server closes the connection."""

    async def scenario(source: Source, caller: Caller, task: "asyncio.Task[None]") -> None:
        await beginning(caller)
        caller.listens.clear()
        source.tell(b"one")
        async with asyncio.timeout(PATIENCE):
            await task
        assert caller.heard.empty()

    logger = logging.getLogger("nexticket.streams")
    logger.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.INFO, logger="nexticket.streams"):
            play(scenario, patience_seconds=0.01)
    finally:
        logger.removeHandler(caplog.handler)
    assert {record.message for record in caplog.records} == {"stream broken off"}


def test_what_comes_while_a_caller_is_slow_waits_in_the_source() -> None:
    async def scenario(source: Source, caller: Caller, _task: "asyncio.Task[None]") -> None:
        await beginning(caller)
        caller.listens.clear()
        source.tell(b"one")
        # The stream takes it, and waits for the caller with it.
        async with asyncio.timeout(PATIENCE):
            await caller.waits.wait()
        for piece in (b"two", b"three"):
            source.tell(piece)
        caller.listens.set()
        assert [(await caller.next())["body"] for _ in range(2)] == [b"one", b"twothree"]
        source.end()

    play(scenario)


def test_who_asks_for_the_head_gets_no_more() -> None:
    async def scenario(_source: Source, caller: Caller, task: "asyncio.Task[None]") -> None:
        assert (await caller.next())["type"] == "http.response.start"
        await task
        assert (await caller.next())["body"] == b""
        assert caller.heard.empty()

    play(scenario, lambda: Source(b"first"), method="HEAD")
