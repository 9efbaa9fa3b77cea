"""The present stock of tickets, and what was sold of it in a period.

The filters name what was sold as it was called then, as in all reports. They select the tickets
that were sold under these names in the period, and those that would be sold under them now.
"""

from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    union_all,
)

from core.columns import BigId, quoted
from core.store.few import one_of_few
from models import TicketStatus, ended_holds, order_items, orders, ticket_sums, tickets
from Order.services.report_facts import Statement
from Order.services.report_figures import Figures, asked_of, named, whole
from Order.services.report_sums import signed
from Order.services.sales_queries import LIMIT, By, sold_live

_TICKET = (
    tickets.c.id.label("ticket_id"),
    tickets.c.event_name,
    tickets.c.total_quantity,
    tickets.c.available_quantity,
)
_NAMES = {
    By.CATEGORY: (tickets.c.category, tickets.c.category_key),
    By.VENUE: (tickets.c.venue, tickets.c.venue_key),
}


def ticket_counts(figures: Figures) -> Statement:
    """Kinds of tickets by their present status."""
    return (
        select(tickets.c.status, func.count().label("rows"))
        .where(*_concerned(figures, _units_sold(figures)))
        .group_by(tickets.c.status)
    )


def stock_by_status(figures: Figures) -> Statement:
    counts = (
        func.count().label("rows"),
        func.sum(tickets.c.reserved_quantity).label("reserved_quantity"),
    )
    return _stock(figures, tickets.c.status, *counts).group_by(tickets.c.status)


def stock_by(figures: Figures, by: By) -> Statement:
    """Tickets whose names have one key are one row, under one of the spellings."""
    name, key = _NAMES[by]
    statement = _stock(figures, func.min(name).label(name.name)).group_by(key)
    return statement.order_by(statement.selected_columns.sold_quantity.desc(), key)


def top_selling(figures: Figures) -> Statement:
    sold = _units_sold(figures)
    return (
        select(*_TICKET, sold.c.units.label("sold_quantity"))
        .join_from(sold, tickets, tickets.c.id == sold.c.ticket_id)
        .order_by(sold.c.units.desc(), tickets.c.id)
        .limit(LIMIT)
    )


def low_stock(figures: Figures) -> Statement:
    """Tickets on sale of which at most a tenth is left."""
    sold = _units_sold(figures)
    scarce = (
        select(*_TICKET)
        .where(
            tickets.c.status == quoted(TicketStatus.AVAILABLE),
            # Whole tenths suffice for whole tickets; ten times a quantity might not fit.
            tickets.c.available_quantity <= tickets.c.total_quantity // 10,
            *_concerned(figures, sold),
        )
        .order_by(tickets.c.available_quantity, tickets.c.id)
        .limit(LIMIT)
        .subquery("scarce")
    )
    units = func.coalesce(sold.c.units, 0).label("sold_quantity")
    return (
        select(*scarce.c, units)
        .join_from(scarce, sold, sold.c.ticket_id == scarce.c.ticket_id, isouter=True)
        .order_by(scarce.c.available_quantity, scarce.c.ticket_id)
    )


def most_held(figures: Figures) -> Statement:
    """Tickets of which one user holds most: what pending orders hold, and what just ran out."""
    by_user = _held_by_user(figures).subquery("by_user")
    is_largest = by_user.c.place == literal_column("1")
    parts = (
        select(
            by_user.c.ticket_id,
            by_user.c.user_id,
            by_user.c.units,
            case((is_largest, by_user.c.user_id)).label("largest_holder"),
            literal_column("0", BigInteger).label("expired"),
        ),
        _just_expired(),
    )
    cells = union_all(*parts).subquery("cells")
    held = (
        select(
            cells.c.ticket_id,
            func.count(cells.c.user_id).label("holders"),
            whole(cells.c.units).label("held_quantity"),
            func.max(cells.c.units).label("largest_holding"),
            func.max(cells.c.largest_holder).label("largest_holder"),
            whole(cells.c.expired).label("expired_holds"),
        )
        .group_by(cells.c.ticket_id)
        .subquery("held")
    )
    ticket = (tickets.c.id.label("ticket_id"), tickets.c.event_name, tickets.c.total_quantity)
    columns = [column for column in held.c if column.name != "ticket_id"]
    return (
        select(*ticket, *columns)
        .join_from(held, tickets, tickets.c.id == held.c.ticket_id)
        .where(*_held_or_named(figures, held))
        .order_by(held.c.largest_holding.desc(), held.c.expired_holds.desc(), tickets.c.id)
        .limit(LIMIT)
    )


def _held_or_named(figures: Figures, held: Subquery) -> list[ColumnElement[bool]]:
    """What ran out left no name but the ticket's own."""
    if not figures.is_filtered:
        return []
    return [or_(held.c.holders > literal_column("0"), and_(*named(tickets, figures)))]


def _held_by_user(figures: Figures) -> Select[Any]:
    """Begins with the orders that have an ``expires_at``: there are few, however many were made."""
    lines = order_items.c
    now = bindparam("now", type_=orders.c.expires_at.type)
    live = orders.alias("live")
    units = cast(func.sum(lines.quantity), BigInteger)
    largest_first = func.row_number().over(
        partition_by=lines.ticket_id, order_by=(units.desc(), orders.c.user_id)
    )
    return (
        select(
            lines.ticket_id,
            orders.c.user_id,
            units.label("units"),
            largest_first.label("place"),
        )
        .join_from(orders, order_items, lines.order_id == orders.c.id)
        .where(
            orders.c.expires_at > now,
            one_of_few(orders.c.id, select(live.c.id).where(live.c.expires_at > now)),
            *named(order_items, figures),
        )
        .group_by(lines.ticket_id, orders.c.user_id)
    )


def _just_expired() -> Select[Any]:
    ended = ended_holds.c
    day_since = bindparam("day_since", type_=ended.ended_at.type)
    nobody, none = cast(null(), BigId), literal_column("0", BigInteger)
    return (
        select(ended.ticket_id, nobody, none, nobody, func.count())
        .where(ended.ended_at > day_since, ended.ticket_id.is_not(None), ended.has_expired)
        .group_by(ended.ticket_id)
    )


def _stock(figures: Figures, *columns: ColumnElement[Any]) -> Statement:
    sold = _units_sold(figures)
    return (
        select(
            *columns,
            func.sum(tickets.c.total_quantity).label("total_quantity"),
            func.sum(tickets.c.available_quantity).label("available_quantity"),
            whole(sold.c.units).label("sold_quantity"),
        )
        .join_from(tickets, sold, sold.c.ticket_id == tickets.c.id, isouter=True)
        .where(*_concerned(figures, sold))
    )


def _concerned(figures: Figures, sold: CTE) -> list[ColumnElement[bool]]:
    """Tickets that were sold under the names asked for, and those that are called so now."""
    if not figures.is_filtered:
        return []
    called = select(tickets.c.id).where(*named(tickets, figures))
    return [tickets.c.id.in_(called.union(select(sold.c.ticket_id)))]


def _units_sold(figures: Figures) -> CTE:
    """The units sold of each ticket of which any were, under the names asked for."""
    frame = figures.range
    sums = ticket_sums.c
    parts: list[Statement] = [
        select(sums.ticket_id, sums.tickets.label("units")).where(
            frame.in_sums(sums.period), *asked_of(ticket_sums, figures)
        )
    ]
    live = sold_live(figures, frame)
    if live is not None:
        lines = live.subquery("live")
        units = signed(lines, "quantity").label("units")
        sold = select(lines.c.ticket_id, units).where(*named(lines, figures))
        parts.append(sold.group_by(lines.c.ticket_id))
    cells = union_all(*parts).subquery("cells")
    added = select(cells.c.ticket_id, whole(cells.c.units).label("units"))
    return added.group_by(cells.c.ticket_id).having(func.sum(cells.c.units) > 0).cte("sold_tickets")
