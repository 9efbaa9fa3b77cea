"""The states of a refund, and who may follow whom."""

from collections.abc import Mapping

from models import RefundStatus

REFUND_TRANSITIONS: Mapping[RefundStatus, frozenset[RefundStatus]] = {
    RefundStatus.PENDING: frozenset({RefundStatus.SUCCEEDED, RefundStatus.FAILED}),
    # A bank may send back what its provider took for arrived.
    RefundStatus.SUCCEEDED: frozenset({RefundStatus.FAILED}),
    # By the box office alone: asked for again, or settled by hand.
    RefundStatus.FAILED: frozenset({RefundStatus.PENDING, RefundStatus.SUCCEEDED}),
}
