"""Payments: made by a shop, paid by a card, and what the card's number makes of that."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from test_payments.cards import CARDS, SECONDS, TROUBLE_SECONDS, Card, Receipt, Telling
from test_payments.disputes import Disputes
from test_payments.errors import bad, conflict, not_found
from test_payments.faults import take_card
from test_payments.items import Payment, PaymentStatus, Refund, new_id
from test_payments.news import News
from test_payments.store import Store
from test_payments.views import payment_view

_PAYABLE = {
    PaymentStatus.OPEN,
    PaymentStatus.FAILED,
    # The buyer has left the bank's question, and tries another card.
    PaymentStatus.AUTHENTICATION_REQUIRED,
}


@dataclass(frozen=True)
class Order:
    """What a shop asks to be paid."""

    amount: str
    currency: str
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    return_url: str = ""
    channel: str = ""
    # Pays at once, as one that the buyer has left with the shop.
    card: str = ""


class Payments:
    def __init__(self, store: Store, news: News, disputes: Disputes) -> None:
        self._store = store
        self._news = news
        self._disputes = disputes

    def make(self, order: Order, *, key: str, said: str, now: float) -> Payment:
        """Make a payment; under a key that was used, the one that was made then."""
        with self._store.transaction():
            if (made := self._store.find_made(Payment, key, said)) is not None:
                return made
            fields = {**vars(order), "metadata": dict(order.metadata)}
            number = fields.pop("card")
            card = known(number) if number else take_card(self._store, now)
            payment = Payment(id=new_id("pay"), created_at=now, **fields)
            self._store.add(payment, key, said)
            if card is not None:
                self._pay(payment, card, now)
            return payment

    def find(self, payment_id: str) -> Payment:
        payment = self._store.find(Payment, payment_id)
        if payment is None:
            raise not_found("payment")
        return payment

    def view(self, payment: Payment) -> dict[str, Any]:
        return payment_view(payment, self._store.all_about(Refund, payment.id))

    def confirm(self, payment_id: str, number: str, now: float) -> Payment:
        """Pay with a card."""
        card = known(number)
        with self._store.transaction():
            payment = self.find(payment_id)
            if payment.status not in _PAYABLE:
                raise conflict("payment_not_open", "This payment is being made, or was made.")
            self._pay(payment, card, now)
            return payment

    def authenticate(self, payment_id: str, *, agrees: bool, now: float) -> Payment:
        """What the buyer has answered to the bank's question."""
        with self._store.transaction():
            payment = self.find(payment_id)
            if payment.status is not PaymentStatus.AUTHENTICATION_REQUIRED:
                raise conflict("nothing_to_authenticate", "The bank has asked nothing.")
            if agrees:
                self._succeed(payment, now)
            else:
                self._fail(payment, "authentication_failed", now)
            return payment

    def settle_due(self, now: float) -> None:
        """Let the payments succeed that have taken their seconds."""
        if not self._store.due(Payment, now):
            return
        with self._store.transaction():
            # Another process may have been here first.
            for payment in self._store.due(Payment, now):
                self._succeed(payment, now)

    def _pay(self, payment: Payment, card: Card, now: float) -> None:
        payment.card_number, payment.error = card.number, None
        if card.trouble is not None:
            payment.troubled_until = now + TROUBLE_SECONDS
        if card.declined is not None:
            self._fail(payment, card.declined, now)
        elif card.needs_authentication:
            payment.status = PaymentStatus.AUTHENTICATION_REQUIRED
            self._store.save(payment)
        elif card.takes_seconds:
            payment.status, payment.settles_at = PaymentStatus.PROCESSING, now + SECONDS
            self._store.save(payment)
        else:
            self._succeed(payment, now)

    def _fail(self, payment: Payment, error: str, now: float) -> None:
        payment.status, payment.error = PaymentStatus.FAILED, error
        self._store.save(payment)
        self._news.tell("payment.failed", self.view(payment), payment, now)

    def _succeed(self, payment: Payment, now: float) -> None:
        card = payment.card or CARDS[payment.card_number]
        if card.telling is Telling.REORDERED:
            self._fail(payment, "card_declined", now)
        payment.status, payment.error, payment.settles_at = PaymentStatus.SUCCEEDED, None, None
        payment.received_amount, payment.received_currency = _received(payment, card.receipt)
        self._store.save(payment)
        self._news.tell("payment.succeeded", self.view(payment), payment, now)
        if card.receipt is Receipt.TWICE:
            self._charge_again(payment, now)
        if card.is_disputed:
            self._disputes.open(payment, reason="fraudulent", now=now)

    def _charge_again(self, payment: Payment, now: float) -> None:
        """By mistake: nobody has asked for this one, which says that it is of the same number."""
        second = replace(payment, id=new_id("pay"), client_secret="", created_at=now)
        self._store.add(second)
        self._news.tell("payment.succeeded", self.view(second), second, now)


def known(number: str) -> Card:
    """The card of a number, as it stands on the card or without the blanks."""
    card = CARDS.get(number.replace(" ", ""))
    if card is None:
        raise bad("unknown_card", "There is no test card with this number.")
    return card


def _received(payment: Payment, receipt: Receipt) -> tuple[str, str]:
    if receipt is Receipt.OTHER_AMOUNT:
        unit = Decimal((0, (1,), int(payment.worth.as_tuple().exponent)))
        return str(payment.worth + unit), payment.currency
    if receipt is Receipt.OTHER_CURRENCY:
        return payment.amount, "USD" if payment.currency == "EUR" else "EUR"
    return payment.amount, payment.currency
