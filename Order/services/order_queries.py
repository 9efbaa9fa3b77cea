"""Reading orders: one statement tells an order and its lines, so they always fit together."""

from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select
from sqlmodel import Session

from core.caller import Caller
from core.pagination import ListQuery, Page, Sorting, count_of, next_page, page_of
from models import order_items, orders, user_orders
from Order.errors import OrderNotFoundError
from Order.schemas.order import (
    OrderFilters,
    OrderHistoryEntry,
    OrderItemRead,
    OrderList,
    OrderRead,
)
from Order.services import user_service
from Order.services.order_states import allowed_actions, balance_due

_ITEM_FIELDS = tuple(OrderItemRead.model_fields)
# Both tables have an id and more; the lines' columns go by names of their own.
_ITEM_COLUMNS = [order_items.c[name].label(f"item_{name}") for name in _ITEM_FIELDS]


def get_order(
    session: Session, order_id: int, *, caller: Caller, currency: str, now: datetime
) -> OrderRead:
    source = select(*orders.c).where(orders.c.id == order_id)
    found = _with_items(session, source)
    if not found:
        raise OrderNotFoundError
    return OrderRead(**_fields(found[0], caller, currency, now))


def list_orders(
    session: Session, query: OrderList, *, caller: Caller, currency: str, now: datetime
) -> Page[OrderRead]:
    """The box office sees all orders, customers their own."""
    statement = select(*orders.c).where(*_conditions(query))
    if query.user_id is not None:
        statement = statement.where(orders.c.user_id == query.user_id)
    if not caller.is_box_office:
        statement = statement.where(orders.c.user_id == caller.user_id)
    page = _page(session, statement, query, orders.c, caller=caller, currency=currency, now=now)
    return Page([OrderRead(**fields) for fields in page.items], page.next, page.total)


def list_history(
    session: Session,
    user_id: int,
    query: OrderFilters,
    *,
    caller: Caller,
    currency: str,
    now: datetime,
) -> Page[OrderHistoryEntry]:
    """The orders that a user bought or that are shared with the user."""
    statement = (
        select(*orders.c, user_orders.c.role)
        .join(user_orders, user_orders.c.order_id == orders.c.id)
        .where(user_orders.c.user_id == user_id, *_conditions(query))
    )
    # Sorted by the relation's own column, whose index leads straight to the page.
    columns = {**orders.c, "id": user_orders.c.order_id}
    page = _page(session, statement, query, columns, caller=caller, currency=currency, now=now)
    if not page.items:
        user_service.require_user(session, user_id)
    return Page([OrderHistoryEntry(**fields) for fields in page.items], page.next, page.total)


def list_items(session: Session, order_id: int, query: ListQuery) -> Page[OrderItemRead]:
    """The lines of an order."""
    statement = select(*order_items.c).where(order_items.c.order_id == order_id)
    sorting = Sorting.of(query.sort, order_items.c)
    rows = session.execute(page_of(statement, query, sorting)).all()
    if not rows:
        require_order(session, order_id)
    total = count_of(session, statement, query)
    items = [OrderItemRead.model_validate(row) for row in rows[: query.limit]]
    return Page(items, next_page(rows, query, sorting), total)


def require_order(session: Session, order_id: int) -> None:
    if session.execute(select(orders.c.id).where(orders.c.id == order_id)).one_or_none() is None:
        raise OrderNotFoundError


def _conditions(query: OrderFilters) -> list[ColumnElement[bool]]:
    columns = orders.c
    conditions: dict[str, Any] = {
        "status": lambda value: columns.status == value,
        "order_reference": lambda value: columns.order_reference == value.upper(),
        "created_from": lambda value: columns.created_at >= value,
        "created_to": lambda value: columns.created_at < value,
    }
    return [
        condition(value)
        for name, condition in conditions.items()
        if (value := getattr(query, name)) is not None
    ]


def _page(
    session: Session,
    statement: Select[Any],
    query: OrderFilters,
    columns: Any,
    *,
    caller: Caller,
    currency: str,
    now: datetime,
) -> Page[dict[str, Any]]:
    sorting = Sorting.of(query.sort, columns)
    found = _with_items(session, page_of(statement, query, sorting), query.sort)
    following = next_page([rows[0] for rows in found], query, sorting)
    items = [_fields(rows, caller, currency, now) for rows in found[: query.limit]]
    return Page(items, following, count_of(session, statement, query))


def _with_items(session: Session, source: Select[Any], sort: str = "id") -> list[list[Row[Any]]]:
    """The orders of a statement, each as the rows of its lines (one row if it has none)."""
    page = source.subquery("page")
    statement = (
        select(*page.c, *_ITEM_COLUMNS)
        .join_from(page, order_items, order_items.c.order_id == page.c.id, isouter=True)
        .order_by(*Sorting.of(sort, page.c).clauses(), order_items.c.id)
    )
    rows = session.execute(statement)
    return [list(group) for _, group in groupby(rows, key=lambda row: row.id)]


def _fields(rows: list[Row[Any]], caller: Caller, currency: str, now: datetime) -> dict[str, Any]:
    """An order's fields as they are served, from the rows of its lines."""
    order = rows[0]
    return {
        **order._mapping,
        "balance_due": balance_due(order),
        "currency": currency,
        "items": [_item(row) for row in rows if row.item_id is not None],
        "allowed_actions": allowed_actions(order, caller, now),
    }


def _item(row: Row[Any]) -> dict[str, Any]:
    return {name: row._mapping[f"item_{name}"] for name in _ITEM_FIELDS}
