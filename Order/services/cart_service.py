"""Carts: what a user means to buy, at today's prices; no stock is held."""

from typing import Any

from sqlalchemy import Row, Select, delete, select, update

from core.money import ZERO
from core.pagination import ListQuery, Page, Sorting, fetch_page
from core.store.upsert import insert_into
from models import carts, tickets
from Order.errors import CartItemNotFoundError
from Order.schemas.cart import CartItemCreate, CartItemRead, CartItemUpdate, CartTicket, CartTotal
from Order.services.availability import available_offers
from Ticket.services import ticket_service
from User.services import user_service
from work.context import Context

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


def add_item(context: Context, body: CartItemCreate) -> CartItemRead:
    """Put a ticket in the cart, or more of it if it is there already."""
    user_service.require_active(context, body.user_id)
    # Kept until the commit, or a deletion in between would break the new line's reference.
    offers = ticket_service.offers(context, [body.ticket_id], keep=True)
    ticket_service.require_on_sale(context, offers.values())
    cart_id, quantity = _raise_quantity(context, body)
    available_offers(context, {body.ticket_id: quantity})
    return _get(context, cart_id)


def change_quantity(context: Context, cart_item_id: int, body: CartItemUpdate) -> CartItemRead:
    # The user before the line, as the deletion of a user locks them.
    user_service.require_active(context, _row(context, cart_item_id).user_id)
    row = _row(context, cart_item_id, lock=True)
    body.require_current(row)
    available_offers(context, {row.ticket_id: body.quantity})
    changed = update(carts).where(carts.c.id == cart_item_id)
    context.session.execute(changed.values(quantity=body.quantity, updated_at=context.now))
    return _get(context, cart_item_id)


def remove_item(context: Context, cart_item_id: int) -> None:
    gone = delete(carts).where(carts.c.id == cart_item_id).returning(carts.c.id)
    if context.session.execute(gone).one_or_none() is None:
        raise CartItemNotFoundError


def clear(context: Context, user_id: int) -> None:
    user_service.require_user(context, user_id)
    context.session.execute(delete(carts).where(carts.c.user_id == user_id))


def list_items(context: Context, user_id: int, query: ListQuery) -> Page[CartItemRead]:
    statement = _lines().where(carts.c.user_id == user_id)
    page = fetch_page(context.session, statement, query, Sorting.of(query.sort, carts.c))
    if not page.items:
        user_service.require_user(context, user_id)
    return page.map(lambda row: _read(context, row))


def get_total(context: Context, user_id: int) -> CartTotal:
    statement = _lines().where(carts.c.user_id == user_id).order_by(carts.c.id)
    items = [_read(context, row) for row in context.session.execute(statement)]
    if not items:
        user_service.require_user(context, user_id)
    return CartTotal(
        user_id=user_id,
        total_items=len(items),
        total_quantity=sum(item.quantity for item in items),
        total_amount=sum((item.line_total for item in items), ZERO),
        currency=context.terms.currency,
        items=items,
    )


def take_all(context: Context, user_id: int) -> dict[int, int]:
    """Empty the cart and return what was in it: {ticket id: quantity}.

    Of two at once, one gets the lines and the other none.
    """
    statement = delete(carts).where(carts.c.user_id == user_id)
    rows = context.session.execute(statement.returning(carts.c.ticket_id, carts.c.quantity))
    return {row.ticket_id: row.quantity for row in rows}


def _raise_quantity(context: Context, body: CartItemCreate) -> tuple[int, int]:
    """One row per user and ticket, also when two requests race: (id, quantity)."""
    line = insert_into(context.session, carts).values(
        **body.model_dump(), created_at=context.now, updated_at=context.now
    )
    statement = line.on_conflict_do_update(
        index_elements=["user_id", "ticket_id"],
        set_={
            "quantity": carts.c.quantity + line.excluded.quantity,
            "updated_at": context.now,
        },
    ).returning(carts.c.id, carts.c.quantity)
    row = context.session.execute(statement).one()
    return row.id, row.quantity


def _row(context: Context, cart_item_id: int, *, lock: bool = False) -> Row[Any]:
    statement = select(*carts.c).where(carts.c.id == cart_item_id)
    if lock:
        statement = statement.with_for_update()
    row = context.session.execute(statement).one_or_none()
    if row is None:
        raise CartItemNotFoundError
    return row


def _lines() -> Select[Any]:
    return select(*carts.c, *_TICKET).join(tickets, tickets.c.id == carts.c.ticket_id)


def _get(context: Context, cart_id: int) -> CartItemRead:
    row = context.session.execute(_lines().where(carts.c.id == cart_id)).one()
    return _read(context, row)


def _read(context: Context, row: Row[Any]) -> CartItemRead:
    return CartItemRead(
        id=row.id,
        user_id=row.user_id,
        ticket_id=row.ticket_id,
        quantity=row.quantity,
        unit_price=row.price,
        line_total=row.price * row.quantity,
        currency=context.terms.currency,
        ticket=CartTicket.model_validate(row),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
