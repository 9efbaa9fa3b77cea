"""Whose orders, cart lines and transactions are."""

from typing import Any

from sqlalchemy import Select, select

from models import UserOrderRole, carts, orders, transactions, user_orders
from Order.errors import CartItemNotFoundError, OrderNotFoundError, TransactionNotFoundError
from work.access import Owned


def _order(order_id: int, user_id: int) -> Select[Any]:
    return select(orders.c.id).where(orders.c.user_id == user_id, orders.c.id == order_id)


def _shared_order(order_id: int, user_id: int) -> Select[Any]:
    return select(user_orders.c.id).where(
        user_orders.c.order_id == order_id,
        user_orders.c.user_id == user_id,
        user_orders.c.role.in_(list(UserOrderRole)),
    )


def _cart_item(cart_item_id: int, user_id: int) -> Select[Any]:
    return select(carts.c.id).where(carts.c.id == cart_item_id, carts.c.user_id == user_id)


def _transaction(transaction_id: int, user_id: int) -> Select[Any]:
    return (
        select(orders.c.id)
        .join(transactions, transactions.c.order_id == orders.c.id)
        .where(orders.c.user_id == user_id, transactions.c.id == transaction_id)
    )


ORDER = Owned("order", OrderNotFoundError, _order)
# The order's owner, and those it is shared with.
SHARED_ORDER = Owned("shared_order", OrderNotFoundError, _shared_order)
CART_ITEM = Owned("cart_item", CartItemNotFoundError, _cart_item)
TRANSACTION = Owned("transaction", TransactionNotFoundError, _transaction)
