"""The statements of the reports on what is neither sold nor paid: the newest orders, and users."""

from sqlalchemy import Subquery, case, literal_column, select, true, union_all
from sqlalchemy.types import BigInteger

from core.periods import day_of_quarter, quarter_number_column
from models import orders, user_moves, user_sums, users
from Order.services.report_facts import Statement, in_edge
from Order.services.report_figures import Figures, holding, whole
from Order.services.report_spans import Frame
from Order.services.sales_queries import LIMIT

_NONE = literal_column("0", BigInteger)


def recent_orders(figures: Figures) -> Statement:
    columns = ("id", "order_reference", "user_id", "status", "total_amount", "created_at")
    return (
        select(*(orders.c[name] for name in columns))
        .where(*in_edge(orders.c.created_at, figures.bounds), *holding(orders.c.id, figures))
        .order_by(orders.c.created_at.desc(), orders.c.id.desc())
        .limit(LIMIT)
    )


def user_counts(figures: Figures) -> Statement:
    """All users, and those who registered in the range."""
    ever = user_sums.c.period == literal_column("0")
    sums, moves, frame = user_sums.c, user_moves.c, figures.range
    parts: list[Statement] = [
        select(sums.is_active, sums.counted, _NONE.label("new_users")).where(ever),
        select(moves.is_active, moves.sign, _NONE),
        *(select(true(), _NONE, part.c.counted) for part in _registered(frame)),
    ]
    found = union_all(*parts).subquery("found")
    active = case((found.c.is_active, found.c.counted), else_=0)
    inactive = case((found.c.is_active, 0), else_=found.c.counted)
    return select(
        whole(found.c.counted).label("total_users"),
        whole(active).label("active_users"),
        whole(inactive).label("inactive_users"),
        whole(found.c.new_users).label("new_users"),
    )


def new_users_by_period(figures: Figures) -> Statement:
    found = union_all(*(select(*part.c) for part in _registered(figures.series))).subquery("found")
    added = whole(found.c.counted)
    return select(found.c.day, added.label("counted"), added.label("new_users")).group_by(
        found.c.day
    )


def _registered(frame: Frame) -> list[Subquery]:
    """Users by when they registered: sums by the day or month; and by the quarter of an hour what
    is not in them yet, and rows.
    """
    sums, moves = user_sums.c, user_moves.c
    quarter = quarter_number_column(users.c.created_at)
    parts: list[Statement] = [
        select(sums.period.label("day"), sums.counted).where(frame.in_sums(sums.period))
    ]
    if frame.has_days:
        counted = select(moves.quarter.label("day"), moves.sign.label("counted"))
        parts.append(counted.where(frame.in_days(day_of_quarter(moves.quarter))))
    parts += (
        select(quarter.label("day"), literal_column("1").label("counted")).where(
            *in_edge(users.c.created_at, edge)
        )
        for edge in frame.edges
    )
    return [part.subquery(f"registered_{number}") for number, part in enumerate(parts)]
