"""Chores that come back: what ran out is put away, in every process, every so many seconds."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from core import logs
from core.clock import Clock
from core.errors import UnavailableError
from database import Database
from work.caller import Actor
from work.context import Context, unattended

logger = logging.getLogger("nexticket.sweep")

# One sweep's transaction stays short, so that nobody else need wait long for its rows.
BATCH = 100
# Stands for the id of a request, where there is none. No request has it: theirs are ours.
SWEEP = "sweep"


class Chore(Protocol):
    """Puts away at most ``limit`` of what ran out; how many there were.

    Any number of processes may do it at once.
    """

    __name__: str

    def __call__(self, context: Context, /, *, limit: int) -> int: ...


@dataclass(frozen=True)
class _Sweeper:
    """Does one chore."""

    chore: Chore
    database: Database
    clock: Clock

    async def run_until(self, stop: asyncio.Event, wait: float) -> None:
        # What the sweep logs is nobody's request.
        logs.request_id.set(SWEEP)
        while not await _set_within(stop, wait):
            await self._try()

    async def _try(self) -> None:
        try:
            await self._finish()
        except UnavailableError as error:
            logger.warning("sweep postponed: %s", error.detail)
        except Exception:
            # Nobody waits for the sweep; what it could not do, the next one does.
            logger.exception("sweep failed")

    async def _finish(self) -> None:
        actor = Actor(f"chore:{self.chore.__name__}")
        unit = unattended(self._batch, self.database.settings, self.clock, actor)
        swept = BATCH
        while swept == BATCH:
            swept = await self.database.write(unit)
            if swept:
                logger.info("swept", extra={"chore": self.chore.__name__, "rows": swept})

    def _batch(self, context: Context) -> int:
        return self.chore(context, limit=BATCH)


@asynccontextmanager
async def sweeping(
    database: Database, chores: Collection[Chore], *, clock: Clock
) -> AsyncIterator[None]:
    """Sweep in the background, every so many seconds, until the block is left.

    Each chore has a task of its own: none waits for one that is slow.
    """
    stop = asyncio.Event()
    seconds = database.settings.sweep_seconds
    sweepers = [_Sweeper(chore, database, clock) for chore in chores]
    tasks = [asyncio.create_task(sweeper.run_until(stop, seconds)) for sweeper in sweepers]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
