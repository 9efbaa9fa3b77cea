"""Exports: a snapshot beside all seats, made as fast as it is taken, and ended with its caller."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any, TypeVar

import pytest
from sqlalchemy import text
from sqlmodel import Session
from starlette.types import Message

from core import deadline
from core.errors import BusyError, RetryTransaction, StoppingError, UnavailableError
from core.http.files import CsvFile
from core.store import exports
from core.store.exports import AT_ONCE, Export, Exports
from core.store.turns import require_wal
from database import Database
from tests.support.client import Api
from tests.support.service import Service

T = TypeVar("T")


def in_the_loop(service: Service, flow: Callable[[], Awaitable[T]]) -> T:
    assert service.client.portal is not None
    return service.client.portal.call(flow)


def counts(session: Session) -> Iterator[bytes]:
    """How many tickets there are, again and again."""
    while True:
        yield b"%d" % session.execute(text("SELECT COUNT(*) FROM tickets")).scalar_one()


def nothing() -> Iterator[bytes]:
    raise BusyError


def fails_later(_session: Session) -> Iterator[bytes]:
    yield b"some"
    raise BusyError


def exports_of(
    service: Service, *, seconds: float = 60, are_others_served: Callable[[], bool] = lambda: False
) -> Exports:
    return Exports(
        service.database._reading_at_length,
        seconds=seconds,
        are_others_served=are_others_served,
        all_ended=lambda: None,
    )


def under_way(database: Database) -> int:
    return database.exports.under_way


class TestSnapshot:
    def test_is_one_state_of_the_data(self, service: Service, api: Api) -> None:
        api.ticket()

        async def look() -> list[bytes]:
            export = await service.database.exports.start(counts)
            try:
                first = await anext(export)
                await asyncio.to_thread(api.ticket)
                return [first, await anext(export)]
            finally:
                await export.close()

        assert in_the_loop(service, look) == [b"1", b"1"]

    def test_leaves_all_seats_to_others(self, service: Service) -> None:
        size = service.settings.database_pool_size

        def connected(session: Session) -> int:
            return int(session.execute(text("SELECT 1")).scalar_one())

        async def look() -> list[int]:
            export = await service.database.exports.start(counts)
            try:
                reads = (service.database.read(connected) for _ in range(2 * size))
                return await asyncio.gather(*reads)
            finally:
                await export.close()

        assert in_the_loop(service, look) == [1] * 2 * size

    def test_keeps_no_connection_once_it_is_closed(self, service: Service) -> None:
        async def look() -> None:
            export = await service.database.exports.start(counts)
            await anext(export)
            await export.close()

        in_the_loop(service, look)
        pool: Any = service.database._lengthy.pool
        assert pool.checkedin() == pool.checkedout() == 0
        assert under_way(service.database) == 0

    def test_that_takes_longer_than_it_may_is_broken_off(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service.database, "exports", exports_of(service, seconds=0.2))

        async def take_all() -> None:
            export = await service.database.exports.start(counts)
            try:
                async with asyncio.timeout(20):
                    async for _ in export:
                        await asyncio.sleep(0.01)
            finally:
                await export.close()

        with pytest.raises(UnavailableError):
            in_the_loop(service, take_all)

    def test_that_can_not_begin_in_time_is_refused_in_time(
        self, service_on_postgres: Service
    ) -> None:
        """Whoever asks is answered within the time of a request; SQLite's readers never wait."""
        service = service_on_postgres

        async def begin() -> None:
            with deadline.within(0.3):
                await service.database.exports.start(counts)

        with locked(service.database), pytest.raises(UnavailableError):
            in_the_loop(service, begin)
        assert under_way(service.database) == 0

    def test_has_the_patience_of_an_export(self, service_on_postgres: Service) -> None:
        """A request's would end it while its caller takes what there is."""

        def limits(session: Session) -> Iterator[str]:
            for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
                yield session.execute(text(f"SHOW {name}")).scalar_one()

        async def look() -> list[str]:
            export = await service_on_postgres.database.exports.start(limits)
            try:
                return [limit async for limit in export]
            finally:
                await export.close()

        assert in_the_loop(service_on_postgres, look) == ["1min", "1min"]

    def test_that_lost_a_race_is_refused(self, service: Service) -> None:
        def loses(_session: Session) -> Iterator[bytes]:
            raise RetryTransaction

        async def begin() -> None:
            await service.database.exports.start(loses)

        with pytest.raises(BusyError):
            in_the_loop(service, begin)


def test_a_disk_without_a_log_is_not_read_at_length() -> None:
    """Nobody could write meanwhile."""
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(BusyError):
        require_wal(connection)


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """The table is somebody else's."""
    with database.writer.connect() as connection:
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE tickets IN ACCESS EXCLUSIVE MODE")
            yield
            cursor.execute("ROLLBACK")


class TestCrowd:
    def test_only_so_many_are_made_at_once(self, service: Service) -> None:
        async def begin() -> None:
            begun = [await service.database.exports.start(counts) for _ in range(AT_ONCE)]
            try:
                with pytest.raises(BusyError):
                    await service.database.exports.start(counts)
            finally:
                for export in begun:
                    await export.close()
            again = await service.database.exports.start(counts)
            await again.close()

        in_the_loop(service, begin)
        assert under_way(service.database) == 0

    def test_who_is_one_too_many_is_told_when_to_come_again(
        self, service: Service, api: Api
    ) -> None:
        """Not in a second: those that are under way may take minutes."""
        service.database.exports.under_way = AT_ONCE
        try:
            answer = api.request("GET", "/api/orders/export")
        finally:
            service.database.exports.under_way = 0
        assert (answer.status_code, answer.json()["code"]) == (503, "service_busy")
        assert answer.headers["retry-after"] == "30"

    def test_one_that_can_not_begin_leaves_its_place(self, service: Service) -> None:
        def fails(_session: Session) -> Iterator[bytes]:
            return nothing()

        async def begin() -> None:
            for _ in range(AT_ONCE + 1):
                with pytest.raises(BusyError):
                    await service.database.exports.start(fails)

        in_the_loop(service, begin)
        assert under_way(service.database) == 0

    def test_rests_while_others_are_served(self, service: Service) -> None:
        are_served = [False, True]
        made = exports_of(service, are_others_served=lambda: are_served[-1])
        assert made._rest_after(0.01) > 0.05
        assert made._rest_after(60) <= exports._LONGEST_REST
        are_served.pop()
        assert made._rest_after(0.01) == 0

    def test_is_not_made_while_it_rests(self, service: Service) -> None:
        export = Export(_pieces(), 60, lambda _seconds: 0.05, lambda: None)

        async def take() -> float:
            begun = asyncio.get_running_loop().time()
            await export.make_first()
            async for _ in export:
                """They are all the same."""
            await export.close()
            return asyncio.get_running_loop().time() - begun

        assert in_the_loop(service, take) > 0.05 * PIECES


PIECES = 3


def _pieces() -> Generator[bytes, None, None]:
    yield from [b"piece"] * PIECES


class Caller:
    """Who takes an answer, or hangs up after so many pieces of it."""

    def __init__(self, *, pieces: int | None = None) -> None:
        self._pieces = pieces
        self._gone = asyncio.Event()
        self.heard: list[Message] = []

    async def receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.heard.append(message)
        if self._pieces is not None and len(self.heard) > self._pieces:
            self._gone.set()
        await asyncio.sleep(0)


def answered(service: Service, unit: Any, caller: Callable[[], Caller]) -> list[Message]:
    async def answer() -> list[Message]:
        who = caller()
        file = CsvFile(await service.database.exports.start(unit), name="tickets")
        scope = {"type": "http", "method": "GET"}
        await file(scope, who.receive, who.send)
        return who.heard

    return in_the_loop(service, answer)


class TestAnswer:
    def test_that_fails_on_its_way_has_no_end(
        self, service: Service, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The server closes such a connection: nobody takes a part for the whole."""
        logger = logging.getLogger("nexticket.exports")
        logger.addHandler(caplog.handler)
        try:
            heard = answered(service, fails_later, Caller)
        finally:
            logger.removeHandler(caplog.handler)
        assert {record.message for record in caplog.records} == {"export broken off"}
        assert [message.get("body") for message in heard] == [None, b"some"]
        assert heard[-1]["more_body"]
        assert under_way(service.database) == 0

    def test_ends_with_its_caller(self, service: Service) -> None:
        heard = answered(service, counts, lambda: Caller(pieces=3))
        assert len(heard) < 10
        assert heard[-1]["more_body"]
        assert under_way(service.database) == 0

    def test_ends_with_the_service(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        stopping = exports_of(service)
        monkeypatch.setattr(service.database, "exports", stopping)

        class Stopper(Caller):
            async def send(self, message: Message) -> None:
                await super().send(message)
                stopping.refuse_newcomers()

        heard = answered(service, counts, Stopper)
        assert heard[-1]["type"] == "http.response.start" or heard[-1]["more_body"]

        async def begin() -> None:
            await stopping.start(counts)

        with pytest.raises(StoppingError):
            in_the_loop(service, begin)
