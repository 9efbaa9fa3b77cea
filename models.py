"""All tables and enums.

The tables hold every rule that a database can hold, under names that ``core.errors`` and the
migrations refer to. Services read and write them as Core tables (``tickets.c.price``): on hot
paths that costs half of what ORM objects cost.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    LargeBinary,
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


class TicketStatus(StrEnum):
    AVAILABLE = "available"
    RESERVED = "reserved"
    SOLD = "sold"
    CANCELLED = "cancelled"


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


class UserOrderRole(StrEnum):
    """A user's relation to an order: who bought it, or whom the owner shares it with."""

    OWNER = "owner"
    RECIPIENT = "recipient"


class MovementKind(StrEnum):
    """What moves in the ledger: units of a ticket, money of an order, or the order itself."""

    STOCK = "stock"
    MONEY = "money"
    ORDER = "order"


class UserRole(StrEnum):
    """What a user may do; each role may do all that those before it may."""

    CUSTOMER = "customer"
    STAFF = "staff"
    ADMIN = "admin"


class User(SQLModel, table=True):
    __tablename__: ClassVar[Any] = "users"
    __table_args__ = (
        UniqueConstraint("username_key"),
        UniqueConstraint("email_key"),
        Index(None, "created_at", "id"),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    username: str = Field(sa_type=String(50))
    username_key: str = Field(sa_type=String(50))
    email: str = Field(sa_type=String(320))
    email_key: str = Field(sa_type=String(640))
    full_name: str = Field(sa_type=String(200))
    phone_number: str | None = Field(default=None, sa_type=String(20))
    role: UserRole = Field(default=UserRole.CUSTOMER, sa_type=stored_by_value(UserRole, "role"))
    # Without one the user can't log in.
    password_hash: str | None = Field(default=None, sa_type=String(255))
    is_active: bool = True
    created_at: datetime
    updated_at: datetime


# What the sale's state follows from: set by hand, or the stock speaks.
_DERIVED_STATUS = (
    "CASE WHEN sale_stopped_as IS NOT NULL THEN sale_stopped_as "
    "WHEN available_quantity > 0 THEN 'available' "
    "WHEN reserved_quantity > 0 THEN 'reserved' ELSE 'sold' END"
)


class Ticket(SQLModel, table=True):
    """One kind of admission on sale for an event, with its stock."""

    __tablename__: ClassVar[Any] = "tickets"
    __table_args__ = (
        CheckConstraint("price >= 0", "price_not_negative"),
        CheckConstraint("available_quantity >= 0", "available_not_negative"),
        CheckConstraint("reserved_quantity >= 0", "reserved_not_negative"),
        CheckConstraint("sold_quantity >= 0", "sold_not_negative"),
        CheckConstraint("withheld_quantity >= 0", "withheld_not_negative"),
        CheckConstraint(
            "available_quantity + reserved_quantity + sold_quantity + withheld_quantity"
            " = total_quantity",
            "stock_adds_up",
        ),
        CheckConstraint(
            "sale_stopped_as IS NULL OR sale_stopped_as IN ('reserved', 'sold', 'cancelled')",
            "sale_stopped_as",
        ),
        Index(None, "event_date", "id"),
        Index(None, "price", "id"),
        Index(None, "created_at", "id"),
        Index(None, "category_key", "id"),
        Index(None, "status", "id"),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    event_name: str = Field(sa_type=String(200))
    event_key: str = Field(sa_type=String(800))
    event_description: str | None = Field(default=None, sa_type=Text)
    event_date: datetime
    venue: str = Field(sa_type=String(200))
    venue_key: str = Field(sa_type=String(800))
    category: str = Field(sa_type=String(100))
    category_key: str = Field(sa_type=String(400))
    # Name, description, venue and category as ``core.text.search_key``, a line each.
    search_text: str = Field(sa_type=Text)
    price: Decimal = money_column()
    total_quantity: int
    available_quantity: int
    reserved_quantity: int = 0
    sold_quantity: int = 0
    withheld_quantity: int = 0
    sale_stopped_as: str | None = Field(default=None, sa_type=String(20))
    status: str = Field(sa_column=Column(String(20), Computed(_DERIVED_STATUS, persisted=True)))
    created_at: datetime
    updated_at: datetime


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
        Index(None, "user_id", "id"),
        Index(None, "status", "id"),
        Index(None, "created_at", "id"),
        Index(None, "total_amount", "id"),
        Index(None, "confirmed_at"),
        # The sweep looks only here, so that it costs nothing while nothing is overdue.
        Index(
            "ix_orders_overdue",
            "expires_at",
            "id",
            postgresql_where=text("expires_at IS NOT NULL"),
            sqlite_where=text("expires_at IS NOT NULL"),
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
    cancel_reason: str | None = Field(default=None, sa_type=Text)
    expires_at: datetime | None = None
    confirmed_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


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
    transaction_reference: str | None = Field(default=None, sa_type=String(255))
    status: TransactionStatus = Field(
        default=TransactionStatus.PENDING,
        sa_type=stored_by_value(TransactionStatus, "status"),
    )
    failure_reason: str | None = Field(default=None, sa_type=Text)
    succeeded_at: datetime | None = None
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
    created_at: datetime


class Movement(SQLModel, table=True):
    """A line of the ledger: what went from where to where, and why. Never changed, never removed.

    Its keys refer to rows that may be gone: history outlives them.
    """

    __tablename__: ClassVar[Any] = "movements"
    __table_args__ = (
        CheckConstraint("origin <> target", "goes_somewhere"),
        CheckConstraint("quantity >= 0 AND amount >= 0", "not_negative"),
        CheckConstraint(
            "kind = 'order' AND order_id IS NOT NULL"
            " OR kind = 'stock' AND ticket_id IS NOT NULL AND quantity > 0"
            " OR kind = 'money' AND order_id IS NOT NULL AND transaction_id IS NOT NULL"
            " AND amount > 0",
            "complete",
        ),
        Index(None, "order_id", "id"),
        Index(None, "ticket_id", "id"),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    kind: MovementKind = Field(sa_type=stored_by_value(MovementKind, "kind"))
    cause: str = Field(sa_type=String(30))
    # Counters of a ticket, states of an order, or who has the money.
    origin: str = Field(sa_type=String(20))
    target: str = Field(sa_type=String(20))
    # Units of stock, and what they are worth at the order's prices; or an amount of money.
    quantity: int = 0
    amount: Decimal = money_column()
    order_id: int | None = Field(default=None, sa_type=BigId)
    ticket_id: int | None = Field(default=None, sa_type=BigId)
    transaction_id: int | None = Field(default=None, sa_type=BigId)
    request_id: str = Field(sa_type=String(128))
    created_at: datetime


class IdempotencyKey(SQLModel, table=True):
    """A request that was carried out under a key of its caller's, and how it was answered."""

    __tablename__: ClassVar[Any] = "idempotency_keys"
    __table_args__ = (
        UniqueConstraint("principal", "key_hash"),
        Index(None, "created_at"),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    principal: str = Field(sa_type=String(80))
    key_hash: str = Field(sa_type=String(64))
    # Of method, address and body: the same key with another request is refused.
    fingerprint: str = Field(sa_type=String(64))
    # The answer, readable only with the key itself; written before the commit.
    status: int | None = None
    answer: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime


class LoginSession(SQLModel, table=True):
    """One log-in: refresh tokens prolong it, and its end ends its access tokens."""

    __tablename__: ClassVar[Any] = "login_sessions"
    __table_args__ = (
        UniqueConstraint("key_hash"),
        Index(None, "user_id"),
        Index(None, "expires_at"),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    user_id: int = reference_column("users.id", ondelete="CASCADE")
    # The two halves of the refresh token: which session, and that it is the newest token of it.
    key_hash: str = Field(sa_type=String(64))
    secret_hash: str = Field(sa_type=String(64))
    expires_at: datetime
    revoked_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


class ApiKey(SQLModel, table=True):
    """A program's identity: it acts for its maker, with at most the maker's role."""

    __tablename__: ClassVar[Any] = "api_keys"
    __table_args__ = (UniqueConstraint("key_hash"), Index(None, "user_id"), NEVER_REUSE_IDS)

    id: int = id_column()
    # None: made in the open development mode, where nobody has to be anybody.
    user_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("users.id", ondelete="CASCADE"))
    )
    name: str = Field(sa_type=String(100))
    role: UserRole = Field(sa_type=stored_by_value(UserRole, "role"))
    key_hash: str = Field(sa_type=String(64))
    # How the key begins, so that its owner can tell it from others.
    hint: str = Field(sa_type=String(12))
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    created_at: datetime


users = table_of(User)
tickets = table_of(Ticket)
carts = table_of(Cart)
orders = table_of(Order)
order_items = table_of(OrderItem)
transactions = table_of(Transaction)
user_orders = table_of(UserOrder)
movements = table_of(Movement)
idempotency_keys = table_of(IdempotencyKey)
login_sessions = table_of(LoginSession)
api_keys = table_of(ApiKey)
