"""Units of work on an SQLite file that are committed together.

There is one writer at a time, and to have its commit on the disk takes longer than all else that a
sale does. So whoever waits to write is carried out in the same transaction as the one before: each
as a part of it that can be taken back alone. Nobody is answered before the commit.
"""

import asyncio
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from queue import Empty, SimpleQueue

from sqlalchemy import Connection, Engine

from core import deadline
from core.errors import BusyError, RetryTransaction, UnavailableError
from core.store.errors import translated
from core.store.exchange import Begin
from core.store.open_file import OpenFile
from core.store.sqlite_exchange import SqliteExchange
from core.store.strands import Outcome, Work

logger = logging.getLogger("nexticket.database")

# Who was carried out first waits for the others no longer than this, and for the last of them.
_GATHERED_SECONDS = 0.02
# For a connection, which knows what it is of.
Begins = Callable[[Connection], Begin]


class Part(SqliteExchange):
    """What one unit of several says."""

    def __init__(self, connection: Connection, whole: SqliteExchange) -> None:
        super().__init__(connection, None, whole.file)
        self._whole = whole

    def flush(self) -> None:
        if self._is_open:
            return
        if self._whole.is_lost:
            # A savepoint would begin a transaction of its own.
            raise BusyError
        self._whole.flush()
        self._say("SAVEPOINT part")
        self._is_open = True

    def commit(self) -> None:
        """Keep it, as far as the whole is kept."""
        if self._is_open:
            self._say("RELEASE part")
            self._is_open = False

    def _take_back(self) -> None:
        self._driver.execute("ROLLBACK TO part")
        self._driver.execute("RELEASE part")

    def _say(self, text: str) -> None:
        self._send(text, lambda: self._driver.execute(text))


class Whole:
    """A transaction that has parts; its connection is taken by the first of them."""

    def __init__(self, engine: Engine, begins: Begins, file: OpenFile) -> None:
        self._engine = engine
        self._begins = begins
        self._file = file
        self._connection: Connection | None = None
        self._exchange: SqliteExchange | None = None

    @property
    def connection(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
            # So that a session that ends, which is of a part, does not end the whole.
            self._connection.begin()
        return self._connection

    def part(self) -> Part:
        connection = self.connection
        if self._exchange is None:
            self._exchange = SqliteExchange(connection, self._begins(connection), self._file)
        return Part(connection, self._exchange)

    @property
    def is_lost(self) -> bool:
        """SQLite has taken back all parts: it does so when it interrupts a change."""
        return self._exchange is not None and self._exchange.is_lost

    def commit(self) -> None:
        if self.is_lost:
            raise RetryTransaction
        if self._exchange is not None:
            with translated():
                self._exchange.commit()

    def close(self) -> None:
        if self._connection is None:
            return
        if self._exchange is not None:
            self._exchange.close()
        self._connection.close()


class _Given:
    """A work that is carried out by the writer, unless somebody sends it away before it begins."""

    def __init__(self, work: Work, told: Callable[[Outcome], None]) -> None:
        self.work = work
        self._told = told
        self._taken = threading.Lock()
        self._loop = asyncio.get_running_loop()
        left = deadline.remaining()
        self._end = None if left == math.inf else self._loop.call_later(left, self.send_away)

    def take(self) -> bool:
        """Whether it has not begun, and nobody else has taken it."""
        return self._taken.acquire(blocking=False)

    def send_away(self, reason: UnavailableError | None = None) -> None:
        if self.take():
            self._tell(Outcome(None, reason or BusyError()))

    def tell(self, outcome: Outcome) -> None:
        """From the writer's thread to the one that gave it."""
        self._loop.call_soon_threadsafe(self._tell, outcome)

    def _tell(self, outcome: Outcome) -> None:
        if self._end is not None:
            self._end.cancel()
        self._told(outcome)


class Writer:
    """Carries out, in a thread of its own, whatever is given to it while it writes."""

    def __init__(self, engine: Engine, begins: Begins, file: OpenFile) -> None:
        self._made = partial(Whole, engine, begins, file)
        self._given: SimpleQueue[_Given | None] = SimpleQueue()
        # Who may still be sent away; for the thread of the event loop.
        self._waiting: set[_Given] = set()
        self._thread: threading.Thread | None = None
        self._whole: Whole | None = None

    @property
    def whole(self) -> Whole | None:
        """What the unit that asks is a part of; None elsewhere than in the writer's thread."""
        return self._whole if threading.current_thread() is self._thread else None

    def do(self, work: Work, told: Callable[[Outcome], None]) -> None:
        def hear(outcome: Outcome) -> None:
            self._waiting.discard(given)
            told(outcome)

        given = _Given(work, hear)
        self._waiting.add(given)
        self._given.put(given)
        if self._thread is None:
            # What is abandoned when the process ends changes nothing: it was not committed.
            self._thread = threading.Thread(target=self._serve, name="writer", daemon=True)
            self._thread.start()

    def send_away(self, reason: UnavailableError) -> None:
        for given in list(self._waiting):
            given.send_away(reason)

    def end(self) -> None:
        self._given.put(None)

    def join(self, timeout: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout)

    def _serve(self) -> None:
        while (first := self._given.get()) is not None:
            if first.take():
                for given in self._together(first):
                    given.tell(Outcome.of(given.work))

    def _together(self, first: _Given) -> list[_Given]:
        """Carry out and commit; who has to be carried out again, alone, was not told anything."""
        whole = self._whole = self._made()
        done: list[tuple[_Given, Outcome]] = []
        for given in self._gathered(first):
            done.append((given, Outcome.of(given.work)))
            if whole.is_lost:
                break
        self._whole = None
        failure = Outcome.of(whole.commit).failure
        if (unclosed := Outcome.of(whole.close).failure) is not None:
            # What was committed is committed.
            logger.error("a connection was not given back", exc_info=unclosed)
        again = []
        for given, outcome in done:
            if failure is None or outcome.failure is not None:
                given.tell(outcome)
            elif isinstance(failure, UnavailableError):
                given.tell(Outcome(None, failure))
            else:
                # One of them has lost the whole, or broken a rule: no fault of the others.
                again.append(given)
        return again

    def _gathered(self, first: _Given) -> Iterator[_Given]:
        """What was given by the time that the one before was carried out."""
        yield first
        end = time.monotonic() + _GATHERED_SECONDS
        while time.monotonic() < end:
            try:
                given = self._given.get_nowait()
            except Empty:
                return
            if given is None:
                # The end is for who looks next.
                self._given.put(None)
                return
            if given.take():
                yield given
