"""Carts: what a user means to buy, at today's prices; no stock is held."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from core.caller import Caller
from core.errors import StaleObjectError
from core.money import ZERO
from core.pagination import ListQuery, Page, Sorting, fetch_page
from models import carts, tickets
from Order.errors import CartItemNotFoundError
from Order.schemas.cart import (
    CartItemCreate,
    CartItemRead,
    CartItemUpdate,
    CartTicket,
    CartTotal,
)
from Order.services import expiry_service, user_service
from Ticket.services import ticket_service

_TICKET = [
    tickets.c[name]
    for name in (
        "event_name",
        "event_date",
        "venue",
        "category",
        "status",
        "available_quantity",
        "price",
    )
]


def add_item(
    session: Session, body: CartItemCreate, *, caller: Caller, currency: str, now: datetime
) -> CartItemRead:
    """Put a ticket in the cart, or more of it if it is there already."""
    user_service.require_active(session, body.user_id)
    # Kept until the commit, or a deletion in between would break the new line's reference.
    offers = ticket_service.offers(session, [body.ticket_id], keep=True)
    ticket_service.require_on_sale(offers.values(), caller=caller, now=now)
    cart_id, quantity = _raise_quantity(session, body, now)
    _require_available(session, body.ticket_id, quantity, now)
    return _get(session, cart_id, currency)


def change_quantity(
    session: Session,
    cart_item_id: int,
    body: CartItemUpdate,
    *,
    caller: Caller,
    currency: str,
    now: datetime,
) -> CartItemRead:
    # The user before the line, as the deletion of a user locks them.
    user_service.require_active(session, _row(session, cart_item_id).user_id)
    row = _row(session, cart_item_id, lock=True)
    if body.updated_at is not None and body.updated_at != row.updated_at:
        raise StaleObjectError(updated_at=row.updated_at)
    offers = ticket_service.offers(session, [row.ticket_id])
    ticket_service.require_on_sale(offers.values(), caller=caller, now=now)
    _require_available(session, row.ticket_id, body.quantity, now)
    changed = update(carts).where(carts.c.id == cart_item_id)
    session.execute(changed.values(quantity=body.quantity, updated_at=now))
    return _get(session, cart_item_id, currency)


def remove_item(session: Session, cart_item_id: int) -> None:
    gone = delete(carts).where(carts.c.id == cart_item_id).returning(carts.c.id)
    if session.execute(gone).one_or_none() is None:
        raise CartItemNotFoundError


def clear(session: Session, user_id: int) -> None:
    user_service.require_user(session, user_id)
    session.execute(delete(carts).where(carts.c.user_id == user_id))


def list_items(
    session: Session, user_id: int, query: ListQuery, *, currency: str
) -> Page[CartItemRead]:
    statement = _lines().where(carts.c.user_id == user_id)
    page = fetch_page(session, statement, query, Sorting.of(query.sort, carts.c))
    if not page.items:
        user_service.require_user(session, user_id)
    return Page([_read(row, currency) for row in page.items], page.next, page.total)


def get_total(session: Session, user_id: int, *, currency: str) -> CartTotal:
    statement = _lines().where(carts.c.user_id == user_id).order_by(carts.c.id)
    items = [_read(row, currency) for row in session.execute(statement)]
    if not items:
        user_service.require_user(session, user_id)
    return CartTotal(
        user_id=user_id,
        total_items=len(items),
        total_quantity=sum(item.quantity for item in items),
        total_amount=sum((item.line_total for item in items), ZERO),
        currency=currency,
        items=items,
    )


def take_all(session: Session, user_id: int) -> dict[int, int]:
    """Empty the cart and return what was in it: {ticket id: quantity}.

    Of two at once, one gets the lines and the other none.
    """
    statement = delete(carts).where(carts.c.user_id == user_id)
    rows = session.execute(statement.returning(carts.c.ticket_id, carts.c.quantity))
    return {row.ticket_id: row.quantity for row in rows}


def _raise_quantity(session: Session, body: CartItemCreate, now: datetime) -> tuple[int, int]:
    """One row per user and ticket, also when two requests race: (id, quantity)."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    line = dialect.insert(carts).values(**body.model_dump(), created_at=now, updated_at=now)
    statement = line.on_conflict_do_update(
        index_elements=["user_id", "ticket_id"],
        set_={"quantity": carts.c.quantity + line.excluded.quantity, "updated_at": now},
    ).returning(carts.c.id, carts.c.quantity)
    row = session.execute(statement).one()
    return row.id, row.quantity


def _require_available(session: Session, ticket_id: int, quantity: int, now: datetime) -> None:
    """Holds that ran out count as available."""
    wanted = {ticket_id: quantity}
    offers = ticket_service.offers(session, wanted)
    if ticket_service.short_lines(offers.values(), wanted):
        expiry_service.free_overdue_stock(session, [ticket_id], now=now)
        offers = ticket_service.offers(session, wanted)
    ticket_service.require_stock(offers.values(), wanted)


def _row(session: Session, cart_item_id: int, *, lock: bool = False) -> Row[Any]:
    statement = select(*carts.c).where(carts.c.id == cart_item_id)
    if lock:
        statement = statement.with_for_update()
    row = session.execute(statement).one_or_none()
    if row is None:
        raise CartItemNotFoundError
    return row


def _lines() -> Select[Any]:
    return select(*carts.c, *_TICKET).join(tickets, tickets.c.id == carts.c.ticket_id)


def _get(session: Session, cart_id: int, currency: str) -> CartItemRead:
    row = session.execute(_lines().where(carts.c.id == cart_id)).one()
    return _read(row, currency)


def _read(row: Row[Any], currency: str) -> CartItemRead:
    return CartItemRead(
        id=row.id,
        user_id=row.user_id,
        ticket_id=row.ticket_id,
        quantity=row.quantity,
        unit_price=row.price,
        line_total=row.price * row.quantity,
        currency=currency,
        ticket=CartTicket.model_validate(row),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
