"""The reports as they are without sums: what those that read sums are held against."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Row

from core.money import divide
from core.schemas import Output
from models import (
    OrderStatus,
    TicketStatus,
    TransactionStatus,
    order_items,
    orders,
    tickets,
    transactions,
)
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
from tests.support import oracle_queries as queries
from tests.support import oracle_series
from tests.support.oracle_holds import most_held
from tests.support.oracle_queries import Statement
from work.context import Context

M = TypeVar("M", bound=Output)
S = TypeVar("S", bound=StockFigures)


def get_dashboard(context: Context, query: AnalyticsQuery) -> Dashboard:
    """The state of the shop at a glance."""
    query = oracle_series.bounded(context, query)
    people = context.session.execute(queries.user_counts(query)).one()
    kinds = _counts(context, queries.ticket_counts(query))
    placed = _counts(context, queries.status_counts(query, orders, orders.c.id))
    payments = queries.status_counts(query, transactions, transactions.c.order_id)
    by_event = queries.sales_by(query, order_items.c.event_name, order_items.c.event_key)
    return Dashboard(
        totals=_dashboard_totals(context, query, people, kinds=kinds, placed=placed),
        orders_by_status=_by_status(OrdersByStatus, OrderStatus, placed),
        tickets_by_status=_by_status(TicketsByStatus, TicketStatus, kinds),
        transactions_by_status=_by_status(
            TransactionsByStatus, TransactionStatus, _counts(context, payments)
        ),
        top_events=_rows(context, SalesByEvent, by_event.limit(queries.TOP)),
        recent_orders=_rows(context, RecentOrder, queries.recent_orders(query)),
        currency=context.terms.currency,
        period=_period(query),
    )


def get_sales(context: Context, query: AnalyticsQuery) -> SalesAnalytics:
    """What was sold, when, of what and where."""
    query = oracle_series.bounded(context, query)
    line = order_items.c
    by_event = queries.sales_by(query, line.event_name, line.event_key)
    by_category = queries.sales_by(query, line.category, line.category_key)
    by_venue = queries.sales_by(query, line.venue, line.venue_key)
    return SalesAnalytics(
        totals=_sales(context, query),
        series=_series(SalesInPeriod, oracle_series.sales(context, query), query),
        by_event=_rows(context, SalesByEvent, by_event),
        by_category=_rows(context, SalesByCategory, by_category),
        by_venue=_rows(context, SalesByVenue, by_venue),
        currency=context.terms.currency,
        period=_period(query),
    )


def get_revenue(context: Context, query: AnalyticsQuery) -> RevenueAnalytics:
    """What money came in, and what went back of it."""
    query = oracle_series.bounded(context, query)
    money = context.session.execute(queries.money(query)).one()
    disputed = queries.disputed(query, context.terms.currency)
    return RevenueAnalytics(
        gross_revenue=money.gross,
        refunded=money.refunded,
        net_revenue=money.net,
        disputed=context.session.execute(disputed).scalar_one(),
        average_order_value=_average_order_value(_sales(context, query)),
        series=_series(MoneyInPeriod, oracle_series.money(context, query), query),
        by_payment_method=_rows(context, MoneyByMethod, queries.money_by_method(query)),
        currency=context.terms.currency,
        period=_period(query),
    )


def get_users(context: Context, query: AnalyticsQuery) -> UserAnalytics:
    """Who registers, who buys, and who comes back."""
    query = oracle_series.bounded(context, query)
    people = context.session.execute(queries.user_counts(query)).one()
    loyalty = context.session.execute(queries.loyalty(query)).one()
    return UserAnalytics(
        **people._mapping,
        returning_users=loyalty.returning_users,
        average_tickets_per_user=divide(Decimal(loyalty.tickets), people.total_users),
        series=_series(UsersInPeriod, oracle_series.new_users(context, query), query),
        top_customers=_rows(context, CustomerFigures, queries.top_customers(query)),
        currency=context.terms.currency,
        period=_period(query),
    )


def get_tickets(context: Context, query: AnalyticsQuery) -> TicketAnalytics:
    """What there is to sell, and how well it sells."""
    query = oracle_series.bounded(context, query)
    by_status = context.session.execute(queries.stock_by_status(query)).all()
    by_category = queries.stock_by(query, tickets.c.category, tickets.c.category_key)
    by_venue = queries.stock_by(query, tickets.c.venue, tickets.c.venue_key)
    return TicketAnalytics(
        **_stock_totals(by_status),
        by_status=_by_status(
            TicketsByStatus, TicketStatus, {row.status: row.rows for row in by_status}
        ),
        by_category=_stock(context, StockOfCategory, by_category),
        by_venue=_stock(context, StockOfVenue, by_venue),
        top_selling=_stock(context, StockOfTicket, queries.top_selling(query)),
        low_stock=_stock(context, StockOfTicket, queries.low_stock(query)),
        most_held=most_held(context, query),
        period=_period(query),
    )


def _dashboard_totals(
    context: Context,
    query: AnalyticsQuery,
    people: Row[Any],
    *,
    kinds: Mapping[str, int],
    placed: Mapping[str, int],
) -> DashboardTotals:
    sold = _sales(context, query)
    money = context.session.execute(queries.money(query)).one()
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


def _sales(context: Context, query: AnalyticsQuery) -> SalesFigures:
    return SalesFigures.model_validate(context.session.execute(queries.sales(query)).one())


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


def _series(model: type[M], found: oracle_series.Figures, query: AnalyticsQuery) -> list[M]:
    """A row for every period, whether something happened in it or not."""
    nothing = dict.fromkeys(model.model_fields, 0)
    return [
        model.model_validate({**nothing, **found.get(day, {}), "period_start": start})
        for day, start in oracle_series.periods(query, found)
    ]


def _counts(context: Context, statement: Statement) -> dict[str, int]:
    return {row.status: row.rows for row in context.session.execute(statement)}


def _by_status(model: type[M], statuses: type[StrEnum], counts: Mapping[str, int]) -> M:
    return model.model_validate({status.value: counts.get(status, 0) for status in statuses})


def _period(query: AnalyticsQuery) -> ReportPeriod:
    return ReportPeriod(
        start=query.start,
        end=query.end,
        interval=query.interval,
        timezone=str(query.timezone),
    )
