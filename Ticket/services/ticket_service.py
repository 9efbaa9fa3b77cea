"""Tickets: what is on sale, and at which price."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, exists, insert, select, update
from sqlmodel import Session

from core.caller import Caller
from core.errors import StaleObjectError
from core.pagination import Page, Sorting, fetch_page
from core.text import case_key, search_key
from models import TicketStatus, order_items, tickets
from Ticket.errors import (
    EventPassedError,
    InsufficientStockError,
    StockConflictError,
    TicketHasOrdersError,
    TicketNotFoundError,
    TicketNotOnSaleError,
)
from Ticket.schemas import (
    TicketCreate,
    TicketFilters,
    TicketList,
    TicketRead,
    TicketSearch,
    TicketUpdate,
)
from Ticket.services import stock_service

_STOCK = {"total_quantity", "available_quantity"}
_KEYS = {"event_name": "event_key", "venue": "venue_key", "category": "category_key"}
_SEARCHED = ("event_name", "event_description", "venue", "category")


def create_ticket(
    session: Session, body: TicketCreate, *, currency: str, now: datetime
) -> TicketRead:
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
            created_at=now,
            updated_at=now,
        )
        .returning(*tickets.c)
    )
    row = session.execute(statement).one()
    stock_service.enter(session, row, now=now)
    return _read(row, currency)


def get_ticket(session: Session, ticket_id: int, *, currency: str) -> TicketRead:
    return _read(_row(session, ticket_id), currency)


def list_tickets(session: Session, query: TicketList, *, currency: str) -> Page[TicketRead]:
    return _page(session, query, _conditions(query), currency)


def search_tickets(session: Session, query: TicketSearch, *, currency: str) -> Page[TicketRead]:
    words = search_key(query.q or "").split()
    found = [tickets.c.search_text.contains(word, autoescape=True) for word in words]
    return _page(session, query, [*_conditions(query), *found], currency)


def update_ticket(
    session: Session, ticket_id: int, body: TicketUpdate, *, currency: str, now: datetime
) -> TicketRead:
    row = _lock(session, ticket_id)
    if body.updated_at is not None and body.updated_at != row.updated_at:
        raise StaleObjectError(updated_at=row.updated_at)
    changes = body.sent()
    fields = {name: value for name, value in changes.items() if name not in _STOCK}
    if fields:
        current = {name: getattr(row, name) for name in _SEARCHED}
        _set(session, ticket_id, {**fields, **_derived(current | fields)}, now)
    if changes.keys() & _STOCK:
        _resize(session, row, changes, now)
    return get_ticket(session, ticket_id, currency=currency)


def change_status(
    session: Session, ticket_id: int, status: TicketStatus, *, currency: str, now: datetime
) -> TicketRead:
    """Stop the sale under a name of one's own, or give the status back to the stock."""
    _row(session, ticket_id)
    stopped_as = None if status is TicketStatus.AVAILABLE else status.value
    _set(session, ticket_id, {"sale_stopped_as": stopped_as}, now)
    return get_ticket(session, ticket_id, currency=currency)


def delete_ticket(session: Session, ticket_id: int, *, now: datetime) -> None:
    """Remove a ticket that no order line refers to; its cart lines go with it."""
    # The full lock waits for orders that are just being made, and makes later ones wait.
    row = _lock(session, ticket_id, against_orders=True)
    if session.execute(select(exists().where(order_items.c.ticket_id == ticket_id))).scalar_one():
        raise TicketHasOrdersError
    session.execute(delete(tickets).where(tickets.c.id == ticket_id))
    stock_service.withdraw(session, row, now=now)


def offers(
    session: Session, ticket_ids: Iterable[int], *, keep: bool = False
) -> dict[int, Row[Any]]:
    """The tickets by id, as they are sold now; raises for those that do not exist.

    With ``keep`` they can't be deleted before the commit; selling them goes on.
    """
    wanted = set(ticket_ids)
    if not wanted:
        return {}
    statement = select(*tickets.c).where(tickets.c.id.in_(wanted))
    if keep:
        statement = statement.with_for_update(read=True, key_share=True)
    found = {row.id: row for row in session.execute(statement)}
    if missing := wanted - found.keys():
        raise TicketNotFoundError(missing)
    return found


def require_on_sale(rows: Iterable[Row[Any]], *, caller: Caller, now: datetime) -> None:
    rows = list(rows)
    stopped = [row for row in rows if row.sale_stopped_as is not None]
    if stopped:
        raise TicketNotOnSaleError(
            {"ticket_id": row.id, "status": row.sale_stopped_as} for row in stopped
        )
    passed = [row.id for row in rows if row.event_date <= now]
    if passed and not caller.is_box_office:
        raise EventPassedError(passed)


def short_lines(rows: Iterable[Row[Any]], quantities: Mapping[int, int]) -> list[dict[str, int]]:
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


def require_stock(rows: Iterable[Row[Any]], quantities: Mapping[int, int]) -> None:
    if lines := short_lines(rows, quantities):
        raise InsufficientStockError(lines)


def _row(session: Session, ticket_id: int) -> Row[Any]:
    row = session.execute(select(*tickets.c).where(tickets.c.id == ticket_id)).one_or_none()
    if row is None:
        raise TicketNotFoundError([ticket_id])
    return row


def _lock(session: Session, ticket_id: int, *, against_orders: bool = False) -> Row[Any]:
    """The row, kept as it is until the commit: the change depends on what is read here."""
    statement = select(*tickets.c).where(tickets.c.id == ticket_id)
    locking = statement.with_for_update(key_share=not against_orders)
    row = session.execute(locking).one_or_none()
    if row is None:
        raise TicketNotFoundError([ticket_id])
    return row


def _set(session: Session, ticket_id: int, fields: dict[str, Any], now: datetime) -> None:
    statement = update(tickets).where(tickets.c.id == ticket_id)
    session.execute(statement.values(**fields, updated_at=now))


def _resize(session: Session, row: Row[Any], changes: dict[str, Any], now: datetime) -> None:
    done = stock_service.resize(
        session,
        row,
        total=changes.get("total_quantity"),
        available=changes.get("available_quantity"),
        now=now,
    )
    if not done:
        counters = ("total", "available", "reserved", "sold", "withheld")
        names = [f"{counter}_quantity" for counter in counters]
        raise StockConflictError(**{name: getattr(row, name) for name in names})


def _derived(fields: dict[str, Any]) -> dict[str, str]:
    """The keys under which the texts are found."""
    keys = {key: case_key(fields[name]) for name, key in _KEYS.items()}
    # A line each, so that no word is found across the end of one text and the start of another.
    text = "\n".join(fields.get(name) or "" for name in _SEARCHED)
    return {**keys, "search_text": search_key(text)}


def _conditions(query: TicketFilters) -> list[ColumnElement[bool]]:
    columns = tickets.c
    on_sale = columns.status == TicketStatus.AVAILABLE.value
    conditions: dict[str, Any] = {
        "status": lambda value: columns.status == value.value,
        "category": lambda value: columns.category_key == case_key(value),
        "venue": lambda value: columns.venue_key.contains(case_key(value), autoescape=True),
        "event_name": lambda value: columns.event_key.contains(case_key(value), autoescape=True),
        "min_price": lambda value: columns.price >= value,
        "max_price": lambda value: columns.price <= value,
        "date_from": lambda value: columns.event_date >= value,
        "date_to": lambda value: columns.event_date < value,
        "available": lambda value: on_sale if value else ~on_sale,
    }
    return [
        condition(value)
        for name, condition in conditions.items()
        if (value := getattr(query, name)) is not None
    ]


def _page(
    session: Session,
    query: TicketFilters,
    conditions: list[ColumnElement[bool]],
    currency: str,
) -> Page[TicketRead]:
    statement = select(*tickets.c).where(*conditions)
    page = fetch_page(session, statement, query, Sorting.of(query.sort, tickets.c))
    return Page([_read(row, currency) for row in page.items], page.next, page.total)


def _read(row: Row[Any], currency: str) -> TicketRead:
    return TicketRead.model_validate({**row._mapping, "currency": currency})
