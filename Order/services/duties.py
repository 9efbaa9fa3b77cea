"""Who may act for the box office on an order: nobody is the cashier of their own."""

from decimal import Decimal
from typing import Any

from core.errors import NotAllowedError
from core.store.statements import Row
from models import OrderStatus
from Order.errors import OwnOrderError, RefundNeedsAdminError
from Order.services.order_states import is_free, money_held
from work.context import Context


def is_cashier(context: Context, order: Any) -> bool:
    """Whether the caller may sell, settle and refund by hand; of their own they are a customer."""
    return context.caller.is_box_office and not _is_own(context, order)


def require_cashier(context: Context, order: Any) -> None:
    """For what the box office alone may do at all."""
    if _is_own(context, order):
        raise OwnOrderError


def may_confirm(context: Context, order: Any) -> bool:
    """Whether the caller may confirm by hand: what costs nothing is its buyer's to confirm."""
    return is_free(order) or is_cashier(context, order)


def require_may_name(context: Context, order: Row, status: OrderStatus) -> None:
    """Of all states, customers may ask for one by its name: what is free they confirm."""
    is_box_office = context.caller.is_box_office
    if not is_box_office and not (status == OrderStatus.CONFIRMED and is_free(order)):
        raise NotAllowedError(
            "Buyers confirm an order that costs nothing; they set no other state by its name."
        )


def require_may_confirm(context: Context, order: Row) -> None:
    if not is_free(order):
        require_cashier(context, order)


def require_may_cancel(context: Context, order: Row) -> None:
    """Whoever takes back what is sold gives its money back."""
    if order.status == OrderStatus.CONFIRMED:
        if not context.caller.is_box_office:
            raise NotAllowedError("Only the box office takes back what is sold.")
        require_cashier(context, order)
    if is_cashier(context, order):
        require_may_refund(context, order, money_held(order))


def may_refund(context: Context, order: Any, amount: Decimal) -> bool:
    """Whether so much more of an order's money may go back by the caller's hand."""
    limit = context.terms.refund_limit
    return not limit or context.caller.is_admin or order.amount_refunded + amount <= limit


def require_may_refund(context: Context, order: Row, amount: Decimal) -> None:
    """All that goes back of one order counts, so that parts do not add up to more."""
    if amount and not may_refund(context, order, amount):
        raise RefundNeedsAdminError(order.amount_refunded + amount, context.terms.refund_limit)


def _is_own(context: Context, order: Any) -> bool:
    return order.user_id == context.caller.user_id and not context.terms.own_orders_by_staff
