"""Who listens to which tickets, and what they hear.

All listeners of a process have one reader. It asks for all that they listen to in one statement,
now and then, and for nothing while nobody listens; what has changed is written once and handed to
whoever listens to it. Nothing is kept for a listener but how far they have heard: a ticket that
changes faster than they take it is told as it is then.
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from hashlib import blake2b

from core import deadline, logs
from core.errors import BusyError, DomainError, StoppingError, UnavailableError
from core.http.event_streams import event
from core.store.statements import Row
from Ticket.errors import ListenersFullError, TicketNotFoundError, TooManyListenersError
from Ticket.services.live_service import State

logger = logging.getLogger("nexticket.live")

Read = Callable[[Mapping[int, Row | None]], Awaitable[Mapping[int, State | None]]]

# Stands for the id of a request, where there is none.
READER = "live-stock"
# Who comes while others are read for waits for so long, and is read for with all who come by then.
_MOMENT = 0.05
# How long they wait at the most, whatever the time of a request is.
_PATIENCE = 30
# Listeners that are woken in one turn of the event loop; the part of its time that it writes to
# them while others are served, and the longest rest.
_AT_ONCE, _SHARE, _LONGEST_REST = 20, 0.05, 1.0


@dataclass(frozen=True)
class Bounds:
    """Of a process."""

    listeners: int
    per_household: int
    tickets: int = 5_000


@dataclass(eq=False, slots=True)
class _Ticket:
    """One that somebody listens to, as it was read last."""

    id: int
    listeners: "set[Listener]" = field(default_factory=set)
    row: Row | None = None
    is_gone: bool = False
    event: bytes = b""
    # What stands for its state among those that a listener has.
    mark: int = 0
    # By which reading it was changed.
    number: int = 0

    def become(self, state: State | None, number: int) -> None:
        if state is None:
            self.row, self.is_gone = None, True
            self.event = event("gone", b'{"id":%d}' % self.id)
        else:
            # Also one that somebody asked for before there was such a ticket.
            self.row, self.is_gone = state.row, False
            self.event = event("ticket", state.json)
        # The same in every process: a listener that comes back may meet another one.
        self.mark = int.from_bytes(blake2b(self.event, digest_size=8).digest())
        self.number = number


class Listener:
    """Somebody's tickets; what of them they have not heard is told when they are ready for it."""

    __slots__ = ("_leave", "_seen", "_tickets", "bell", "household", "is_ended")

    def __init__(
        self, tickets: Sequence[_Ticket], household: str, leave: "Callable[[Listener], None]"
    ) -> None:
        self.bell = asyncio.Event()
        self.household = household
        self.is_ended = False
        self._tickets = tickets
        self._leave = leave
        self._seen = 0

    @property
    def tickets(self) -> Sequence[_Ticket]:
        return self._tickets

    @property
    def is_over(self) -> bool:
        return self.is_ended or (self.knows_none and self.has_heard_all)

    @property
    def knows_none(self) -> bool:
        """Whether there is nothing to listen to."""
        return all(one.is_gone for one in self._tickets)

    @property
    def has_heard_all(self) -> bool:
        return all(one.number <= self._seen for one in self._tickets)

    def resume(self, last_event_id: str) -> None:
        """Tell nothing to who was told all of it before, on another connection."""
        if last_event_id == self._state():
            self._seen = self._newest()

    def news(self) -> bytes:
        new = [one.event for one in self._tickets if one.number > self._seen]
        if not new:
            return b""
        self._seen = self._newest()
        # Once they have the last one, they have all.
        new.insert(-1, b"id: %b\n" % self._state().encode())
        return b"".join(new)

    def close(self) -> None:
        self._leave(self)

    def _newest(self) -> int:
        return max(one.number for one in self._tickets)

    def _state(self) -> str:
        """Of all tickets together."""
        state = 0
        for one in self._tickets:
            state ^= one.mark
        return f"{state:016x}"


class LiveStock:
    """For the thread of the event loop. ``read`` finds what is not as it is known."""

    def __init__(
        self,
        read: Read,
        bounds: Bounds,
        *,
        seconds: float,
        are_others_served: Callable[[], bool],
    ) -> None:
        self._read = read
        self._are_others_served = are_others_served
        self._bounds = bounds
        self._seconds = seconds
        self._tickets: dict[int, _Ticket] = {}
        self._listeners: set[Listener] = set()
        self._of_household: Counter[str] = Counter()
        self._number = 0
        # Whose tickets are to be read before they are answered.
        self._newcomers: list[asyncio.Future[None]] = []
        self._call = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._to_wake: deque[Listener] = deque()
        self._is_waking = False
        self._woke_at = 0.0
        self._is_closed = False

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    async def listen(
        self, ticket_ids: Sequence[int], household: str, last_event_id: str = ""
    ) -> Listener:
        """Somebody who is told of each ticket as it is now, and whenever it has changed.

        Raises if there is none of them, or no place for one more.
        """
        listener = self._enter(dict.fromkeys(ticket_ids), household)
        try:
            async with asyncio.timeout(min(deadline.remaining(), _PATIENCE)):
                await self._first_reading()
            _require_any(listener)
        except TimeoutError:
            listener.close()
            raise BusyError from None
        except BaseException:
            listener.close()
            raise
        listener.resume(last_event_id)
        return listener

    async def look(self) -> None:
        """Read all that somebody listens to once, and have those hear of it for whom it is new."""
        newcomers, self._newcomers = self._newcomers, []
        try:
            await self._look()
        except Exception as error:
            _tell(newcomers, error)
            raise
        _tell(newcomers, None)

    def stop(self) -> None:
        """End all streams; who listened comes back, and finds another process."""
        self._is_closed = True
        for listener in self._listeners:
            listener.is_ended = True
            listener.bell.set()
        _tell(self._newcomers, StoppingError())
        self._call.set()

    async def close(self) -> None:
        self.stop()
        if self._reader is not None and not self._reader.done():
            await self._reader
        # For the next event loop, if there is one.
        self._is_closed = False

    def _enter(self, ticket_ids: Mapping[int, None], household: str) -> Listener:
        if self._is_closed:
            raise StoppingError
        bounds = self._bounds
        new = sum(ticket_id not in self._tickets for ticket_id in ticket_ids)
        is_full = len(self._tickets) + new > bounds.tickets
        if is_full or len(self._listeners) >= bounds.listeners:
            raise ListenersFullError(bounds.listeners, bounds.tickets)
        if self._of_household[household] >= bounds.per_household:
            raise TooManyListenersError(bounds.per_household)
        tickets = [self._tickets.setdefault(one, _Ticket(one)) for one in ticket_ids]
        listener = Listener(tickets, household, self._leave)
        for ticket in tickets:
            ticket.listeners.add(listener)
        self._listeners.add(listener)
        self._of_household[household] += 1
        return listener

    def _leave(self, listener: Listener) -> None:
        if listener not in self._listeners:
            return
        self._listeners.remove(listener)
        self._of_household[listener.household] -= 1
        if not self._of_household[listener.household]:
            del self._of_household[listener.household]
        for ticket in listener.tickets:
            ticket.listeners.remove(listener)
            if not ticket.listeners:
                del self._tickets[ticket.id]
        if not self._listeners:
            # Nothing is asked for any more.
            self._call.set()

    async def _first_reading(self) -> None:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[None] = loop.create_future()
        self._newcomers.append(answered)
        if self._reader is None or self._reader.done():
            # Not the request's context, whose deadline is not the reader's.
            self._reader = loop.create_task(self._read_on(), context=Context())
        self._call.set()
        await answered

    async def _read_on(self) -> None:
        logs.request_id.set(READER)
        while self._tickets and not self._is_closed:
            self._call.clear()
            try:
                await self.look()
            except UnavailableError as error:
                logger.warning("live stock is not read: %s", error.detail)
            except Exception:
                # Listeners hear the next reading.
                logger.exception("live stock could not be read")
            await self._rest()

    async def _rest(self) -> None:
        """Until the next reading is due: soon, where somebody has come."""
        try:
            async with asyncio.timeout(self._seconds):
                await self._call.wait()
        except TimeoutError:
            return
        if self._tickets and not self._is_closed:
            await asyncio.sleep(_MOMENT)

    async def _look(self) -> None:
        asked = {one.id: one.row for one in self._tickets.values()}
        changed = await self._read(asked) if asked else {}
        self._number += 1
        to_wake = dict.fromkeys(self._to_wake)
        for ticket_id, state in changed.items():
            ticket = self._tickets.get(ticket_id)
            # Nobody may listen to it any more; and what is gone is told once.
            if ticket is not None and not (state is None and ticket.is_gone):
                ticket.become(state, self._number)
                to_wake |= dict.fromkeys(ticket.listeners)
        self._to_wake = deque(to_wake)
        if self._to_wake and not self._is_waking:
            self._is_waking = True
            self._wake_some()

    def _wake_some(self) -> None:
        loop = asyncio.get_running_loop()
        # All of this comes in a row in the next turn, so that nobody else's work is measured.
        loop.call_soon(self._begin_waking)
        for _ in range(min(_AT_ONCE, len(self._to_wake))):
            self._to_wake.popleft().bell.set()
        loop.call_soon(self._rest_from_waking)

    def _begin_waking(self) -> None:
        self._woke_at = time.thread_time()

    def _rest_from_waking(self) -> None:
        if not self._to_wake:
            self._is_waking = False
            return
        worked = time.thread_time() - self._woke_at
        rest = worked * (1 / _SHARE - 1) if self._are_others_served() else 0
        asyncio.get_running_loop().call_later(min(rest, _LONGEST_REST), self._wake_some)


def _require_any(listener: Listener) -> None:
    if listener.knows_none:
        raise TicketNotFoundError(one.id for one in listener.tickets)


def _tell(newcomers: Sequence[asyncio.Future[None]], error: Exception | None) -> None:
    for answered in newcomers:
        if answered.done():
            # They hung up.
            continue
        if error is None:
            answered.set_result(None)
        else:
            answered.set_exception(error if isinstance(error, DomainError) else BusyError())
