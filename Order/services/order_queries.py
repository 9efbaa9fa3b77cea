"""Reading orders: one statement tells an order and its lines, so they always fit together."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from core.pagination import ListQuery, Page, Sorting, conditions_of, count_of, next_page, page_of
from core.store.statements import Row
from models import order_items, orders, user_orders
from Order.errors import OrderNotFoundError
from Order.schemas.order import OrderFilters, OrderHistoryEntry, OrderItemRead, OrderList, OrderRead
from Order.services.order_states import allowed_actions, balance_due
from User.services import user_service
from work.context import Context

_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "status": lambda value: orders.c.status == value,
    "order_reference": lambda value: orders.c.order_reference == value.upper(),
    "created_from": lambda value: orders.c.created_at >= value,
    "created_to": lambda value: orders.c.created_at < value,
}
_ITEM_FIELDS = tuple(OrderItemRead.model_fields)
# Both tables have an id and more; the lines' columns go by names of their own.
_ITEM_COLUMNS = [order_items.c[name].label(f"item_{name}") for name in _ITEM_FIELDS]


def get_order(context: Context, order_id: int) -> OrderRead:
    source = select(*orders.c).where(orders.c.id == order_id)
    found = _with_items(context, source)
    if not found:
        raise OrderNotFoundError
    return OrderRead(**_fields_of(context, found[0]))


def list_orders(context: Context, query: OrderList) -> Page[OrderRead]:
    """The box office sees all orders, customers their own."""
    statement = select(*orders.c).where(*conditions_of(query, _FILTERS))
    if query.user_id is not None:
        statement = statement.where(orders.c.user_id == query.user_id)
    if not context.caller.is_box_office:
        statement = statement.where(orders.c.user_id == context.caller.user_id)
    page = _page(context, statement, query, orders.c)
    return page.map(lambda fields: OrderRead(**fields))


def list_orders_of(context: Context, user_id: int, query: OrderFilters) -> Page[OrderHistoryEntry]:
    """The orders that a user bought or that are shared with the user."""
    statement = (
        select(*orders.c, user_orders.c.role)
        .join(user_orders, user_orders.c.order_id == orders.c.id)
        .where(user_orders.c.user_id == user_id, *conditions_of(query, _FILTERS))
    )
    # Sorted by the relation's own column, whose index leads straight to the page.
    columns = {**orders.c, "id": user_orders.c.order_id}
    page = _page(context, statement, query, columns)
    if not page.items:
        user_service.require_user(context, user_id)
    return page.map(lambda fields: OrderHistoryEntry(**fields))


def list_items(context: Context, order_id: int, query: ListQuery) -> Page[OrderItemRead]:
    """The lines of an order."""
    statement = select(*order_items.c).where(order_items.c.order_id == order_id)
    sorting = Sorting.of(query.sort, order_items.c)
    rows = context.session.execute(page_of(statement, query, sorting)).all()
    if not rows:
        require_order(context, order_id)
    total = count_of(context.session, statement, query)
    items = [OrderItemRead.model_validate(row) for row in rows[: query.limit]]
    return Page(items, next_page(rows, query, sorting), total)


def require_order(context: Context, order_id: int) -> None:
    if (
        context.session.execute(select(orders.c.id).where(orders.c.id == order_id)).one_or_none()
        is None
    ):
        raise OrderNotFoundError


def _page(
    context: Context, statement: Select[Any], query: OrderFilters, columns: Any
) -> Page[dict[str, Any]]:
    sorting = Sorting.of(query.sort, columns)
    found = _with_items(context, page_of(statement, query, sorting), query.sort)
    following = next_page([rows[0] for rows in found], query, sorting)
    items = [_fields_of(context, rows) for rows in found[: query.limit]]
    return Page(items, following, count_of(context.session, statement, query))


def _with_items(context: Context, source: Select[Any], sort: str = "id") -> list[list[Row]]:
    """The orders of a statement, each as the rows of its lines (one row if it has none)."""
    page = source.subquery("page")
    statement = (
        select(*page.c, *_ITEM_COLUMNS)
        .join_from(page, order_items, order_items.c.order_id == page.c.id, isouter=True)
        .order_by(*Sorting.of(sort, page.c).clauses(), order_items.c.id)
    )
    rows = context.session.execute(statement)
    return [list(group) for _, group in groupby(rows, key=lambda row: row.id)]


def served(context: Context, order: Any, items: Sequence[Mapping[str, Any]]) -> OrderRead:
    """An order as it is served, from its columns and those of its lines."""
    return OrderRead(**_fields(context, order, vars(order), items))


def _fields(
    context: Context, order: Any, columns: Mapping[str, Any], items: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        **columns,
        "balance_due": balance_due(order),
        "currency": context.terms.currency,
        "items": items,
        "allowed_actions": allowed_actions(order, context.caller, context.now),
    }


def _fields_of(context: Context, rows: list[Row]) -> dict[str, Any]:
    """An order's fields as they are served, from the rows of its lines."""
    items = [_item(row) for row in rows if row.item_id is not None]
    return _fields(context, rows[0], rows[0]._mapping, items)


def _item(row: Row) -> dict[str, Any]:
    return {name: row._mapping[f"item_{name}"] for name in _ITEM_FIELDS}
