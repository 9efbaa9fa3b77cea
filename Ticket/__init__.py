"""Kinds of admission on sale for an event, with their stock."""

from core.http.security_headers import Caching
from Ticket.actions import Action
from Ticket.causes import Cause
from Ticket.equipment import close, equip, stop
from Ticket.routers import live, ticket
from Ticket.rules import RULES
from work.domain import Domain

DOMAIN = Domain(
    # What has a name of its own comes before what is named by an id.
    routers=[live.router, ticket.router],
    tags={"Tickets": "Kinds of admission on sale for an event, with stock."},
    resources={"tickets": "/api/tickets/"},
    # Everybody sees the same tickets.
    caching={"/api/tickets": Caching.PUBLIC_READS},
    causes=Cause,
    actions=Action,
    rules=RULES,
    equip=equip,
    stop=stop,
    close=close,
)
