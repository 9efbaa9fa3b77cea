"""What the shop makes of what a payment provider says: asked, or by itself.

Whatever it says, it says it of money that is where it is: what decides is what was known before.
"""

from collections.abc import Sequence
from typing import TypeAlias

from models import RefundStatus
from Payment.port import (
    AwayError,
    Begun,
    NonsenseError,
    Outcome,
    PaymentReport,
    RefundReport,
    RefusedError,
)
from tests.support.stateful.model import Shop
from tests.support.stateful.things import ARRIVED, Order, Payment, Refund, Refusal

# What a provider has answered to one question.
Word: TypeAlias = Begun | PaymentReport | RefundReport | RefusedError | AwayError | NonsenseError
CURRENCY = "USD"
# Stands for the id of a payment that nobody has announced, until the service has told it.
UNANNOUNCED = 0
_KNOWN, _APPLIED, _DIFFERS = "known", "applied", "differs"
_MAY_BECOME = {
    "pending": {RefundStatus.SUCCEEDED, RefundStatus.FAILED},
    "succeeded": {RefundStatus.FAILED},
    "failed": set[RefundStatus](),
}


def begin(shop: Shop, order_id: int, amount: int | None, words: Sequence[Word]) -> Payment:
    """It is announced, whatever the provider answers, and its buyer is given time."""
    payment = shop.pay(order_id, amount)
    payment.by_provider = True
    shop.prolong(shop.orders[order_id])
    _note_begun(shop, payment, words)
    return payment


def begin_again(shop: Shop, payment_id: int, words: Sequence[Word]) -> Payment:
    """The same request under the same key goes on with the same payment, unless that is over."""
    known = shop.payments.get(payment_id)
    if known is not None and known.reference is None and known.status != "pending":
        return _as_it_ended(shop, payment_id)
    _require_heard(known, words)
    payment, _ = shop.locked(payment_id)
    _note_begun(shop, payment, words)
    return payment


def sync(shop: Shop, payment_id: int, words: Sequence[Word]) -> None:
    if payment_id not in shop.payments:
        raise Refusal("transaction_not_found", 404)
    payment = shop.payments[payment_id]
    if not payment.by_provider:
        raise Refusal("not_by_provider")
    catch_up(shop, payment_id, words)
    _require_heard(payment, words)


def catch_up(shop: Shop, payment_id: int, words: Sequence[Word]) -> None:
    """What was asked about one payment, and answered."""
    for word in words:
        if isinstance(word, PaymentReport):
            hear(shop, payment_id, word)
        elif isinstance(word, Begun | RefusedError):
            payment, _ = shop.locked(payment_id)
            _take(shop, payment, word)


def hear(shop: Shop, payment_id: int | None, report: PaymentReport) -> str:
    """What comes of a provider's word about a payment, of which ours is ``payment_id``."""
    if payment_id is None:
        return "not_ours"
    payment, order = shop.locked(payment_id)
    payment.reference = payment.reference or report.reference
    if payment.reference != report.reference:
        return _hear_of_another(shop, payment, order, report)
    if report.outcome is Outcome.SUCCEEDED:
        return _succeed(shop, payment, order, report)
    if report.outcome is Outcome.FAILED:
        return _fail(shop, payment)
    return _KNOWN


def hear_of_refund(payment: Payment, refund: Refund, report: RefundReport) -> str:
    """Of a try before this one nothing is news."""
    known = refund.reference is None
    is_of_this_try = report.key == refund.key if known else report.reference == refund.reference
    return note_refund(payment, refund, report) if is_of_this_try else _KNOWN


def note_refund(payment: Payment, refund: Refund, word: RefundReport | RefusedError) -> str:
    if refund.by_hand or refund.status == "failed":
        return _KNOWN
    if isinstance(word, RefusedError):
        refund.status = "failed"
        return _APPLIED
    if word.status is RefundStatus.PENDING and refund.reference is None:
        refund.reference = word.reference
        return _APPLIED
    if word.status not in _MAY_BECOME[refund.status]:
        return _KNOWN
    refund.status, refund.reference = word.status.value, word.reference
    if word.status is RefundStatus.SUCCEEDED:
        payment.differs = False
    return _APPLIED


def retry_refund(refund: Refund) -> None:
    _require_failed(refund)
    refund.status, refund.reference = "pending", None
    refund.attempt += 1


def settle_refund(payment: Payment, refund: Refund) -> None:
    _require_failed(refund)
    refund.status, refund.by_hand = "succeeded", True
    payment.differs = False


def _require_failed(refund: Refund) -> None:
    if refund.status != "failed":
        raise Refusal("refund_not_failed")


def _as_it_ended(shop: Shop, payment_id: int) -> Payment:
    payment, _ = shop.locked(payment_id)
    if payment.status == "failed" and not payment.abandoned:
        raise Refusal("payment_refused")
    return payment


def _note_begun(shop: Shop, payment: Payment, words: Sequence[Word]) -> None:
    """What the buyer is told; a refusal leaves the payment as it is by then."""
    _require_heard(payment, words)
    for word in words:
        _take(shop, payment, word)
        if isinstance(word, RefusedError):
            raise Refusal("payment_refused", left=payment)


def _take(shop: Shop, payment: Payment, word: Word) -> None:
    if isinstance(word, Begun):
        payment.reference = payment.reference or word.reference
    elif payment.status == "pending":
        shop.fail(payment)


def _require_heard(payment: Payment | None, words: Sequence[Word]) -> None:
    for word in words:
        if isinstance(word, AwayError):
            raise Refusal("payment_provider_unavailable", 503, left=payment)
        if isinstance(word, NonsenseError):
            raise Refusal("payment_provider_failed", 502, left=payment)


def _succeed(shop: Shop, payment: Payment, order: Order, report: PaymentReport) -> str:
    if payment.status in ARRIVED:
        return _KNOWN
    if report.currency != CURRENCY:
        return _receive_other_currency(shop, payment, report)
    amount = cents_of(report)
    if amount == payment.amount:
        shop.receive(payment, order)
        return _APPLIED
    # It goes back at once, whatever is due.
    payment.amount, payment.differs, payment.abandoned = amount, True, False
    payment.go_back()
    return _DIFFERS


def _receive_other_currency(shop: Shop, payment: Payment, report: PaymentReport) -> str:
    """It can't stand in the books; somebody sends it back at the provider."""
    is_new, is_back = not payment.in_other_currency, report.refunded == report.amount
    if is_new:
        shop.fail(payment)
        payment.in_other_currency = payment.differs = True
    was_open, payment.differs = payment.differs, payment.differs and not is_back
    if is_new:
        return _DIFFERS
    return _APPLIED if was_open and is_back else _KNOWN


def _fail(shop: Shop, payment: Payment) -> str:
    if payment.status != "pending" and not payment.abandoned:
        return _KNOWN
    shop.fail(payment)
    return _APPLIED


def _hear_of_another(shop: Shop, announced: Payment, order: Order, report: PaymentReport) -> str:
    """Money that the provider took beside the payment that was announced is one of its own."""
    if report.outcome is not Outcome.SUCCEEDED:
        return _KNOWN
    amount = cents_of(report) if report.currency == CURRENCY else announced.amount
    payment = Payment(announced.order, amount, by_provider=True, reference=report.reference)
    shop.payments[UNANNOUNCED] = payment
    return _succeed(shop, payment, order, report)


def cents_of(report: PaymentReport | RefundReport) -> int:
    return int(report.amount * 100)
