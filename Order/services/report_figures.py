"""What a report's figures are added up from: sums, and what is not in them yet."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Table, cast, exists, func, or_, type_coerce

from core.money import Money
from core.text import case_key
from models import ReportNameKind, deleted_lines, order_items
from Order.schemas.analytics import AnalyticsQuery
from Order.services.report_facts import Window
from Order.services.report_folding import progress
from Order.services.report_names import number_of
from work.context import Context


@dataclass(frozen=True)
class Figures:
    """A question, and how far the sums that answer it reach."""

    query: AnalyticsQuery
    # The lines of the ledger that are not in the sums.
    behind: Window
    # Whether there are any.
    are_behind: bool

    @property
    def is_filtered(self) -> bool:
        return self.query.event_name is not None or self.query.category is not None


def figures_of(context: Context, query: AnalyticsQuery) -> Figures:
    """To be asked in the snapshot that answers the question."""
    folded, last = context.session.execute(progress()).one()
    return Figures(query, Window(folded), last > folded)


def whole(column: ColumnElement[Any]) -> ColumnElement[int]:
    """A sum of counts; PostgreSQL's would be a decimal."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def amount(column: ColumnElement[Any]) -> ColumnElement[Decimal]:
    """A sum of cents as money."""
    return type_coerce(func.coalesce(func.sum(column), 0), Money)


def chosen(table: Any, query: AnalyticsQuery) -> list[ColumnElement[bool]]:
    """Sums of the event and the category asked for."""
    return [
        column == (0 if name is None else number_of(kind, case_key(name)))
        for column, kind, name in (
            (table.c.event_id, ReportNameKind.EVENT_KEY, query.event_name),
            (table.c.category_id, ReportNameKind.CATEGORY_KEY, query.category),
        )
    ]


def grouping_of(query: AnalyticsQuery) -> int:
    """The grouping of the sums that know what the filters name."""
    return (query.event_name is not None) + 2 * (query.category is not None)


def named(lines: Any, query: AnalyticsQuery) -> list[ColumnElement[bool]]:
    """Order lines or tickets of the event and the category asked for."""
    conditions: list[ColumnElement[bool]] = []
    if query.event_name is not None:
        conditions.append(lines.c.event_key == case_key(query.event_name))
    if query.category is not None:
        conditions.append(lines.c.category_key == case_key(query.category))
    return conditions


def holding(order_id: ColumnElement[int], query: AnalyticsQuery) -> list[ColumnElement[bool]]:
    """Orders with at least one line that the filters name."""
    return [_has_line(order_items, order_id, query)] if named(order_items, query) else []


def once_holding(order_id: ColumnElement[int], query: AnalyticsQuery) -> list[ColumnElement[bool]]:
    """Like :func:`holding`, and orders that were deleted after they were cancelled."""
    if not named(order_items, query):
        return []
    return [or_(*(_has_line(lines, order_id, query) for lines in (order_items, deleted_lines)))]


def _has_line(
    lines: Table, order_id: ColumnElement[int], query: AnalyticsQuery
) -> ColumnElement[bool]:
    return exists().where(lines.c.order_id == order_id, *named(lines, query))
