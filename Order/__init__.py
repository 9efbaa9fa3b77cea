"""Carts, orders, their money and what it adds up to; and the door of the accounts."""

from Order.actions import Action
from Order.causes import Cause
from Order.equipment import equip
from Order.openapi import amend_with_bounds
from Order.routers import analytics, cart, export, order, transaction, user
from Order.rules import RULES
from Order.services.expiry_service import expire_overdue_orders
from Order.services.fairness import forget_ended_holds
from Order.services.report_folding import fold_ledger
from work.domain import Domain

DOMAIN = Domain(
    routers=[
        # Before those that would take the name of a file for an id.
        export.router,
        order.router,
        cart.router,
        user.router,
        transaction.router,
        analytics.router,
    ],
    tags={
        "Orders": "Orders hold stock, are paid, and expire if they are not.",
        "Cart": "What a user means to buy; it holds no stock.",
        "Users": "Accounts, profiles and order history.",
        "Transactions": "Payments and refunds.",
        "Analytics": "Figures that reconcile with the orders to the cent.",
    },
    resources={
        "users": "/api/users/",
        "cart": "/api/cart/user/{user_id}",
        "orders": "/api/orders/",
        "transactions": "/api/transactions/",
        "analytics": "/api/analytics/dashboard",
    },
    chores=[expire_overdue_orders, fold_ledger, forget_ended_holds],
    causes=Cause,
    actions=Action,
    rules=RULES,
    equip=equip,
    amend=amend_with_bounds,
)
