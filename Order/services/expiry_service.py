"""Holds that ran out: freed at once for a buyer who needs them, and swept for all others."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import Select, select
from sqlmodel import Session

from core.clock import Clock
from core.errors import UnavailableError
from database import Database
from models import order_items, orders
from Order.services import order_lifecycle
from Ticket.services import stock_service

logger = logging.getLogger("nexticket.expiry")

# One sweep's transaction stays short, so that buyers of the same tickets need not wait long.
BATCH = 100


def free_overdue_stock(session: Session, ticket_ids: Collection[int], *, now: datetime) -> bool:
    """Expire the overdue orders that hold these tickets; whether there were any.

    Waits for a transaction that is expiring them already, so that the caller sees what it freed.
    """
    holding = select(order_items.c.order_id).where(order_items.c.ticket_id.in_(ticket_ids))
    overdue = _overdue(now).where(orders.c.id.in_(holding)).order_by(orders.c.id)
    order_ids = session.execute(overdue.with_for_update(key_share=True)).scalars().all()
    if not order_ids:
        return False
    freed = order_lifecycle.quantities_of(session, order_ids)
    # The caller is going to take some of these: all locks at once, in id order.
    stock_service.lock(session, frozenset(freed) | frozenset(ticket_ids))
    order_lifecycle.expire(session, order_ids, now=now)
    return True


def expire_overdue_orders(session: Session, *, now: datetime, limit: int = BATCH) -> int:
    """Expire the orders that are overdue longest, at most ``limit``; how many there were.

    Any number of processes may sweep at once: each skips what another has locked.
    """
    overdue = _overdue(now).order_by(orders.c.expires_at, orders.c.id).limit(limit)
    locking = overdue.with_for_update(key_share=True, skip_locked=True)
    order_ids = session.execute(locking).scalars().all()
    if order_ids:
        order_lifecycle.expire(session, order_ids, now=now)
    return len(order_ids)


@asynccontextmanager
async def sweeping(database: Database, *, clock: Clock, seconds: float) -> AsyncIterator[None]:
    """Sweep in the background, every so many seconds, until the block is left."""
    stop = asyncio.Event()
    sweeper = asyncio.create_task(_sweep_until(stop, database, clock, seconds))
    try:
        yield
    finally:
        stop.set()
        await sweeper


async def _sweep_until(stop: asyncio.Event, database: Database, clock: Clock, wait: float) -> None:
    while not await _set_within(stop, wait):
        try:
            await _sweep(database, clock)
        except UnavailableError as error:
            logger.warning("sweep postponed: %s", error.detail)
        except Exception:
            # Nobody waits for the sweep; what it could not do, the next one does.
            logger.exception("sweep failed")


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _sweep(database: Database, clock: Clock) -> None:
    swept = BATCH
    while swept == BATCH:
        swept = await database.write(lambda s: expire_overdue_orders(s, now=clock()))
        if swept:
            logger.info("orders expired", extra={"orders": swept})


def _overdue(now: datetime) -> Select[tuple[int]]:
    """Only pending orders have an ``expires_at``; naming their status too would lead SQLite to the
    index of all pending orders instead of the few that are overdue.
    """
    return select(orders.c.id).where(orders.c.expires_at <= now)
