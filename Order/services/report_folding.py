"""Keeping the sums of the reports: what the ledger has more is added to them, piece by piece.

Sales write their lines of the ledger and know nothing of the sums; nobody waits for them here.
Each piece moves the mark up to which the ledger is in the sums, in the transaction that adds it,
so a piece is added once, whatever crashes; a report adds what lies behind the mark by itself.
"""

from sqlalchemy import bindparam, delete, exists, func, select

from core.columns import BigId
from core.store.dialects import Sql
from core.store.statements import Changes, Script
from Ledger.services.ledger_cursor import LedgerCursor
from Ledger.services.ledger_service import NOWHERE
from models import MovementKind, deleted_lines, movements, part_paid_orders, report_progress
from Order.services import report_counts, report_sums
from Order.services.report_facts import Statement, Window
from work.context import Context

# Up to where the ledger is in the sums.
_FOLDED = LedgerCursor(report_progress)
# Lines of the ledger in one transaction. SQLite's sales wait for it, so it is a few there.
PIECE, PIECE_ON_SQLITE = 10_000, 1_000


def fold_ledger(context: Context, *, limit: int) -> int:
    """Add the next piece of the ledger to the sums; ``limit`` while there may be more.

    One process at a time: who finds another at it leaves it to that one.
    """
    piece = PIECE_ON_SQLITE if _is_sqlite(context) else PIECE
    folded = fold(context, piece)
    return limit if folded >= piece else min(folded, limit - 1)


def fold(context: Context, piece: int) -> int:
    """Add at most so many lines of the ledger to the sums, and so many of what is noted beside it;
    how many there were of whatever there were the most of.
    """
    lines = _FOLDED.next_lines(context, piece)
    if lines is None:
        return 0
    # First, for what is gone leaves its lines until the ledger says so.
    noted = max(report_counts.add_payments(context, piece), report_counts.add_users(context, piece))
    if lines.number:
        context.write_all(_ADDED, after=lines.after, upto=lines.upto)
        _FOLDED.move_to(context, lines.upto)
    return max(lines.number, noted)


def progress() -> Statement:
    """The last line of the ledger that is in the sums, the last there is, and whether there is
    money of pending orders.
    """
    folded = select(report_progress.c.movement_id).scalar_subquery()
    last = select(func.max(movements.c.id)).scalar_subquery()
    return select(
        func.coalesce(folded, 0).label("folded"),
        func.coalesce(last, 0).label("last"),
        exists(select(part_paid_orders.c.order_id)).label("is_part_paid"),
    )


def _add(sql: Sql) -> Changes:
    window = Window(bindparam("after", type_=BigId), bindparam("upto", type_=BigId))
    yield from report_sums.add_orders(sql, window)
    yield from report_sums.add_sales(sql, window)
    yield from report_sums.add_money(sql, window)
    yield from report_counts.add_pending(sql, window)
    gone = select(movements.c.order_id).where(
        movements.c.kind == MovementKind.ORDER,
        movements.c.target == NOWHERE,
        window.holds(movements.c.id),
    )
    yield delete(deleted_lines).where(deleted_lines.c.order_id.in_(gone))


_ADDED = Script(_add)


def _is_sqlite(context: Context) -> bool:
    return context.session.get_bind().dialect.name == "sqlite"
