"""What would succeed now, for whoever asks: what front ends show as buttons."""

from enum import StrEnum
from typing import Any

from core.money import currency
from models import OrderStatus
from Order.services.duties import is_cashier, may_confirm, may_refund
from Order.services.order_states import (
    DELETABLE,
    ORDER_TRANSITIONS,
    PAYABLE,
    balance_due,
    is_overdue,
    money_held,
)
from work.context import Context


class BuyerState(StrEnum):
    """What the order's own row does not tell."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    ERASED = "erased"


def allowed_actions(context: Context, order: Any, *, has_items: bool) -> list[str]:
    """What would succeed now for the caller."""
    if is_a_recipients(context, order):
        return []
    overdue = is_overdue(order, context.now)
    status = OrderStatus.CANCELLED if overdue else order.status
    by_hand = is_cashier(context, order)
    conditions = {
        "update": order.buyer_state != BuyerState.ERASED,
        "add_item": status == OrderStatus.PENDING and order.buyer_state == BuyerState.ACTIVE,
        "pay": status in PAYABLE and balance_due(order) > 0,
        "confirm": has_items
        and may_confirm(context, order)
        and OrderStatus.CONFIRMED in ORDER_TRANSITIONS[status],
        "complete": by_hand and OrderStatus.COMPLETED in ORDER_TRANSITIONS[status],
        "cancel": OrderStatus.CANCELLED in ORDER_TRANSITIONS[status]
        and (by_hand or status != OrderStatus.CONFIRMED)
        and (not by_hand or may_refund(context, order, money_held(order))),
        "refund": by_hand
        and not overdue
        and money_held(order) > 0
        and may_refund(context, order, currency().unit),
        "delete": status in DELETABLE and order.amount_paid == 0 and not order.is_kept,
    }
    return [action for action, possible in conditions.items() if possible]


def is_a_recipients(context: Context, order: Any) -> bool:
    """Whether the caller may look at the order only because it is shared."""
    caller = context.caller
    return not caller.is_box_office and caller.user_id != order.user_id
