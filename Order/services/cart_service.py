"""Carts: what a user means to buy, at today's prices; no stock is held."""

from typing import Any

from sqlalchemy import Executable, Integer, bindparam, delete, func, select, tuple_, update

from core.columns import BigId
from core.money import ZERO
from core.pagination import ListQuery, Page
from core.store.dialects import Sql
from core.store.listing import Listing, Where
from core.store.statements import Row, statement
from models import carts, tickets, users
from Order.errors import CartItemNotFoundError
from Order.schemas.cart import CartItemCreate, CartItemRead, CartItemUpdate, CartTicket, CartTotal
from Order.services.availability import available_offers
from Ticket.errors import TicketNotFoundError
from Ticket.services import ticket_service
from User.errors import UserInactiveError, UserNotFoundError
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

_SERVED = ("id", "user_id", "ticket_id", "quantity", "created_at", "updated_at")
_LINES = select(*carts.c, *_TICKET).join(tickets, tickets.c.id == carts.c.ticket_id)
_CARTS = Listing(
    _LINES, carts.c, {"user_id": Where("user_id", carts.c.user_id == bindparam("user_id"))}
)


def add_item(context: Context, body: CartItemCreate) -> CartItemRead:
    """Put a ticket in the cart, or more of it if it is there already."""
    line = _available_line(context, body)
    quantity = line.quantity + body.quantity
    context.write(
        _raised,
        expecting=1,
        line_id=line.id,
        buyer_id=body.user_id,
        of_ticket=body.ticket_id,
        now=context.now,
        known=line.quantity,
        raised_to=quantity,
    )
    return _read(context, line, quantity=quantity, updated_at=context.now)


def change_quantity(context: Context, cart_item_id: int, body: CartItemUpdate) -> CartItemRead:
    # The user before the line, as the deletion of a user locks them.
    user_service.require_active(context, _row(context, cart_item_id).user_id)
    row = _row(context, cart_item_id, lock=True)
    context.require_current(body, row)
    if changes := body.changed_in(row):
        available_offers(context, {row.ticket_id: body.quantity})
        changed = update(carts).where(carts.c.id == cart_item_id)
        context.session.execute(changed.values(**changes, updated_at=context.now))
    return _get(context, cart_item_id)


def remove_item(context: Context, cart_item_id: int) -> None:
    gone = delete(carts).where(carts.c.id == cart_item_id).returning(carts.c.updated_at)
    row = context.session.execute(gone).one_or_none()
    if row is None:
        raise CartItemNotFoundError
    # As it went; what is refused now is taken back.
    context.require_meant(row)


def clear(context: Context, user_id: int) -> None:
    user_service.require_user(context, user_id)
    context.session.execute(delete(carts).where(carts.c.user_id == user_id))


def list_items(context: Context, user_id: int, query: ListQuery) -> Page[CartItemRead]:
    page = _CARTS.page(context.rows, query, user_id=user_id)
    if not page.items:
        user_service.require_user(context, user_id)
    return page.map(lambda row: _read(context, row))


def get_total(context: Context, user_id: int) -> CartTotal:
    statement = _LINES.where(carts.c.user_id == user_id).order_by(carts.c.id)
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


def lines_of(context: Context, user_id: int) -> list[Row]:
    """What is in the cart."""
    return context.rows(_in_cart, user_id=user_id)


def take(context: Context, lines: list[Row]) -> None:
    """Take lines out of the cart as they were read: of two at once, one gets them."""
    taken = [(line.id, line.quantity) for line in lines]
    context.write(_taken, expecting=len(taken), lines=taken)


@statement
def _in_cart(_sql: Sql) -> Executable:
    mine = carts.c.user_id == bindparam("user_id")
    return select(carts.c.id, carts.c.ticket_id, carts.c.quantity).where(mine)


@statement
def _taken(sql: Sql) -> Executable:
    lines = sql.rows("lines", id=BigId, quantity=Integer())
    as_read = tuple_(carts.c.id, carts.c.quantity).in_(select(lines.c.id, lines.c.quantity))
    return sql.counted(delete(carts).where(as_read))


def _line_for(context: Context, body: CartItemCreate) -> Row:
    """The line of the ticket in the user's cart; one that is not there yet has no units."""
    row = context.row(_looked_up, buyer_id=body.user_id, of_ticket=body.ticket_id, now=context.now)
    if row is None:
        raise UserNotFoundError
    if not row.is_active:
        raise UserInactiveError
    if row.ticket_id is None:
        raise TicketNotFoundError([body.ticket_id])
    return row


def _available_line(context: Context, body: CartItemCreate) -> Row:
    """The line, if there is as much as it would hold with what is added."""
    line = _line_for(context, body)
    offer = line._replace(id=line.ticket_id)
    ticket_service.require_on_sale(context, [offer])
    quantities = {line.ticket_id: line.quantity + body.quantity}
    if not ticket_service.short_lines([offer], quantities):
        return line
    # Refused, or holds that ran out have ended.
    available_offers(context, quantities)
    return _line_for(context, body)


@statement
def _looked_up(sql: Sql) -> Executable:
    """A user with a ticket, where both are there, and the line of the one with the other."""
    new_id = select(sql.new_id(carts)).scalar_subquery()
    now = bindparam("now", type_=carts.c.created_at.type)
    mine = (carts.c.user_id == users.c.id) & (carts.c.ticket_id == tickets.c.id)
    return (
        select(
            users.c.id.label("user_id"),
            users.c.is_active,
            func.coalesce(carts.c.id, new_id, type_=BigId).label("id"),
            func.coalesce(carts.c.quantity, 0).label("quantity"),
            func.coalesce(carts.c.created_at, now, type_=carts.c.created_at.type).label(
                "created_at"
            ),
            carts.c.updated_at,
            tickets.c.id.label("ticket_id"),
            tickets.c.sale_stopped_as,
            *_TICKET,
        )
        .select_from(
            users.outerjoin(tickets, tickets.c.id == bindparam("of_ticket")).outerjoin(carts, mine)
        )
        .where(users.c.id == bindparam("buyer_id"))
    )


@statement
def _raised(sql: Sql) -> Executable:
    """One line for a user and a ticket, also when two requests race; both are kept until then.

    The lock that is shared makes a deactivation wait until this is done, or this see it.
    """
    columns = ("id", "user_id", "ticket_id", "quantity", "created_at", "updated_at")
    now = bindparam("now", type_=carts.c.created_at.type)
    units = bindparam("raised_to", type_=Integer)
    both = (
        select(bindparam("line_id", type_=BigId), users.c.id, tickets.c.id, units, now, now)
        .where(users.c.id == bindparam("buyer_id"), users.c.is_active.is_(True))
        .where(tickets.c.id == bindparam("of_ticket"))
        .with_for_update(read=True, of=users)
    )
    line = sql.insert(carts).from_select(columns, both)
    return sql.counted(
        line.on_conflict_do_update(
            index_elements=["user_id", "ticket_id"],
            set_={"quantity": line.excluded.quantity, "updated_at": line.excluded.updated_at},
            where=carts.c.quantity == bindparam("known", type_=Integer),
        )
    )


def _row(context: Context, cart_item_id: int, *, lock: bool = False) -> Any:
    statement = select(*carts.c).where(carts.c.id == cart_item_id)
    if lock:
        statement = statement.with_for_update()
    row = context.session.execute(statement).one_or_none()
    if row is None:
        raise CartItemNotFoundError
    return row


def _get(context: Context, cart_id: int) -> CartItemRead:
    row = context.session.execute(_LINES.where(carts.c.id == cart_id)).one()
    return _read(context, row)


def _read(context: Context, row: Row, **changed: Any) -> CartItemRead:
    """A line as it is served, and as it was just changed."""
    line = {**row._mapping, **changed}
    return CartItemRead(
        **{name: line[name] for name in _SERVED},
        unit_price=row.price,
        line_total=row.price * line["quantity"],
        currency=context.terms.currency,
        ticket=CartTicket.model_validate(row),
    )
