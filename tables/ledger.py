"""The ledger, and the audit beside it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlmodel import Field, SQLModel

from core.columns import APPEND_ONLY, BigId, id_column, money_column, stored_by_value, table_of


class MovementKind(StrEnum):
    """What moves in the ledger: units of a ticket, money of an order, or the order itself."""

    STOCK = "stock"
    MONEY = "money"
    ORDER = "order"


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
        APPEND_ONLY,
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
    # Ours; and what the caller called the request, which may be anything.
    request_id: str = Field(sa_type=String(128))
    client_request_id: str | None = Field(default=None, sa_type=String(128))
    # Whose doing it was, in which role, and by what: see ``work.caller.Actor``.
    actor: str = Field(sa_type=String(60))
    actor_role: str | None = Field(default=None, sa_type=String(20))
    actor_means: str | None = Field(default=None, sa_type=String(60))
    created_at: datetime


class AuditEntry(SQLModel, table=True):
    """Something that was done to accounts, rights or prices. Never changed, and kept for a year."""

    __tablename__: ClassVar[Any] = "audit_entries"
    __table_args__ = (
        Index(None, "actor", "id"),
        Index(None, "object", "id"),
        Index(None, "action", "id"),
        Index(None, "created_at", "id"),
        APPEND_ONLY,
    )

    id: int = id_column()
    action: str = Field(sa_type=String(40))
    # To what it was done: ``user:7``. The object may be gone.
    object: str = Field(sa_type=String(60))
    # What it was before and after, by field: JSON.
    changes: str = Field(sa_type=Text)
    request_id: str = Field(sa_type=String(128))
    client_request_id: str | None = Field(default=None, sa_type=String(128))
    actor: str = Field(sa_type=String(60))
    actor_role: str | None = Field(default=None, sa_type=String(20))
    actor_means: str | None = Field(default=None, sa_type=String(60))
    created_at: datetime


movements = table_of(Movement)
audit_entries = table_of(AuditEntry)
