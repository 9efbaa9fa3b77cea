"""Adding to the sums what changes without a move of the ledger, or otherwise than its moves tell.

Triggers note which payments failed and which users came and went. What is noted is taken in one
statement and added by others, so what is noted meanwhile waits for the next time.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Table,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.types import BigInteger

from core.columns import quoted
from core.periods import day_number_column, day_of_quarter
from core.store.dialects import Sql
from core.store.statements import Changes, Script
from models import (
    CountedKind,
    OrderStatus,
    deleted_lines,
    order_items,
    orders,
    payment_moves,
    pending_cells,
    status_sums,
    user_moves,
    user_sums,
)
from Order.services.report_facts import Facts, Statement, Window, moved_orders
from Order.services.report_names import KEYS, NAMES_OF_LINES, number_lines, numbered
from Order.services.report_periods import add_quarters, add_up
from Order.services.report_sums import concerned_by, lines_of, states
from work.context import Context

_NONE = literal_column("0", BigInteger)


def add_users(context: Context, piece: int) -> int:
    """Add at most so many of the users that came and went; how many there were."""
    first = select(user_moves.c.id).order_by(user_moves.c.id).limit(piece)
    taken = _take(context, user_moves, user_moves.c.id.in_(first))
    if taken:
        context.write_all(_TAKEN_USERS)
    return taken


def add_payments(context: Context, piece: int) -> int:
    """Add at most so many of the payments that came to be pending or failed, or are that no more;
    how many there were, and those that are gone.

    As long as an order is pending, lines are added to it. Of what is gone only the ledger's mark
    keeps the lines, so it waits for no piece.
    """
    moves = payment_moves.c
    of_open = (orders.c.id == moves.order_id, orders.c.status == quoted(OrderStatus.PENDING))
    # Each looked up by itself: of those that are NOT IN many, PostgreSQL would read all each time.
    is_open = select(orders.c.id).where(*of_open).exists()
    first = select(moves.id).where(~is_open).order_by(moves.id).limit(piece)
    is_gone = moves.order_id.in_(select(deleted_lines.c.order_id))
    taken = _take(context, payment_moves, or_(moves.id.in_(first), is_gone))
    if taken:
        context.write_all(_TAKEN_PAYMENTS)
    return taken


def add_pending(sql: Sql, window: Window) -> Changes:
    """Count the pending orders that moved under the events and categories that they now concern.

    What a line behind the window made of them counts already; with it they move again.
    """
    moved = select(moved_orders(window).cte("moved").c.order_id)
    yield _count_pending(sql, moved, -1)
    yield delete(pending_cells).where(pending_cells.c.order_id.in_(moved))
    is_pending = select(orders.c.id).where(
        orders.c.id.in_(moved), orders.c.status == quoted(OrderStatus.PENDING)
    )
    yield number_lines(sql, _lines_of_pending(is_pending, tuple(NAMES_OF_LINES.values())))
    cells = list(pending_cells.c.keys())
    yield insert(pending_cells).from_select(cells, _cells_of(is_pending))
    yield _count_pending(sql, moved, 1)


def pending_orders(cells: Any, grouping: int) -> Statement:
    """Orders under each event or category: once, though they be under several of the other."""
    keys = [
        cells.c[name] if grouping & bit else _NONE.label(name)
        for bit, name in ((1, "event_id"), (2, "category_id"))
    ]
    return select(cells.c.order_id, cells.c.day, *keys).distinct()


def _take(context: Context, table: Table, condition: ColumnElement[bool]) -> int:
    taken: Any = context.session.execute(update(table).where(condition).values(is_taken=True))
    return int(taken.rowcount)


def _add_taken_users(sql: Sql) -> Changes:
    moves = user_moves.c
    day, added = day_of_quarter(moves.quarter), func.sum(moves.sign)
    days = (
        select(day.label("day"), moves.is_active, added.label("counted"))
        .where(moves.is_taken)
        .group_by(day, moves.is_active)
    )
    yield add_up(sql, user_sums, days)
    everybody = (_NONE.label(name) for name in ("grouping", "event_id", "category_id"))
    quarters = select(*everybody, moves.quarter, moves.sign.label("users"))
    yield add_quarters(sql, quarters.where(moves.is_taken), ["users"])
    yield delete(user_moves).where(moves.is_taken)


def _add_taken_payments(sql: Sql) -> Changes:
    moves = payment_moves.c
    columns = (moves.order_id, moves.day, moves.status)
    moved = (
        select(*columns, func.sum(moves.sign).label("sign"))
        .where(moves.is_taken)
        .group_by(*columns)
        # Most payments were announced and settled.
        .having(func.sum(moves.sign) != literal_column("0"))
        .cte("moved")
    )
    # A line may have come behind the mark.
    yield number_lines(sql, lines_of(moved))
    concerned, kind = concerned_by(moved), CountedKind.TRANSACTION
    counts = (states(kind, moved, concerned, grouping) for grouping in range(4))
    yield add_up(sql, status_sums, union_all(*counts))
    yield delete(payment_moves).where(moves.is_taken)


_TAKEN_USERS, _TAKEN_PAYMENTS = Script(_add_taken_users), Script(_add_taken_payments)


def _count_pending(sql: Sql, moved: Statement, sign: int) -> Executable:
    cells = select(*pending_cells.c).where(pending_cells.c.order_id.in_(moved)).cte("cells")
    counts = []
    for grouping in (1, 2, 3):
        each = pending_orders(cells, grouping).subquery(f"each_{grouping}")
        counts.append(
            select(
                quoted(CountedKind.ORDER).label("kind"),
                literal_column(str(grouping)).label("grouping"),
                each.c.day,
                each.c.event_id,
                each.c.category_id,
                quoted(OrderStatus.PENDING).label("status"),
                type_coerce(func.count() * literal_column(str(sign)), BigInteger).label("counted"),
            ).group_by(each.c.day, each.c.event_id, each.c.category_id)
        )
    return add_up(sql, status_sums, union_all(*counts))


def _cells_of(wanted: Statement) -> Statement:
    """A line whose names have no numbers yet came just now: its move is behind the window."""
    lines = numbered(_lines_of_pending(wanted, ("event_key", "category_key")), names=KEYS).subquery(
        "lines"
    )
    day = day_number_column(orders.c.created_at)
    return (
        select(lines.c.order_id, lines.c.event_id, lines.c.category_id, day.label("day"))
        .join_from(lines, orders, orders.c.id == lines.c.order_id)
        .where(lines.c.event_id.is_not(None), lines.c.category_id.is_not(None))
        .distinct()
    )


def _lines_of_pending(wanted: Statement, names: tuple[str, ...]) -> Facts | Statement:
    columns = (order_items.c[name] for name in ("order_id", *names))
    return select(*columns).where(order_items.c.order_id.in_(wanted))
