"""How to meet the refusals of refunds."""

from tests.support.scenes import (
    Scene,
    by,
    just,
    order,
    payment,
    prepared,
    refunded,
    settled,
    ticket,
    user,
)

REFUNDS = "/api/transactions/1/refunds"
# By the number of its line in the ledger: the ticket, the order and the sale have those before it.
_BY_HAND = (ticket, order, payment, settled, refunded)
_RETRY, _SETTLE = (f"{REFUNDS}/7/{action}" for action in ("retry", "settle"))
_REASON = {"reason": "paid out in cash"}

REFUND_SCENES: dict[tuple[str, str], Scene] = {
    ("list_refunds", "transaction_not_found"): just("GET", REFUNDS),
    ("retry_refund", "refund_not_found"): just("POST", _RETRY),
    ("settle_refund", "refund_not_found"): just("POST", _SETTLE, _REASON),
    ("retry_refund", "refund_not_failed"): prepared(user, *_BY_HAND, call=("POST", _RETRY, None)),
    ("settle_refund", "refund_not_failed"): prepared(
        user, *_BY_HAND, call=("POST", _SETTLE, _REASON)
    ),
    ("retry_refund", "own_order"): by("staff", *_BY_HAND, call=("POST", _RETRY, None)),
    ("settle_refund", "own_order"): by("admin", *_BY_HAND, call=("POST", _SETTLE, _REASON)),
}
