"""What is in parts of days: the sums of their quarters of an hour.

The parts are rows that are brought along, from a first quarter to a last.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    and_,
    literal_column,
    select,
)

from models import quarter_sums
from Order.services.report_facts import Statement
from Order.services.report_figures import Figures, amount, choice_of, whole

Added: TypeAlias = Mapping[str, ColumnElement[Any]]
PARTS = {"begins": BigInteger(), "ends": BigInteger()}
_ALL = literal_column("0", BigInteger)
_SUMS = quarter_sums.c


def sales_in(figures: Figures, parts: FromClause) -> Statement:
    added: Added = {
        "counted": whole(_SUMS.tickets),
        "orders": whole(_SUMS.orders),
        "tickets_sold": whole(_SUMS.tickets),
        "revenue": amount(_SUMS.revenue),
    }
    return _added(parts, _asked(figures), added)


def money_in(figures: Figures, parts: FromClause) -> Statement:
    added: Added = {
        "counted": whole(_SUMS.transactions),
        "gross": amount(_SUMS.gross),
        "refunded": amount(_SUMS.refunded),
        "net": amount(_SUMS.gross - _SUMS.refunded),
    }
    return _added(parts, _asked(figures), added)


def new_users_in(_figures: Figures, parts: FromClause) -> Statement:
    """Registrations know no event."""
    everybody = [_SUMS[name] == _ALL for name in ("grouping", "event_id", "category_id")]
    added: Added = {"counted": whole(_SUMS.users), "new_users": whole(_SUMS.users)}
    return _added(parts, everybody, added)


def _asked(figures: Figures) -> list[ColumnElement[bool]]:
    grouping = _SUMS.grouping == literal_column(str(figures.grouping), Integer)
    return [grouping, *choice_of(quarter_sums, figures).values()]


def _added(parts: FromClause, asked: list[ColumnElement[bool]], added: Added) -> Statement:
    inside = and_(*asked, _SUMS.quarter.between(parts.c.begins, parts.c.ends))
    figures = (figure.label(name) for name, figure in added.items())
    # Outer, for SQLite to look the sums up part by part, rather than the parts sum by sum.
    both = parts.outerjoin(quarter_sums, inside)
    return select(parts.c.begins, *figures).select_from(both).group_by(parts.c.begins)
