"""How many orders and transactions were created in a period, by the state that they are in."""

from typing import Any

from sqlalchemy import Column, Table, func, literal_column, select, union_all

from core.columns import quoted
from core.periods import day_number_column
from models import (
    CountedKind,
    OrderStatus,
    TransactionStatus,
    orders,
    payment_moves,
    pending_cells,
    status_sums,
    transactions,
)
from Order.services.money_queries import money_live
from Order.services.report_facts import RECEIVED, Statement, in_edge, moved_orders, orders_moved
from Order.services.report_figures import Figures, asked_of, chosen, holding, once_holding, whole
from Order.services.report_spans import Edge


def order_counts(figures: Figures) -> Statement:
    frame = figures.range
    parts = [_summed(figures, CountedKind.ORDER)]
    parts += (_rows(figures, orders, orders.c.id, edge) for edge in frame.edges)
    if frame.has_days and figures.are_behind:
        parts.append(_orders_behind(figures))
        if figures.is_filtered:
            parts += _pending_behind(figures)
    return _added(parts)


def transaction_counts(figures: Figures) -> Statement:
    frame, row = figures.range, transactions.c
    parts = [_summed(figures, CountedKind.TRANSACTION)]
    parts += (_rows(figures, transactions, row.order_id, edge) for edge in frame.edges)
    if frame.has_days:
        parts += _transactions_behind(figures)
        parts.append(_unsettled(figures))
    return _added(parts)


def _added(parts: list[Any]) -> Statement:
    counts = union_all(*parts).subquery("counts")
    return select(counts.c.status, whole(counts.c.counted).label("rows")).group_by(counts.c.status)


def _summed(figures: Figures, kind: CountedKind) -> Statement:
    sums = status_sums.c
    return select(sums.status, sums.counted).where(
        sums.kind == quoted(kind),
        sums.grouping == literal_column(str(figures.grouping)),
        figures.range.in_sums(sums.period),
        *chosen(status_sums, figures),
    )


def _rows(figures: Figures, table: Table, order_id: Column[int], edge: Edge) -> Statement:
    return (
        select(table.c.status, func.count().label("counted"))
        .where(*in_edge(table.c.created_at, edge), *holding(order_id, figures))
        .group_by(table.c.status)
    )


def _orders_behind(figures: Figures) -> Statement:
    moved = orders_moved(figures.behind).subquery("moved")
    statement = select(moved.c.status, moved.c.sign).where(
        figures.range.in_days(moved.c.day), *once_holding(moved.c.order_id, figures)
    )
    if figures.is_filtered:
        statement = statement.where(moved.c.status != quoted(OrderStatus.PENDING))
    return statement


def _pending_behind(figures: Figures) -> list[Statement]:
    """Of the pending orders that moved behind the mark: those there are, less those counted."""
    moved = select(moved_orders(figures.behind).cte("moved").c.order_id)
    status = quoted(OrderStatus.PENDING)
    cells = pending_cells.alias("cells")
    before = select(status.label("status"), -func.count(cells.c.order_id.distinct())).where(
        cells.c.order_id.in_(moved), figures.range.in_days(cells.c.day), *asked_of(cells, figures)
    )
    now = select(status, func.count()).where(
        orders.c.id.in_(moved),
        orders.c.status == status,
        figures.range.in_days(day_number_column(orders.c.created_at)),
        *holding(orders.c.id, figures),
    )
    return [before, now]


def _unsettled(figures: Figures) -> Statement:
    """Payments that came to be pending or failed, or are that no more, and are in no sum yet."""
    moves = payment_moves.c
    return select(moves.status, moves.sign).where(
        figures.range.in_days(moves.day), *once_holding(moves.order_id, figures)
    )


def _transactions_behind(figures: Figures) -> list[Statement]:
    live = money_live(figures)
    if live is None:
        return []
    parts = []
    for status in RECEIVED:
        moved = live.subquery(f"moved_{status.value}")
        is_success = status is TransactionStatus.SUCCESS
        counted = moved.c.received - moved.c.emptied if is_success else moved.c.emptied
        parts.append(
            select(quoted(status).label("status"), counted).where(
                figures.range.in_days(moved.c.created_day), *holding(moved.c.order_id, figures)
            )
        )
    return parts
