"""Analytics: reports over one state of the data. The databases add up, here is put together."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Row

from core.money import divide
from core.periods import midnight, numbered_day, period_of, spanned_periods
from core.schemas import Output
from models import OrderStatus, TicketStatus, TransactionStatus, tickets
from Order.schemas.analytics import (
    AnalyticsQuery,
    CustomerFigures,
    Dashboard,
    DashboardTotals,
    MoneyByMethod,
    MoneyInPeriod,
    OrdersByStatus,
    RecentOrder,
    ReportPeriod,
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
    money_queries,
    sales_queries,
    status_queries,
    stock_queries,
)
from Order.services.report_facts import Statement
from Order.services.report_figures import Figures, figures_of
from Order.services.sales_queries import By
from work.context import Context

M = TypeVar("M", bound=Output)
S = TypeVar("S", bound=StockFigures)


def get_dashboard(context: Context, query: AnalyticsQuery) -> Dashboard:
    """The state of the shop at a glance."""
    figures = figures_of(context, query)
    people = context.session.execute(queries.user_counts(query)).one()
    kinds = _counts(context, stock_queries.ticket_counts(figures))
    placed = _counts(context, status_queries.order_counts(figures))
    payments = _counts(context, status_queries.transaction_counts(figures))
    by_event = sales_queries.sales_by_name(figures, By.EVENT)
    return Dashboard(
        totals=_dashboard_totals(context, figures, people, kinds=kinds, placed=placed),
        orders_by_status=_by_status(OrdersByStatus, OrderStatus, placed),
        tickets_by_status=_by_status(TicketsByStatus, TicketStatus, kinds),
        transactions_by_status=_by_status(TransactionsByStatus, TransactionStatus, payments),
        top_events=_rows(context, SalesByEvent, by_event.limit(stock_queries.TOP)),
        recent_orders=_rows(context, RecentOrder, queries.recent_orders(query)),
        currency=context.terms.currency,
        period=_period(query),
    )


def get_sales(context: Context, query: AnalyticsQuery) -> SalesAnalytics:
    """What was sold, when, of what and where."""
    figures = figures_of(context, query)
    by_event = sales_queries.sales_by_name(figures, By.EVENT)
    by_category = sales_queries.sales_by_name(figures, By.CATEGORY)
    by_venue = sales_queries.sales_by_name(figures, By.VENUE)
    return SalesAnalytics(
        totals=_sales(context, figures),
        series=_series(context, SalesInPeriod, sales_queries.sales_by_period(figures), query),
        by_event=_rows(context, SalesByEvent, by_event),
        by_category=_rows(context, SalesByCategory, by_category),
        by_venue=_rows(context, SalesByVenue, by_venue),
        currency=context.terms.currency,
        period=_period(query),
    )


def get_revenue(context: Context, query: AnalyticsQuery) -> RevenueAnalytics:
    """What money came in, and what went back of it."""
    figures = figures_of(context, query)
    money = context.session.execute(money_queries.money(figures)).one()
    by_method = money_queries.money_by_method(figures)
    return RevenueAnalytics(
        gross_revenue=money.gross,
        refunded=money.refunded,
        net_revenue=money.net,
        average_order_value=_average_order_value(_sales(context, figures)),
        series=_series(context, MoneyInPeriod, money_queries.money_by_period(figures), query),
        by_payment_method=_rows(context, MoneyByMethod, by_method),
        currency=context.terms.currency,
        period=_period(query),
    )


def get_users(context: Context, query: AnalyticsQuery) -> UserAnalytics:
    """Who registers, who buys, and who comes back."""
    figures = figures_of(context, query)
    people = context.session.execute(queries.user_counts(query)).one()
    best = context.session.execute(customer_queries.top_customers(figures)).all()
    tickets_sold = Decimal(_sales(context, figures).tickets_sold)
    return UserAnalytics(
        **people._mapping,
        # Where nobody is best, nobody came back.
        returning_users=best[0].returning_users if best else 0,
        average_tickets_per_user=divide(tickets_sold, people.total_users),
        series=_series(context, UsersInPeriod, queries.new_users_by_period(query), query),
        top_customers=[CustomerFigures.model_validate(row) for row in best],
        currency=context.terms.currency,
        period=_period(query),
    )


def get_tickets(context: Context, query: AnalyticsQuery) -> TicketAnalytics:
    """What there is to sell, and how well it sells."""
    figures = figures_of(context, query)
    by_status = context.session.execute(stock_queries.stock_by_status(figures)).all()
    by_category = stock_queries.stock_by(figures, tickets.c.category, tickets.c.category_key)
    by_venue = stock_queries.stock_by(figures, tickets.c.venue, tickets.c.venue)
    return TicketAnalytics(
        **_stock_totals(by_status),
        by_status=_by_status(
            TicketsByStatus, TicketStatus, {row.status: row.rows for row in by_status}
        ),
        by_category=_stock(context, StockOfCategory, by_category),
        by_venue=_stock(context, StockOfVenue, by_venue),
        top_selling=_stock(context, StockOfTicket, stock_queries.top_selling(figures)),
        low_stock=_stock(context, StockOfTicket, stock_queries.low_stock(figures)),
        period=_period(query),
    )


def _dashboard_totals(
    context: Context,
    figures: Figures,
    people: Row[Any],
    *,
    kinds: Mapping[str, int],
    placed: Mapping[str, int],
) -> DashboardTotals:
    sold = _sales(context, figures)
    money = context.session.execute(money_queries.money(figures)).one()
    return DashboardTotals(
        users=people.total_users,
        active_users=people.active_users,
        tickets=sum(kinds.values()),
        orders=sum(placed.values()),
        tickets_sold=sold.tickets_sold,
        gross_revenue=money.gross,
        refunded=money.refunded,
        net_revenue=money.net,
        average_order_value=_average_order_value(sold),
    )


def _stock_totals(by_status: Sequence[Row[Any]]) -> dict[str, Any]:
    names = ("total_quantity", "available_quantity", "reserved_quantity", "sold_quantity")
    sums = {name: sum(int(getattr(row, name)) for row in by_status) for name in names}
    return {
        **sums,
        "total_tickets": sum(row.rows for row in by_status),
        "sell_through_rate": _rate(sums["sold_quantity"], sums["total_quantity"]),
    }


def _sales(context: Context, figures: Figures) -> SalesFigures:
    sold = context.session.execute(sales_queries.sales(figures)).one()
    return SalesFigures.model_validate(sold)


def _average_order_value(sold: SalesFigures) -> Decimal:
    return divide(sold.revenue, sold.orders)


def _rows(context: Context, model: type[M], statement: Statement) -> list[M]:
    return [model.model_validate(row) for row in context.session.execute(statement)]


def _stock(context: Context, model: type[S], statement: Statement) -> list[S]:
    return [
        model.model_validate(
            {**row._mapping, "sell_through_rate": _rate(row.sold_quantity, row.total_quantity)}
        )
        for row in context.session.execute(statement)
    ]


def _rate(part: Any, whole: Any) -> float:
    """A fraction of 1; nothing of nothing is 0."""
    # PostgreSQL's sums are Decimals, SQLite's are integers.
    return round(int(part) / int(whole), 4) if whole else 0.0


def _series(
    context: Context, model: type[M], statement: Statement, query: AnalyticsQuery
) -> list[M]:
    """A row for every period, whether something happened in it or not."""
    added: dict[date, Counter[str]] = defaultdict(Counter)
    for row in context.session.execute(statement):
        # Days, or months as they are numbered, that add up to the periods asked for.
        day, *figures = row
        start = period_of(midnight(numbered_day(day)), query.interval)
        added[start].update(dict(zip(row._fields[1:], figures, strict=True)))
    # What came and went again leaves nothing.
    found = {day: figures for day, figures in added.items() if figures.pop("counted")}
    nothing = dict.fromkeys(model.model_fields, 0)
    return [
        model.model_validate({**nothing, **found.get(day, {}), "period_start": midnight(day)})
        for day in spanned_periods(query.start, query.end, list(found), query.interval)
    ]


def _counts(context: Context, statement: Statement) -> dict[str, int]:
    return {row.status: row.rows for row in context.session.execute(statement)}


def _by_status(model: type[M], statuses: type[StrEnum], counts: Mapping[str, int]) -> M:
    return model.model_validate({status.value: counts.get(status, 0) for status in statuses})


def _period(query: AnalyticsQuery) -> ReportPeriod:
    return ReportPeriod(start=query.start, end=query.end, interval=query.interval)
