"""Chores that come back: what ran out is put away, in every process, every so many seconds."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlmodel import Session

from core import logs
from core.clock import Clock
from core.errors import UnavailableError
from database import Database

logger = logging.getLogger("nexticket.sweep")

# One sweep's transaction stays short, so that nobody else need wait long for its rows.
BATCH = 100


class Chore(Protocol):
    """Puts away at most ``limit`` of what ran out; how many there were.

    Any number of processes may do it at once.
    """

    __name__: str

    def __call__(self, session: Session, *, now: datetime, limit: int) -> int: ...


@dataclass(frozen=True)
class _Sweeper:
    database: Database
    clock: Clock
    chores: Collection[Chore]

    async def run_until(self, stop: asyncio.Event, wait: float) -> None:
        # What the sweep writes and logs is nobody's request.
        logs.request_id.set("sweep")
        while not await _set_within(stop, wait):
            for chore in self.chores:
                await self._try(chore)

    async def _try(self, chore: Chore) -> None:
        try:
            await self._finish(chore)
        except UnavailableError as error:
            logger.warning("sweep postponed: %s", error.detail)
        except Exception:
            # Nobody waits for the sweep; what it could not do, the next one does.
            logger.exception("sweep failed")

    async def _finish(self, chore: Chore) -> None:
        swept = BATCH
        while swept == BATCH:
            swept = await self.database.write(self._batch(chore))
            if swept:
                logger.info("swept", extra={"chore": chore.__name__, "rows": swept})

    def _batch(self, chore: Chore) -> Callable[[Session], int]:
        return lambda session: chore(session, now=self.clock(), limit=BATCH)


@asynccontextmanager
async def sweeping(
    database: Database, *chores: Chore, clock: Clock, seconds: float
) -> AsyncIterator[None]:
    """Sweep in the background, every so many seconds, until the block is left."""
    stop = asyncio.Event()
    sweeper = _Sweeper(database, clock, chores)
    task = asyncio.create_task(sweeper.run_until(stop, seconds))
    try:
        yield
    finally:
        stop.set()
        await task


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
