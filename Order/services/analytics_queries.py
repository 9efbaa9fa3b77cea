"""The statements of the reports that need no sums: the newest orders, and the users."""

from sqlalchemy import and_, func, select

from core.periods import Interval, day_number_column, period_column
from models import orders, users
from Order.services.report_facts import Statement, in_edge
from Order.services.report_figures import Figures, holding
from Order.services.sales_queries import LIMIT


def recent_orders(figures: Figures) -> Statement:
    columns = ("id", "order_reference", "user_id", "status", "total_amount", "created_at")
    return (
        select(*(orders.c[name] for name in columns))
        .where(*in_edge(orders.c.created_at, figures.bounds), *holding(orders.c.id, figures))
        .order_by(orders.c.created_at.desc(), orders.c.id.desc())
        .limit(LIMIT)
    )


def user_counts(figures: Figures) -> Statement:
    active = users.c.is_active.is_(True)
    return select(
        func.count().label("total_users"),
        func.count().filter(active).label("active_users"),
        func.count().filter(~active).label("inactive_users"),
        func.count()
        .filter(and_(True, *in_edge(users.c.created_at, figures.bounds)))
        .label("new_users"),
    ).select_from(users)


def new_users_by_period(figures: Figures) -> Statement:
    day = period_column(users.c.created_at, Interval.DAY).label("day")
    counted = select(day, func.count().label("new_users"))
    found = (
        counted.where(*in_edge(users.c.created_at, figures.bounds)).group_by(day).subquery("found")
    )
    # Days are numbered once they are few: writing a number takes longer than cutting a time off.
    number = day_number_column(found.c.day)
    return select(number.label("day"), found.c.new_users.label("counted"), found.c.new_users)
