"""What was sold: lines of confirmed and completed orders, on the day that those were confirmed.

A cancelled order leaves its day. Each statement adds up sums, what is not in them yet, and rows
where a range does not end with a day.
"""

from enum import Enum
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Subquery,
    func,
    select,
    type_coerce,
    union_all,
)

from core.periods import Interval
from models import ReportNameKind, report_names, sales_sums, spelling_sums
from Order.services.report_facts import Facts, Statement, sold_lines, sold_rows
from Order.services.report_figures import Figures, amount, chosen, grouping_of, named, whole
from Order.services.report_spans import Spans, spans_of, within
from Order.services.report_sums import CATEGORY, EVENT, VENUE, orders_of, signed


class By(Enum):
    """What sales are told apart by: the grouping's bit, the column of the sums, and of lines."""

    EVENT = (EVENT, "event_id", "event_key", ReportNameKind.EVENT_KEY)
    CATEGORY = (CATEGORY, "category_id", "category_key", ReportNameKind.CATEGORY_KEY)
    VENUE = (VENUE, "venue_id", "venue", ReportNameKind.VENUE)

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
}
_FIGURES = ("orders", "tickets_sold", "revenue")


def sales(figures: Figures) -> Statement:
    return select(*_added(_cells(figures, _spans(figures))))


def sales_by_period(figures: Figures) -> Statement:
    """By day, or by month where a series is by the month and whole months suffice."""
    cells = _cells(figures, _spans(figures, figures.query.interval))
    counted = whole(cells.c.tickets_sold).label("counted")
    return select(cells.c.day, counted, *_added(cells)).group_by(cells.c.day)


def sales_by_name(figures: Figures, by: By) -> Statement:
    """Lines whose names differ in case only are one row, under one of the spellings."""
    cells = _cells(figures, _spans(figures), by)
    key = cells.c.key
    added = (
        select(key, *_added(cells)).group_by(key).having(func.sum(cells.c.tickets_sold) > 0)
    ).subquery("added")
    order = (added.c.revenue.desc(), added.c.key)
    if by is By.VENUE:
        columns = (added.c.key.label("venue"), *(added.c[name] for name in _FIGURES))
        return select(*columns).order_by(*order)
    names = _spellings(figures, by).subquery("names")
    name = names.c.name.label(_SPELLINGS[by][1])
    return (
        select(name, *(added.c[name] for name in _FIGURES))
        .join_from(added, names, names.c.key == added.c.key)
        .order_by(*order)
    )


def sold_live(figures: Figures, spans: Spans) -> Facts | None:
    """The sold lines of a range that are in no sum, if there can be any."""
    parts: list[Any] = [sold_rows(edge) for edge in spans.edges]
    if figures.are_behind and spans.days is not None:
        behind = sold_lines(figures.behind).subquery("behind")
        parts.append(select(*behind.c).where(within(behind.c.day, (spans.days,))))
    return union_all(*parts) if parts else None


def _spans(figures: Figures, interval: Interval | None = None) -> Spans:
    return spans_of(figures.query.start, figures.query.end, by=interval)


def _added(cells: Subquery) -> list[ColumnElement[Any]]:
    counts = [whole(cells.c[name]).label(name) for name in ("orders", "tickets_sold")]
    return [*counts, amount(cells.c.revenue).label("revenue")]


def _cells(figures: Figures, spans: Spans, by: By | None = None) -> Subquery:
    """Figures by period, and by one thing that they are told apart by."""
    parts = [_summed(figures, spans, by)]
    live = sold_live(figures, spans)
    if live is not None:
        parts.append(_counted(figures, live, by))
    return union_all(*parts).subquery("cells")


def _summed(figures: Figures, spans: Spans, by: By | None) -> Statement:
    sums = sales_sums.c
    statement: Select[Any] = select(
        sums.period.label("day"),
        sums.orders.label("orders"),
        sums.tickets.label("tickets_sold"),
        type_coerce(sums.revenue, BigInteger).label("revenue"),
    )
    conditions = {
        By.EVENT: chosen(sales_sums, figures.query)[0],
        By.CATEGORY: chosen(sales_sums, figures.query)[1],
        By.VENUE: sums.venue_id == 0,
    }
    grouping = grouping_of(figures.query)
    if by is not None:
        is_chosen = bool(grouping & by.bit)
        grouping |= by.bit
        statement = statement.add_columns(report_names.c.name.label("key")).join_from(
            sales_sums, report_names, report_names.c.id == sales_sums.c[by.number]
        )
        if not is_chosen:
            del conditions[by]
    return statement.where(
        sums.grouping == grouping, within(sums.period, spans.sums), *conditions.values()
    )


def _counted(figures: Figures, live: Facts, by: By | None) -> Statement:
    lines = live.subquery("live")
    keys = [] if by is None else [lines.c[by.key].label("key")]
    return (
        select(
            lines.c.day,
            orders_of(lines).label("orders"),
            signed(lines, "quantity").label("tickets_sold"),
            signed(lines, "worth").label("revenue"),
            *keys,
        )
        .where(*named(lines, figures.query))
        .group_by(lines.c.day, *keys)
    )


def _spellings(figures: Figures, by: By) -> Statement:
    """For each key one of its spellings, of those that were sold."""
    spans = _spans(figures)
    number, column = _SPELLINGS[by]
    key, name = report_names.alias("key"), report_names.alias("spelling")
    sums = spelling_sums.c
    conditions = zip(
        (figures.query.event_name, figures.query.category),
        chosen(spelling_sums, figures.query),
        strict=True,
    )
    parts: list[Statement] = [
        select(key.c.name.label("key"), name.c.name.label("name"), sums.tickets.label("tickets"))
        .join_from(spelling_sums, key, key.c.id == sums[by.number])
        .join(name, name.c.id == sums[number])
        .where(within(sums.period, spans.sums))
        .where(*(condition for asked, condition in conditions if asked is not None))
    ]
    live = sold_live(figures, spans)
    if live is not None:
        lines = live.subquery("live")
        units = (lines.c.sign * lines.c.quantity).label("tickets")
        parts.append(
            select(lines.c[by.key].label("key"), lines.c[column].label("name"), units).where(
                *named(lines, figures.query)
            )
        )
    told = union_all(*parts).subquery("told")
    sold = (
        select(told.c.key, told.c.name)
        .group_by(told.c.key, told.c.name)
        .having(func.sum(told.c.tickets) > 0)
        .subquery("sold")
    )
    return select(sold.c.key, func.min(sold.c.name).label("name")).group_by(sold.c.key)
