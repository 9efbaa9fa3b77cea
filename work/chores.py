"""Chores that come back: what ran out is put away, in every process, every so many seconds.

A chore is done in one transaction. What waits for somebody outside is an errand: it takes several
short ones, and holds nothing open between them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar

from starlette.datastructures import State

from core import logs
from core.clock import Clock
from core.errors import UnavailableError
from database import Database
from work.caller import Actor
from work.context import Context, unattended

logger = logging.getLogger("nexticket.sweep")

T = TypeVar("T")

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
class Hands:
    """What an errand works with: short transactions, and what the domains share in a process."""

    database: Database
    state: State
    clock: Clock
    actor: Actor

    async def read(self, service: Callable[[Context], T]) -> T:
        return await self.database.read(self._unit(service))

    async def write(self, service: Callable[[Context], T]) -> T:
        return await self.database.write(self._unit(service))

    def _unit(self, service: Callable[[Context], T]) -> Callable[..., T]:
        return unattended(service, self.database.settings, self.clock, self.actor)


class Errand(Protocol):
    """Sees to at most ``limit`` of what is due with somebody outside; how many there were.

    Any number of processes may do it at once, and a process that dies leaves it to the others.
    """

    __name__: str

    async def __call__(self, hands: Hands, /, *, limit: int) -> int: ...


@dataclass(frozen=True)
class _Sweeper:
    """Does one chore, or one errand."""

    name: str
    do: Callable[[], Awaitable[int]]

    async def run_until(self, stop: asyncio.Event, first: float, wait: float) -> None:
        """Begin after so many seconds, and come back after so many."""
        # What the sweep logs is nobody's request.
        logs.request_id.set(SWEEP)
        is_over = await _set_within(stop, first)
        while not is_over:
            await self._try(stop)
            is_over = await _set_within(stop, wait)

    async def _try(self, stop: asyncio.Event) -> None:
        try:
            await self._finish(stop)
        except UnavailableError as error:
            logger.warning("sweep postponed: %s", error.detail)
        except Exception:
            # Nobody waits for the sweep; what it could not do, the next one does.
            logger.exception("sweep failed")

    async def _finish(self, stop: asyncio.Event) -> None:
        swept = BATCH
        while swept == BATCH and not stop.is_set():
            swept = await self.do()
            if swept:
                logger.info("swept", extra={"chore": self.name, "rows": swept})


@dataclass(frozen=True)
class Upkeep:
    """All that comes back, of all domains."""

    chores: Collection[Chore] = ()
    errands: Collection[Errand] = ()
    # What errands find there is what the domains have put there.
    state: State = field(default_factory=State)

    def sweepers(self, database: Database, clock: Clock) -> list[_Sweeper]:
        return [
            *(_Sweeper(one.__name__, _chore(one, database, clock)) for one in self.chores),
            *(
                _Sweeper(one.__name__, partial(one, self._hands(one, database, clock), limit=BATCH))
                for one in self.errands
            ),
        ]

    def _hands(self, errand: Errand, database: Database, clock: Clock) -> Hands:
        return Hands(database, self.state, clock, _actor(errand))


@asynccontextmanager
async def sweeping(database: Database, upkeep: Upkeep, *, clock: Clock) -> AsyncIterator[None]:
    """Sweep in the background, every so many seconds, until the block is left.

    Each chore has a task of its own: none waits for one that is slow. Nor do they come all at once,
    when requests would wait for a dozen of them.
    """
    stop = asyncio.Event()
    seconds = database.settings.sweep_seconds
    sweepers = upkeep.sweepers(database, clock)
    tasks = [
        asyncio.create_task(sweeper.run_until(stop, seconds * number / len(sweepers), seconds))
        for number, sweeper in enumerate(sweepers, 1)
    ]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


def _chore(chore: Chore, database: Database, clock: Clock) -> Callable[[], Awaitable[int]]:
    unit = unattended(partial(chore, limit=BATCH), database.settings, clock, _actor(chore))
    return partial(database.write, unit)


def _actor(job: Chore | Errand) -> Actor:
    return Actor(f"chore:{job.__name__}")


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
