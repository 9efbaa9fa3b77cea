"""A payment provider that remembers what it has answered, and what it has to tell by itself."""

from collections.abc import Awaitable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from models import RefundStatus
from Payment.port import (
    AwayError,
    Begun,
    NonsenseError,
    Outcome,
    PaymentAsked,
    PaymentReport,
    RefundAsked,
    RefundReport,
    RefusedError,
)
from tests.support.fake_provider import FakeProvider, Mood
from tests.support.stateful.hearing import CURRENCY, Word

W = TypeVar("W", bound=Word)


@dataclass(frozen=True)
class Answer:
    """What was asked about, by our number or key, or by the provider's name for it."""

    about: str
    word: Word


@dataclass(frozen=True)
class Letter:
    """A webhook, and what it says."""

    raw: bytes
    report: PaymentReport | RefundReport


@dataclass
class SecondParty(FakeProvider):
    answers: list[Answer] = field(default_factory=list)
    # Whether they have arrived or not; who loses one does not put it here.
    letters: list[Letter] = field(default_factory=list)
    # Those that the service has answered.
    heard: set[bytes] = field(default_factory=set)

    async def start(self, asked: PaymentAsked) -> Begun:
        return await self._answer(asked.number, super().start(asked))

    async def look_up(self, reference: str) -> PaymentReport:
        with self._telling():
            return await self._answer(reference, super().look_up(reference))

    async def refund(self, asked: RefundAsked) -> RefundReport:
        return await self._answer(asked.key, self._refund_and_tell(asked))

    async def look_up_refund(self, reference: str) -> RefundReport:
        with self._telling():
            return await self._answer(reference, super().look_up_refund(reference))

    def begin_anew(self) -> None:
        """As if nobody had ever asked it anything."""
        self.__init__()  # type: ignore[misc]

    @contextmanager
    def being(self, mood: Mood) -> Iterator[None]:
        before, self.mood = self.mood, mood
        yield
        self.mood = before

    def _telling(self) -> AbstractContextManager[None]:
        """It may refuse to do something, but not to tell what it has done."""
        return self.being(Mood.WELL if self.mood is Mood.REFUSING else self.mood)

    def take_answers(self) -> list[Answer]:
        taken, self.answers = self.answers, []
        return taken

    def charge_again(self, reference: str) -> PaymentReport:
        """By mistake: a second payment of the same number."""
        second = f"pi_{len(self.payments) + 1}"
        self.payments[second] = replace(self.payments[reference], reference=second)
        return self.payments[second]

    def send_back_other_currency(self) -> list[PaymentReport]:
        """By somebody at the provider's own pages."""
        other = [one for one in self.payments.values() if one.currency != CURRENCY]
        return [self.pay(one.reference, refunded=one.amount) for one in other]

    def end_refunds(self) -> None:
        """The bank is done with all that were on their way, and nobody tells."""
        for key, report in self.refunds.items():
            if report.status is RefundStatus.PENDING:
                self.decide(key, RefundStatus.SUCCEEDED)

    def key_of(self, about: str) -> str:
        """Of a refund that the provider calls so; a key is its own."""
        named = [key for key, report in self.refunds.items() if report.reference == about]
        return named[0] if named else about

    def letter(self, report: PaymentReport | RefundReport) -> Letter:
        return Letter(self.event(report), report)

    def came_of(self, reference: str) -> int:
        """What was paid, in cents; in another currency it is no money that the shop knows."""
        payment = self.payments[reference]
        has_come = payment.outcome is Outcome.SUCCEEDED and payment.currency == CURRENCY
        return int(100 * payment.amount) if has_come else 0

    def held_of(self, reference: str) -> int:
        return self.came_of(reference) - self.returned_of(reference)

    def returned_of(self, reference: str) -> int:
        """What went back of it, or will."""
        of_payment = [one for one in self.refunds.values() if one.payment_reference == reference]
        going = [one.amount for one in of_payment if one.status is not RefundStatus.FAILED]
        return int(100 * sum(going))

    def _give_back(self, asked: RefundAsked) -> None:
        if asked.amount * 100 > self.held_of(asked.reference):
            raise RefusedError("refund_exceeds_payment")
        super()._give_back(asked)

    async def _refund_and_tell(self, asked: RefundAsked) -> RefundReport:
        is_new = asked.key not in self.refunds
        try:
            return await super().refund(asked)
        finally:
            if is_new and asked.key in self.refunds:
                self.letters.append(self.letter(self.refunds[asked.key]))

    async def _answer(self, about: str, answering: Awaitable[W]) -> W:
        try:
            word = await answering
        except (AwayError, NonsenseError, RefusedError) as error:
            self.answers.append(Answer(about, error))
            raise
        self.answers.append(Answer(about, word))
        return word
