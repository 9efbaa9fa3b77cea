"""The statements of the reports that need no sums: the newest orders, and the users."""

from datetime import datetime

from sqlalchemy import Column, ColumnElement, and_, func, select

from core.periods import Interval, day_number_column, period_column
from models import orders, users
from Order.schemas.analytics import AnalyticsQuery
from Order.services.report_facts import Statement, in_edge
from Order.services.report_figures import holding
from Order.services.stock_queries import TOP


def recent_orders(query: AnalyticsQuery) -> Statement:
    columns = ("id", "order_reference", "user_id", "status", "total_amount", "created_at")
    return (
        select(*(orders.c[name] for name in columns))
        .where(*_within(orders.c.created_at, query), *holding(orders.c.id, query))
        .order_by(orders.c.created_at.desc(), orders.c.id.desc())
        .limit(TOP)
    )


def user_counts(query: AnalyticsQuery) -> Statement:
    active = users.c.is_active.is_(True)
    return select(
        func.count().label("total_users"),
        func.count().filter(active).label("active_users"),
        func.count().filter(~active).label("inactive_users"),
        func.count().filter(and_(True, *_within(users.c.created_at, query))).label("new_users"),
    ).select_from(users)


def new_users_by_period(query: AnalyticsQuery) -> Statement:
    day = period_column(users.c.created_at, Interval.DAY).label("day")
    counted = select(day, func.count().label("new_users"))
    found = counted.where(*_within(users.c.created_at, query)).group_by(day).subquery("found")
    # Days are numbered once they are few: writing a number takes longer than cutting a time off.
    number = day_number_column(found.c.day)
    return select(number.label("day"), found.c.new_users.label("counted"), found.c.new_users)


def _within(moment: Column[datetime], query: AnalyticsQuery) -> list[ColumnElement[bool]]:
    return in_edge(moment, (query.start, query.end))
