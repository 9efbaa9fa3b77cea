"""Sums that the reports read instead of all rows; a chore keeps them by following the ledger.

A ``period`` is a number: 20260301 is a day, 202603 a month, and 0 all time. An id of 0 stands for
all there are; what an id of an event, a category, a venue or a way to pay means, the names tell.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from core.columns import NEVER_REUSE_IDS, BigId, id_column, money_column, stored_by_value, table_of

_SOLD = text("orders > 0")


def _key(of: Any = BigId) -> Any:
    return Field(sa_column=Column(of, primary_key=True, autoincrement=False))


def _count() -> Any:
    return Field(default=0, sa_type=BigInteger)


class ReportNameKind(StrEnum):
    """Keys are as ``core.text.name_key``; names are as spelled."""

    EVENT_KEY = "event_key"
    EVENT_NAME = "event_name"
    CATEGORY_KEY = "category_key"
    CATEGORY = "category"
    VENUE_KEY = "venue_key"
    VENUE = "venue"
    PAYMENT_METHOD = "payment_method"


class CountedKind(StrEnum):
    ORDER = "order"
    TRANSACTION = "transaction"


class ReportProgress(SQLModel, table=True):
    """Up to where the ledger is in the sums: one row, or none before the first time."""

    __tablename__: ClassVar[Any] = "report_progress"

    id: int = _key(Integer)
    movement_id: int = Field(sa_type=BigId)
    # Who may still commit lines up to the candidate; once all have ended, it is final.
    candidate_id: int = Field(sa_type=BigId)
    writers: str = Field(default="", sa_type=Text)


class ReportName(SQLModel, table=True):
    """Numbers for names: an index of sums by three names would be too wide for PostgreSQL."""

    __tablename__: ClassVar[Any] = "report_names"
    __table_args__ = (UniqueConstraint("kind", "name"), NEVER_REUSE_IDS)

    id: int = id_column()
    kind: ReportNameKind = Field(sa_type=stored_by_value(ReportNameKind, "kind"))
    name: str = Field(sa_type=String(800))
    # Of a way to pay: what all its spellings have in common.
    key: str | None = Field(default=None, sa_type=String(800))


class SalesSum(SQLModel, table=True):
    """What was sold in a period; ``grouping`` adds up 1, 2 and 4 for event, category and venue.

    An order with lines in several events counts once in each, so orders are counted by grouping.
    """

    __tablename__: ClassVar[Any] = "sales_sums"
    __table_args__ = (
        # A series of one event, say.
        Index(None, "grouping", "event_id", "category_id", "venue_id", "period"),
    )

    grouping: int = _key(Integer)
    period: int = _key(Integer)
    event_id: int = _key()
    category_id: int = _key()
    venue_id: int = _key()
    orders: int = _count()
    tickets: int = _count()
    revenue: Decimal = money_column()


class SpellingSum(SQLModel, table=True):
    """Units sold under each spelling: a row of a report has one that was sold in its period."""

    __tablename__: ClassVar[Any] = "spelling_sums"
    # An event is found by the primary key.
    __table_args__ = (Index(None, "venue_id", "period"),)

    period: int = _key(Integer)
    event_id: int = _key()
    event_name_id: int = _key()
    category_id: int = _key()
    category_name_id: int = _key()
    venue_id: int = _key()
    venue_name_id: int = _key()
    tickets: int = _count()


class TicketSum(SQLModel, table=True):
    """Units of a ticket, under the event and the category as which they were sold."""

    __tablename__: ClassVar[Any] = "ticket_sums"

    period: int = _key(Integer)
    ticket_id: int = _key()
    event_id: int = _key()
    category_id: int = _key()
    tickets: int = _count()


class CustomerSum(SQLModel, table=True):
    """What a customer bought, by the month and in all; by the day it would be the orders again."""

    __tablename__: ClassVar[Any] = "customer_sums"
    __table_args__ = (
        Index(
            None,
            "period",
            "spent",
            postgresql_where=_SOLD,
            sqlite_where=_SOLD,
        ),
    )

    period: int = _key(Integer)
    user_id: int = _key()
    orders: int = _count()
    tickets: int = _count()
    spent: Decimal = money_column()


class CustomerCount(SQLModel, table=True):
    """How many of a period's customers have more than one order in it."""

    __tablename__: ClassVar[Any] = "customer_counts"

    period: int = _key(Integer)
    returning_customers: int = _count()


class MoneySum(SQLModel, table=True):
    """Money by when it succeeded, and what went back of it.

    By event and category it is that of orders that are not pending: their lines do not change.
    """

    __tablename__: ClassVar[Any] = "money_sums"
    __table_args__ = (Index(None, "grouping", "event_id", "category_id", "period"),)

    grouping: int = _key(Integer)
    period: int = _key(Integer)
    event_id: int = _key()
    category_id: int = _key()
    payment_method_id: int = _key()
    transactions: int = _count()
    gross: Decimal = money_column()
    refunded: Decimal = money_column()


class StatusSum(SQLModel, table=True):
    """Orders and transactions by when they were created and what state they are in.

    Transactions are here once their money succeeded; those that are pending or failed, once their
    order left pending. Pending orders are by event and category as ``pending_cells`` has them.
    """

    __tablename__: ClassVar[Any] = "status_sums"

    kind: CountedKind = _key(stored_by_value(CountedKind, "kind"))
    grouping: int = _key(Integer)
    period: int = _key(Integer)
    event_id: int = _key()
    category_id: int = _key()
    status: str = _key(String(20))
    counted: int = _count()


class PendingCell(SQLModel, table=True):
    """An event and a category under which a pending order is counted.

    Lines are added to pending orders, so what an order is counted under is not what it has now if
    it moved behind the mark.
    """

    __tablename__: ClassVar[Any] = "pending_cells"

    order_id: int = _key()
    event_id: int = _key()
    category_id: int = _key()
    # When the order was placed.
    day: int


class PaymentMove(SQLModel, table=True):
    """A payment that came to be pending or failed (1), or is that no more (-1), until the sums
    have it.

    Triggers write it, for the ledger knows only money that succeeded.
    """

    __tablename__: ClassVar[Any] = "payment_moves"
    __table_args__ = (NEVER_REUSE_IDS,)

    id: int = id_column()
    order_id: int = Field(sa_type=BigId)
    # When the payment was announced.
    day: int
    status: str = Field(sa_type=String(20))
    sign: int
    # Whether it is being added to the sums; no other transaction sees it so.
    is_taken: bool = False


class QuarterSum(SQLModel, table=True):
    """What was sold, paid and who registered in a quarter of an hour: 20260301234500.

    Where a day of a zone does not begin with one of UTC, these tell how much of it is missing.
    They stand in the order in which they are asked for: those of an event one after the other.
    """

    __tablename__: ClassVar[Any] = "quarter_sums"

    grouping: int = _key(Integer)
    event_id: int = _key()
    category_id: int = _key()
    quarter: int = _key(BigInteger)
    orders: int = _count()
    tickets: int = _count()
    revenue: Decimal = money_column()
    transactions: int = _count()
    gross: Decimal = money_column()
    refunded: Decimal = money_column()
    users: int = _count()


class UserSum(SQLModel, table=True):
    """Users by the day of their registration."""

    __tablename__: ClassVar[Any] = "user_sums"

    period: int = _key(Integer)
    is_active: bool = _key(Boolean)
    counted: int = _count()


class UserMove(SQLModel, table=True):
    """A user who came (1) or went (-1), until the sums have it; who changed did both.

    Triggers write it.
    """

    __tablename__: ClassVar[Any] = "user_moves"
    __table_args__ = (NEVER_REUSE_IDS,)

    id: int = id_column()
    # When the user registered: 20260301234500.
    quarter: int = Field(sa_type=BigInteger)
    is_active: bool
    sign: int
    # As of a payment's move.
    is_taken: bool = False


class PartPaidOrder(SQLModel, table=True):
    """A pending order whose money is in the sums of all, but in none by event or category yet."""

    __tablename__: ClassVar[Any] = "part_paid_orders"

    order_id: int = _key()


class DeletedLine(SQLModel, table=True):
    """A line of a cancelled order that was deleted, until the sums have heard of it.

    Triggers write it: what such an order once added to the sums has to be taken out again.
    """

    __tablename__: ClassVar[Any] = "deleted_lines"
    __table_args__ = (Index(None, "order_id"), NEVER_REUSE_IDS)

    id: int = id_column()
    order_id: int = Field(sa_type=BigId)
    user_id: int = Field(sa_type=BigId)
    ticket_id: int = Field(sa_type=BigId)
    quantity: int
    line_total: Decimal = money_column()
    event_name: str = Field(sa_type=String(200))
    event_key: str = Field(sa_type=String(800))
    venue: str = Field(sa_type=String(200))
    venue_key: str = Field(sa_type=String(800))
    category: str = Field(sa_type=String(100))
    category_key: str = Field(sa_type=String(400))


report_progress = table_of(ReportProgress)
report_names = table_of(ReportName)
sales_sums = table_of(SalesSum)
spelling_sums = table_of(SpellingSum)
ticket_sums = table_of(TicketSum)
customer_sums = table_of(CustomerSum)
customer_counts = table_of(CustomerCount)
money_sums = table_of(MoneySum)
status_sums = table_of(StatusSum)
quarter_sums = table_of(QuarterSum)
deleted_lines = table_of(DeletedLine)
part_paid_orders = table_of(PartPaidOrder)
pending_cells = table_of(PendingCell)
payment_moves = table_of(PaymentMove)
user_sums = table_of(UserSum)
user_moves = table_of(UserMove)
