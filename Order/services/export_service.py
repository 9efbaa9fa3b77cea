"""Exports: all rows that match, as lines of a file, page after page of one snapshot."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select

from core.pagination import ExportQuery
from core.periods import require_room
from core.spreadsheets import Cell, Table, amount, moment, plain, words
from core.store.listing import Listing, Where
from core.store.statements import Row
from core.text import name_key
from core.zones import time_zone
from models import order_items, orders, transactions
from Order.schemas.exports import OrderExport, SalesExport, TransactionExport
from Order.services.order_queries import FILTERS as ORDER_FILTERS
from Order.services.order_states import balance_due
from Order.services.report_facts import is_sold
from Order.services.transaction_service import FILTERS as TRANSACTION_FILTERS
from work.context import Context


@dataclass(frozen=True)
class _Field:
    """A column of a file: how it is written, and what it tells, if that is no column of the row."""

    written: Cell = plain
    told: Callable[[Context, Row], Any] | None = None


_CURRENCY = _Field(told=lambda context, _row: context.terms.currency)
_TICKETS = (
    select(func.coalesce(func.sum(order_items.c.quantity), 0))
    .where(order_items.c.order_id == orders.c.id)
    .correlate(orders)
    .scalar_subquery()
    .label("tickets")
)

_ORDERS = Listing(select(*orders.c, _TICKETS), orders.c, ORDER_FILTERS)
_ORDER_FIELDS: Mapping[str, _Field] = {
    "id": _Field(),
    "order_reference": _Field(),
    "user_id": _Field(),
    "status": _Field(),
    "tickets": _Field(),
    "total_amount": _Field(amount),
    "amount_paid": _Field(amount),
    "amount_refunded": _Field(amount),
    "balance_due": _Field(amount, lambda _context, row: balance_due(row)),
    "currency": _CURRENCY,
    "notes": _Field(words),
    "cancel_reason": _Field(words),
    "expires_at": _Field(moment),
    "confirmed_at": _Field(moment),
    "created_at": _Field(moment),
    "updated_at": _Field(moment),
}

_TRANSACTIONS = Listing(select(*transactions.c), transactions.c, TRANSACTION_FILTERS)
_TRANSACTION_FIELDS: Mapping[str, _Field] = {
    "id": _Field(),
    "transaction_number": _Field(),
    "order_id": _Field(),
    "status": _Field(),
    "amount": _Field(amount),
    "refunded_amount": _Field(amount),
    "currency": _CURRENCY,
    "payment_method": _Field(words),
    "transaction_reference": _Field(words),
    "provider": _Field(),
    "provider_reference": _Field(words),
    "failure_reason": _Field(words),
    "succeeded_at": _Field(moment),
    "created_at": _Field(moment),
    "updated_at": _Field(moment),
}

# What `/sales` adds up: the lines of confirmed and completed orders.
_SALES = Listing(
    select(order_items, orders.c.order_reference, orders.c.user_id, orders.c.confirmed_at)
    .join(orders, orders.c.id == order_items.c.order_id)
    .where(is_sold()),
    order_items.c,
    {
        "start": Where("start", orders.c.confirmed_at >= bindparam("start")),
        "end": Where("end", orders.c.confirmed_at < bindparam("end")),
        "event_name": Where(
            "event_name", order_items.c.event_key == bindparam("event_name"), name_key
        ),
        "category": Where(
            "category", order_items.c.category_key == bindparam("category"), name_key
        ),
    },
)
_SALES_FIELDS: Mapping[str, _Field] = {
    "id": _Field(),
    "order_id": _Field(),
    "order_reference": _Field(),
    "user_id": _Field(),
    "confirmed_at": _Field(moment),
    "ticket_id": _Field(),
    "event_name": _Field(words),
    "event_date": _Field(moment),
    "venue": _Field(words),
    "category": _Field(words),
    "quantity": _Field(),
    "unit_price": _Field(amount),
    "line_total": _Field(amount),
    "currency": _CURRENCY,
}


def export_orders(context: Context, query: OrderExport) -> Iterator[bytes]:
    query = query.in_days_of(context.terms.zone)
    return _file(context, query, _ORDER_FIELDS, _ORDERS.every(context.pages, query))


def export_transactions(context: Context, query: TransactionExport) -> Iterator[bytes]:
    return _file(context, query, _TRANSACTION_FIELDS, _TRANSACTIONS.every(context.pages, query))


def export_sales(context: Context, query: SalesExport) -> Iterator[bytes]:
    """A line for each that was sold in the range, as `/sales` has added them up."""
    zone = time_zone(query.timezone) if query.timezone else context.terms.zone
    query = query.in_days_of(zone)
    require_room(query.start, query.end)
    return _file(context, query, _SALES_FIELDS, _SALES.every(context.pages, query))


def _file(
    context: Context,
    query: ExportQuery,
    fields: Mapping[str, _Field],
    pages: Iterator[list[Row]],
) -> Iterator[bytes]:
    table = Table({name: one.written for name, one in fields.items()}, excel=query.excel)
    return table.pieces([_told(context, fields, row) for row in page] for page in pages)


def _told(context: Context, fields: Mapping[str, _Field], row: Row) -> Sequence[Any]:
    columns = row._mapping
    return [one.told(context, row) if one.told else columns[name] for name, one in fields.items()]
