"""What a report's figures are added up from: sums, and what is not in them yet."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Table,
    Text,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    or_,
    type_coerce,
)

from core.columns import BigId
from core.money import Money
from models import ReportNameKind, deleted_lines, order_items
from Order.services.report_facts import Window
from Order.services.report_names import number_of
from Order.services.report_spans import Edge, Frame, moment

_ALL = _NONE = literal_column("0", BigInteger)


@dataclass(frozen=True)
class Figures:
    """How a question is asked, and whether the sums that answer it have all of the ledger.

    Statements are made once for each way of asking; what is asked for are their parameters, and
    so are the periods and the moments of the frames.
    """

    by_event: bool
    by_category: bool
    has_start: bool
    has_end: bool
    # The range, and the range in which the periods of a series are told apart.
    range: Frame
    series: Frame
    # The range as one sum, if it is a month or all time.
    one_sum: Frame | None
    are_behind: bool
    # Whether there is money of orders that are pending.
    has_part_paid: bool

    @property
    def behind(self) -> Window:
        """The lines of the ledger that are not in the sums."""
        return Window(bindparam("folded", type_=BigId))

    @property
    def is_filtered(self) -> bool:
        return self.by_event or self.by_category

    @property
    def grouping(self) -> int:
        """The grouping of the sums that know what the filters name."""
        return self.by_event + 2 * self.by_category

    @property
    def bounds(self) -> Edge:
        return (
            moment("start") if self.has_start else None,
            moment("end") if self.has_end else None,
        )


EVENT_KEY, CATEGORY_KEY = (bindparam(name, type_=Text) for name in ("event_key", "category_key"))
# The month, or all time, that is the whole range.
ONE_SUM = bindparam("one_sum", type_=Integer)


def whole(column: ColumnElement[Any]) -> ColumnElement[int]:
    """A sum of counts; PostgreSQL's would be a decimal."""
    return cast(func.coalesce(func.sum(column), _NONE), BigInteger)


def amount(column: ColumnElement[Any]) -> ColumnElement[Decimal]:
    """A sum of minor units as money."""
    return type_coerce(func.coalesce(func.sum(column), _NONE), Money)


def chosen(table: Any, figures: Figures) -> list[ColumnElement[bool]]:
    """Sums of the event and the category asked for.

    Without either the grouping says all, and only the order of the primary key leads there; with
    one, all columns before the period make use of the other index.
    """
    return list(choice_of(table, figures).values()) if figures.is_filtered else []


def choice_of(table: Any, figures: Figures) -> dict[str, ColumnElement[bool]]:
    event = number_of(ReportNameKind.EVENT_KEY, EVENT_KEY)
    category = number_of(ReportNameKind.CATEGORY_KEY, CATEGORY_KEY)
    return {
        "event_id": table.c.event_id == (event if figures.by_event else _ALL),
        "category_id": table.c.category_id == (category if figures.by_category else _ALL),
    }


def asked_of(table: Any, figures: Figures) -> list[ColumnElement[bool]]:
    """The event and the category of a table that has no rows for all."""
    asked = {"event_id": figures.by_event, "category_id": figures.by_category}
    return [one for name, one in choice_of(table, figures).items() if asked[name]]


def named(lines: Any, figures: Figures) -> list[ColumnElement[bool]]:
    """Order lines or tickets of the event and the category asked for."""
    conditions: list[ColumnElement[bool]] = []
    if figures.by_event:
        conditions.append(lines.c.event_key == EVENT_KEY)
    if figures.by_category:
        conditions.append(lines.c.category_key == CATEGORY_KEY)
    return conditions


def holding(order_id: ColumnElement[int], figures: Figures) -> list[ColumnElement[bool]]:
    """Orders with at least one line that the filters name."""
    return [_has_line(order_items, order_id, figures)] if figures.is_filtered else []


def once_holding(order_id: ColumnElement[int], figures: Figures) -> list[ColumnElement[bool]]:
    """Like :func:`holding`, and orders that were deleted after they were cancelled."""
    if not figures.is_filtered:
        return []
    return [or_(*(_has_line(lines, order_id, figures) for lines in (order_items, deleted_lines)))]


def _has_line(lines: Table, order_id: ColumnElement[int], figures: Figures) -> ColumnElement[bool]:
    return exists().where(lines.c.order_id == order_id, *named(lines, figures))
