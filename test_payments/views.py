"""Payments, refunds and disputes as they are told."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from test_payments.items import Dispute, Payment, Refund, RefundStatus


def payment_view(payment: Payment, refunds: Iterable[Refund] = ()) -> dict[str, Any]:
    received = None
    if payment.received_amount is not None:
        received = {"amount": payment.received_amount, "currency": payment.received_currency}
    return {
        "object": "payment",
        "id": payment.id,
        "status": payment.status,
        "amount": payment.amount,
        "currency": payment.currency,
        "received": received,
        "amount_refunded": str(refunded(payment, refunds)),
        "error": payment.error,
        "description": payment.description,
        "metadata": payment.metadata,
        "created_at": written(payment.created_at),
    }


def refund_view(refund: Refund) -> dict[str, Any]:
    return {
        "object": "refund",
        "id": refund.id,
        "payment": refund.payment,
        "key": refund.key,
        "status": refund.status,
        "amount": refund.amount,
        "currency": refund.currency,
        "error": refund.error,
        "created_at": written(refund.created_at),
    }


def dispute_view(dispute: Dispute) -> dict[str, Any]:
    return {
        "object": "dispute",
        "id": dispute.id,
        "payment": dispute.payment,
        "status": dispute.status,
        "amount": dispute.amount,
        "currency": dispute.currency,
        "reason": dispute.reason,
        "respond_by": written(dispute.respond_by),
        "created_at": written(dispute.created_at),
    }


def refunded(payment: Payment, refunds: Iterable[Refund]) -> Decimal:
    """What has arrived where it came from."""
    arrived = (one.worth for one in refunds if one.status is RefundStatus.SUCCEEDED)
    # With as many decimals as the payment has.
    return sum(arrived, start=payment.worth * 0)


def written(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()
