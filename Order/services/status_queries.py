"""How many orders and transactions were created in a period, by the state that they are in."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, func, literal_column, select, union_all

from core.periods import midnight, numbered_day
from models import CountedKind, OrderStatus, TransactionStatus, orders, status_sums, transactions
from Order.services.money_queries import money_live
from Order.services.report_facts import RECEIVED, Statement, in_edge, orders_moved
from Order.services.report_figures import Figures, chosen, grouping_of, holding, once_holding, whole
from Order.services.report_spans import ALL_DAYS, Edge, Numbers, Spans, spans_of, within


def order_counts(figures: Figures) -> Statement:
    spans = _spans(figures)
    parts = [_summed(figures, CountedKind.ORDER, spans)]
    parts += (_rows(figures, orders, orders.c.id, edge) for edge in spans.edges)
    if spans.days is not None:
        if figures.are_behind:
            parts.append(_orders_behind(figures, spans.days))
        if figures.is_filtered:
            # Lines are added to pending orders, so no sum by event or category has them.
            pending = _rows(figures, orders, orders.c.id, _edge_of(spans.days))
            parts.append(pending.where(orders.c.status == OrderStatus.PENDING))
    return _added(parts)


def transaction_counts(figures: Figures) -> Statement:
    spans, row = _spans(figures), transactions.c
    parts = [_summed(figures, CountedKind.TRANSACTION, spans)]
    for edge in spans.edges:
        settled = _rows(figures, transactions, row.order_id, edge)
        parts.append(settled.where(row.status.in_(RECEIVED)))
    if spans.days is not None:
        parts += _transactions_behind(figures, spans.days)
    # The ledger knows only money that succeeded.
    unsettled = _rows(figures, transactions, row.order_id, (figures.query.start, figures.query.end))
    parts.append(unsettled.where(row.succeeded_at.is_(None)))
    return _added(parts)


def _spans(figures: Figures) -> Spans:
    return spans_of(figures.query.start, figures.query.end)


def _added(parts: list[Any]) -> Statement:
    counts = union_all(*parts).subquery("counts")
    return select(counts.c.status, whole(counts.c.counted).label("rows")).group_by(counts.c.status)


def _summed(figures: Figures, kind: CountedKind, spans: Spans) -> Statement:
    sums = status_sums.c
    return select(sums.status, sums.counted).where(
        sums.kind == kind,
        sums.grouping == grouping_of(figures.query),
        within(sums.period, spans.sums),
        *chosen(status_sums, figures.query),
    )


def _rows(figures: Figures, table: Table, order_id: Column[int], edge: Edge) -> Statement:
    return (
        select(table.c.status, func.count().label("counted"))
        .where(*in_edge(table.c.created_at, edge), *holding(order_id, figures.query))
        .group_by(table.c.status)
    )


def _orders_behind(figures: Figures, days: Numbers) -> Statement:
    moved = orders_moved(figures.behind).subquery("moved")
    statement = select(moved.c.status, moved.c.sign).where(
        within(moved.c.day, (days,)), *once_holding(moved.c.order_id, figures.query)
    )
    if figures.is_filtered:
        statement = statement.where(moved.c.status != OrderStatus.PENDING.value)
    return statement


def _transactions_behind(figures: Figures, days: Numbers) -> list[Statement]:
    live = money_live(figures)
    if live is None:
        return []
    parts = []
    for status in RECEIVED:
        moved = live.subquery(f"moved_{status.value}")
        is_success = status is TransactionStatus.SUCCESS
        counted = moved.c.received - moved.c.emptied if is_success else moved.c.emptied
        parts.append(
            select(literal_column(f"'{status.value}'").label("status"), counted).where(
                within(moved.c.created_day, (days,)),
                *holding(moved.c.order_id, figures.query),
            )
        )
    return parts


def _edge_of(days: Numbers) -> Edge:
    """Whole days as times; the outermost numbers are those of no bound."""
    start, end = (_midnight(number) if number not in ALL_DAYS else None for number in days)
    return start, end


def _midnight(number: int) -> datetime:
    return midnight(numbered_day(number))
