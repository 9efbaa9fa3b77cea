"""Analytics over HTTP."""

from typing import Annotated

from fastapi import Query, Response

from core.http.problems import responses
from Ledger.equipment import Rules
from Ledger.schemas import Reconciliation
from Ledger.services import reconciliation_service
from Order.schemas.analytics import (
    AnalyticsQuery,
    Dashboard,
    RevenueAnalytics,
    SalesAnalytics,
    TicketAnalytics,
    UserAnalytics,
)
from Order.services import analytics_service
from work.access import BOX_OFFICE, allowed
from work.routing import Router
from work.unit_of_work import Work
from work.weights import REPORT, weighs

router = Router(prefix="/api/analytics", tags=["Analytics"])

Question = Annotated[AnalyticsQuery, Query()]


@router.get(
    "/dashboard",
    summary="Get the dashboard",
    operation_id="get_dashboard",
    response_model=Dashboard,
    responses=responses(),
)
@allowed(BOX_OFFICE)
@weighs(REPORT)
async def get_dashboard(query: Question, work: Work) -> Response:
    """The state of the shop at a glance.

    Users and tickets are counted as they are now. Orders and transactions are those created in
    the period; sales are dated by the order's confirmation, money by its success. Top events (by
    revenue) and recent orders have at most 10 rows.

    `event_name` and `category` select order lines as they were sold. Orders count if they have at
    least one such line, and transactions if their order has; tickets if they were sold under these
    names in the period, or would be sold under them now.
    """
    return await work.report(lambda context: analytics_service.get_dashboard(context, query))


@router.get(
    "/sales",
    summary="Get sales analytics",
    operation_id="get_sales_analytics",
    response_model=SalesAnalytics,
    responses=responses(),
)
@allowed(BOX_OFFICE)
@weighs(REPORT)
async def get_sales_analytics(query: Question, work: Work) -> Response:
    """What was sold: lines of confirmed and completed orders, dated by the confirmation.

    The series has no gaps: it reaches from `start` to `end`, or to the outermost sale where a
    bound is missing. Its days, weeks and months are those of the time zone and begin at local
    midnight; a day that the zone left out is none. More than 5,000 periods are refused
    (`too_many_periods`) between two bounds. Where one of them is missing, the other is in that case
    for the series as if it was missing as well (`start=1970-01-01` alone means all there is); and
    what is too much even so is told in weeks, or in months. `period` tells the interval and the
    time zone, and may be sent back. The other lists are complete, by revenue. Names that differ in
    case, in blanks or in how their accents are composed are one row, under one of the spellings
    that were sold.
    """
    return await work.report(lambda context: analytics_service.get_sales(context, query))


@router.get(
    "/revenue",
    summary="Get revenue analytics",
    operation_id="get_revenue_analytics",
    response_model=RevenueAnalytics,
    responses=responses(),
)
@allowed(BOX_OFFICE)
@weighs(REPORT)
async def get_revenue_analytics(query: Question, work: Work) -> Response:
    """What money came in (`gross`), what went back of it (`refunded`), and the difference (`net`).

    Money is dated by its success, and so is what went back of it, whenever that was. An order
    that was cancelled after payment counts with both. `average_order_value` is the revenue of the
    period's sold orders divided by their number. What payers' banks ask back (`disputed`) is dated
    by when the service heard of it.

    `event_name` and `category` select the money of orders with at least one such line, all of it.
    The series is as in sales analytics.
    """
    return await work.report(lambda context: analytics_service.get_revenue(context, query))


@router.get(
    "/users",
    summary="Get user analytics",
    operation_id="get_user_analytics",
    response_model=UserAnalytics,
    responses=responses(),
)
@allowed(BOX_OFFICE)
@weighs(REPORT)
async def get_user_analytics(query: Question, work: Work) -> Response:
    """Who registers, who buys, and who comes back.

    Total, active and inactive users are counted as they are now; new users are those who
    registered in the period. `average_tickets_per_user` is the tickets sold in the period divided
    by all users. Top customers are at most 10, by what they spent.

    `event_name` and `category` select what was bought; registrations know neither. The series
    tells registrations; it is as in sales analytics.
    """
    return await work.report(lambda context: analytics_service.get_users(context, query))


@router.get(
    "/tickets",
    summary="Get ticket analytics",
    operation_id="get_ticket_analytics",
    response_model=TicketAnalytics,
    responses=responses(),
)
@allowed(BOX_OFFICE)
@weighs(REPORT)
async def get_ticket_analytics(query: Question, work: Work) -> Response:
    """What there is to sell, and how well it sells.

    Quantities are as they are now, but `sold_quantity` is what was sold in the period. Lists by
    category and venue are complete, by units sold. Top-selling tickets and low stock (tickets on
    sale of which at most 10 % of the total is available) have at most 10 rows, and so have the
    tickets of which one user holds most now, in pending orders (`most_held`).

    `event_name` and `category` select what was sold, or is held, under these names; the stock is
    that of the tickets which were sold under them in the period, or would be sold under them now.
    """
    return await work.report(lambda context: analytics_service.get_tickets(context, query))


@router.get(
    "/reconciliation",
    summary="Check whether the books agree",
    operation_id="get_reconciliation",
    response_model=Reconciliation,
    responses=responses(parameters=False),
)
@allowed(BOX_OFFICE)
@weighs(REPORT)
async def get_reconciliation(work: Work, rules: Rules) -> Response:
    """Whether stock, orders, money and the ledger agree, all of it as of one moment.

    The ledger has a line for every move of stock, money and orders, written with the move and
    never changed; so every figure can be computed a second time. Each rule tells how many rows
    break it, and the first 100 of them are listed: on sound books `is_consistent` is true and
    `differences` is empty.

    The whole database is read. Where that takes longer than a request may, it is answered 503;
    `python cli.py reconcile` checks the same and takes its time.
    """
    return await work.report(lambda context: reconciliation_service.reconcile(context, rules))
