"""A question to the reports: its statements are made once for each way that it can be asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Executable, column, table
from sqlalchemy.sql import visitors

from core.store.dialects import Sql
from core.store.statements import Row, Statement, statement
from core.text import name_key
from Order.schemas.analytics import AnalyticsQuery
from Order.services import report_facts
from Order.services.fairness import DAY
from Order.services.quarter_queries import PARTS
from Order.services.report_figures import Figures
from Order.services.report_folding import progress
from Order.services.report_range import Range
from Order.services.report_spans import Frame, Spans, one_sum_of, spans_of
from work.context import Context

# How many statements are remembered: callers ask in as many ways as they like.
_WAYS = 1000
Build = Callable[..., report_facts.Statement]


@dataclass(frozen=True)
class Inquiry:
    """A question, asked of one state of the data."""

    context: Context
    range: Range
    figures: Figures
    _values: Mapping[str, Any] = field(repr=False)

    def rows(self, build: Build, *choice: Any) -> list[Row]:
        """What the statement finds that ``build`` makes of the figures and a choice."""
        made, names = _made(build, self.figures, choice)
        return self.context.rows(made, **{name: self._values[name] for name in names})

    def rows_in(self, build: Build, parts: Sequence[tuple[int, int]]) -> list[Row]:
        """Like :meth:`rows`, of parts of days by their quarters of an hour."""
        if not parts:
            return []
        made, names = _made_in(build, self.figures)
        return self.context.rows(made, parts=parts, **{name: self._values[name] for name in names})

    def one(self, build: Build, *choice: Any) -> Row:
        [row] = self.rows(build, *choice)
        return row


def inquiry(context: Context, query: AnalyticsQuery) -> Inquiry:
    """To be asked in the snapshot that answers the question."""
    [(folded, last, is_part_paid)] = context.rows(_progress)
    asked = Range.of(query, context.terms.zone)
    spans = spans_of(asked.start, asked.end)
    series = spans_of(asked.start, asked.end, by=query.interval)
    one_sum = one_sum_of(asked.start, asked.end)
    figures = Figures(
        by_event=query.event_name is not None,
        by_category=query.category is not None,
        has_start=asked.start is not None,
        has_end=asked.end is not None,
        range=Frame.of("range", spans),
        series=Frame.of("series", series),
        one_sum=Frame.of("one_sum", one_sum) if one_sum else None,
        are_behind=last > folded,
        has_part_paid=bool(is_part_paid),
    )
    values = {
        "folded": folded,
        "start": asked.start,
        "end": asked.end,
        "event_key": query.event_name and name_key(query.event_name),
        "category_key": query.category and name_key(query.category),
        **(_of_one_sum(figures.one_sum, one_sum) if figures.one_sum and one_sum else {}),
        "currency": context.terms.currency,
        "now": context.now,
        "day_since": context.now - DAY,
        **dict(figures.range.values(spans)),
        **dict(figures.series.values(series)),
    }
    return Inquiry(context, asked, figures, values)


def _of_one_sum(frame: Frame, spans: Spans) -> dict[str, Any]:
    return {"one_sum": spans.sums[0][0], **dict(frame.values(spans))}


@statement
def _progress(_sql: Sql) -> Executable:
    return progress()


@lru_cache(_WAYS)
def _made(
    build: Build, figures: Figures, choice: tuple[Any, ...]
) -> tuple[Statement, frozenset[str]]:
    """The statement of a way of asking, and the names of its parameters."""
    built = build(figures, *choice)
    return Statement(lambda _sql: built, plans_anew=_plans_anew(figures)), _parameters(built)


@lru_cache(_WAYS)
def _made_in(build: Build, figures: Figures) -> tuple[Statement, frozenset[str]]:
    """Like :func:`_made`, of parts that are brought along."""
    names = _parameters(build(figures, table("parts", *(column(name) for name in PARTS))))
    return Statement(lambda sql: build(figures, sql.rows("parts", **PARTS))), names


def _parameters(built: report_facts.Statement) -> frozenset[str]:
    return frozenset(
        part.key
        for part in visitors.iterate(built)
        if isinstance(part, BindParameter) and part.required
    )


def _plans_anew(figures: Figures) -> bool:
    """Whether rows are read: how many there are depends on what is asked for."""
    return bool(figures.are_behind or figures.range.edged or figures.is_filtered)
