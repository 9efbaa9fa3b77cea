"""What is done with a payment provider: by buyers, by the provider itself, and by the errands."""

from decimal import Decimal
from enum import Enum, auto
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from models import RefundStatus
from Payment.port import Outcome, PaymentReport, RefundReport, RefusedError
from tests.support.fake_provider import Mood
from tests.support.giving_back import note, send
from tests.support.paying import look_after
from tests.support.stateful import comparing, hearing
from tests.support.stateful.hearing import UNANNOUNCED, Word
from tests.support.stateful.machine import BARE, Request
from tests.support.stateful.model import Shop
from tests.support.stateful.picking import (
    PLACE,
    SENT,
    SHARES,
    WHOLE,
    Picking,
    amount_of,
    at,
    if_live,
    part,
)
from tests.support.stateful.second_party import Letter
from tests.support.stateful.things import Payment, Refund

# Mostly the provider does what it is asked for.
WELL = st.just(Mood.WELL)
MOODS = WELL | WELL | st.sampled_from([Mood.AWAY, Mood.NONSENSE, Mood.REFUSING, Mood.UNHEARD])
OF_REFUNDS = MOODS | st.sampled_from([Mood.SLOW, Mood.SLOW, Mood.FAILING])
# After which all that was put off is due.
HOURS = 2


class Paid(Enum):
    """What becomes of a payment at its provider."""

    SUCCEEDED = auto()
    DECLINED = auto()
    AT_SECOND_TRY = auto()
    TWICE = auto()
    OTHER_AMOUNT = auto()
    OTHER_CURRENCY = auto()


class Telling(Enum):
    """How the provider tells."""

    NOW = auto()
    DOUBLED = auto()
    REVERSED = auto()
    LATER = auto()
    NEVER = auto()


PAID = st.sampled_from([Paid.SUCCEEDED, Paid.SUCCEEDED, Paid.SUCCEEDED, *Paid])
TELLING = st.sampled_from([Telling.NOW, *Telling])
ENDS = st.sampled_from([RefundStatus.SUCCEEDED, RefundStatus.FAILED])

if_payable = precondition(lambda self: any(self.payable()))
if_refunds_there = precondition(lambda self: self.party.refunds)
if_failed = precondition(lambda self: any(self.failed_refunds()))


class PayingByProvider(Picking):
    def open_with_a_provider(self, waiting: int, paid: int) -> None:
        """A payment that its buyer can go on with, and one of which a part did not go back."""
        self._begin(BARE, waiting, None, Mood.WELL)
        payment_id = self._begin(BARE, paid, None, Mood.WELL)
        assert payment_id is not None
        self._pay_there(self.payable()[-1], Paid.SUCCEEDED, Telling.NOW)
        self.return_part(BARE, payment_id, 0.3, restock=True)
        comparing.require_same_refunds(self.api, self.shop, 0)
        with self.party.being(Mood.FAILING):
            self._give_back()

    @if_live
    @rule(sent=SENT, place=PLACE, share=WHOLE | SHARES, mood=MOODS)
    def begin(self, sent: str, place: int, share: float | None, mood: Mood) -> None:
        self._begin(sent, self.live_order(place), share, mood)

    @if_live
    @rule(sent=SENT, place=PLACE, share=WHOLE | SHARES, paid=PAID, telling=TELLING)
    def pay_there_at_once(
        self, sent: str, place: int, share: float | None, paid: Paid, telling: Telling
    ) -> None:
        payment_id = self._begin(sent, self.live_order(place), share, Mood.WELL)
        reference = None if payment_id is None else self.shop.payments[payment_id].reference
        if reference is not None:
            self._pay_there(reference, paid, telling)

    @if_payable
    @rule(place=PLACE, paid=PAID, telling=TELLING)
    def pay_there(self, place: int, paid: Paid, telling: Telling) -> None:
        self._pay_there(at(place, self.payable()), paid, telling)

    @precondition(lambda self: self.unfinished)
    @rule(place=PLACE, mood=MOODS)
    def begin_again(self, place: int, mood: Mood) -> None:
        """The same request under the same key: what it has left is gone on with."""
        exchange = self.unfinished.pop(place % len(self.unfinished))
        payment_id = exchange.response.json()["transaction_id"]
        with self.party.being(mood):
            self.ask_under(
                exchange.key,
                exchange.request,
                lambda shop: hearing.begin_again(shop, payment_id, self._words()),
            )

    @precondition(lambda self: self.party.letters)
    @rule(place=PLACE)
    def tell(self, place: int) -> None:
        """What has not arrived, or once more what has; the newest first."""
        self._tell(at(place, reversed(self.party.letters)))

    @precondition(lambda self: self.shop.payments)
    @rule(place=PLACE, mood=MOODS)
    def sync(self, place: int, mood: Mood) -> None:
        payment_id = self.payment(place, "pending", by_provider=True)
        request = Request("POST", f"/api/transactions/{payment_id}/sync", success=200)
        with self.party.being(mood):
            self.ask(BARE, request, lambda shop: hearing.sync(shop, payment_id, self._words()))

    @rule(minutes=st.sampled_from([0, 1, 5]), mood=MOODS)
    def look_after_payments(self, minutes: int, mood: Mood) -> None:
        self.wait_for(minutes)
        with self.party.being(mood):
            self._look_after()

    @rule(minutes=st.sampled_from([0, 2, 5]), mood=OF_REFUNDS)
    def give_back(self, minutes: int, mood: Mood) -> None:
        self.wait_for(minutes)
        with self.party.being(mood):
            self._give_back()

    @if_refunds_there
    @rule(place=PLACE, status=ENDS, telling=TELLING)
    def end_refund(self, place: int, status: RefundStatus, telling: Telling) -> None:
        """The bank is done with one, or sends back what had arrived."""
        order = {RefundStatus.PENDING: 0, RefundStatus.SUCCEEDED: 1, RefundStatus.FAILED: 2}
        refunds = self.party.refunds
        key = at(place, sorted(refunds, key=lambda one: order[refunds[one].status]))
        if refunds[key].status is not RefundStatus.FAILED:
            # That it came back is never lost: nobody would ask.
            is_lost = telling is Telling.NEVER and refunds[key].status is RefundStatus.PENDING
            report = self.party.decide(key, status)
            self._send([report], telling if is_lost else Telling.NOW)

    @if_failed
    @rule(sent=SENT, place=PLACE, is_paid_out=st.booleans())
    def look_after_refund(self, sent: str, place: int, *, is_paid_out: bool) -> None:
        payment_id, refund = at(place, self.failed_refunds())
        what = "settle" if is_paid_out else "retry"
        path = f"/api/transactions/{payment_id}/refunds/{refund.id}/{what}"
        body = {"reason": "paid out in cash"} if is_paid_out else None

        def step(shop: Shop) -> None:
            payment, known = _with_refund(shop, str(refund.id))
            if is_paid_out:
                hearing.settle_refund(payment, known)
            else:
                hearing.retry_refund(known)

        self.ask(sent, Request("POST", path, body, success=200), step)

    def payable(self) -> list[str]:
        """What the buyer of a payment was told how to pay, and has not."""
        known = {payment.reference for payment in self.shop.payments.values()}
        there = self.party.payments.items()
        return [
            reference
            for reference, report in there
            if report.outcome is not Outcome.SUCCEEDED and reference in known
        ]

    def failed_refunds(self) -> list[tuple[int, Refund]]:
        return [
            (payment_id, refund)
            for payment_id, payment in self.shop.payments.items()
            for refund in payment.refunds
            if refund.status == "failed"
        ]

    def teardown(self) -> None:
        if self.agreed:
            self._close_the_day()
        super().teardown()

    def _close_the_day(self) -> None:
        """Once all has been told, or asked about, both sides have the same money."""
        for letter in self.party.letters:
            if letter.raw not in self.party.heard:
                self._tell(letter)
        self._send(self.party.send_back_other_currency(), Telling.NOW)
        self.party.end_refunds()
        self.wait_for(HOURS * 60)
        for catch_up in (self._look_after, self._give_back):
            catch_up()
            self.compare()
        self.agreed = False
        comparing.require_all_is_told(self.service, self.api, self.party, self.shop)
        self.agreed = True

    def _begin(self, sent: str, order: int, share: float | None, mood: Mood) -> int | None:
        amount = None if share is None else part(share, self.shop.orders[order].due)
        body = {"order_id": order, "payment_method": self.party.name, **amount_of(amount)}
        request = Request("POST", "/api/transactions/", body)
        with self.party.being(mood):
            return self.make(
                sent,
                request,
                lambda shop: hearing.begin(shop, order, amount, self._words()),
                lambda shop: shop.payments,
            )

    def _pay_there(self, reference: str, paid: Paid, telling: Telling) -> None:
        pay = partial(self.party.pay, reference)
        declined = partial(pay, outcome=Outcome.FAILED, failure_reason="card_declined")
        asked = self.party.payments[reference].amount
        happen: dict[Paid, list[Any]] = {
            Paid.SUCCEEDED: [pay],
            Paid.DECLINED: [declined],
            Paid.AT_SECOND_TRY: [declined, pay],
            Paid.TWICE: [pay, partial(self.party.charge_again, reference)],
            Paid.OTHER_AMOUNT: [partial(pay, amount=asked + Decimal("0.01"))],
            Paid.OTHER_CURRENCY: [partial(pay, currency="EUR")],
        }
        self._send([step() for step in happen[paid]], telling)

    def _send(self, reports: list[Any], telling: Telling) -> None:
        letters = [self.party.letter(report) for report in reports]
        if telling is Telling.NEVER:
            return
        self.party.letters += letters
        if telling is Telling.REVERSED:
            letters.reverse()
        if telling is not Telling.LATER:
            for letter in letters * (2 if telling is Telling.DOUBLED else 1):
                self._tell(letter)

    def _tell(self, letter: Letter) -> None:
        is_known = letter.raw in self.party.heard
        path = f"/api/payments/webhooks/{self.party.name}"
        request = Request("POST", path, letter.raw, success=200)
        answer = self.ask(
            BARE, request, lambda shop: "known" if is_known else self._heard(shop, letter.report)
        )
        assert answer is not None
        assert answer[0]["outcome"] == answer[1]
        self.party.heard.add(letter.raw)
        self._learn_of_unannounced()

    def _heard(self, shop: Shop, report: PaymentReport | RefundReport) -> str:
        if isinstance(report, PaymentReport):
            return hearing.hear(shop, self._meant(shop, report), report)
        payment, refund = _with_refund(shop, report.key)
        return hearing.hear_of_refund(payment, refund, report)

    def _meant(self, shop: Shop, report: PaymentReport) -> int | None:
        """By what the provider calls it; else by our number, which it keeps."""
        for payment_id, payment in shop.payments.items():
            if payment.reference == report.reference:
                return payment_id
        return self._numbered(report.number)

    def _numbered(self, number: str | None) -> int | None:
        rows = comparing.look(self.api)["transactions"]
        return next((id_ for id_, row in rows.items() if row["transaction_number"] == number), None)

    def _learn_of_unannounced(self) -> None:
        payment = self.shop.payments.pop(UNANNOUNCED, None)
        if payment is not None:
            rows = comparing.look(self.api)["transactions"].values()
            named = {row["provider_reference"]: row["id"] for row in rows}
            self.shop.payments[named[payment.reference]] = payment

    def _look_after(self) -> None:
        """One payment at a time, so that what is said of them comes in an order."""
        self.agreed = False
        self.party.answers.clear()
        before = comparing.look(self.api)["transactions"]
        while look_after(self.service, limit=1):
            answers = self.party.take_answers()
            if answers:
                payment_id = self._asked_about(answers[0].about)
                hearing.catch_up(self.shop, payment_id, [answer.word for answer in answers])
        self._learn_who_was_given_up(before)

    def _asked_about(self, about: str) -> int:
        """By our number, if the provider was to begin it, or by its name for it."""
        for payment_id, payment in self.shop.payments.items():
            if payment.reference == about:
                return payment_id
        found = self._numbered(about)
        assert found is not None
        return found

    def _learn_who_was_given_up(self, before: dict[int, Any]) -> None:
        """What failed before it was begun is asked about no more; that counts as a word, too."""
        now = comparing.look(self.api)["transactions"]
        for id_, payment in self.shop.payments.items():
            is_changed = now[id_]["updated_at"] != before[id_]["updated_at"]
            if is_changed and payment.reference is None and payment.status == "failed":
                payment.failed_at = self.shop.minute

    def _give_back(self) -> None:
        self.agreed = False
        self.party.answers.clear()
        note(self.service)
        while send(self.service, limit=1):
            for answer in self.party.take_answers():
                self._take_refund(answer.about, answer.word)
        # What the provider was never asked for, it can't give back.
        for payment in self.shop.payments.values():
            if payment.by_provider and payment.reference is None:
                for refund in payment.refunds:
                    refund.status = "succeeded" if refund.by_hand else "failed"

    def _take_refund(self, about: str, word: Word) -> None:
        if isinstance(word, RefundReport | RefusedError):
            payment, refund = _with_refund(self.shop, self.party.key_of(about))
            assert about == refund.reference or (about == refund.key and not refund.reference)
            hearing.note_refund(payment, refund, word)

    def _words(self) -> list[Word]:
        return [answer.word for answer in self.party.answers]


def _with_refund(shop: Shop, key: str | None) -> tuple[Payment, Refund]:
    """By the key of any try of it."""
    number = int((key or "").partition("-")[0])
    return next(
        (payment, refund)
        for payment in shop.payments.values()
        for refund in payment.refunds
        if refund.id == number
    )
