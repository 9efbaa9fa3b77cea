"""Disputes: a buyer's bank asks for money back, and decides in the end whose it is."""

from datetime import timedelta

from test_payments.errors import conflict, not_found
from test_payments.items import Dispute, DisputeStatus, Payment, new_id
from test_payments.news import News
from test_payments.store import Store
from test_payments.views import dispute_view

_TIME_TO_RESPOND = timedelta(days=7)


class Disputes:
    def __init__(self, store: Store, news: News) -> None:
        self._store = store
        self._news = news

    def open(self, payment: Payment, *, reason: str, now: float) -> Dispute:
        """About all that has arrived; within a transaction."""
        if payment.received_amount is None or payment.received_currency is None:
            raise conflict("payment_not_paid", "Nothing has arrived that could be disputed.")
        dispute = Dispute(
            id=new_id("dp"),
            payment=payment.id,
            amount=payment.received_amount,
            currency=payment.received_currency,
            created_at=now,
            reason=reason,
            respond_by=now + _TIME_TO_RESPOND.total_seconds(),
        )
        self._store.add(dispute)
        self._news.tell("dispute.opened", dispute_view(dispute), payment, now)
        return dispute

    def open_about(self, payment_id: str, *, reason: str, now: float) -> Dispute:
        with self._store.transaction():
            return self.open(self._payment(payment_id), reason=reason, now=now)

    def close(self, dispute_id: str, status: DisputeStatus, now: float) -> Dispute:
        with self._store.transaction():
            dispute = self._store.find(Dispute, dispute_id)
            if dispute is None:
                raise not_found("dispute")
            if dispute.status is not DisputeStatus.OPEN:
                raise conflict("dispute_closed", "The bank has decided already.")
            dispute.status = status
            self._store.save(dispute)
            payment = self._payment(dispute.payment)
            self._news.tell("dispute.closed", dispute_view(dispute), payment, now)
            return dispute

    def _payment(self, payment_id: str) -> Payment:
        payment = self._store.find(Payment, payment_id)
        if payment is None:
            raise not_found("payment")
        return payment
