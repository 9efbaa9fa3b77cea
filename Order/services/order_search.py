"""Orders by what a person at the counter knows of theirs: a reference, a name or an event."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select, union

from core.pagination import Page
from core.store.listing import Listing, containing, pattern
from core.text import account_key
from models import order_items, orders, tickets, users
from Order.schemas.order import Buyer, OrderFound, OrderSearch
from Order.services.order_queries import FILTERS, SERVED, WITH_ITEMS, asking, by_order, fields_of
from Order.services.references import beginning_with
from Ticket.services.ticket_service import telling_words
from work.context import Context

_BUYER = {name: f"buyer_{name}" for name in Buyer.model_fields}


class _Known:
    """What is known of an order. Each way to find some is a set of its own, made of indexes and of
    one look at the names of buyers and tickets, for a row that may match in either of three ways
    would have all orders be looked at.
    """

    def kind(self, value: str) -> tuple[int, bool]:
        return len(telling_words(value)), beginning_with(value) is not None

    def condition(self, kind: tuple[int, bool]) -> ColumnElement[bool]:
        words, may_be_reference = kind
        ways = [_of_buyers(words), _of_tickets(words)]
        if may_be_reference:
            ways.append(_of_reference())
        return orders.c.id.in_(union(*ways))

    def values(self, value: str) -> Mapping[str, Any]:
        said = {f"q_{n}": pattern(word) for n, word in enumerate(telling_words(value))}
        first_and_last = dict(zip(("q_first", "q_last"), beginning_with(value) or (), strict=False))
        return {**said, **first_and_last, "q_address": account_key(value)}


def _of_buyers(words: int) -> Select[Any]:
    named = or_(_has_words(users.c.search_text, words), users.c.email_key == bindparam("q_address"))
    return select(orders.c.id).where(orders.c.user_id.in_(select(users.c.id).where(named)))


def _of_tickets(words: int) -> Select[Any]:
    named = select(tickets.c.id).where(_has_words(tickets.c.search_text, words))
    return select(order_items.c.order_id).where(order_items.c.ticket_id.in_(named))


def _of_reference() -> Select[Any]:
    begins_so = orders.c.order_reference.between(bindparam("q_first"), bindparam("q_last"))
    return select(orders.c.id).where(begins_so)


def _has_words(column: ColumnElement[str], words: int) -> ColumnElement[bool]:
    return and_(*(containing(column, f"q_{n}") for n in range(words)))


_FOUND = Listing(
    select(*SERVED, *(users.c[name].label(label) for name, label in _BUYER.items())).join(
        users, users.c.id == orders.c.user_id
    ),
    orders.c,
    {**FILTERS, "q": _Known()},
    WITH_ITEMS,
)


def search_orders(context: Context, query: OrderSearch) -> Page[OrderFound]:
    query = query.in_days_of(context.terms.zone)
    page = _FOUND.gathered(asking(context), query, by_order)
    return page.map(lambda rows: _read(context, rows))


def _read(context: Context, rows: list[Any]) -> OrderFound:
    columns = rows[0]._mapping
    buyer = Buyer(**{name: columns[label] for name, label in _BUYER.items()})
    return OrderFound(**fields_of(context, rows), buyer=buyer)
