"""What payment providers said, and what is on its way back to payers."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from core.columns import (
    NEVER_REUSE_IDS,
    BigId,
    id_column,
    money_column,
    reference_column,
    stored_by_value,
    table_of,
)


class RefundStatus(StrEnum):
    """Whether money that was given back has arrived."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class EventOutcome(StrEnum):
    """What came of a provider's word."""

    APPLIED = "applied"
    # It was known already, or says nothing that matters any more.
    KNOWN = "known"
    # Recorded, but another amount or currency than was asked for.
    DIFFERS = "differs"
    # About nothing of ours.
    NOT_OURS = "not_ours"
    # Of a kind that we do nothing about.
    IGNORED = "ignored"


class ProviderEvent(SQLModel, table=True):
    """Something that a provider told by itself; what it tells again is known by its id."""

    __tablename__: ClassVar[Any] = "provider_events"
    __table_args__ = (
        UniqueConstraint("provider", "event_id"),
        Index(None, "received_at"),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    provider: str = Field(sa_type=String(30))
    event_id: str = Field(sa_type=String(255))
    # The provider's word.
    kind: str = Field(sa_type=String(100))
    outcome: EventOutcome = Field(sa_type=stored_by_value(EventOutcome, "outcome"))
    # What it is about; the keys outlive what they refer to.
    transaction_id: int | None = Field(default=None, sa_type=BigId)
    received_at: datetime


class PaymentDifference(SQLModel, table=True):
    """Money of another amount or currency than was asked for, as the provider tells it."""

    __tablename__: ClassVar[Any] = "payment_differences"
    __table_args__ = (
        UniqueConstraint("transaction_id"),
        Index(
            "ix_payment_differences_open",
            "id",
            postgresql_where=text("resolved_at IS NULL"),
            sqlite_where=text("resolved_at IS NULL"),
        ),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    transaction_id: int = reference_column("transactions.id", ondelete="RESTRICT")
    asked_amount: Decimal = money_column()
    # In units of its own currency, which may have other decimals than ours.
    received_minor_units: int = Field(sa_type=BigInteger)
    received_currency: str = Field(sa_type=String(3))
    # When the money was back with its payer.
    resolved_at: datetime | None = None
    created_at: datetime


class ProviderRefund(SQLModel, table=True):
    """A line of the ledger by which a provider is to give money back, and how far it is."""

    __tablename__: ClassVar[Any] = "provider_refunds"
    __table_args__ = (
        UniqueConstraint("movement_id"),
        CheckConstraint("amount > 0", "amount_positive"),
        CheckConstraint("attempt > 0", "attempt_positive"),
        # What is sent or asked about next; what has ended is neither.
        CheckConstraint("(status = 'pending') = (send_at IS NOT NULL)", "pending_is_sent"),
        Index(None, "transaction_id", "id"),
        Index(
            "ix_provider_refunds_send_at",
            "send_at",
            "id",
            postgresql_where=text("send_at IS NOT NULL"),
            sqlite_where=text("send_at IS NOT NULL"),
        ),
        Index(
            "ix_provider_refunds_failed",
            "id",
            postgresql_where=text("status = 'failed'"),
            sqlite_where=text("status = 'failed'"),
        ),
        Index(
            "uq_provider_refunds_provider_reference",
            "provider",
            "provider_reference",
            unique=True,
            postgresql_where=text("provider_reference IS NOT NULL"),
            sqlite_where=text("provider_reference IS NOT NULL"),
        ),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    # The ledger is never changed, so it needs no rule that keeps the line.
    movement_id: int = Field(sa_type=BigId)
    transaction_id: int = reference_column("transactions.id", ondelete="RESTRICT")
    provider: str = Field(sa_type=String(30))
    amount: Decimal = money_column()
    status: RefundStatus = Field(
        default=RefundStatus.PENDING, sa_type=stored_by_value(RefundStatus, "status")
    )
    # Which try it is: one more after each that the provider has refused for good.
    attempt: int = Field(default=1)
    provider_reference: str | None = Field(default=None, sa_type=String(255))
    # Of what failed, why; of what somebody settled by hand, what they said.
    reason: str | None = Field(default=None, sa_type=Text)
    is_by_hand: bool = Field(default=False)
    send_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


class RefundProgress(SQLModel, table=True):
    """Up to where the ledger was looked through for refunds: one row, or none before that."""

    __tablename__: ClassVar[Any] = "refund_progress"

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    movement_id: int = Field(sa_type=BigId)
    # Who may still commit lines up to the candidate; once all have ended, it is final.
    candidate_id: int = Field(sa_type=BigId)
    writers: str = Field(sa_type=Text)


provider_events = table_of(ProviderEvent)
payment_differences = table_of(PaymentDifference)
provider_refunds = table_of(ProviderRefund)
refund_progress = table_of(RefundProgress)
