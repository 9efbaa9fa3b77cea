"""What a customer holds and has bought, and which holds ended: what fairness is judged by.

Looked at are the customer's orders that are not cancelled (``ix_orders_live``) and what ended
within a day (``ended_holds``); how many orders there are besides does not matter.
"""

from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    Executable,
    Integer,
    Select,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    union_all,
)

from core.columns import BigId
from core.store.dialects import Sql
from core.store.statements import statement
from models import ended_holds, order_items, orders, tickets, users

_TIME = orders.c.expires_at.type
_NOW, _PAUSE_SINCE, _DAY_SINCE = (
    bindparam(name, type_=_TIME) for name in ("now", "pause_since", "day_since")
)
_BUYER: BindParameter[int] = bindparam("buyer_id", type_=BigId)
_ZERO, _ONE = literal_column("0", Integer), literal_column("1", Integer)

# Nobody for an account of the box office, so that its thousands of orders are not looked at.
_CUSTOMER = select(users.c.id).where(
    users.c.id == _BUYER, users.c.role == literal_column("'customer'")
)
# What is not cancelled; a completed order that was paid in full and whose money all went back was
# given back as well. The words stand in the statement, or SQLite would not know that the index has
# all of these.
_LIVE = (
    select(orders.c.id, orders.c.expires_at)
    .where(
        orders.c.user_id == _CUSTOMER.scalar_subquery(),
        orders.c.status != literal_column("'cancelled'"),
        or_(
            orders.c.status != literal_column("'completed'"),
            orders.c.amount_refunded < orders.c.amount_paid,
            orders.c.amount_paid == _ZERO,
            # Due is what was not paid, and what was and came back before the sale.
            orders.c.total_amount > orders.c.amount_paid - orders.c.amount_reopened,
        ),
    )
    .cte("live")
)
_HELD = _LIVE.c.expires_at > _NOW
_LAPSED = _LIVE.c.expires_at <= _NOW


def columns(ticket_id: Column[int]) -> list[ColumnElement[Any]]:
    """How the customer ``buyer_id`` stands at ``now``, in all and with a ticket."""
    return [
        _open_orders().label("open_orders"),
        _unpaid_at().label("unpaid_at"),
        _units(ticket_id).label("units"),
        # Until when the first of the holds lasts; since when one has run out that no sweep ended.
        _end_of(ticket_id, func.min, _HELD).label("first_until"),
        _end_of(ticket_id, func.max, _LAPSED, _LIVE.c.expires_at > _PAUSE_SINCE).label("lapsed_at"),
        _ended(ticket_id, func.max(ended_holds.c.ended_at)).label("ended_at"),
        _ended(ticket_id, func.min(ended_holds.c.held_until)).label("given_back_until"),
    ]


@statement
def of_tickets(sql: Sql) -> Executable:
    """The same, alone."""
    asked = sql.rows("asked", ticket_id=BigId)
    ticket = tickets.c.id
    return select(ticket, *columns(ticket)).where(ticket.in_(select(asked.c.ticket_id)))


@statement
def hold_ended(sql: Sql) -> Executable:
    """Note that pending orders end without being paid, and what they held."""
    meant = sql.rows("ending", order_id=BigId)
    is_meant = orders.c.id.in_(select(meant.c.order_id))
    ended_at = case((orders.c.expires_at < _NOW, orders.c.expires_at), else_=_NOW)
    may_go_on = bindparam("may_go_on", type_=Boolean)
    fields = {
        "user_id": orders.c.user_id,
        "order_id": orders.c.id,
        "has_expired": orders.c.expires_at <= _NOW,
        "ended_at": ended_at,
        "held_until": case((may_go_on, orders.c.expires_at), else_=ended_at),
    }
    named = [column.label(name) for name, column in fields.items()]
    alone = select(*named, cast(null(), BigId).label("ticket_id")).where(is_meant)
    lines = select(*named, order_items.c.ticket_id).distinct().where(is_meant)
    lines = lines.join_from(orders, order_items, order_items.c.order_id == orders.c.id)
    return insert(ended_holds).from_select([*fields, "ticket_id"], union_all(alone, lines))


@statement
def paid_after_all(_sql: Sql) -> Executable:
    return delete(ended_holds).where(ended_holds.c.order_id == bindparam("of_order", type_=BigId))


def _open_orders() -> ColumnElement[int]:
    return select(func.count()).select_from(_LIVE).where(_HELD).scalar_subquery()


def _unpaid_at() -> ColumnElement[Any]:
    """When the one ended with which there are as many as there may be within a day."""
    ended = ended_holds.c
    noted = select(ended.ended_at.label("at")).where(
        ended.user_id == _BUYER, ended.ticket_id.is_(None), ended.ended_at > _DAY_SINCE
    )
    lapsed = select(_LIVE.c.expires_at).where(_LAPSED, _LIVE.c.expires_at > _DAY_SINCE)
    ends = union_all(noted, lapsed).subquery("ends")
    before = bindparam("unpaid_before", type_=Integer)
    last = select(ends.c.at).order_by(ends.c.at.desc()).limit(_ONE).offset(before)
    return last.scalar_subquery()


def _units(ticket_id: Column[int]) -> ColumnElement[int]:
    units = select(func.coalesce(func.sum(_units_of_order(ticket_id)), _ZERO))
    not_lapsed = or_(_LIVE.c.expires_at.is_(None), _HELD)
    return _beside(ticket_id, units.where(not_lapsed))


def _end_of(ticket_id: Column[int], which: Any, *meant: ColumnElement[bool]) -> ColumnElement[Any]:
    ends = select(which(_LIVE.c.expires_at)).where(*meant, _units_of_order(ticket_id) > _ZERO)
    return _beside(ticket_id, ends)


def _units_of_order(ticket_id: Column[int]) -> ColumnElement[int]:
    """Looked for order by order: a ticket that many want has more lines than a customer orders."""
    lines = order_items.c
    units = select(func.coalesce(func.sum(lines.quantity), _ZERO)).where(
        lines.order_id == _LIVE.c.id, lines.ticket_id == ticket_id
    )
    return units.correlate(_LIVE, ticket_id.table).scalar_subquery()


def _ended(ticket_id: Column[int], which: ColumnElement[Any]) -> ColumnElement[Any]:
    ended = ended_holds.c
    since = ended.ended_at > _PAUSE_SINCE
    found = select(which).where(ended.user_id == _BUYER, ended.ticket_id == ticket_id, since)
    return _beside(ticket_id, found)


def _beside(ticket_id: Column[int], found: Select[Any]) -> ColumnElement[Any]:
    return found.correlate(ticket_id.table).scalar_subquery()
