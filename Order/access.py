"""Whose orders, cart lines and transactions are."""

from typing import Any

from sqlalchemy import BindParameter, Executable, bindparam, select

from core.store.dialects import Sql
from core.store.statements import statement
from models import carts, orders, transactions, user_orders
from Order.errors import CartItemNotFoundError, OrderNotFoundError, TransactionNotFoundError
from work.access import Owned

_ABOUT: BindParameter[Any] = bindparam("about")
_ASKING: BindParameter[int] = bindparam("asking_id")


@statement
def _order(_sql: Sql) -> Executable:
    return select(orders.c.id).where(orders.c.user_id == _ASKING, orders.c.id == _ABOUT)


@statement
def _shared_order(_sql: Sql) -> Executable:
    related = user_orders.c
    return select(related.id).where(related.order_id == _ABOUT, related.user_id == _ASKING)


@statement
def _cart_item(_sql: Sql) -> Executable:
    return select(carts.c.id).where(carts.c.id == _ABOUT, carts.c.user_id == _ASKING)


@statement
def _transaction(_sql: Sql) -> Executable:
    return (
        select(orders.c.id)
        .join(transactions, transactions.c.order_id == orders.c.id)
        .where(orders.c.user_id == _ASKING, transactions.c.id == _ABOUT)
    )


ORDER = Owned("order", OrderNotFoundError, _order)
# The order's owner, and those it is shared with.
SHARED_ORDER = Owned("shared_order", OrderNotFoundError, _shared_order)
CART_ITEM = Owned("cart_item", CartItemNotFoundError, _cart_item)
TRANSACTION = Owned("transaction", TransactionNotFoundError, _transaction)
