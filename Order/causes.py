"""Why orders move, and stock and money with them."""

from enum import StrEnum


class Cause(StrEnum):
    ORDER_PLACED = "order_placed"
    ITEM_ADDED = "item_added"
    ORDER_CONFIRMED = "order_confirmed"
    ORDER_COMPLETED = "order_completed"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_EXPIRED = "order_expired"
    # Money arrived after the hold ran out, and the tickets were still there.
    ORDER_REVIVED = "order_revived"
    ORDER_DELETED = "order_deleted"
    PAYMENT_RECEIVED = "payment_received"
    PAYMENT_REFUNDED = "payment_refunded"
