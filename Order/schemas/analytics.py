"""Analytics on the wire."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from core.money import Amount
from core.periods import Interval
from core.schemas import (
    IN_ANY_SPELLING,
    Category,
    LowerBound,
    Name,
    Output,
    ServedTime,
    UpperBound,
    ZoneName,
)
from models import OrderStatus

Rate = Annotated[float, Field(description="A fraction of 1.")]
# Of tickets: with two decimals, whatever the currency has.
Mean = Annotated[
    Decimal,
    PlainSerializer(float, return_type=float, when_used="json"),
    WithJsonSchema({"type": "number"}),
]


class AnalyticsQuery(BaseModel):
    """What every report understands; an unknown parameter is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid")

    start: LowerBound | None = Field(
        default=None,
        description="Inclusive; a bare date begins at its midnight in the time zone, a time "
        "without an offset is UTC; left out: all time before `end`.",
    )
    end: UpperBound | None = Field(
        default=None,
        description="A bare date includes that day of the time zone; a time is exclusive; "
        "left out: all time since `start`.",
    )
    interval: Interval = Field(
        default=Interval.DAY,
        description="How long the periods of a series are; weeks start on Monday. Without `start` "
        "or without `end`, a series of more than 5,000 such periods reaches only to what there is, "
        "and has weeks or months if these are too many as well.",
    )
    timezone: ZoneName | None = Field(
        default=None,
        description="Whose days, weeks and months, by its name of IANA: they begin at local "
        "midnight. Left out: the setting `TIMEZONE`.",
    )
    event_name: Name | None = Field(
        default=None,
        description="The event's name as it was when the ticket was sold; exact, "
        f"{IN_ANY_SPELLING} What was not sold yet has the name that it would be sold under now.",
    )
    category: Category | None = Field(
        default=None,
        description=f"The category as it was when the ticket was sold; exact, {IN_ANY_SPELLING}",
    )


class ReportPeriod(Output):
    """The period that was asked for; null: not bounded."""

    start: ServedTime | None
    end: ServedTime | None = Field(description="Exclusive.")
    interval: Interval = Field(description="Of the series, which may be longer than asked for.")
    timezone: str


class OrdersByStatus(Output):
    pending: int
    confirmed: int
    cancelled: int
    completed: int


class TicketsByStatus(Output):
    available: int
    reserved: int
    sold: int
    cancelled: int


class TransactionsByStatus(Output):
    pending: int
    success: int
    failed: int
    refunded: int


class SalesFigures(Output):
    orders: int = Field(description="Orders with at least one such line.")
    tickets_sold: int
    revenue: Amount


class SalesByEvent(SalesFigures):
    event_name: str


class SalesByCategory(SalesFigures):
    category: str


class SalesByVenue(SalesFigures):
    venue: str


class SalesInPeriod(SalesFigures):
    period_start: ServedTime


class MoneyFigures(Output):
    gross: Amount
    refunded: Amount
    net: Amount


class MoneyByMethod(MoneyFigures):
    payment_method: str
    transactions: int


class MoneyInPeriod(MoneyFigures):
    period_start: ServedTime


class UsersInPeriod(Output):
    period_start: ServedTime
    new_users: int


class CustomerFigures(Output):
    user_id: int
    username: str
    orders: int
    tickets: int
    spent: Amount


class StockFigures(Output):
    total_quantity: int
    available_quantity: int
    sold_quantity: int = Field(description="Units sold in the period.")
    sell_through_rate: Rate


class StockOfTicket(StockFigures):
    ticket_id: int
    event_name: str


class HoldsOfTicket(Output):
    """What pending orders hold of a ticket, and who holds most of it: a hoarder shows here."""

    ticket_id: int
    event_name: str
    total_quantity: int
    held_quantity: int
    holders: int = Field(description="Users with pending orders.")
    largest_holding: int = Field(description="Units that one user holds, more than any other.")
    largest_share: Rate = Field(description="These as a share of the total.")
    largest_holder: int | None = Field(description="The user; several may hold as many.")
    expired_holds: int = Field(description="Orders that ran out unpaid in the last 24 hours.")


class StockOfCategory(StockFigures):
    category: str


class StockOfVenue(StockFigures):
    venue: str


class RecentOrder(Output):
    id: int
    order_reference: str
    user_id: int
    status: OrderStatus
    total_amount: Amount
    created_at: ServedTime


class DashboardTotals(Output):
    users: int
    active_users: int
    tickets: int = Field(description="Kinds of tickets.")
    orders: int = Field(description="All orders created in the period.")
    tickets_sold: int
    gross_revenue: Amount
    refunded: Amount
    net_revenue: Amount
    average_order_value: Amount


_PERIOD = {
    "start": "2024-11-01T00:00:00Z",
    "end": "2024-11-03T00:00:00Z",
    "interval": "day",
    "timezone": "UTC",
}
_SALES = {"orders": 2, "tickets_sold": 5, "revenue": 499.95}
_BY_EVENT = [{"event_name": "Concert 2024", **_SALES}]
_MONEY = {"gross": 499.95, "refunded": 99.99, "net": 399.96}
_STOCK = {
    "total_quantity": 100,
    "available_quantity": 7,
    "sold_quantity": 91,
    "sell_through_rate": 0.91,
}
_STOCK_OF_TICKET = {"ticket_id": 1, "event_name": "Concert 2024", **_STOCK}
_HOLDS_OF_TICKET = {
    "ticket_id": 1,
    "event_name": "Concert 2024",
    "total_quantity": 100,
    "held_quantity": 12,
    "holders": 2,
    "largest_holding": 10,
    "largest_share": 0.1,
    "largest_holder": 7,
    "expired_holds": 3,
}
_TICKETS_BY_STATUS = {"available": 1, "reserved": 0, "sold": 0, "cancelled": 0}


def _example(**fields: Any) -> ConfigDict:
    example: dict[str, Any] = {**fields, "period": _PERIOD}
    return ConfigDict(json_schema_extra={"examples": [example]})


class Dashboard(Output):
    model_config = _example(
        totals={
            "users": 2,
            "active_users": 2,
            "tickets": 1,
            "orders": 3,
            "tickets_sold": 5,
            "gross_revenue": 499.95,
            "refunded": 99.99,
            "net_revenue": 399.96,
            "average_order_value": 249.98,
        },
        orders_by_status={"pending": 1, "confirmed": 2, "cancelled": 0, "completed": 0},
        tickets_by_status=_TICKETS_BY_STATUS,
        transactions_by_status={"pending": 0, "success": 2, "failed": 1, "refunded": 0},
        top_events=_BY_EVENT,
        recent_orders=[
            {
                "id": 3,
                "order_reference": "ORD-7KQ2M9XWPA",
                "user_id": 1,
                "status": "pending",
                "total_amount": 199.98,
                "created_at": "2024-11-02T10:30:00.000001Z",
            }
        ],
        currency="USD",
    )

    totals: DashboardTotals
    orders_by_status: OrdersByStatus
    tickets_by_status: TicketsByStatus
    transactions_by_status: TransactionsByStatus
    top_events: list[SalesByEvent]
    recent_orders: list[RecentOrder]
    currency: str
    period: ReportPeriod


class SalesAnalytics(Output):
    model_config = _example(
        totals=_SALES,
        series=[
            {
                "period_start": "2024-11-01T00:00:00Z",
                "orders": 0,
                "tickets_sold": 0,
                "revenue": 0.0,
            },
            {"period_start": "2024-11-02T00:00:00Z", **_SALES},
        ],
        by_event=_BY_EVENT,
        by_category=[{"category": "VIP", **_SALES}],
        by_venue=[{"venue": "Main Arena", **_SALES}],
        currency="USD",
    )

    totals: SalesFigures
    series: list[SalesInPeriod]
    by_event: list[SalesByEvent]
    by_category: list[SalesByCategory]
    by_venue: list[SalesByVenue]
    currency: str
    period: ReportPeriod


class RevenueAnalytics(Output):
    model_config = _example(
        gross_revenue=499.95,
        refunded=99.99,
        net_revenue=399.96,
        disputed=99.99,
        average_order_value=249.98,
        series=[
            {
                "period_start": "2024-11-01T00:00:00Z",
                "gross": 0.0,
                "refunded": 0.0,
                "net": 0.0,
            },
            {"period_start": "2024-11-02T00:00:00Z", **_MONEY},
        ],
        by_payment_method=[{"payment_method": "card", "transactions": 2, **_MONEY}],
        currency="USD",
    )

    gross_revenue: Amount
    refunded: Amount
    net_revenue: Amount
    disputed: Amount = Field(
        description="What payers' banks asked back, in the shop's currency: open disputes and lost "
        "ones, by when the service heard of them. It is in none of the other figures."
    )
    average_order_value: Amount
    series: list[MoneyInPeriod]
    by_payment_method: list[MoneyByMethod]
    currency: str
    period: ReportPeriod


class UserAnalytics(Output):
    model_config = _example(
        total_users=2,
        active_users=2,
        inactive_users=0,
        new_users=1,
        returning_users=1,
        average_tickets_per_user=2.5,
        series=[
            {"period_start": "2024-11-01T00:00:00Z", "new_users": 1},
            {"period_start": "2024-11-02T00:00:00Z", "new_users": 0},
        ],
        top_customers=[
            {"user_id": 1, "username": "john_doe", "orders": 2, "tickets": 5, "spent": 499.95}
        ],
        currency="USD",
    )

    total_users: int
    active_users: int
    inactive_users: int
    new_users: int = Field(description="Registered in the period.")
    returning_users: int = Field(description="With at least two sold orders in the period.")
    average_tickets_per_user: Mean
    series: list[UsersInPeriod]
    top_customers: list[CustomerFigures]
    currency: str
    period: ReportPeriod


class TicketAnalytics(Output):
    model_config = _example(
        total_tickets=1,
        **_STOCK,
        reserved_quantity=2,
        by_status=_TICKETS_BY_STATUS,
        by_category=[{"category": "VIP", **_STOCK}],
        by_venue=[{"venue": "Main Arena", **_STOCK}],
        top_selling=[_STOCK_OF_TICKET],
        low_stock=[_STOCK_OF_TICKET],
        most_held=[_HOLDS_OF_TICKET],
    )

    total_tickets: int
    total_quantity: int
    available_quantity: int
    reserved_quantity: int
    sold_quantity: int = Field(description="Units sold in the period.")
    sell_through_rate: Rate
    by_status: TicketsByStatus
    by_category: list[StockOfCategory]
    by_venue: list[StockOfVenue]
    top_selling: list[StockOfTicket]
    low_stock: list[StockOfTicket]
    most_held: list[HoldsOfTicket]
    period: ReportPeriod
