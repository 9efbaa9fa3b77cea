"""The present stock of tickets, and what was sold of it in a period.

Here the filters name tickets as they are now, not lines as they were when they were ordered: a
ticket that was renamed since is still the one whose stock they left.
"""

from typing import Any

from sqlalchemy import ColumnElement, Subquery, func, select, union_all

from models import TicketStatus, ticket_sums, tickets
from Order.services.report_facts import Statement, quoted
from Order.services.report_figures import Figures, named, whole
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
    By.VENUE: (tickets.c.venue, tickets.c.venue),
}


def ticket_counts(figures: Figures) -> Statement:
    """Kinds of tickets by their present status."""
    return (
        select(tickets.c.status, func.count().label("rows"))
        .where(*named(tickets, figures))
        .group_by(tickets.c.status)
    )


def stock_by_status(figures: Figures) -> Statement:
    counts = (
        func.count().label("rows"),
        func.sum(tickets.c.reserved_quantity).label("reserved_quantity"),
    )
    return _stock(figures, tickets.c.status, *counts).group_by(tickets.c.status)


def stock_by(figures: Figures, by: By) -> Statement:
    """Tickets whose names differ in case only are one row, under one of the spellings."""
    name, key = _NAMES[by]
    statement = _stock(figures, func.min(name).label(name.name)).group_by(key)
    return statement.order_by(statement.selected_columns.sold_quantity.desc(), key)


def top_selling(figures: Figures) -> Statement:
    sold = _units_sold(figures)
    return (
        select(*_TICKET, sold.c.units.label("sold_quantity"))
        .join_from(sold, tickets, tickets.c.id == sold.c.ticket_id)
        .where(*named(tickets, figures))
        .order_by(sold.c.units.desc(), tickets.c.id)
        .limit(LIMIT)
    )


def low_stock(figures: Figures) -> Statement:
    """Tickets on sale of which at most a tenth is left."""
    scarce = (
        select(*_TICKET)
        .where(
            tickets.c.status == quoted(TicketStatus.AVAILABLE),
            # Whole tenths suffice for whole tickets; ten times a quantity might not fit.
            tickets.c.available_quantity <= tickets.c.total_quantity // 10,
            *named(tickets, figures),
        )
        .order_by(tickets.c.available_quantity, tickets.c.id)
        .limit(LIMIT)
        .subquery("scarce")
    )
    sold = _units_sold(figures)
    units = func.coalesce(sold.c.units, 0).label("sold_quantity")
    return (
        select(*scarce.c, units)
        .join_from(scarce, sold, sold.c.ticket_id == scarce.c.ticket_id, isouter=True)
        .order_by(scarce.c.available_quantity, scarce.c.ticket_id)
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
        .where(*named(tickets, figures))
    )


def _units_sold(figures: Figures) -> Subquery:
    """The units sold of each ticket of which any were."""
    frame = figures.range
    sums = ticket_sums.c
    parts: list[Statement] = [
        select(sums.ticket_id, sums.tickets.label("units")).where(frame.in_sums(sums.period))
    ]
    live = sold_live(figures, frame)
    if live is not None:
        lines = live.subquery("live")
        units = signed(lines, "quantity").label("units")
        parts.append(select(lines.c.ticket_id, units).group_by(lines.c.ticket_id))
    cells = union_all(*parts).subquery("cells")
    added = select(cells.c.ticket_id, whole(cells.c.units).label("units"))
    return added.group_by(cells.c.ticket_id).having(func.sum(cells.c.units) > 0).subquery("sold")
