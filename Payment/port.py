"""What the service asks of a payment provider, and what that tells: the port of ``providers/``.

A provider waits for somebody outside, so nothing of it is called inside a transaction. It raises
``AwayError``, ``NonsenseError`` or ``RefusedError``, and nothing else that is not a mistake.
Amounts are in the units of their currency (``199.98``), as everywhere in the service.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, Protocol, TypeAlias

from models import DisputeStatus, RefundStatus


class AwayError(Exception):
    """The provider does not answer, or not now; the same may be asked later."""


class NonsenseError(Exception):
    """The provider answered what can't be understood; nobody knows what it has done."""


class RefusedError(Exception):
    """The provider will not do it, however often it is asked; ``reason`` is its word for why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class UnverifiedError(Exception):
    """What claims to be the provider's word is not; the message says why, for the log."""


class Outcome(StrEnum):
    """What became of a payment at its provider, so far."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class PaymentAsked:
    """A payment to begin. Asked again under the same ``number``, it is the same one."""

    # Ours: ``TXN-…``. It is the idempotency key, and the provider keeps it with the payment.
    number: str
    amount: Decimal
    currency: str
    # What the buyer is shown of it.
    description: str
    # Where the buyer reaches this service; empty where no buyer has asked just now.
    base_url: str = ""


@dataclass(frozen=True)
class Begun:
    """A payment that the buyer can go on with."""

    reference: str
    # As it is served: see ``Order.schemas.transaction.NextAction``.
    next_action: Mapping[str, Any]


@dataclass(frozen=True)
class RefundAsked:
    """Money to give back. Asked again under the same ``key``, it is given back once."""

    key: str
    # Of the payment.
    reference: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class PaymentReport:
    """What a provider says of a payment."""

    reference: str
    # Ours, if the provider was told one.
    number: str | None
    outcome: Outcome
    # What was paid, once it was; before, what was asked for.
    amount: Decimal
    # Of ISO 4217, in capitals.
    currency: str
    failure_reason: str | None = None
    # What went back of it, by whomever.
    refunded: Decimal = Decimal(0)
    # Whether nothing more can come of it; what has failed may be tried again otherwise.
    is_over: bool = False


@dataclass(frozen=True)
class RefundReport:
    """What a provider says of money that goes back."""

    reference: str
    # Under which it was asked for, if it was us.
    key: str | None
    # Of the payment.
    payment_reference: str
    status: RefundStatus
    amount: Decimal
    currency: str
    failure_reason: str | None = None


@dataclass(frozen=True)
class DisputeReport:
    """What a provider says of money that the payer's bank asks back."""

    reference: str
    payment_reference: str
    status: DisputeStatus
    amount: Decimal
    currency: str
    reason: str | None
    respond_by: datetime | None


Report: TypeAlias = PaymentReport | RefundReport | DisputeReport


@dataclass(frozen=True)
class Event:
    """Something that a provider tells by itself, verified; ``report`` is None of other things."""

    id: str
    kind: str
    report: Report | None


@dataclass(frozen=True)
class Shown:
    """What a front end has to know of a provider before it begins a payment."""

    next_action: Literal["confirm", "redirect"]
    publishable_key: str | None = None


class Provider(Protocol):
    name: str

    @property
    def shown(self) -> Shown: ...

    async def start(self, asked: PaymentAsked) -> Begun: ...

    async def look_up(self, reference: str) -> PaymentReport: ...

    async def refund(self, asked: RefundAsked) -> RefundReport: ...

    async def look_up_refund(self, reference: str) -> RefundReport: ...

    async def read(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Event:
        """A webhook's raw bytes; ``UnverifiedError`` for all that is not the provider's word.

        ``AwayError`` where the provider has to be asked what it is about, and can't be now.
        ``headers`` has lower-case names.
        """

    def payments_since(self, since: datetime) -> AsyncIterator[PaymentReport]: ...

    def refunds_since(self, since: datetime) -> AsyncIterator[RefundReport]: ...

    async def close(self) -> None: ...
