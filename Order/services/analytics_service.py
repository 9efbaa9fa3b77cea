"""Analytics: reports over one state of the data. The databases add up, here is put together."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from core.money import divide
from core.schemas import Output
from core.store.statements import Row
from models import OrderStatus, TicketStatus, TransactionStatus
from Order.schemas.analytics import (
    AnalyticsQuery,
    CustomerFigures,
    Dashboard,
    DashboardTotals,
    HoldsOfTicket,
    MoneyByMethod,
    MoneyInPeriod,
    OrdersByStatus,
    RecentOrder,
    RevenueAnalytics,
    SalesAnalytics,
    SalesByCategory,
    SalesByEvent,
    SalesByVenue,
    SalesFigures,
    SalesInPeriod,
    StockFigures,
    StockOfCategory,
    StockOfTicket,
    StockOfVenue,
    TicketAnalytics,
    TicketsByStatus,
    TransactionsByStatus,
    UserAnalytics,
    UsersInPeriod,
)
from Order.services import analytics_queries as queries
from Order.services import (
    customer_queries,
    dashboard_queries,
    money_queries,
    quarter_queries,
    sales_queries,
    stock_queries,
)
from Order.services.dashboard_queries import Totals
from Order.services.report_inquiry import Build, Inquiry, inquiry
from Order.services.report_series import Series, series
from Order.services.sales_queries import By
from work.context import Context

_HUNDREDTH = Decimal("0.01")

M = TypeVar("M", bound=Output)
S = TypeVar("S", bound=StockFigures)


def get_dashboard(context: Context, query: AnalyticsQuery) -> Dashboard:
    """The state of the shop at a glance."""
    asked = inquiry(context, query)
    totals = dashboard_queries.totals(asked)
    return Dashboard(
        totals=_dashboard_totals(totals),
        orders_by_status=_by_status(OrdersByStatus, OrderStatus, totals.counts("orders")),
        tickets_by_status=_by_status(TicketsByStatus, TicketStatus, totals.counts("tickets")),
        transactions_by_status=_by_status(
            TransactionsByStatus, TransactionStatus, totals.counts("transactions")
        ),
        top_events=_rows(asked, SalesByEvent, sales_queries.best_events),
        recent_orders=_rows(asked, RecentOrder, queries.recent_orders),
        currency=context.terms.currency,
        period=asked.range.told(),
    )


def get_sales(context: Context, query: AnalyticsQuery) -> SalesAnalytics:
    """What was sold, when, of what and where."""
    asked = inquiry(context, query)
    found = series(asked, sales_queries.sales_by_period, quarter_queries.sales_in)
    return SalesAnalytics(
        totals=_sales(asked),
        series=_series(SalesInPeriod, found),
        by_event=_rows(asked, SalesByEvent, sales_queries.sales_by_name, By.EVENT),
        by_category=_rows(asked, SalesByCategory, sales_queries.sales_by_name, By.CATEGORY),
        by_venue=_rows(asked, SalesByVenue, sales_queries.sales_by_name, By.VENUE),
        currency=context.terms.currency,
        period=found.range.told(),
    )


def get_revenue(context: Context, query: AnalyticsQuery) -> RevenueAnalytics:
    """What money came in, what went back of it, and what banks ask back."""
    asked = inquiry(context, query)
    money = asked.one(money_queries.money_and_disputes)
    found = series(asked, money_queries.money_by_period, quarter_queries.money_in)
    return RevenueAnalytics(
        gross_revenue=money.gross,
        refunded=money.refunded,
        net_revenue=money.net,
        disputed=money.disputed,
        average_order_value=_average_order_value(_sales(asked)),
        series=_series(MoneyInPeriod, found),
        by_payment_method=_rows(asked, MoneyByMethod, money_queries.money_by_method),
        currency=context.terms.currency,
        period=found.range.told(),
    )


def get_users(context: Context, query: AnalyticsQuery) -> UserAnalytics:
    """Who registers, who buys, and who comes back."""
    asked = inquiry(context, query)
    people = asked.one(queries.user_counts)
    best = asked.rows(customer_queries.top_customers)
    found = series(asked, queries.new_users_by_period, quarter_queries.new_users_in)
    return UserAnalytics(
        **people._mapping,
        # Where nobody is best, nobody came back.
        returning_users=best[0].returning_users if best else 0,
        average_tickets_per_user=_mean(_sales(asked).tickets_sold, people.total_users),
        series=_series(UsersInPeriod, found),
        top_customers=[CustomerFigures.model_validate(row) for row in best],
        currency=context.terms.currency,
        period=found.range.told(),
    )


def get_tickets(context: Context, query: AnalyticsQuery) -> TicketAnalytics:
    """What there is to sell, and how well it sells."""
    asked = inquiry(context, query)
    by_status = asked.rows(stock_queries.stock_by_status)
    return TicketAnalytics(
        **_stock_totals(by_status),
        by_status=_by_status(
            TicketsByStatus, TicketStatus, {row.status: row.rows for row in by_status}
        ),
        by_category=_stock(asked, StockOfCategory, stock_queries.stock_by, By.CATEGORY),
        by_venue=_stock(asked, StockOfVenue, stock_queries.stock_by, By.VENUE),
        top_selling=_stock(asked, StockOfTicket, stock_queries.top_selling),
        low_stock=_stock(asked, StockOfTicket, stock_queries.low_stock),
        most_held=_holds(asked),
        period=asked.range.told(),
    )


def _dashboard_totals(totals: Totals) -> DashboardTotals:
    users, active_users = totals.users
    gross, refunded = totals.money
    return DashboardTotals(
        users=users,
        active_users=active_users,
        tickets=sum(totals.counts("tickets").values()),
        orders=sum(totals.counts("orders").values()),
        tickets_sold=totals.sales.tickets_sold,
        gross_revenue=gross,
        refunded=refunded,
        net_revenue=gross - refunded,
        average_order_value=_average_order_value(totals.sales),
    )


def _stock_totals(by_status: Sequence[Row]) -> dict[str, Any]:
    names = ("total_quantity", "available_quantity", "reserved_quantity", "sold_quantity")
    sums = {name: sum(int(getattr(row, name)) for row in by_status) for name in names}
    return {
        **sums,
        "total_tickets": sum(row.rows for row in by_status),
        "sell_through_rate": _rate(sums["sold_quantity"], sums["total_quantity"]),
    }


def _sales(asked: Inquiry) -> SalesFigures:
    return SalesFigures.model_validate(asked.one(sales_queries.sales))


def _average_order_value(sold: SalesFigures) -> Decimal:
    return divide(sold.revenue, sold.orders)


def _mean(number: int, parts: int) -> Decimal:
    """With two decimals, however many the currency has: it is not money."""
    return (Decimal(number) / parts).quantize(_HUNDREDTH) if parts else Decimal(0)


def _rows(asked: Inquiry, model: type[M], build: Build, *choice: By) -> list[M]:
    return [model.model_validate(row) for row in asked.rows(build, *choice)]


def _stock(asked: Inquiry, model: type[S], build: Build, *choice: By) -> list[S]:
    return [
        model.model_validate(
            {**row._mapping, "sell_through_rate": _rate(row.sold_quantity, row.total_quantity)}
        )
        for row in asked.rows(build, *choice)
    ]


def _holds(asked: Inquiry) -> list[HoldsOfTicket]:
    return [
        HoldsOfTicket.model_validate(
            {**row._mapping, "largest_share": _rate(row.largest_holding, row.total_quantity)}
        )
        for row in asked.rows(stock_queries.most_held)
    ]


def _rate(part: Any, whole: Any) -> float:
    """A fraction of 1; nothing of nothing is 0."""
    # PostgreSQL's sums are Decimals, SQLite's are integers.
    return round(int(part) / int(whole), 4) if whole else 0.0


def _series(model: type[M], found: Series) -> list[M]:
    """A row for every period, whether something happened in it or not."""
    nothing, start_of = dict.fromkeys(model.model_fields, 0), found.range.calendar.start_of
    return [
        model.model_validate(
            {**nothing, **found.figures.get(day, {}), "period_start": start_of(day)}
        )
        for day in found.periods
    ]


def _by_status(model: type[M], statuses: type[StrEnum], counts: Mapping[str, int]) -> M:
    return model.model_validate({status.value: counts.get(status, 0) for status in statuses})
