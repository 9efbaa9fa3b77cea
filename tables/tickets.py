"""Kinds of admission on sale, with their stock."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Column, Computed, Index, String, Text
from sqlmodel import Field, SQLModel

from core.columns import NEVER_REUSE_IDS, id_column, money_column, table_of


class TicketStatus(StrEnum):
    AVAILABLE = "available"
    RESERVED = "reserved"
    SOLD = "sold"
    CANCELLED = "cancelled"


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


tickets = table_of(Ticket)
