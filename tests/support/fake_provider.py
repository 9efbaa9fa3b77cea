"""A payment provider in memory: it does what it is asked for once, and as tests have told it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum, auto
from typing import Any

from models import RefundStatus
from Payment.flows.asking import Providers
from Payment.flows.pay import ByProvider
from Payment.port import (
    AwayError,
    Begun,
    Event,
    NonsenseError,
    Outcome,
    PaymentAsked,
    PaymentReport,
    RefundAsked,
    RefundReport,
    RefusedError,
    Report,
    Shown,
    UnverifiedError,
)
from tests.support.service import Service

REFUSAL = "card_closed"
# How long it is waited for; it answers at once, or not at all.
_SECONDS = 5.0


class Mood(Enum):
    """What becomes of the next questions."""

    WELL = auto()
    # It takes refunds on, and tells later what became of them.
    SLOW = auto()
    # It says no: without a refund, or with one that has failed.
    REFUSING = auto()
    FAILING = auto()
    # It does nothing, or does it and is not heard.
    AWAY = auto()
    NONSENSE = auto()
    UNHEARD = auto()
    # It does it, and whoever has asked ends before anything is kept.
    DEADLY = auto()


class DeathError(Exception):
    """Ends what works with the provider, as the end of its process would."""


_BEFORE: Mapping[Mood, Callable[[], Exception]] = {
    Mood.REFUSING: lambda: RefusedError(REFUSAL),
    Mood.AWAY: lambda: AwayError("away"),
    Mood.NONSENSE: lambda: NonsenseError("nonsense"),
}
_AFTER: Mapping[Mood, Callable[[], Exception]] = {
    Mood.UNHEARD: lambda: AwayError("unheard"),
    Mood.DEADLY: lambda: DeathError("killed"),
}
_REFUND_STATUS = {Mood.SLOW: RefundStatus.PENDING, Mood.FAILING: RefundStatus.FAILED}


async def _at_once() -> None:
    """Whoever is told of a question goes on without delay."""


@dataclass
class FakeProvider:
    name: str = "stripe"
    mood: Mood = Mood.WELL
    shown: Shown = field(default_factory=lambda: Shown("confirm", "pk_test"))
    # By what the provider calls them.
    payments: dict[str, PaymentReport] = field(default_factory=dict)
    # By the key under which they were asked for.
    refunds: dict[str, RefundReport] = field(default_factory=dict)
    # Every time that it was asked for one.
    asked: list[RefundAsked] = field(default_factory=list)
    # Done before a refund is answered: to have others do something meanwhile.
    meanwhile: Callable[[], Awaitable[None]] = _at_once
    _events: dict[bytes, Event] = field(default_factory=dict)

    async def start(self, asked: PaymentAsked) -> Begun:
        begun = [one for one in self.payments.values() if one.number == asked.number]
        self._may_say(_BEFORE, is_done=bool(begun))
        reference = begun[0].reference if begun else f"pi_{len(self.payments) + 1}"
        if not begun:
            self.payments[reference] = PaymentReport(
                reference, asked.number, Outcome.PENDING, asked.amount, asked.currency
            )
        self._may_say(_AFTER)
        shown = {"client_secret": f"{reference}_secret", "publishable_key": "pk_test"}
        return Begun(reference, {"type": "confirm", **shown})

    async def look_up(self, reference: str) -> PaymentReport:
        self._may_say(_BEFORE)
        return self.payments[reference]

    async def refund(self, asked: RefundAsked) -> RefundReport:
        self.asked.append(asked)
        await self.meanwhile()
        self._may_say(_BEFORE, is_done=asked.key in self.refunds)
        if asked.key not in self.refunds:
            self._give_back(asked)
        self._may_say(_AFTER)
        return self.refunds[asked.key]

    async def look_up_refund(self, reference: str) -> RefundReport:
        self._may_say(_BEFORE)
        return next(one for one in self.refunds.values() if one.reference == reference)

    async def read(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Event:  # noqa: ARG002
        if raw not in self._events:
            raise UnverifiedError("not ours")
        return self._events[raw]

    async def payments_since(self, since: datetime) -> AsyncIterator[PaymentReport]:  # noqa: ARG002
        for report in self.payments.values():
            yield report

    async def refunds_since(self, since: datetime) -> AsyncIterator[RefundReport]:  # noqa: ARG002
        for report in self.refunds.values():
            yield report

    async def close(self) -> None:
        """There is nothing to let go of."""

    # What happens at the provider, without us.

    def pay(self, reference: str, **changes: Any) -> PaymentReport:
        """A buyer pays; what the provider says of it."""
        changed = {"outcome": Outcome.SUCCEEDED, **changes}
        self.payments[reference] = replace(self.payments[reference], **changed)
        return self.payments[reference]

    def decide(self, key: str, status: RefundStatus, reason: str | None = None) -> RefundReport:
        """What became of a refund in the end; what the provider says of it."""
        self.refunds[key] = replace(self.refunds[key], status=status, failure_reason=reason)
        return self.refunds[key]

    def event(self, report: Report) -> bytes:
        """What is sent to the service to tell of it, another event each time."""
        raw = f"evt_{len(self._events) + 1}".encode()
        self._events[raw] = Event(raw.decode(), type(report).__name__, report)
        return raw

    @property
    def given_back(self) -> list[Decimal]:
        """All that went back, or will."""
        failed = RefundStatus.FAILED
        return [one.amount for one in self.refunds.values() if one.status is not failed]

    def _give_back(self, asked: RefundAsked) -> None:
        status = _REFUND_STATUS.get(self.mood, RefundStatus.SUCCEEDED)
        self.refunds[asked.key] = RefundReport(
            reference=f"re_{len(self.refunds) + 1}",
            key=asked.key,
            payment_reference=asked.reference,
            status=status,
            amount=asked.amount,
            currency=asked.currency,
            failure_reason=REFUSAL if status is RefundStatus.FAILED else None,
        )

    def _may_say(
        self, moods: Mapping[Mood, Callable[[], Exception]], *, is_done: bool = False
    ) -> None:
        """What was done under a key is answered again under that key, and not refused."""
        error = moods.get(self.mood)
        if error is not None and not (is_done and self.mood is Mood.REFUSING):
            raise error()


@contextmanager
def taking_money(service: Service, provider: FakeProvider) -> Iterator[FakeProvider]:
    """The provider is set up, as the only one, until the block ends."""
    state = service.app.state
    before = state.providers, state.payments
    state.providers = Providers({provider.name: provider}, _SECONDS, service.settings.currency)
    state.payments = ByProvider(state.providers)
    state.terms = replace(state.terms, providers=frozenset({provider.name}))
    try:
        yield provider
    finally:
        state.providers, state.payments = before
