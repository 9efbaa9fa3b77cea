"""Tickets: what is on sale, and at which price."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Executable, bindparam, delete, exists, insert, select, update

from core.columns import BigId
from core.pagination import Page
from core.schemas import Rendered
from core.store.dialects import Sql
from core.store.listing import Either, Listing, OneOf, Where, Words, pattern
from core.store.statements import Row, statement
from core.text import name_key, search_key
from Ledger.services import audit_service
from models import TicketStatus, order_items, tickets
from Ticket.actions import Action
from Ticket.errors import (
    EventPassedError,
    InsufficientStockError,
    StockConflictError,
    TicketHasOrdersError,
    TicketNotFoundError,
    TicketNotOnSaleError,
)
from Ticket.schemas import TicketCreate, TicketList, TicketRead, TicketSearch, TicketUpdate
from Ticket.services import stock_service
from work.context import Context

# Everybody looks at the same tickets, and most of them are as they were a moment ago: so many need
# not be written anew. Each takes a few kilobytes, or more with a long description.
_SEEN = 500
_STOCK = {"total_quantity", "available_quantity"}
_KEYS = {"event_name": "event_key", "venue": "venue_key", "category": "category_key"}


def _part(text: str) -> str:
    """In any case, anywhere."""
    return pattern(name_key(text))


def telling_words(text: str) -> list[str]:
    """The words that tell, the longest first: the fewer texts have it, the less is looked at.

    A word that stands in another one is found wherever that is.
    """
    words: list[str] = []
    for word in sorted(search_key(text).split(), key=len, reverse=True):
        if not any(word in longer for longer in words):
            words.append(word)
    return words


# Not the keys under which it is found.
_SERVED = [tickets.c[name] for name in TicketRead.model_fields if name in tickets.c]
_TICKETS = Listing(
    select(*_SERVED),
    tickets.c,
    {
        "status": OneOf("status", tickets.c.status, lambda one: one.value),
        "category": OneOf("category", tickets.c.category_key, name_key),
        "venue": OneOf("venue", tickets.c.venue_key, _part, is_part=True),
        "event_name": OneOf("event_name", tickets.c.event_key, _part, is_part=True),
        "min_price": Where("min_price", tickets.c.price >= bindparam("min_price")),
        "max_price": Where("max_price", tickets.c.price <= bindparam("max_price")),
        "date_from": Where("date_from", tickets.c.event_date >= bindparam("date_from")),
        "date_to": Where("date_to", tickets.c.event_date < bindparam("date_to")),
        "available": Either(tickets.c.status == TicketStatus.AVAILABLE.value),
        "q": Words("q", tickets.c.search_text, telling_words),
    },
)
_SEARCHED = ("event_name", "event_description", "venue", "category")


def create_ticket(context: Context, body: TicketCreate) -> TicketRead:
    fields = body.model_dump()
    withheld = body.total_quantity - body.available_quantity
    statement = (
        insert(tickets)
        .values(
            **fields,
            **_derived(fields),
            reserved_quantity=0,
            sold_quantity=0,
            withheld_quantity=withheld,
            created_at=context.now,
            updated_at=context.now,
        )
        .returning(*tickets.c)
    )
    row = context.session.execute(statement).one()
    stock_service.enter(context, row)
    return _read(context, row)


def get_ticket(context: Context, ticket_id: int) -> Rendered[TicketRead]:
    row = context.row(_served, ticket_id=ticket_id)
    if row is None:
        raise TicketNotFoundError([ticket_id])
    return _rendered(row, context.terms.currency)


def list_tickets(context: Context, query: TicketList | TicketSearch) -> Page[Rendered[TicketRead]]:
    """All that match every filter, and in a search every word."""
    currency, query = context.terms.currency, query.in_days_of(context.terms.zone)
    return _TICKETS.page(context.rows, query).map(lambda row: _rendered(row, currency))


def update_ticket(context: Context, ticket_id: int, body: TicketUpdate) -> Rendered[TicketRead]:
    row = _lock(context, ticket_id)
    context.require_current(body, row)
    changes = body.changed_in(row)
    fields = {name: value for name, value in changes.items() if name not in _STOCK}
    if fields:
        _audit(context, row, fields)
        current = {name: getattr(row, name) for name in _SEARCHED}
        _set(context, ticket_id, {**fields, **_derived(current | fields)})
    if changes.keys() & _STOCK:
        _resize(context, row, changes)
    return get_ticket(context, ticket_id)


def change_status(context: Context, ticket_id: int, status: TicketStatus) -> Rendered[TicketRead]:
    """Stop the sale under a name of one's own, or give the status back to the stock."""
    row = _lock(context, ticket_id)
    context.require_meant(row)
    stopped_as = None if status is TicketStatus.AVAILABLE else status.value
    _audit(context, row, {"sale_stopped_as": stopped_as})
    _set(context, ticket_id, {"sale_stopped_as": stopped_as})
    return get_ticket(context, ticket_id)


def delete_ticket(context: Context, ticket_id: int) -> None:
    """Remove a ticket that no order line refers to; its cart lines go with it."""
    # The full lock waits for orders that are just being made, and makes later ones wait.
    row = _lock(context, ticket_id, against_orders=True)
    context.require_meant(row)
    if context.session.execute(
        select(exists().where(order_items.c.ticket_id == ticket_id))
    ).scalar_one():
        raise TicketHasOrdersError
    audit_service.record(context, Action.TICKET_DELETED, f"ticket:{ticket_id}")
    context.session.execute(delete(tickets).where(tickets.c.id == ticket_id))
    stock_service.withdraw(context, row)


def offers(context: Context, ticket_ids: Iterable[int]) -> dict[int, Row]:
    """The tickets by id, as they are sold now; raises for those that do not exist."""
    wanted = set(ticket_ids)
    if not wanted:
        return {}
    rows = context.rows(_offered, wanted=[(ticket_id,) for ticket_id in wanted])
    found = {row.id: row for row in rows}
    if missing := wanted - found.keys():
        raise TicketNotFoundError(missing)
    return found


def require_on_sale(context: Context, rows: Iterable[Row]) -> None:
    rows = list(rows)
    stopped = [row for row in rows if row.sale_stopped_as is not None]
    if stopped:
        raise TicketNotOnSaleError(
            {"ticket_id": row.id, "status": row.sale_stopped_as} for row in stopped
        )
    passed = [row.id for row in rows if row.event_date <= context.now]
    if passed and not context.caller.is_box_office:
        raise EventPassedError(passed)


def short_lines(rows: Iterable[Row], quantities: Mapping[int, int]) -> list[dict[str, int]]:
    """The lines that ask for more than is there, as ``insufficient_stock`` tells them."""
    return [
        {
            "ticket_id": row.id,
            "requested": quantities[row.id],
            "available": row.available_quantity,
        }
        for row in rows
        if row.available_quantity < quantities[row.id]
    ]


def require_stock(rows: Iterable[Row], quantities: Mapping[int, int]) -> None:
    if lines := short_lines(rows, quantities):
        raise InsufficientStockError(lines)


def status_once_held(offer: Row, quantity: int) -> TicketStatus:
    """What the stock says of a ticket on sale as soon as so much of it is held."""
    is_left = offer.available_quantity > quantity
    return TicketStatus.AVAILABLE if is_left else TicketStatus.RESERVED


@statement
def _offered(sql: Sql) -> Executable:
    wanted = sql.rows("wanted", ticket_id=BigId)
    return select(*tickets.c).where(tickets.c.id.in_(select(wanted.c.ticket_id)))


@statement
def _served(_sql: Sql) -> Executable:
    return select(*_SERVED).where(tickets.c.id == bindparam("ticket_id"))


def _lock(context: Context, ticket_id: int, *, against_orders: bool = False) -> Row:
    """The row, kept as it is until the commit: the change depends on what is read here."""
    statement = select(*tickets.c).where(tickets.c.id == ticket_id)
    locking = statement.with_for_update(key_share=not against_orders)
    row = context.session.execute(locking).one_or_none()
    if row is None:
        raise TicketNotFoundError([ticket_id])
    return row


def _set(context: Context, ticket_id: int, fields: dict[str, Any]) -> None:
    statement = update(tickets).where(tickets.c.id == ticket_id)
    context.session.execute(statement.values(**fields, updated_at=context.now))


def _audit(context: Context, row: Row, fields: dict[str, Any]) -> None:
    """Remember what differs from what is known of the ticket."""
    changes = {
        name: (getattr(row, name), value)
        for name, value in fields.items()
        if getattr(row, name) != value
    }
    if changes:
        audit_service.record(context, Action.TICKET_CHANGED, f"ticket:{row.id}", changes)


def _resize(context: Context, row: Row, changes: dict[str, Any]) -> None:
    done = stock_service.resize(
        context,
        row,
        total=changes.get("total_quantity"),
        available=changes.get("available_quantity"),
    )
    if not done:
        counters = ("total", "available", "reserved", "sold", "withheld")
        names = [f"{counter}_quantity" for counter in counters]
        raise StockConflictError(**{name: getattr(row, name) for name in names})


def _derived(fields: dict[str, Any]) -> dict[str, str]:
    """The keys under which the texts are found."""
    keys = {key: name_key(fields[name]) for name, key in _KEYS.items()}
    # A line each, so that no word is found across the end of one text and the start of another.
    text = "\n".join(fields.get(name) or "" for name in _SEARCHED)
    return {**keys, "search_text": search_key(text)}


def _read(context: Context, row: Row) -> TicketRead:
    return TicketRead.model_validate({**row._mapping, "currency": context.terms.currency})


@lru_cache(_SEEN)
def _rendered(row: Row, currency: str) -> Rendered[TicketRead]:
    """A whole row is remembered, so that what it says is what the database just said."""
    return Rendered.of(TicketRead.model_validate({**row._mapping, "currency": currency}))
