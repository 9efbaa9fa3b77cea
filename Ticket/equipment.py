"""What tickets share in a process: who listens to their stock."""

from functools import partial
from typing import Any

from fastapi import Request
from starlette.datastructures import State

from core.clock import Clock
from core.settings import ConfigurationError, Settings
from Ticket.flows.live_stock import READER, Bounds, Listener, LiveStock
from Ticket.services import live_service
from work.caller import Actor
from work.context import unattended

_ACTOR = Actor(f"reader:{READER}")


def equip(state: State, settings: Settings, clock: Clock) -> None:
    async def read(known: Any) -> Any:
        look = partial(live_service.changes, known=known)
        return await state.database.read(unattended(look, settings, clock, _ACTOR))

    state.live_stock = LiveStock(
        read,
        _bounds(settings),
        seconds=settings.live_stock_seconds,
        are_others_served=lambda: state.database.is_serving,
    )


def stop(state: State) -> None:
    live_stock: LiveStock = state.live_stock
    live_stock.stop()


async def close(state: State) -> None:
    live_stock: LiveStock = state.live_stock
    await live_stock.close()


async def listen(request: Request, *ticket_ids: int) -> Listener:
    """Have whoever asks be told of tickets, and spared what they were told before."""
    state = request.app.state
    live_stock: LiveStock = state.live_stock
    # What stands for an address is the same whoever logs in there.
    household: str = state.pseudonyms.household(request.scope)
    said = request.headers.get("last-event-id", "")
    return await live_stock.listen(ticket_ids, household, said)


def _bounds(settings: Settings) -> Bounds:
    """Whoever listens keeps a connection, and whoever buys needs one."""
    most = settings.max_listeners
    if most is None:
        most = settings.max_connections // 2
    elif most >= settings.max_connections:
        raise ConfigurationError("bad settings: MAX_LISTENERS must be less than MAX_CONNECTIONS")
    return Bounds(most, settings.max_listeners_per_address)
