"""How many orders and transactions were created in a period, by the state that they are in."""

from typing import Any

from sqlalchemy import Column, Table, func, literal_column, select, union_all

from models import CountedKind, OrderStatus, TransactionStatus, orders, status_sums, transactions
from Order.services.money_queries import money_live
from Order.services.report_facts import (
    RECEIVED,
    Statement,
    in_edge,
    is_one_of,
    orders_moved,
    quoted,
)
from Order.services.report_figures import Figures, chosen, holding, once_holding, whole
from Order.services.report_spans import Edge


def order_counts(figures: Figures) -> Statement:
    frame = figures.range
    parts = [_summed(figures, CountedKind.ORDER)]
    parts += (_settled(figures, edge) for edge in frame.edges)
    if frame.has_days and figures.are_behind:
        parts.append(_orders_behind(figures))
    if figures.is_filtered:
        # Lines are added to pending orders, so no sum by event or category has them.
        pending = _rows(figures, orders, orders.c.id, figures.bounds)
        parts.append(pending.where(orders.c.status == quoted(OrderStatus.PENDING)))
    return _added(parts)


def transaction_counts(figures: Figures) -> Statement:
    frame, row = figures.range, transactions.c
    parts = [_summed(figures, CountedKind.TRANSACTION)]
    for edge in frame.edges:
        settled = _rows(figures, transactions, row.order_id, edge)
        parts.append(settled.where(is_one_of(row.status, RECEIVED)))
    if frame.has_days:
        parts += _transactions_behind(figures)
    # The ledger knows only money that succeeded.
    unsettled = _rows(figures, transactions, row.order_id, figures.bounds)
    parts.append(unsettled.where(row.succeeded_at.is_(None)))
    return _added(parts)


def _settled(figures: Figures, edge: Edge) -> Statement:
    rows = _rows(figures, orders, orders.c.id, edge)
    if figures.is_filtered:
        rows = rows.where(orders.c.status != quoted(OrderStatus.PENDING))
    return rows


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
