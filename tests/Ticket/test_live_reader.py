"""Who listens to live stock, and the one reader that asks for all of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any

import pytest

from core import deadline
from core.errors import BusyError, DatabaseUnavailableError, StoppingError
from Ticket.errors import ListenersFullError, TicketNotFoundError, TooManyListenersError
from Ticket.flows import live_stock
from Ticket.flows.live_stock import Bounds, Listener, LiveStock
from Ticket.services.live_service import State

PATIENCE = 20
AN_HOUR = 3600
HOME = "home"


class Store:
    """Tickets by id, each with its number of units."""

    def __init__(self, *ids: int) -> None:
        self.units = dict.fromkeys(ids, 100)
        # The ids of each reading.
        self.asked: list[list[int]] = []
        self.failure: Exception | None = None
        self.is_there = asyncio.Event()
        self.is_there.set()
        self.readings = asyncio.Semaphore(0)

    async def read(self, known: Mapping[int, Any]) -> Mapping[int, State | None]:
        self.asked.append(list(known))
        found = {one: self.units.get(one) for one in known}
        self.readings.release()
        await self.is_there.wait()
        if self.failure is not None:
            raise self.failure
        return {
            one: None if units is None else State(units, b"%d" % units)
            for one, units in found.items()
            if units is None or units != known[one]
        }


def live(
    store: Store, *, seconds: float = AN_HOUR, are_others_served: bool = True, **bounds: int
) -> LiveStock:
    return LiveStock(
        store.read,
        Bounds(**{"listeners": 100, "per_household": 100, **bounds}),
        seconds=seconds,
        are_others_served=lambda: are_others_served,
    )


def play(scenario: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await scenario()

    asyncio.run(bounded())


async def turns() -> None:
    """Of the event loop, more than it takes to wake all."""
    for _ in range(20):
        await asyncio.sleep(0)


async def rung(listener: Listener) -> bytes:
    """What somebody hears who waits to be woken."""
    news = b""
    while not news:
        await listener.bell.wait()
        listener.bell.clear()
        news = listener.news()
    return news


class TestReading:
    def test_is_one_for_all_who_come_together(self) -> None:
        async def scenario() -> None:
            store = Store(1, 2, 3)
            stock = live(store)
            await asyncio.gather(*(stock.listen([1 + number % 3], HOME) for number in range(50)))
            assert [sorted(ids) for ids in store.asked] == [[1, 2, 3]]
            await stock.close()

        play(scenario)

    def test_comes_again_while_somebody_listens(self) -> None:
        async def scenario() -> None:
            store = Store(1)
            stock = live(store, seconds=0.01)
            listener = await stock.listen([1], HOME)
            assert b"data: 100\n" in listener.news()
            store.units[1] = 99
            assert b"data: 99\n" in await rung(listener)
            await stock.close()

        play(scenario)

    def test_ends_with_the_last_listener(self) -> None:
        async def scenario() -> None:
            store = Store(1)
            stock = live(store)
            listeners = [await stock.listen([1], HOME) for _ in range(2)]
            for listener in listeners:
                listener.close()
            assert stock._reader is not None
            await stock._reader
            asked = len(store.asked)
            await stock.look()
            assert len(store.asked) == asked
            again = await stock.listen([1], HOME)
            assert again.news()
            await stock.close()

        play(scenario)

    def test_tells_once_of_what_is_gone(self) -> None:
        async def scenario() -> None:
            stock = live(Store(1))
            listener = await stock.listen([1, 2], HOME)
            assert b'event: gone\ndata: {"id":2}' in listener.news()
            await stock.look()
            assert listener.news() == b""
            await stock.close()

        play(scenario)

    def test_finds_what_somebody_asked_for_before_it_was_there(self) -> None:
        """Else whoever guesses the next id would keep its ticket from all others."""

        async def scenario() -> None:
            store = Store(1)
            stock = live(store)
            early = await stock.listen([1, 2], HOME)
            early.news()
            store.units[2] = 50
            late = await stock.listen([2], HOME)
            assert b"data: 50\n" in late.news()
            assert b"data: 50\n" in await rung(early)
            await stock.close()

        play(scenario)

    @pytest.mark.parametrize("failure", [DatabaseUnavailableError(), RuntimeError("a fault")])
    def test_that_fails_refuses_who_waits_for_it(self, failure: Exception) -> None:
        async def scenario() -> None:
            store = Store(1)
            stock = live(store)
            heard = await stock.listen([1], HOME)
            heard.news()
            store.failure = failure
            with pytest.raises((DatabaseUnavailableError, BusyError)):
                await stock.listen([1], HOME)
            assert stock.listeners == 1
            store.failure = None
            store.units[1] = 7
            # Who has listened before goes on.
            await stock.listen([1], HOME)
            assert b"data: 7\n" in await rung(heard)
            await stock.close()

        play(scenario)

    def test_is_not_waited_for_longer_than_a_request_may(self) -> None:
        async def scenario() -> None:
            store = Store(1)
            store.is_there.clear()
            stock = live(store)
            with deadline.within(0.05), pytest.raises(BusyError):
                await stock.listen([1], HOME)
            assert stock.listeners == 0
            store.is_there.set()
            await stock.close()

        play(scenario)

    def test_has_no_deadline_of_a_request(self) -> None:
        async def scenario() -> None:
            remaining: list[float] = []
            store = Store(1)

            async def read(known: Mapping[int, Any]) -> Mapping[int, State | None]:
                remaining.append(deadline.remaining())
                return await store.read(known)

            stock = LiveStock(read, Bounds(1, 1), seconds=AN_HOUR, are_others_served=lambda: False)
            with deadline.within(5):
                await stock.listen([1], HOME)
            assert remaining == [float("inf")]
            await stock.close()

        play(scenario)

    def test_is_not_missed_by_who_comes_during_one(self) -> None:
        """What was read before somebody came may be older than what they saw."""

        async def scenario() -> None:
            store = Store(1)
            store.is_there.clear()
            stock = live(store)
            first = asyncio.create_task(stock.listen([1], HOME))
            await store.readings.acquire()
            store.units[1] = 7
            second = asyncio.create_task(stock.listen([1], HOME))
            await turns()
            store.is_there.set()
            assert b"data: 100\n" in (await first).news()
            assert b"data: 7\n" in (await second).news()
            await stock.close()

        play(scenario)


class TestTelling:
    @pytest.mark.parametrize(("are_others_served", "woken"), [(True, 2), (False, 5)])
    def test_rests_while_others_are_served(
        self, monkeypatch: pytest.MonkeyPatch, *, are_others_served: bool, woken: int
    ) -> None:
        """A thousand who are written to in a row would keep buyers waiting."""

        async def scenario() -> None:
            store = Store(1)
            stock = live(store, are_others_served=are_others_served)
            listeners = await asyncio.gather(*(stock.listen([1], HOME) for _ in range(5)))
            await turns()
            for listener in listeners:
                listener.news()
                listener.bell.clear()
            monkeypatch.setattr(live_stock, "_AT_ONCE", 2)
            monkeypatch.setattr(time, "thread_time", count(step=100).__next__)
            store.units[1] = 99
            await stock.look()
            await turns()
            assert sum(listener.bell.is_set() for listener in listeners) == woken
            await stock.close()

        play(scenario)

    def test_keeps_one_state_of_a_ticket_for_who_is_slow(self) -> None:
        async def scenario() -> None:
            store = Store(1, 2)
            stock = live(store)
            listener = await stock.listen([1, 2], HOME)
            listener.news()
            for units in range(50):
                store.units[1] = units
                await stock.look()
            assert listener.news().count(b"event: ticket\n") == 1
            assert listener.news() == b""
            await stock.close()

        play(scenario)

    def test_writes_a_change_once_for_all(self) -> None:
        async def scenario() -> None:
            store = Store(1)
            stock = live(store)
            listeners = [await stock.listen([1], HOME) for _ in range(3)]
            store.units[1] = 5
            await stock.look()
            [ticket] = {one for listener in listeners for one in listener.tickets}
            assert all(listener.news().endswith(ticket.event) for listener in listeners)
            await stock.close()

        play(scenario)

    def test_gives_the_same_state_the_same_id_in_every_process(self) -> None:
        async def scenario() -> None:
            said = []
            for _ in range(2):
                stock = live(Store(1, 2))
                said.append((await stock.listen([1, 2], HOME)).news())
                await stock.close()
            assert said[0] == said[1]

        play(scenario)


class TestPlaces:
    def test_are_bounded(self) -> None:
        async def scenario() -> None:
            stock = live(Store(1), listeners=2)
            listeners = [await stock.listen([1], str(number)) for number in range(2)]
            with pytest.raises(ListenersFullError) as refused:
                await stock.listen([1], "another")
            assert refused.value.extra == {"max_listeners": 2, "max_tickets": 5000}
            listeners[0].close()
            await stock.listen([1], "another")
            await stock.close()

        play(scenario)

    def test_at_one_address_are_bounded(self) -> None:
        async def scenario() -> None:
            stock = live(Store(1), per_household=1)
            listener = await stock.listen([1], HOME)
            with pytest.raises(TooManyListenersError) as refused:
                await stock.listen([1], HOME)
            assert refused.value.extra == {"max_listeners_per_address": 1}
            await stock.listen([1], "another")
            listener.close()
            await stock.listen([1], HOME)
            await stock.close()

        play(scenario)

    def test_are_for_so_many_tickets_together(self) -> None:
        async def scenario() -> None:
            stock = live(Store(1, 2, 3), tickets=2)
            await stock.listen([1, 2], HOME)
            await stock.listen([2], HOME)
            with pytest.raises(ListenersFullError):
                await stock.listen([2, 3], HOME)
            await stock.close()

        play(scenario)

    def test_are_left_once(self) -> None:
        async def scenario() -> None:
            stock = live(Store(1))
            listeners = [await stock.listen([1], HOME) for _ in range(2)]
            for _ in range(2):
                listeners[0].close()
            assert stock.listeners == 1
            await stock.close()

        play(scenario)

    def test_of_nothing_are_none(self) -> None:
        async def scenario() -> None:
            stock = live(Store(), listeners=1)
            for _ in range(2):
                with pytest.raises(TicketNotFoundError):
                    await stock.listen([1], HOME)
            await stock.close()

        play(scenario)


class TestStopping:
    def test_ends_all_streams_and_begins_none(self) -> None:
        async def scenario() -> None:
            stock = live(Store(1))
            listeners = [await stock.listen([1], HOME) for _ in range(3)]
            for listener in listeners:
                listener.news()
                listener.bell.clear()
            stock.stop()
            assert all(one.is_over and one.bell.is_set() for one in listeners)
            with pytest.raises(StoppingError):
                await stock.listen([1], HOME)
            await stock.close()

        play(scenario)

    def test_refuses_who_waits_for_a_first_reading(self) -> None:
        async def scenario() -> None:
            store = Store(1)
            stock = live(store)
            await stock.listen([1], HOME)
            store.is_there.clear()
            waits = [asyncio.create_task(stock.listen([1], HOME)) for _ in range(2)]
            await asyncio.sleep(0)
            assert len(stock._newcomers) == 2
            stock.stop()
            for waiting in waits:
                with pytest.raises(StoppingError):
                    await waiting
            store.is_there.set()
            await stock.close()

        play(scenario)
