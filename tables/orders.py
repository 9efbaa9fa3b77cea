"""Carts, orders and their money."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
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

# As the index has it: the databases only use one whose words they find in the question.
UNSOLD_WITH_NOTES = "notes IS NOT NULL AND status = 'cancelled' AND confirmed_at IS NULL"


class OrderStatus(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


class TransactionStatus(StrEnum):
    PENDING = "pending"
    SUCCESS = "success"
    FAILED = "failed"
    REFUNDED = "refunded"


class DisputeStatus(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class UserOrderRole(StrEnum):
    """A user's relation to an order: who bought it, or whom the owner shares it with."""

    OWNER = "owner"
    RECIPIENT = "recipient"


class Cart(SQLModel, table=True):
    """A line of a user's cart; it holds no stock."""

    __tablename__: ClassVar[Any] = "carts"
    __table_args__ = (
        UniqueConstraint("user_id", "ticket_id"),
        CheckConstraint("quantity > 0", "quantity_positive"),
        Index(None, "ticket_id"),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    user_id: int = reference_column("users.id", ondelete="CASCADE")
    ticket_id: int = reference_column("tickets.id", ondelete="CASCADE")
    quantity: int
    created_at: datetime
    updated_at: datetime


class Order(SQLModel, table=True):
    __tablename__: ClassVar[Any] = "orders"
    __table_args__ = (
        UniqueConstraint("order_reference"),
        CheckConstraint("total_amount >= 0", "total_not_negative"),
        CheckConstraint("amount_paid >= 0", "paid_not_negative"),
        CheckConstraint(
            "amount_refunded >= 0 AND amount_refunded <= amount_paid", "refunded_within_paid"
        ),
        CheckConstraint(
            "amount_reopened >= 0 AND amount_reopened <= amount_refunded",
            "reopened_within_refunded",
        ),
        CheckConstraint("amount_paid - amount_refunded <= total_amount", "never_overpaid"),
        CheckConstraint("(status = 'pending') = (expires_at IS NOT NULL)", "pending_expires"),
        CheckConstraint(
            "status NOT IN ('confirmed', 'completed') OR confirmed_at IS NOT NULL",
            "confirmed_has_date",
        ),
        CheckConstraint("expired_at IS NULL OR status = 'cancelled'", "expired_is_cancelled"),
        Index(None, "user_id", "id"),
        Index(None, "status", "id"),
        Index(None, "created_at", "id"),
        Index(None, "total_amount", "id"),
        Index(None, "confirmed_at"),
        # What one customer holds and has bought, however many orders were cancelled.
        Index(
            "ix_orders_live",
            "user_id",
            postgresql_where=text("status <> 'cancelled'"),
            sqlite_where=text("status <> 'cancelled'"),
        ),
        # The sweep looks only here, so that it costs nothing while nothing is overdue.
        Index(
            "ix_orders_overdue",
            "expires_at",
            "id",
            postgresql_where=text("expires_at IS NOT NULL"),
            sqlite_where=text("expires_at IS NOT NULL"),
        ),
        # What retention takes the notes of; nothing of it changes while an order is sold.
        Index(
            "ix_orders_unsold_notes",
            "created_at",
            "id",
            postgresql_where=text(UNSOLD_WITH_NOTES),
            sqlite_where=text(UNSOLD_WITH_NOTES),
        ),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    order_reference: str = Field(sa_type=String(14))
    user_id: int = reference_column("users.id", ondelete="RESTRICT")
    status: OrderStatus = Field(
        default=OrderStatus.PENDING,
        sa_type=stored_by_value(OrderStatus, "status"),
    )
    total_amount: Decimal = money_column()
    # All money that ever succeeded, and what went back of it.
    amount_paid: Decimal = money_column()
    amount_refunded: Decimal = money_column()
    # The part of the refunds that is due again: what was given back before the order was confirmed.
    amount_reopened: Decimal = money_column()
    notes: str | None = Field(default=None, sa_type=Text)
    # For people: anybody's words. That a hold ran out is told by ``expired_at``.
    cancel_reason: str | None = Field(default=None, sa_type=Text)
    expires_at: datetime | None = None
    # When the hold ended of an order that nobody cancelled.
    expired_at: datetime | None = None
    confirmed_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


class EndedHold(SQLModel, table=True):
    """That an order ended unpaid, and, in a row for each, that it held a ticket until then.

    Kept for a day, for the policy of ``Order.services.fairness``. Its keys outlive what they refer
    to: a deleted order was held as well.
    """

    __tablename__: ClassVar[Any] = "ended_holds"
    __table_args__ = (
        Index(None, "user_id", "ticket_id", "ended_at"),
        Index(None, "order_id"),
        Index(None, "ended_at"),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    user_id: int = reference_column("users.id", ondelete="CASCADE")
    order_id: int = Field(sa_type=BigId)
    # None in the row of the order itself.
    ticket_id: int | None = Field(default=None, sa_type=BigId)
    has_expired: bool
    ended_at: datetime
    # How long it would have been held.
    held_until: datetime


class OrderItem(SQLModel, table=True):
    """A line of an order: what was sold, as it was when it was ordered."""

    __tablename__: ClassVar[Any] = "order_items"
    __table_args__ = (
        # A ticket stands twice in an order only where its price changed in between.
        UniqueConstraint("order_id", "ticket_id", "unit_price"),
        CheckConstraint("quantity > 0", "quantity_positive"),
        CheckConstraint("unit_price >= 0", "unit_price_not_negative"),
        CheckConstraint("line_total = unit_price * quantity", "line_total"),
        Index(None, "ticket_id", "order_id"),
        # Reports on one event: nine times as fast on SQLite, six times on PostgreSQL by the month.
        Index(None, "event_key", "order_id"),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    order_id: int = reference_column("orders.id", ondelete="CASCADE")
    ticket_id: int = reference_column("tickets.id", ondelete="RESTRICT")
    quantity: int
    unit_price: Decimal = money_column()
    line_total: Decimal = money_column()
    event_name: str = Field(sa_type=String(200))
    event_key: str = Field(sa_type=String(800))
    event_date: datetime
    venue: str = Field(sa_type=String(200))
    venue_key: str = Field(sa_type=String(800))
    category: str = Field(sa_type=String(100))
    category_key: str = Field(sa_type=String(400))


class Transaction(SQLModel, table=True):
    """Money for one order."""

    __tablename__: ClassVar[Any] = "transactions"
    __table_args__ = (
        UniqueConstraint("transaction_number"),
        CheckConstraint("amount > 0", "amount_positive"),
        CheckConstraint(
            "refunded_amount >= 0 AND refunded_amount <= amount", "refunded_within_amount"
        ),
        CheckConstraint("(status = 'refunded') = (refunded_amount = amount)", "refunded_means_all"),
        CheckConstraint(
            "(status IN ('success', 'refunded')) = (succeeded_at IS NOT NULL)",
            "success_has_date",
        ),
        # A provider's reference is paid for once, whoever names it first.
        Index(
            "uq_transactions_reference",
            "payment_method_key",
            "transaction_reference",
            unique=True,
            postgresql_where=text("succeeded_at IS NOT NULL AND NOT reference_is_shared"),
            sqlite_where=text("succeeded_at IS NOT NULL AND NOT reference_is_shared"),
        ),
        Index(
            "ix_transactions_reference",
            "transaction_reference",
            "id",
            postgresql_where=text("transaction_reference IS NOT NULL"),
            sqlite_where=text("transaction_reference IS NOT NULL"),
        ),
        Index(
            "uq_transactions_provider_reference",
            "provider",
            "provider_reference",
            unique=True,
            postgresql_where=text("provider_reference IS NOT NULL"),
            sqlite_where=text("provider_reference IS NOT NULL"),
        ),
        # The chore that asks providers looks only here.
        Index(
            "ix_transactions_look_at",
            "look_at",
            "id",
            postgresql_where=text("look_at IS NOT NULL"),
            sqlite_where=text("look_at IS NOT NULL"),
        ),
        Index(None, "order_id", "id"),
        Index(None, "status", "id"),
        Index(None, "created_at", "id"),
        Index(None, "amount", "id"),
        Index(None, "succeeded_at"),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    transaction_number: str = Field(sa_type=String(14))
    order_id: int = reference_column("orders.id", ondelete="RESTRICT")
    amount: Decimal = money_column()
    refunded_amount: Decimal = money_column()
    payment_method: str = Field(sa_type=String(50))
    payment_method_key: str = Field(sa_type=String(200))
    transaction_reference: str | None = Field(default=None, sa_type=String(255))
    # Of money from before references were unique: another had this one already.
    reference_is_shared: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    status: TransactionStatus = Field(
        default=TransactionStatus.PENDING,
        sa_type=stored_by_value(TransactionStatus, "status"),
    )
    failure_reason: str | None = Field(default=None, sa_type=Text)
    succeeded_at: datetime | None = None
    # When its order was cancelled while it was pending: its money may be on its way all the same.
    abandoned_at: datetime | None = None
    # Who takes the money, where that is not the box office; and what that calls the payment.
    provider: str | None = Field(default=None, sa_type=String(30))
    provider_reference: str | None = Field(default=None, sa_type=String(255))
    # How its buyer goes on paying: JSON, as the provider said it.
    next_action: str | None = Field(default=None, sa_type=Text)
    # When the provider is to be asked next what became of it.
    look_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


class PaymentReason(SQLModel, table=True):
    """Why somebody settled a payment by hand, or gave money back, in their words; by request.

    Beside the ledger, which is never changed: words can be taken back.
    """

    __tablename__: ClassVar[Any] = "payment_reasons"
    __table_args__ = (UniqueConstraint("transaction_id", "request_id"), NEVER_REUSE_IDS)

    id: int = id_column()
    transaction_id: int = reference_column("transactions.id", ondelete="CASCADE")
    request_id: str = Field(sa_type=String(128))
    reason: str = Field(sa_type=Text)
    created_at: datetime


class Dispute(SQLModel, table=True):
    """Money that the payer's bank asks back (a chargeback), as the provider tells it."""

    __tablename__: ClassVar[Any] = "disputes"
    __table_args__ = (
        UniqueConstraint("provider", "provider_reference"),
        CheckConstraint("minor_units > 0", "minor_units_positive"),
        Index(None, "transaction_id", "id"),
        Index(None, "created_at"),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    transaction_id: int = reference_column("transactions.id", ondelete="RESTRICT")
    provider: str = Field(sa_type=String(30))
    provider_reference: str = Field(sa_type=String(255))
    # In units of its own currency: a payer's bank may ask for another than ours.
    minor_units: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=String(3))
    # The provider's word for it.
    reason: str | None = Field(default=None, sa_type=String(100))
    status: DisputeStatus = Field(sa_type=stored_by_value(DisputeStatus, "status"))
    # Until when it takes evidence.
    respond_by: datetime | None = None
    created_at: datetime
    updated_at: datetime


class UserOrder(SQLModel, table=True):
    """Who an order concerns besides being its object: one owner, any number of recipients."""

    __tablename__: ClassVar[Any] = "user_orders"
    __table_args__ = (
        UniqueConstraint("order_id", "user_id"),
        Index(None, "user_id", "order_id"),
        Index(
            "uq_user_orders_owner",
            "order_id",
            unique=True,
            postgresql_where=text("role = 'owner'"),
            sqlite_where=text("role = 'owner'"),
        ),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    user_id: int = reference_column("users.id", ondelete="CASCADE")
    order_id: int = reference_column("orders.id", ondelete="CASCADE")
    role: UserOrderRole = Field(sa_type=stored_by_value(UserOrderRole, "role"))
    # What the sharer called a recipient, and so all that the sharer is told of them.
    shared_as: str | None = Field(default=None, sa_type=String(255))
    created_at: datetime


carts = table_of(Cart)
orders = table_of(Order)
ended_holds = table_of(EndedHold)
order_items = table_of(OrderItem)
transactions = table_of(Transaction)
payment_reasons = table_of(PaymentReason)
disputes = table_of(Dispute)
user_orders = table_of(UserOrder)
