"""What the provider keeps: payments, refunds and disputes.

Amounts are text with all the decimals of their currency, as they came, so that they stay exact.
"""

import secrets
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from test_payments.cards import CARDS, Card


def new_id(kind: str) -> str:
    """So long that knowing it is a right: who has a payment's address may pay it."""
    return f"{kind}_{secrets.token_hex(12)}"


class PaymentStatus(StrEnum):
    # Nobody has tried to pay it.
    OPEN = "open"
    # The buyer's bank has asked something.
    AUTHENTICATION_REQUIRED = "authentication_required"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    # It may be tried again.
    FAILED = "failed"


class RefundStatus(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class DisputeStatus(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(kw_only=True)
class Item:
    KIND: ClassVar[str]

    id: str
    amount: str
    currency: str
    created_at: float
    # When something becomes of it by itself.
    settles_at: float | None = None

    @property
    def about(self) -> str:
        """The payment that it is, or belongs to."""
        raise NotImplementedError

    @property
    def worth(self) -> Decimal:
        return Decimal(self.amount)

    def fields(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(kw_only=True)
class Payment(Item):
    KIND = "payment"

    description: str = ""
    # The shop's own words about it, which come back with everything that is told of it.
    metadata: dict[str, str] = field(default_factory=dict)
    # Where the buyer goes from the page.
    return_url: str = ""
    # Stands in the webhook's address, for a shop that has several.
    channel: str = ""
    client_secret: str = field(default_factory=lambda: f"secret_{secrets.token_hex(16)}")
    status: PaymentStatus = PaymentStatus.OPEN
    # The last one that was tried.
    card_number: str = ""
    error: str | None = None
    received_amount: str | None = None
    received_currency: str | None = None
    # Until when answers about it are not what they should be.
    troubled_until: float = 0

    def __post_init__(self) -> None:
        self.status = PaymentStatus(self.status)

    @property
    def about(self) -> str:
        return self.id

    @property
    def card(self) -> Card | None:
        return CARDS.get(self.card_number)


@dataclass(kw_only=True)
class Refund(Item):
    KIND = "refund"

    payment: str
    # Under which the shop has asked for it.
    key: str
    status: RefundStatus = RefundStatus.PENDING
    error: str | None = None

    def __post_init__(self) -> None:
        self.status = RefundStatus(self.status)

    @property
    def about(self) -> str:
        return self.payment


@dataclass(kw_only=True)
class Dispute(Item):
    KIND = "dispute"

    payment: str
    reason: str
    respond_by: float
    status: DisputeStatus = DisputeStatus.OPEN

    def __post_init__(self) -> None:
        self.status = DisputeStatus(self.status)

    @property
    def about(self) -> str:
        return self.payment
