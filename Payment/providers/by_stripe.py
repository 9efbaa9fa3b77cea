"""What both ways to pay by Stripe share: amounts, refunds, disputes, and the words for them."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from operator import index

from core import deadline
from core.currencies import CURRENCIES
from core.settings import Settings
from models import DisputeStatus, RefundStatus
from Payment.port import (
    AwayError,
    Begun,
    DisputeReport,
    Event,
    NonsenseError,
    PaymentAsked,
    PaymentReport,
    RefundAsked,
    RefundReport,
    RefusedError,
    Report,
    Shown,
    UnverifiedError,
)
from Payment.providers.stripe_account import Account, Told

# The most that there are on a page of a list.
PAGE = 100
# A webhook that has to be asked about leaves the rest of its request's time to the books.
_SHARE = 0.5

# Stripe counts in the smallest unit of ISO 4217, as the service does, but for these. Of the first
# two it takes whole units all the same.
_OTHER_DIGITS = {"ISK": 2, "UGX": 2, "MGA": 0}
# Of a currency with three decimals the last one is 0.
_THREE_DIGITS, _STEP = 3, 10

_REFUND_STATUS = {
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}
_DISPUTE_STATUS = {
    "won": DisputeStatus.WON,
    # The bank has only inquired.
    "warning_closed": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
    # The payer has the money back, before the bank would have asked for it.
    "prevented": DisputeStatus.LOST,
}
_REFUND_KINDS = {"refund.created", "refund.updated", "refund.failed"}
_DISPUTE_KINDS = {"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"}
# Stripe asks not to tell whoever tries a stolen card that it is known to be one.
_UNTOLD = {"fraudulent", "lost_card", "merchant_blacklist", "stolen_card"}


def to_units(amount: Decimal, currency: str) -> int:
    """An amount as Stripe counts it; one that it has no whole number for, it does not take."""
    known = CURRENCIES[currency]
    units = amount.scaleb(_OTHER_DIGITS.get(currency, known.digits))
    if units % (_STEP if known.digits == _THREE_DIGITS else 1):
        raise RefusedError("invalid_charge_amount")
    return int(units)


def to_amount(units: int, currency: str) -> Decimal:
    """Raises TypeError of what is no whole number."""
    return Decimal(index(units)).scaleb(-_OTHER_DIGITS.get(currency, CURRENCIES[currency].digits))


def currency_of(told: Told) -> str:
    currency: str = told["currency"]
    return currency.upper()


def id_of(value: str | Told) -> str:
    """Of an object that an answer only names, or has in full."""
    return value if isinstance(value, str) else str(value["id"])


def in_full(value: str | Told | None) -> Told:
    """An object that an answer may have in full; empty where it only names it, or there is none."""
    return {} if value is None or isinstance(value, str) else value


def refunded(intent: Told, currency: str) -> Decimal:
    """What went back of a payment, where its charge is told in full."""
    return to_amount(in_full(intent.get("latest_charge")).get("amount_refunded", 0), currency)


def reason_of(error: Told | None) -> str | None:
    """Why a payment failed, as far as its buyer may know."""
    if not error:
        return None
    reason: str | None = error.get("decline_code") or error.get("code")
    return "generic_decline" if reason in _UNTOLD else reason


class ByStripe(ABC):
    """A way to pay by Stripe: what one has that the other has not is abstract."""

    name: str

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._account = Account(settings, self.name)

    @property
    @abstractmethod
    def shown(self) -> Shown: ...

    @abstractmethod
    async def start(self, asked: PaymentAsked) -> Begun: ...

    @abstractmethod
    async def look_up(self, reference: str) -> PaymentReport: ...

    @abstractmethod
    def payments_since(self, since: datetime) -> AsyncIterator[PaymentReport]: ...

    @abstractmethod
    def _payment_of_event(self, kind: str, told: Told) -> PaymentReport | None:
        """What an event says of a payment; None if it is of another kind or not ours."""

    @abstractmethod
    async def _intent_of(self, reference: str) -> str:
        """Which of Stripe's payments refunds of one of ours are for."""

    @abstractmethod
    async def _reference_of(self, intent: str | Told) -> str | None:
        """Under which reference we know one of Stripe's payments, as far as it may be ours."""

    async def refund(self, asked: RefundAsked) -> RefundReport:
        """Stripe forgets keys after a day, so what was asked for before is looked for first."""
        intent = await self._intent_of(asked.reference)
        earlier = self._account.every(
            lambda v1: v1.refunds.list_async({"payment_intent": intent, "limit": PAGE})
        )
        async for told in earlier:
            if _metadata(told).get("refund_key") == asked.key:
                return self._refund(told, asked.reference)
        return self._refund(await self._make_refund(intent, asked), asked.reference)

    async def _make_refund(self, intent: str, asked: RefundAsked) -> Told:
        units = to_units(asked.amount, asked.currency)
        return await self._account.ask(
            lambda v1: v1.refunds.create_async(
                {
                    "payment_intent": intent,
                    "amount": units,
                    "metadata": {
                        "provider": self.name,
                        "refund_key": asked.key,
                        "payment_reference": asked.reference,
                    },
                },
                # The key alone may be that of another deployment with the same account.
                {"idempotency_key": f"{asked.reference}-{asked.key}"},
            )
        )

    async def look_up_refund(self, reference: str) -> RefundReport:
        told = await self._account.ask(lambda v1: v1.refunds.retrieve_async(reference))
        report = await self._refund_told(told)
        if report is None:
            raise NonsenseError(f"{reference} is a refund of no payment by {self.name}")
        return report

    async def refunds_since(self, since: datetime) -> AsyncIterator[RefundReport]:
        """Those of our payments, whoever gave them back."""
        start = int(since.timestamp())
        every = self._account.every(
            lambda v1: v1.refunds.list_async(
                {"created": {"gte": start}, "limit": PAGE, "expand": ["data.payment_intent"]}
            )
        )
        async for told in every:
            if (report := await self._refund_told(told)) is not None:
                yield report

    async def read(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Event:
        """``AwayError`` of an event that has to be asked about, and can't be now."""
        patience = min(self._settings.payment_timeout_seconds, deadline.remaining() * _SHARE)
        try:
            with self._account.in_our_words():
                told = await self._account.event(raw, headers, now)
                kind, about = told["type"], told["data"]["object"]
                async with asyncio.timeout(patience):
                    report = await self._report(kind, about)
                return Event(told["id"], kind, report)
        except TimeoutError:
            raise AwayError("no time is left to ask what an event is about") from None
        except (NonsenseError, RefusedError) as error:
            raise UnverifiedError(f"it is signed, but makes no sense: {error}") from None

    async def close(self) -> None:
        await self._account.close()

    async def _report(self, kind: str, told: Told) -> Report | None:
        if kind in _REFUND_KINDS:
            return await self._refund_told(told)
        if kind in _DISPUTE_KINDS:
            return await self._dispute_told(told)
        return self._payment_of_event(kind, told)

    async def _refund_told(self, told: Told) -> RefundReport | None:
        """Of a refund that may be by anybody, of any payment of the account."""
        with self._account.in_our_words():
            known = _metadata(told)
            if known.get("provider", self.name) != self.name or not told["payment_intent"]:
                return None
            reference = known.get("payment_reference")
            if reference is None:
                reference = await self._reference_of(told["payment_intent"])
            return None if reference is None else self._refund(told, reference)

    def _refund(self, told: Told, reference: str) -> RefundReport:
        with self._account.in_our_words():
            currency = currency_of(told)
            status = _REFUND_STATUS.get(told["status"], RefundStatus.PENDING)
            has_failed = status is RefundStatus.FAILED
            return RefundReport(
                reference=told["id"],
                key=_metadata(told).get("refund_key"),
                payment_reference=reference,
                status=status,
                amount=to_amount(told["amount"], currency),
                currency=currency,
                failure_reason=(told.get("failure_reason") or told["status"])
                if has_failed
                else None,
            )

    async def _dispute_told(self, told: Told) -> DisputeReport | None:
        if not told["payment_intent"]:
            return None
        reference = await self._reference_of(told["payment_intent"])
        if reference is None:
            return None
        currency = currency_of(told)
        due_by = told["evidence_details"]["due_by"]
        return DisputeReport(
            reference=told["id"],
            payment_reference=reference,
            status=_DISPUTE_STATUS.get(told["status"], DisputeStatus.OPEN),
            amount=to_amount(told["amount"], currency),
            currency=currency,
            reason=told["reason"],
            respond_by=None if due_by is None else datetime.fromtimestamp(due_by, UTC),
        )

    def _is_ours(self, told: Told) -> bool:
        """Whether we have begun it: others may use the account, and the other way to pay does."""
        return _metadata(told).get("provider") == self.name


def _metadata(told: Told) -> Mapping[str, str]:
    return told.get("metadata") or {}
