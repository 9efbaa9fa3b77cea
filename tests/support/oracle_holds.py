"""Who holds most of a ticket, added up by hand."""

from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from models import ended_holds, order_items, orders
from Order.schemas.analytics import HoldsOfTicket
from tests.support.oracle_queries import TOP, Statement
from work.context import Context


def most_held(context: Context, named: Statement) -> list[HoldsOfTicket]:
    """Of the tickets that are named, those of which one user holds most now."""
    held, expired = _held(context), _expired(context)
    meant = context.session.execute(named).all()
    found = [
        _holds(ticket, held[ticket.id], expired[ticket.id])
        for ticket in meant
        if ticket.id in held or ticket.id in expired
    ]
    found.sort(key=lambda one: (-one.largest_holding, -one.expired_holds, one.ticket_id))
    return found[:TOP]


def _holds(ticket: Any, units: Counter[int], expired: int) -> HoldsOfTicket:
    largest = max(units.values(), default=0)
    return HoldsOfTicket(
        ticket_id=ticket.id,
        event_name=ticket.event_name,
        total_quantity=ticket.total_quantity,
        held_quantity=units.total(),
        holders=len(units),
        largest_holding=largest,
        largest_share=round(largest / ticket.total_quantity, 4) if ticket.total_quantity else 0.0,
        largest_holder=min((user for user in units if units[user] == largest), default=None),
        expired_holds=expired,
    )


def _held(context: Context) -> dict[int, Counter[int]]:
    held: dict[int, Counter[int]] = defaultdict(Counter)
    lines = select(order_items.c.ticket_id, orders.c.user_id, order_items.c.quantity)
    pending = lines.join_from(orders, order_items, order_items.c.order_id == orders.c.id)
    for row in context.session.execute(pending.where(orders.c.expires_at > context.now)):
        held[row.ticket_id][row.user_id] += row.quantity
    return held


def _expired(context: Context) -> Counter[int]:
    ended = select(ended_holds.c.ticket_id).where(
        ended_holds.c.ticket_id.is_not(None),
        ended_holds.c.has_expired,
        ended_holds.c.ended_at > context.now - timedelta(days=1),
    )
    return Counter(context.session.execute(ended).scalars())
