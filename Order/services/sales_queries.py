"""What was sold: lines of confirmed and completed orders, on the day that those were confirmed.

A cancelled order leaves its day. Each statement adds up sums, what is not in them yet, and rows
where a range does not end with a day.
"""

from enum import Enum
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Subquery,
    case,
    func,
    literal_column,
    select,
    type_coerce,
    union_all,
)

from core.money import Money
from models import ReportNameKind, report_names, sales_sums, spelling_sums
from Order.services.report_facts import Facts, Statement, sold_lines, sold_rows
from Order.services.report_figures import Figures, amount, asked_of, choice_of, named, whole
from Order.services.report_names import number_of
from Order.services.report_spans import Frame
from Order.services.report_sums import CATEGORY, EVENT, VENUE, orders_of, signed


class By(Enum):
    """What sales are told apart by: the grouping's bit, the column of the sums, and of lines."""

    EVENT = (EVENT, "event_id", "event_key", ReportNameKind.EVENT_KEY)
    CATEGORY = (CATEGORY, "category_id", "category_key", ReportNameKind.CATEGORY_KEY)
    VENUE = (VENUE, "venue_id", "venue_key", ReportNameKind.VENUE_KEY)

    @property
    def bit(self) -> int:
        return self.value[0]

    @property
    def number(self) -> str:
        return self.value[1]

    @property
    def key(self) -> str:
        return self.value[2]

    @property
    def kind(self) -> ReportNameKind:
        return self.value[3]


# Where a row's name stands: (number in the sums of spellings, column of lines).
_SPELLINGS = {
    By.EVENT: ("event_name_id", "event_name"),
    By.CATEGORY: ("category_name_id", "category"),
    By.VENUE: ("venue_name_id", "venue"),
}
# How many rows the lists of the best, the latest and the scarcest have; a plan that is made once
# must know that they are few.
TOP = 10
LIMIT = literal_column(str(TOP), Integer)
_CENTS = type_coerce(sales_sums.c.revenue, BigInteger)
_FIGURES = ("orders", "tickets_sold", "revenue")


def sales(figures: Figures) -> Statement:
    return select(*_added(_cells(figures, figures.range)))


def sales_by_period(figures: Figures) -> Statement:
    """By day, or by month where a series is by the month and whole months suffice; by the quarter
    of an hour what is in no sum.
    """
    cells = _cells(figures, figures.series)
    counted = whole(cells.c.tickets_sold).label("counted")
    return select(cells.c.day, counted, *_added(cells)).group_by(cells.c.day)


def sales_by_name(figures: Figures, by: By) -> Statement:
    """Lines whose names have one key are one row, under one of the spellings."""
    return _by_name(figures, by, _sold_by(figures, by))


def best_events(figures: Figures) -> Statement:
    best = _best_first(_sold_by(figures, By.EVENT)).limit(LIMIT)
    return _by_name(figures, By.EVENT, best)


def _sold_by(figures: Figures, by: By) -> Statement:
    if not _has_live(figures, figures.range):
        few = _by_number(figures, figures.range, by).subquery("few")
        return _with_names(few).where(few.c.tickets_sold > literal_column("0"))
    cells = _cells(figures, figures.range, by)
    key = cells.c.key
    return select(key, *_added(cells)).group_by(key).having(func.sum(cells.c.tickets_sold) > 0)


def _by_name(figures: Figures, by: By, sold: Statement) -> Statement:
    added = sold.subquery("added")
    name = _spelling(figures, by, added).label(_SPELLINGS[by][1])
    figured = (added.c[name] for name in _FIGURES)
    return _best_first(select(name, *figured, added.c.key))


def _best_first(statement: Statement) -> Statement:
    columns = statement.selected_columns
    return statement.order_by(columns.revenue.desc(), columns.key)


def _has_live(figures: Figures, frame: Frame) -> bool:
    """Whether anything can be in no sum."""
    return bool(frame.edges or (figures.are_behind and frame.has_days))


def sold_live(figures: Figures, frame: Frame) -> Facts | None:
    """The sold lines of a range that are in no sum, if there can be any."""
    edges = zip(frame.edges, frame.signs, strict=True)
    parts: list[Any] = [sold_rows(edge, sign) for edge, sign in edges]
    if figures.are_behind and frame.has_days:
        behind = sold_lines(figures.behind).subquery("behind")
        parts.append(select(*behind.c).where(frame.in_days(behind.c.day)))
    return union_all(*parts) if parts else None


def _added(cells: Subquery) -> list[ColumnElement[Any]]:
    counts = [whole(cells.c[name]).label(name) for name in ("orders", "tickets_sold")]
    return [*counts, amount(cells.c.revenue).label("revenue")]


def _cells(figures: Figures, frame: Frame, by: By | None = None) -> Subquery:
    """Figures by period, and by one thing that they are told apart by."""
    parts = [_summed(figures, frame, by)]
    live = sold_live(figures, frame)
    if live is not None:
        parts.append(_counted(figures, live, by))
    return union_all(*parts).subquery("cells")


def _summed(figures: Figures, frame: Frame, by: By | None) -> Statement:
    sums = sales_sums.c
    if by is None:
        return select(
            sums.period.label("day"),
            sums.orders,
            sums.tickets.label("tickets_sold"),
            _CENTS.label("revenue"),
        ).where(*_found(figures, frame, by))
    found = _with_names(_by_number(figures, frame, by).subquery("few")).subquery("found")
    revenue = type_coerce(found.c.revenue, BigInteger).label("revenue")
    columns = (found.c.orders, found.c.tickets_sold, revenue, found.c.key)
    return select(literal_column("0").label("day"), *columns)


def _by_number(figures: Figures, frame: Frame, by: By) -> Statement:
    """Added up before the names are looked up, for these are few."""
    number = sales_sums.c[by.number]
    return (
        select(
            number.label("number"),
            whole(sales_sums.c.orders).label("orders"),
            whole(sales_sums.c.tickets).label("tickets_sold"),
            whole(_CENTS).label("revenue"),
        )
        .where(*_found(figures, frame, by))
        .group_by(number)
    )


def _with_names(few: Subquery) -> Statement:
    revenue = type_coerce(few.c.revenue, Money).label("revenue")
    return select(
        few.c.number, report_names.c.name.label("key"), few.c.orders, few.c.tickets_sold, revenue
    ).join_from(few, report_names, report_names.c.id == few.c.number)


def _found(figures: Figures, frame: Frame, by: By | None) -> list[ColumnElement[bool]]:
    """Which sums tell what is asked for: those of its grouping."""
    conditions = choice_of(sales_sums, figures) if figures.is_filtered else {}
    if figures.is_filtered:
        conditions["venue_id"] = sales_sums.c.venue_id == literal_column("0")
    grouping = figures.grouping
    if by is not None:
        if not grouping & by.bit:
            conditions.pop(by.number, None)
        grouping |= by.bit
    return [
        sales_sums.c.grouping == literal_column(str(grouping)),
        frame.in_sums(sales_sums.c.period),
        *conditions.values(),
    ]


def _counted(figures: Figures, live: Facts, by: By | None) -> Statement:
    lines = live.subquery("live")
    keys = [] if by is None else [lines.c[by.key].label("key")]
    return (
        select(
            lines.c.quarter.label("day"),
            orders_of(lines).label("orders"),
            signed(lines, "quantity").label("tickets_sold"),
            signed(lines, "worth").label("revenue"),
            *keys,
        )
        .where(*named(lines, figures))
        .group_by(lines.c.quarter, *keys)
    )


def _spelling(figures: Figures, by: By, added: Subquery) -> ColumnElement[str]:
    """One of the spellings of a row's key, of those that were sold in the range.

    Most keys are spelled in one way only, and then what is known of all time suffices.
    """
    then = _told(figures, by, added)
    sold = (
        select(then.c.name)
        .group_by(then.c.name)
        .having(func.sum(then.c.tickets) > 0)
        .subquery("sold")
    )
    one_then = select(func.min(sold.c.name)).scalar_subquery()
    if "number" not in added.c:
        ever = _told(figures, by, added, is_ever=True)
        lowest, highest = func.min(ever.c.name), func.max(ever.c.name)
        return select(case((lowest == highest, lowest), else_=one_then)).scalar_subquery()
    numbers = _known_spellings(figures, by, added, is_ever=True).subquery("numbers").c.number
    ends = select(func.min(numbers).label("lowest"), func.max(numbers).label("highest"))
    ever = ends.subquery("ever")
    only = select(report_names.c.name).where(report_names.c.id == ever.c.lowest).scalar_subquery()
    is_only = ever.c.lowest == ever.c.highest
    return select(case((is_only, only), else_=one_then)).select_from(ever).scalar_subquery()


def _told(figures: Figures, by: By, added: Subquery, *, is_ever: bool = False) -> Subquery:
    """The spellings of a row's key, with the tickets that were sold under each."""
    known = _known_spellings(figures, by, added, is_ever=is_ever).subquery("known")
    parts: list[Statement] = [
        select(report_names.c.name, known.c.tickets).join_from(
            known, report_names, report_names.c.id == known.c.number
        )
    ]
    live = _sold_behind(figures) if is_ever else sold_live(figures, figures.range)
    if live is not None:
        lines = live.subquery("live")
        units = (lines.c.sign * lines.c.quantity).label("tickets")
        spelled = select(lines.c[_SPELLINGS[by][1]], units).where(lines.c[by.key] == added.c.key)
        parts.append(spelled.where(*named(lines, figures)).correlate(added))
    return union_all(*parts).subquery("ever" if is_ever else "told")


def _sold_behind(figures: Figures) -> Facts | None:
    """All that is in no sum of all time. Rows at the edges of a range are, or are among these; to
    look for each name in them would cost the more, the more names there are.
    """
    return sold_lines(figures.behind) if figures.are_behind else None


def _known_spellings(figures: Figures, by: By, added: Subquery, *, is_ever: bool) -> Statement:
    """The numbers of those that the sums have."""
    sums = spelling_sums.c
    key = added.c.number if "number" in added.c else number_of(by.kind, added.c.key, of=added)
    return (
        select(sums[_SPELLINGS[by][0]].label("number"), sums.tickets)
        .where(
            sums[by.number] == key,
            sums.period == literal_column("0") if is_ever else figures.range.in_sums(sums.period),
            *asked_of(spelling_sums, figures),
        )
        .correlate(added)
    )
