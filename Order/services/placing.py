"""Placing an order: one look at what is on sale, and one message that takes it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, Executable, Integer, bindparam, case, insert, select, true

from core.columns import BigId
from core.money import ZERO, currency
from core.store.dialects import Sql
from core.store.statements import Row, statement
from Ledger.services.ledger_service import NOWHERE, Move, order_moved
from models import OrderStatus, UserOrderRole, order_items, orders, tickets, user_orders, users
from Order.causes import Cause
from Order.errors import OrderTotalLimitError
from Order.schemas.order import OrderItemSold, OrderItemTicket, OrderRead
from Order.services import expiry_service, fairness, order_queries, standing
from Order.services.allowed_actions import BuyerState
from Order.services.references import order_reference
from Ticket.errors import TicketNotFoundError
from Ticket.services import stock_service, ticket_service
from Ticket.services.stock_service import Holding, Shift, Stock
from User.errors import UserInactiveError, UserNotFoundError
from work.context import Context

_PLACED = Move(NOWHERE, OrderStatus.PENDING, Cause.ORDER_PLACED)
_HOLD = Shift(Stock.AVAILABLE, Stock.RESERVED, Cause.ORDER_PLACED)
# What a line keeps of its ticket, as it was when it was ordered.
COPIED = (
    *("event_name", "event_key", "event_date"),
    *("venue", "venue_key", "category", "category_key"),
)
_LINE = ("id", "ticket_id", "quantity", "unit_price", "line_total", *COPIED)
_SERVED = tuple(OrderItemSold.model_fields)
_OF_TICKET = [name for name in OrderItemTicket.model_fields if name in COPIED]
# Of an order that has just been placed.
_NEW: Mapping[str, Any] = {
    "status": OrderStatus.PENDING,
    "amount_paid": ZERO,
    "amount_refunded": ZERO,
    "amount_reopened": ZERO,
    "cancel_reason": None,
    "confirmed_at": None,
    "expired_at": None,
}
_INSERTED = tuple(column.name for column in orders.c)


@dataclass(frozen=True)
class Offers:
    """The tickets that a buyer asked for as they are sold now, by id; and an id for the order.

    The prices are those of this moment: a price that changes before the commit is the next
    order's.
    """

    order_id: int
    tickets: Mapping[int, Row]
    # How long they may be held.
    until: datetime


def look(context: Context, buyer_id: int, quantities: Mapping[int, int]) -> Offers:
    """What the buyer may have; refuses what is not there even if overdue holds end."""
    rows, is_bound = _looked_at(context, buyer_id, quantities)
    found = _found(rows, quantities)
    ticket_service.require_on_sale(context, found.values())
    until = context.now + context.terms.hold
    if is_bound:
        until = _fair_until(context, rows, quantities, until)
    if any(offer.has_overdue for offer in found.values()):
        expiry_service.free_overdue_stock(context, quantities)
        rows = _offers(context, buyer_id, quantities)
        found = _found(rows, quantities)
    ticket_service.require_stock(found.values(), quantities)
    return Offers(rows[0].order_id, found, until)


def place(
    context: Context,
    buyer_id: int,
    offers: Offers,
    quantities: Mapping[int, int],
    *,
    notes: str | None = None,
) -> OrderRead:
    """Write the order with all its lines, take the stock, and tell what was written."""
    lines = _lines(offers.tickets, quantities)
    total = sum((line["line_total"] for line in lines), ZERO)
    require_exact(total)
    order = {
        **_NEW,
        "id": offers.order_id,
        "order_reference": order_reference(),
        "user_id": buyer_id,
        "total_amount": total,
        "notes": notes,
        "expires_at": offers.until,
        "created_at": context.now,
        "updated_at": context.now,
    }
    context.write(_order_written, expecting=1, **{f"new_{name}": order[name] for name in _INSERTED})
    context.write(_owner_written, order_id=offers.order_id, owner_id=buyer_id, since=context.now)
    if lines:
        rows = [tuple(line[name] for name in _LINE) for line in lines]
        context.write(_lines_written, order_id=offers.order_id, lines=rows)
    # Last of all: the tickets' locks are what other buyers wait for.
    state = order_moved(offers.order_id, _PLACED)
    stock_service.take(context, _holdings(offers.order_id, lines), _HOLD, also=[state])
    items = [_served(line, offers.tickets[line["ticket_id"]]) for line in lines]
    # Nobody can have announced a payment for it yet, and only who is active orders.
    placed = SimpleNamespace(**order, is_kept=False, buyer_state=BuyerState.ACTIVE)
    return order_queries.served(context, placed, items)


def require_exact(total: Decimal) -> None:
    """Refuse a total that could not be told to the minor unit."""
    limit = currency().max_amount
    if total > limit:
        raise OrderTotalLimitError(total, limit)


def _looked_at(
    context: Context, buyer_id: int, quantities: Mapping[int, int]
) -> tuple[list[Row], bool]:
    """The offers, and whether they tell as well how the buyer stands, who is bound by that."""
    is_looked_at = fairness.binds(context, buyer_id)
    if not is_looked_at:
        rows = _offers(context, buyer_id, quantities)
        # Whose an API key is was told along with them.
        is_looked_at = fairness.binds(context, buyer_id) and not context.caller.is_box_office
        if not is_looked_at:
            return rows, False
    fairness.take_turn(context, buyer_id)
    wanted = list(quantities.items())
    known = fairness.values(context, buyer_id)
    rows = context.rows(_offered_to_customer, wanted=wanted, **known)
    return rows, not context.caller.is_box_office


def _fair_until(
    context: Context, rows: Sequence[Row], quantities: Mapping[int, int], until: datetime
) -> datetime:
    fairness.require_one_more(context, rows[0])
    offered = [row for row in rows if row.id is not None]
    fairness.require_units(context, offered, quantities)
    return fairness.held_until(context, offered, until)


def _offers(context: Context, buyer_id: int, quantities: Mapping[int, int]) -> list[Row]:
    wanted = list(quantities.items())
    return context.rows(_offered, buyer_id=buyer_id, wanted=wanted, now=context.now)


def _found(rows: Sequence[Row], quantities: Mapping[int, int]) -> dict[int, Row]:
    """The tickets by id, for a buyer who may order."""
    if not rows:
        raise UserNotFoundError
    if not rows[0].is_active:
        raise UserInactiveError
    found = {row.id: row for row in rows if row.id is not None}
    if missing := quantities.keys() - found.keys():
        raise TicketNotFoundError(missing)
    return found


def _lines(offers: Mapping[int, Row], quantities: Mapping[int, int]) -> list[dict[str, Any]]:
    """The lines in the order of their tickets, each as its columns."""
    line_ids = sorted(offer.line_id for offer in offers.values())
    return [
        _line(line_id, offers[ticket_id], quantities[ticket_id])
        for line_id, ticket_id in zip(line_ids, sorted(quantities), strict=True)
    ]


def _line(line_id: int, offer: Row, quantity: int) -> dict[str, Any]:
    price: Decimal = offer.price
    return {
        "id": line_id,
        "ticket_id": offer.id,
        "quantity": quantity,
        "unit_price": price,
        "line_total": price * quantity,
        **{name: getattr(offer, name) for name in COPIED},
    }


def _served(line: Mapping[str, Any], offer: Row) -> dict[str, Any]:
    """A line as it is told; its ticket is still what it was sold as a moment ago."""
    status = ticket_service.status_once_held(offer, line["quantity"])
    ticket = {**{name: line[name] for name in _OF_TICKET}, "status": status}
    return {**{name: line[name] for name in _SERVED}, "ticket": ticket}


def _holdings(order_id: int, lines: Iterable[Mapping[str, Any]]) -> list[Holding]:
    return [
        Holding(order_id, line["ticket_id"], line["quantity"], line["line_total"]) for line in lines
    ]


@statement
def _offered(sql: Sql) -> Executable:
    return _offering(sql)


@statement
def _offered_to_customer(sql: Sql) -> Executable:
    return _offering(sql, *standing.columns(tickets.c.id))


def _offering(sql: Sql, *more: ColumnElement[Any]) -> Executable:
    """The buyer with each of the tickets, or alone where none is there."""
    wanted = sql.rows("wanted", ticket_id=BigId, quantity=Integer())
    order_id = select(sql.new_id(orders)).scalar_subquery()
    # Looked for only where there is not enough.
    is_short = tickets.c.available_quantity < wanted.c.quantity
    has_overdue = case((is_short, expiry_service.overdue_hold_of(tickets.c.id)), else_=False)
    of_ticket = [
        tickets.c[name]
        for name in ("id", "price", "available_quantity", "sale_stopped_as", *COPIED)
    ]
    offered = tickets.join(wanted, tickets.c.id == wanted.c.ticket_id)
    return (
        select(
            users.c.id.label("buyer_id"),
            users.c.is_active,
            order_id.label("order_id"),
            sql.new_id(order_items).label("line_id"),
            *of_ticket,
            has_overdue.label("has_overdue"),
            *more,
        )
        .select_from(users.outerjoin(offered, true()))
        .where(users.c.id == bindparam("buyer_id"))
    )


@statement
def _order_written(sql: Sql) -> Executable:
    """The lock that is shared makes a deactivation wait until the order is made, or this see it."""
    values = [bindparam(f"new_{name}", type_=orders.c[name].type) for name in _INSERTED]
    buyer = select(*values).where(
        users.c.id == bindparam("new_user_id", type_=BigId), users.c.is_active.is_(True)
    )
    return sql.counted(insert(orders).from_select(_INSERTED, buyer.with_for_update(read=True)))


@statement
def _owner_written(_sql: Sql) -> Executable:
    since = bindparam("since", type_=user_orders.c.created_at.type)
    role = bindparam("role", UserOrderRole.OWNER, type_=user_orders.c.role.type)
    owner = select(bindparam("owner_id"), bindparam("order_id"), role, since)
    return insert(user_orders).from_select(["user_id", "order_id", "role", "created_at"], owner)


@statement
def _lines_written(sql: Sql) -> Executable:
    lines = sql.rows("lines", **{name: order_items.c[name].type for name in _LINE})
    rows = select(*lines.c, bindparam("order_id", type_=BigId))
    return insert(order_items).from_select([*_LINE, "order_id"], rows)
