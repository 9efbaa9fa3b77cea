"""The statements of the reports as they are without sums: each adds up all rows.

Sold are the lines of confirmed and completed orders, on the day that the order was confirmed.
Gross is money that succeeded, on the day that it did; what went back of it is told beside it,
on that same day, so that a period's net is what is left of its own payments.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Table,
    and_,
    exists,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
)

from core.money import ZERO, Money
from core.text import name_key
from models import (
    TicketStatus,
    TransactionStatus,
    disputes,
    order_items,
    orders,
    tickets,
    transactions,
    users,
)
from Order.schemas.analytics import AnalyticsQuery
from Order.services.order_states import SOLD

Statement: TypeAlias = Select[*tuple[Any, ...]]

# How many rows the lists of the best, the latest and the scarcest have.
TOP = 10
RECEIVED = (TransactionStatus.SUCCESS, TransactionStatus.REFUNDED)

_ORDERS = func.count(order_items.c.order_id.distinct())
_UNITS = func.coalesce(func.sum(order_items.c.quantity), 0)
_REVENUE = func.coalesce(func.sum(order_items.c.line_total), ZERO)
_SALES: Sequence[ColumnElement[Any]] = (
    _ORDERS.label("orders"),
    _UNITS.label("tickets_sold"),
    _REVENUE.label("revenue"),
)
# SQLAlchemy takes a difference of money for a bare integer, of cents.
_LEFT = type_coerce(transactions.c.amount - transactions.c.refunded_amount, Money)
_GROSS = func.coalesce(func.sum(transactions.c.amount), ZERO)
_MONEY: Sequence[ColumnElement[Any]] = (
    _GROSS.label("gross"),
    func.coalesce(func.sum(transactions.c.refunded_amount), ZERO).label("refunded"),
    func.coalesce(func.sum(_LEFT), ZERO).label("net"),
)
_TICKET = (
    tickets.c.id.label("ticket_id"),
    tickets.c.event_name,
    tickets.c.total_quantity,
    tickets.c.available_quantity,
)


def sales(query: AnalyticsQuery) -> Statement:
    return sold(query, *_SALES)


def sales_by(query: AnalyticsQuery, name: Column[Any], key: Column[Any]) -> Statement:
    """Lines whose names have one key are one row, under one of the spellings."""
    statement = sold(query, func.min(name).label(name.name), *_SALES)
    return statement.group_by(key).order_by(_REVENUE.desc(), key)


def money(query: AnalyticsQuery) -> Statement:
    return received(query, *_MONEY)


def disputed(query: AnalyticsQuery, currency: str) -> Statement:
    """The disputes that the shop has not won, by when it heard of them."""
    asked = disputes.c
    return (
        select(func.coalesce(func.sum(type_coerce(asked.minor_units, Money)), ZERO))
        .join_from(disputes, transactions, transactions.c.id == asked.transaction_id)
        .where(asked.status.in_(["open", "lost"]), asked.currency == currency)
        .where(*within(asked.created_at, query), *_holding(transactions.c.order_id, query))
    )


def money_by_method(query: AnalyticsQuery) -> Statement:
    spelled = func.min(transactions.c.payment_method).label("payment_method")
    payments, key = func.count().label("transactions"), transactions.c.payment_method_key
    statement = received(query, spelled, payments, *_MONEY)
    return statement.group_by(key).order_by(_GROSS.desc(), key)


def status_counts(query: AnalyticsQuery, table: Table, order_id: Column[int]) -> Statement:
    """Orders, or transactions of orders, created in the period."""
    return (
        select(table.c.status, func.count().label("rows"))
        .where(*within(table.c.created_at, query), *_holding(order_id, query))
        .group_by(table.c.status)
    )


def recent_orders(query: AnalyticsQuery) -> Statement:
    columns = ("id", "order_reference", "user_id", "status", "total_amount", "created_at")
    return (
        select(*(orders.c[name] for name in columns))
        .where(*within(orders.c.created_at, query), *_holding(orders.c.id, query))
        .order_by(orders.c.created_at.desc(), orders.c.id.desc())
        .limit(TOP)
    )


def user_counts(query: AnalyticsQuery) -> Statement:
    active = users.c.is_active.is_(True)
    return select(
        func.count().label("total_users"),
        func.count().filter(active).label("active_users"),
        func.count().filter(~active).label("inactive_users"),
        func.count().filter(and_(True, *within(users.c.created_at, query))).label("new_users"),
    ).select_from(users)


def loyalty(query: AnalyticsQuery) -> Statement:
    """How many customers came back, and how many tickets all of them bought."""
    customers = _customers(query).subquery("customers")
    return select(
        func.count().filter(customers.c.orders > 1).label("returning_users"),
        func.coalesce(func.sum(customers.c.tickets), 0).label("tickets"),
    ).select_from(customers)


def top_customers(query: AnalyticsQuery) -> Statement:
    customers = _customers(query).subquery("customers")
    return (
        select(*customers.c, users.c.username)
        .join_from(customers, users, users.c.id == customers.c.user_id)
        .order_by(customers.c.spent.desc(), customers.c.user_id)
        .limit(TOP)
    )


def ticket_counts(query: AnalyticsQuery) -> Statement:
    """Kinds of tickets by their present status."""
    return (
        select(tickets.c.status, func.count().label("rows"))
        .where(*concerned_tickets(query))
        .group_by(tickets.c.status)
    )


def named_tickets(query: AnalyticsQuery) -> Statement:
    return select(*tickets.c).where(*_named(tickets, query))


def held_lines(query: AnalyticsQuery) -> Statement:
    """What pending orders hold, under the names as which it was ordered."""
    line = order_items.c
    lines = select(line.ticket_id, orders.c.user_id, line.quantity)
    pending = lines.join_from(orders, order_items, line.order_id == orders.c.id)
    return pending.where(*_named(order_items, query))


def concerned_tickets(query: AnalyticsQuery) -> list[ColumnElement[bool]]:
    """Those that are called as the filters say, or were sold under these names in the period."""
    if not (named := _named(tickets, query)):
        return []
    return [or_(and_(*named), tickets.c.id.in_(sold(query, order_items.c.ticket_id)))]


def stock_by_status(query: AnalyticsQuery) -> Statement:
    counts = (
        func.count().label("rows"),
        func.sum(tickets.c.reserved_quantity).label("reserved_quantity"),
    )
    return _stock(query, tickets.c.status, *counts).group_by(tickets.c.status)


def stock_by(query: AnalyticsQuery, name: Column[Any], key: Column[Any]) -> Statement:
    """Like :func:`sales_by`."""
    statement = _stock(query, func.min(name).label(name.name)).group_by(key)
    return statement.order_by(statement.selected_columns.sold_quantity.desc(), key)


def top_selling(query: AnalyticsQuery) -> Statement:
    units = _units_sold(query).subquery("sold")
    return (
        select(*_TICKET, units.c.units.label("sold_quantity"))
        .join_from(units, tickets, tickets.c.id == units.c.ticket_id)
        .order_by(units.c.units.desc(), tickets.c.id)
        .limit(TOP)
    )


def low_stock(query: AnalyticsQuery) -> Statement:
    """Tickets on sale of which at most a tenth is left."""
    scarce = (
        select(*_TICKET)
        .where(
            tickets.c.status == TicketStatus.AVAILABLE.value,
            # Whole tenths suffice for whole tickets; ten times a quantity might not fit.
            tickets.c.available_quantity <= tickets.c.total_quantity // 10,
            *concerned_tickets(query),
        )
        .order_by(tickets.c.available_quantity, tickets.c.id)
        .limit(TOP)
        .subquery("scarce")
    )
    # For these few, looking each one's lines up costs less than adding up all that was sold.
    units = sold(query, _UNITS)
    of_ticket = units.where(order_items.c.ticket_id == scarce.c.ticket_id).scalar_subquery()
    return select(*scarce.c, of_ticket.label("sold_quantity")).order_by(
        scarce.c.available_quantity, scarce.c.ticket_id
    )


def sold(query: AnalyticsQuery, *columns: ColumnElement[Any]) -> Statement:
    """Columns of the sold lines that the filters name, as they were called then."""
    return (
        select(*columns)
        .join_from(orders, order_items, order_items.c.order_id == orders.c.id)
        .where(orders.c.status.in_(SOLD), *within(orders.c.confirmed_at, query))
        .where(*_named(order_items, query))
    )


def received(query: AnalyticsQuery, *columns: ColumnElement[Any]) -> Statement:
    """Columns of the money that succeeded, whatever became of it."""
    return select(*columns).where(
        transactions.c.status.in_(RECEIVED),
        *within(transactions.c.succeeded_at, query),
        *_holding(transactions.c.order_id, query),
    )


def _customers(query: AnalyticsQuery) -> Statement:
    figures = (_ORDERS.label("orders"), _UNITS.label("tickets"), _REVENUE.label("spent"))
    user_id = _unindexed(orders.c.user_id)
    return sold(query, user_id.label("user_id"), *figures).group_by(user_id)


def _stock(query: AnalyticsQuery, *columns: ColumnElement[Any]) -> Statement:
    """The present stock of the tickets that the filters name, and what was sold of it."""
    units = _units_sold(query).subquery("sold")
    return (
        select(
            *columns,
            func.sum(tickets.c.total_quantity).label("total_quantity"),
            func.sum(tickets.c.available_quantity).label("available_quantity"),
            func.coalesce(func.sum(units.c.units), 0).label("sold_quantity"),
        )
        .join_from(tickets, units, units.c.ticket_id == tickets.c.id, isouter=True)
        .where(*concerned_tickets(query))
    )


def _units_sold(query: AnalyticsQuery) -> Statement:
    """The units sold of each ticket, under the names asked for."""
    units = func.sum(order_items.c.quantity).label("units")
    ticket_id = _unindexed(order_items.c.ticket_id)
    return sold(query, ticket_id.label("ticket_id"), units).group_by(ticket_id)


def _unindexed(key: Column[int]) -> ColumnElement[int]:
    """A key to group all rows by.

    SQLite would follow the key's index to have the rows in order, and fetch each from another
    page: of 200,000 orders that takes five times as long as grouping them as they lie.
    """
    return key + literal_column("0")


def within(moment: Column[datetime], query: AnalyticsQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.start is not None:
        conditions.append(moment >= query.start)
    if query.end is not None:
        conditions.append(moment < query.end)
    return conditions


def _named(table: Table, query: AnalyticsQuery) -> list[ColumnElement[bool]]:
    """Order lines or tickets of the event and the category asked for."""
    conditions: list[ColumnElement[bool]] = []
    if query.event_name is not None:
        conditions.append(table.c.event_key == name_key(query.event_name))
    if query.category is not None:
        conditions.append(table.c.category_key == name_key(query.category))
    return conditions


def _holding(order_id: Column[int], query: AnalyticsQuery) -> list[ColumnElement[bool]]:
    """Orders with at least one line that the filters name."""
    named = _named(order_items, query)
    return [exists().where(order_items.c.order_id == order_id, *named)] if named else []
