"""Money that succeeded, on the day that it did; what went back of it is told on that same day.

So a period's net is what is left of its own payments.
"""

from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ScalarSelect,
    Subquery,
    bindparam,
    func,
    literal_column,
    select,
    type_coerce,
    union_all,
)

from core.columns import quoted
from core.periods import quarter_number_column
from models import DisputeStatus, disputes, money_sums, report_names, transactions
from Order.services.report_facts import (
    Facts,
    Statement,
    in_edge,
    is_received,
    money_moved,
    money_of_part_paid,
)
from Order.services.report_figures import Figures, amount, chosen, holding, whole
from Order.services.report_spans import Edge, Frame

# How a way to pay is spelled, and what it is told apart by.
_METHOD = ("payment_method", "payment_method_key")


def money(figures: Figures) -> Statement:
    return select(*_added(_cells(figures, figures.range)))


def money_and_disputes(figures: Figures) -> Statement:
    """In one statement, so that nothing more is asked for what is nearly always nothing."""
    return money(figures).add_columns(_disputed(figures).label("disputed"))


def money_by_period(figures: Figures) -> Statement:
    cells = _cells(figures, figures.series)
    counted = whole(cells.c.transactions).label("counted")
    return select(cells.c.day, counted, *_added(cells)).group_by(cells.c.day)


def money_by_method(figures: Figures) -> Statement:
    """Ways to pay whose names have one key are one row, under one of the spellings."""
    cells = _cells(figures, figures.range, by_method=True)
    method, key, payments = (cells.c[name] for name in (*_METHOD, "transactions"))
    spelled = func.min(method).label("payment_method")
    return (
        select(spelled, whole(payments).label("transactions"), *_added(cells))
        .group_by(key)
        .having(func.sum(payments) > 0)
        .order_by(amount(cells.c.gross).desc(), key)
    )


def _disputed(figures: Figures) -> ScalarSelect[Decimal]:
    """What was asked back in the range and not given up, by when the service heard of it.

    Disputes are few, and have no sums. What is asked back in another currency is in no figure.
    """
    row = disputes.c
    asked = select(amount(row.minor_units)).where(
        row.currency == bindparam("currency"),
        row.status != quoted(DisputeStatus.WON.value),
        *in_edge(row.created_at, figures.bounds),
    )
    if figures.is_filtered:
        paid = transactions.c
        asked = asked.join_from(disputes, transactions, paid.id == row.transaction_id)
        asked = asked.where(*holding(paid.order_id, figures))
    return asked.scalar_subquery()


def money_live(figures: Figures) -> Facts | None:
    """The money that is in no sum of the grouping asked for, if there can be any."""
    parts: list[Statement] = []
    if figures.are_behind:
        parts.append(money_moved(figures.behind))
    if figures.is_filtered and figures.has_part_paid:
        parts.append(money_of_part_paid(figures.behind))
    return union_all(*parts) if parts else None


def _added(cells: Subquery) -> list[ColumnElement[Any]]:
    return [
        amount(cells.c.gross).label("gross"),
        amount(cells.c.refunded).label("refunded"),
        amount(cells.c.gross - cells.c.refunded).label("net"),
    ]


def _cells(figures: Figures, frame: Frame, *, by_method: bool = False) -> Subquery:
    summed = _summed_by_method(figures, frame) if by_method else _summed(figures, frame)
    parts = [summed, *(_rows(figures, edge) for edge in frame.edges)]
    live = money_live(figures)
    if live is not None and frame.has_days:
        moved = live.subquery("live")
        columns = (moved.c[name] for name in ("quarter", *_METHOD, "received"))
        parts.append(
            select(*columns, moved.c.gross, moved.c.refunded).where(
                frame.in_days(moved.c.day), *holding(moved.c.order_id, figures)
            )
        )
    return union_all(*parts).subquery("cells")


def _summed(figures: Figures, frame: Frame) -> Statement:
    sums = money_sums.c
    return select(
        sums.period.label("day"),
        *(quoted("").label(name) for name in _METHOD),
        sums.transactions,
        type_coerce(sums.gross, BigInteger).label("gross"),
        type_coerce(sums.refunded, BigInteger).label("refunded"),
    ).where(
        sums.grouping == literal_column(str(figures.grouping)),
        frame.in_sums(sums.period),
        *chosen(money_sums, figures),
    )


def _summed_by_method(figures: Figures, frame: Frame) -> Statement:
    sums = _summed(figures, frame).add_columns(money_sums.c.payment_method_id).subquery("sums")
    columns = (sums.c.transactions, sums.c.gross, sums.c.refunded)
    known = (report_names.c.name, report_names.c.key)
    method = (column.label(name) for column, name in zip(known, _METHOD, strict=True))
    return select(sums.c.day, *method, *columns).join_from(
        sums, report_names, report_names.c.id == sums.c.payment_method_id
    )


def _rows(figures: Figures, edge: Edge) -> Statement:
    row = transactions.c
    return select(
        quarter_number_column(row.succeeded_at).label("quarter"),
        *(row[name] for name in _METHOD),
        literal_column("1").label("transactions"),
        type_coerce(row.amount, BigInteger).label("gross"),
        type_coerce(row.refunded_amount, BigInteger).label("refunded"),
    ).where(
        is_received(),
        *in_edge(row.succeeded_at, edge),
        *holding(row.order_id, figures),
    )
