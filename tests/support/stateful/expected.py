"""The model's shop as the API has to serve it."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from fractions import Fraction
from typing import Any

from tests.support.stateful.model import Shop
from tests.support.stateful.things import ARRIVED, SOLD, Order, Payment, Refusal, Ticket

# What is compared of one resource: {id: {field: value}}.
Rows = dict[int, dict[Any, Any]]


def money(cents: int) -> float:
    return cents / 100


def tickets(shop: Shop) -> Rows:
    return {id_: _ticket(shop, id_, ticket) for id_, ticket in shop.tickets.items()}


def orders(shop: Shop) -> Rows:
    return {
        id_: {
            "user_id": order.user,
            "status": order.status,
            "expired": order.expired,
            "total_amount": money(order.total),
            "amount_paid": money(shop.paid(id_)),
            "amount_refunded": money(shop.refunded(id_)),
            "balance_due": money(order.due),
            "items": {(t, money(price)): units for (t, price), units in order.lines.items()},
            "minutes_held": order.until - order.since if order.status == "pending" else None,
        }
        for id_, order in shop.orders.items()
    }


def payments(shop: Shop) -> Rows:
    return {
        id_: {
            "order_id": payment.order,
            "status": payment.status,
            "amount": money(payment.amount),
            "refunded_amount": money(payment.refunded),
            "provider_reference": payment.reference,
            "may_go_on": payment.status == "pending" and payment.reference is not None,
        }
        for id_, payment in shop.payments.items()
    }


def refunds(payment: Payment) -> list[dict[str, Any]]:
    return [
        {
            "amount": money(refund.amount),
            "status": refund.status,
            "attempt": refund.attempt if payment.by_provider else None,
            "is_by_hand": refund.by_hand or not payment.by_provider,
            "provider_reference": refund.reference,
        }
        for refund in payment.refunds
    ]


def to_give_back(payment: Payment) -> int:
    """What its provider may give back of it."""
    return sum(refund.amount for refund in payment.refunds if not refund.by_hand)


def money_by_provider(payment: Payment) -> tuple[int, int]:
    """What came of it, and what its provider still has of that."""
    came = payment.amount if payment.status in ARRIVED else 0
    refunds = payment.refunds
    gone = sum(one.amount for one in refunds if one.status == "succeeded" and not one.by_hand)
    return came, came - gone


def differences(shop: Shop) -> set[tuple[str, int | None]]:
    """What the reconciliation has to name, by rule and object."""
    failed = [
        refund
        for payment in shop.payments.values()
        for refund in payment.refunds
        if refund.status == "failed"
    ]
    differing = [id_ for id_, payment in shop.payments.items() if payment.differs]
    return {
        *(("no_refund_failed", refund.id) for refund in failed),
        *(("payments_as_asked", id_) for id_ in differing),
    }


def carts(shop: Shop) -> Rows:
    return {user: dict(cart) for user, cart in shop.carts.items()}


def totals(shop: Shop) -> dict[str, Any]:
    """The figures of the dashboard, over all time."""
    sold = _sold(shop)
    revenue = sum(order.total for order in sold)
    gross, refunded = (sum(map(of_order, shop.orders)) for of_order in (shop.paid, shop.refunded))
    return {
        "users": len(shop.carts),
        "active_users": len(shop.carts),
        "tickets": len(shop.tickets),
        "orders": len(shop.orders),
        "tickets_sold": sum(order.units.total() for order in sold),
        "gross_revenue": money(gross),
        "refunded": money(refunded),
        "net_revenue": money(gross - refunded),
        "average_order_value": money(round(Fraction(revenue, len(sold)))) if sold else 0,
    }


def sales(shop: Shop) -> dict[str, Any]:
    sold = _sold(shop)
    return {
        "orders": len(sold),
        "tickets_sold": sum(order.units.total() for order in sold),
        "revenue": money(sum(order.total for order in sold)),
    }


def _sold(shop: Shop) -> list[Order]:
    """What is sold are lines: an order without any sells nothing."""
    return [order for order in shop.orders.values() if order.status in SOLD and order.lines]


def states(shop: Shop) -> dict[str, Counter[str]]:
    return {
        "orders_by_status": Counter(order.status for order in shop.orders.values()),
        "transactions_by_status": Counter(p.status for p in shop.payments.values()),
        "tickets_by_status": Counter(row["status"] for row in tickets(shop).values()),
    }


def allowed_actions(shop: Shop, order_id: int) -> set[str]:
    """What would succeed now and change something, found out by trying."""
    return {name for name, attempt in _ATTEMPTS.items() if _succeeds(shop, order_id, attempt)}


def _succeeds(shop: Shop, order_id: int, attempt: Callable[[Shop, int], object]) -> bool:
    shop = deepcopy(shop)
    try:
        before = shop.settled(order_id).status
        # Naming the status that an order has is no action.
        return attempt(shop, order_id) != before
    except Refusal:
        return False


def _move(status: str) -> Callable[[Shop, int], str]:
    def attempt(shop: Shop, order_id: int) -> str:
        shop.move(order_id, status)
        return shop.orders[order_id].status

    return attempt


def _add_item(shop: Shop, order_id: int) -> None:
    """Some ticket; whether one is left to be had is not the order's affair."""
    shop.tickets[0] = Ticket(price=1, total=1)
    shop.add(order_id, 0, 1)


def _refund(shop: Shop, order_id: int) -> None:
    for id_, payment in shop.payments.items():
        if payment.order == order_id and payment.status == "success":
            return shop.refund(id_, None, restock=True)
    raise Refusal("refund_exceeds_payment")


def _pay(shop: Shop, order_id: int) -> Payment:
    return shop.pay(order_id, None)


_ATTEMPTS: dict[str, Callable[[Shop, int], object]] = {
    "update": lambda _shop, _order_id: None,
    "add_item": _add_item,
    "pay": _pay,
    "confirm": _move("confirmed"),
    "complete": _move("completed"),
    "cancel": _move("cancelled"),
    "refund": _refund,
    "delete": lambda shop, order_id: shop.delete(order_id),
}


def _ticket(shop: Shop, ticket_id: int, ticket: Ticket) -> dict[str, Any]:
    available, reserved = shop.available(ticket_id), shop.held(ticket_id, "pending")
    by_stock = "available" if available else "reserved" if reserved else "sold"
    return {
        "price": money(ticket.price),
        "status": ticket.stopped or by_stock,
        "total_quantity": ticket.total,
        "available_quantity": available,
        "reserved_quantity": reserved,
        "sold_quantity": shop.held(ticket_id, *SOLD),
        "withheld_quantity": ticket.withheld,
    }
