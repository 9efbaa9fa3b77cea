"""The map of all tables and enums; they are written down in ``tables/``, by domain.

The tables hold every rule that a database can hold, under names that the errors of the domains and
the migrations refer to. Services read and write them as Core tables (``tickets.c.price``): on hot
paths that costs half of what ORM objects cost.
"""

from tables.accounts import ApiKey, LoginSession, User, UserRole, api_keys, login_sessions, users
from tables.ledger import Movement, MovementKind, movements
from tables.orders import (
    Cart,
    Order,
    OrderItem,
    OrderStatus,
    Transaction,
    TransactionStatus,
    UserOrder,
    UserOrderRole,
    carts,
    order_items,
    orders,
    transactions,
    user_orders,
)
from tables.requests import IdempotencyKey, idempotency_keys
from tables.tickets import Ticket, TicketStatus, tickets

__all__ = [
    "ApiKey",
    "Cart",
    "IdempotencyKey",
    "LoginSession",
    "Movement",
    "MovementKind",
    "Order",
    "OrderItem",
    "OrderStatus",
    "Ticket",
    "TicketStatus",
    "Transaction",
    "TransactionStatus",
    "User",
    "UserOrder",
    "UserOrderRole",
    "UserRole",
    "api_keys",
    "carts",
    "idempotency_keys",
    "login_sessions",
    "movements",
    "order_items",
    "orders",
    "tickets",
    "transactions",
    "user_orders",
    "users",
]
