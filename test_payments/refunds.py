"""Refunds: money that a shop gives back, of what has arrived."""

from dataclasses import dataclass
from decimal import Decimal

from test_payments.cards import SECONDS, GivingBack
from test_payments.errors import bad, conflict, not_found
from test_payments.items import Payment, Refund, RefundStatus, new_id
from test_payments.news import News
from test_payments.store import Store
from test_payments.views import refund_view


@dataclass(frozen=True)
class Return:
    """What a shop asks to be given back."""

    payment: str
    amount: str
    currency: str


class Refunds:
    def __init__(self, store: Store, news: News) -> None:
        self._store = store
        self._news = news

    def make(self, asked: Return, *, key: str, said: str, now: float) -> Refund:
        """Give money back; under a key that was used, what was given back then."""
        with self._store.transaction():
            if (made := self._store.find_made(Refund, key, said)) is not None:
                return made
            payment = self._store.find(Payment, asked.payment)
            if payment is None:
                raise not_found("payment")
            before = self._store.all_about(Refund, payment.id)
            self._require_refundable(payment, before, asked)
            refund = Refund(id=new_id("re"), key=key, created_at=now, **vars(asked))
            if _takes_seconds(payment, before):
                refund.settles_at = now + SECONDS
            self._store.add(refund, key, said)
            if refund.settles_at is None:
                self._end(refund, payment, RefundStatus.SUCCEEDED, now)
            return refund

    def find(self, refund_id: str) -> Refund:
        refund = self._store.find(Refund, refund_id)
        if refund is None:
            raise not_found("refund")
        return refund

    def settle_due(self, now: float) -> None:
        """End the refunds that have taken their seconds."""
        if not self._store.due(Refund, now):
            return
        with self._store.transaction():
            # Another process may have been here first.
            for refund in self._store.due(Refund, now):
                self._settle(refund, now)

    def _settle(self, refund: Refund, now: float) -> None:
        payment = self._store.find(Payment, refund.payment)
        if payment is None:
            raise AssertionError("nothing of a payment is given back before it is there")
        if payment.card is not None and payment.card.giving_back is GivingBack.FAILS:
            refund.error = "account_closed"
            self._end(refund, payment, RefundStatus.FAILED, now)
        else:
            self._end(refund, payment, RefundStatus.SUCCEEDED, now)

    def _end(self, refund: Refund, payment: Payment, status: RefundStatus, now: float) -> None:
        refund.status, refund.settles_at = status, None
        self._store.save(refund)
        self._news.tell(f"refund.{status}", refund_view(refund), payment, now)

    def _require_refundable(self, payment: Payment, before: list[Refund], asked: Return) -> None:
        if payment.received_amount is None:
            raise conflict("payment_not_paid", "Nothing has arrived that could be given back.")
        if payment.card is not None and payment.card.giving_back is GivingBack.REFUSED:
            raise bad("refund_refused", "The bank of this card takes nothing back.")
        if asked.currency != payment.received_currency:
            raise bad("currency_differs", "It arrived in another currency.")
        gone = sum(one.worth for one in before if one.status is not RefundStatus.FAILED)
        if Decimal(asked.amount) > Decimal(payment.received_amount) - gone:
            raise conflict("refund_exceeds_payment", "That is more than is left of the payment.")


def _takes_seconds(payment: Payment, before: list[Refund]) -> bool:
    giving_back = GivingBack.AT_ONCE if payment.card is None else payment.card.giving_back
    is_to_fail = giving_back is GivingBack.FAILS and not before
    return is_to_fail or giving_back is GivingBack.LATER
