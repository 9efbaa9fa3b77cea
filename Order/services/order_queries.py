"""Reading orders: one statement tells an order and its lines, so they always fit together."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import (
    Executable,
    Select,
    bindparam,
    case,
    select,
)

from core.columns import quoted
from core.pagination import ListQuery, Page, Sorting
from core.store.dialects import Sql
from core.store.listing import Around, Ask, Filter, Listing, OneOf, Where
from core.store.statements import Row, statement
from models import (
    order_items,
    orders,
    tickets,
    user_orders,
    users,
)
from Order.errors import OrderNotFoundError
from Order.schemas.order import (
    OrderFilters,
    OrderHistoryEntry,
    OrderItemRead,
    OrderItemSold,
    OrderItemTicket,
    OrderList,
    OrderRead,
)
from Order.services import money_to_come
from Order.services.allowed_actions import BuyerState, allowed_actions, is_a_recipients
from Order.services.order_states import balance_due
from User.services import user_service
from work.context import Context

# What its owner and the box office write to each other about an order.
_PRIVATE: Mapping[str, Any] = {"notes": None, "cancel_reason": None}
_ITEM_FIELDS = tuple(OrderItemSold.model_fields)
_TICKET_FIELDS = tuple(OrderItemTicket.model_fields)
# The tables have an id and more in common; the columns of lines and tickets go by names of their
# own.
_ITEM_COLUMNS = [order_items.c[name].label(f"item_{name}") for name in _ITEM_FIELDS]
_TICKET_COLUMNS = [tickets.c[name].label(f"ticket_{name}") for name in _TICKET_FIELDS]


def _with_items(page: Select[Any], sorting: Sorting) -> Select[Any]:
    """Each order with each of its lines (alone if it has none)."""
    cut = page.subquery("page")
    column = cut.c.id if sorting.by_id else cut.c[str(sorting.column.key)]
    again = Sorting(column, cut.c.id, sorting.descending)
    return (
        select(*cut.c, *_ITEM_COLUMNS, *_TICKET_COLUMNS)
        .join_from(cut, order_items, order_items.c.order_id == cut.c.id, isouter=True)
        .outerjoin(tickets, tickets.c.id == order_items.c.ticket_id)
        .order_by(*again.clauses(), order_items.c.id)
    )


_BUYER_STATE = (
    select(
        case(
            (users.c.erased_at.is_not(None), quoted(BuyerState.ERASED)),
            (users.c.is_active, quoted(BuyerState.ACTIVE)),
            else_=quoted(BuyerState.INACTIVE),
        )
    )
    .where(users.c.id == orders.c.user_id)
    .correlate(orders)
    .scalar_subquery()
    .label("buyer_state")
)
SERVED = (*orders.c, money_to_come.IS_KEPT, _BUYER_STATE)
WITH_ITEMS = Around(_with_items, ties=("item_id",))
_FILTERS: dict[str, Filter] = {
    "status": OneOf("status", orders.c.status),
    "order_reference": OneOf("order_reference", orders.c.order_reference, str.upper),
    "created_from": Where("created_from", orders.c.created_at >= bindparam("created_from")),
    "created_to": Where("created_to", orders.c.created_at < bindparam("created_to")),
}
# What the box office finds orders by; customers find their own.
FILTERS: Mapping[str, Filter] = {**_FILTERS, "user_id": OneOf("user_id", orders.c.user_id)}
_OWN = {"buyer_id": Where("buyer_id", orders.c.user_id == bindparam("buyer_id"))}
_ORDERS = Listing(select(*SERVED), orders.c, {**FILTERS, **_OWN}, WITH_ITEMS)
# Sorted by the relation's own column, whose index leads straight to the page.
_ORDERS_OF = Listing(
    select(*SERVED, user_orders.c.role).join(user_orders, user_orders.c.order_id == orders.c.id),
    {**orders.c, "id": user_orders.c.order_id},
    {
        **_FILTERS,
        "related_id": Where("related_id", user_orders.c.user_id == bindparam("related_id")),
    },
    WITH_ITEMS,
)
_ITEMS = Listing(
    select(*(order_items.c[name] for name in _ITEM_FIELDS), *_TICKET_COLUMNS).join(
        tickets, tickets.c.id == order_items.c.ticket_id
    ),
    order_items.c,
    {"order_id": Where("order_id", order_items.c.order_id == bindparam("order_id"))},
)


@statement
def _order(_sql: Sql) -> Executable:
    page = select(*SERVED).where(orders.c.id == bindparam("order_id"))
    return _with_items(page, Sorting.of("id", orders.c))


def get_order(context: Context, order_id: int) -> OrderRead:
    rows = asking(context)(_order, order_id=order_id)
    if not rows:
        raise OrderNotFoundError
    return OrderRead(**fields_of(context, rows))


def list_orders(context: Context, query: OrderList) -> Page[OrderRead]:
    """The box office sees all orders, customers their own."""
    own = {} if context.caller.is_box_office else {"buyer_id": context.caller.user_id}
    query = query.in_days_of(context.terms.zone)
    page = _ORDERS.gathered(asking(context), query, by_order, **own)
    return page.map(lambda rows: OrderRead(**fields_of(context, rows)))


def list_orders_of(context: Context, user_id: int, query: OrderFilters) -> Page[OrderHistoryEntry]:
    """The orders that a user bought or that are shared with the user."""
    query = query.in_days_of(context.terms.zone)
    page = _ORDERS_OF.gathered(asking(context), query, by_order, related_id=user_id)
    if not page.items:
        user_service.require_user(context, user_id)
    return page.map(lambda rows: OrderHistoryEntry(**fields_of(context, rows)))


def list_items(context: Context, order_id: int, query: ListQuery) -> Page[OrderItemRead]:
    """The lines of an order."""
    page = _ITEMS.page(context.rows, query, order_id=order_id)
    if not page.items:
        require_order(context, order_id)
    return page.map(lambda row: OrderItemRead.model_validate(_line(row, "")))


def require_order(context: Context, order_id: int) -> None:
    if not asking(context)(_order, order_id=order_id):
        raise OrderNotFoundError


def asking(context: Context) -> Ask:
    """Asks for orders as they are served, which depends on the time."""
    return partial(context.rows, failed_since=money_to_come.failed_since(context))


def by_order(rows: list[Row]) -> list[list[Row]]:
    return [list(group) for _, group in groupby(rows, key=lambda row: row.id)]


def served(context: Context, order: Any, items: Sequence[Mapping[str, Any]]) -> OrderRead:
    """An order as it is served, from its columns and those of its lines."""
    return OrderRead(**_fields(context, order, vars(order), items))


def _fields(
    context: Context, order: Any, columns: Mapping[str, Any], items: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    if is_a_recipients(context, order):
        columns = {**columns, **_PRIVATE}
    return {
        **columns,
        "balance_due": balance_due(order),
        "currency": context.terms.currency,
        "items": items,
        "allowed_actions": allowed_actions(context, order, has_items=bool(items)),
    }


def fields_of(context: Context, rows: list[Row]) -> dict[str, Any]:
    """An order's fields as they are served, from the rows of its lines."""
    items = [_line(row, "item_") for row in rows if row.item_id is not None]
    return _fields(context, rows[0], rows[0]._mapping, items)


def _line(row: Row, prefix: str) -> dict[str, Any]:
    """A line with its ticket, whose columns go by names that begin so."""
    columns = row._mapping
    ticket = {name: columns[f"ticket_{name}"] for name in _TICKET_FIELDS}
    return {**{name: columns[prefix + name] for name in _ITEM_FIELDS}, "ticket": ticket}
