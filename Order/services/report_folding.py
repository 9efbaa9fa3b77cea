"""Keeping the sums of the reports: what the ledger has more is added to them, piece by piece.

Sales write their lines of the ledger and know nothing of the sums; nobody waits for them here.
Each piece moves the mark up to which the ledger is in the sums, in the transaction that adds it,
so a piece is added once, whatever crashes; a report adds what lies behind the mark by itself.
"""

from dataclasses import dataclass

from sqlalchemy import delete, exists, func, select, text, update

from core.store.upsert import insert_into
from Ledger.services.ledger_service import NOWHERE
from models import MovementKind, deleted_lines, movements, part_paid_orders, report_progress
from Order.services import report_counts, report_sums
from Order.services.report_facts import Statement, Window
from work.context import Context

_ONLY = 1
# Lines of the ledger in one transaction. SQLite's sales wait for it, so it is a few there.
PIECE, PIECE_ON_SQLITE = 10_000, 1_000

# Who may still commit lines of the ledger: writers hold this lock from before they draw a line's
# number until they have ended.
_WRITERS = text("""
    SELECT DISTINCT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = CAST('movements' AS regclass)
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND mode NOT IN ('AccessShareLock', 'RowShareLock')
""")


@dataclass(frozen=True)
class _Mark:
    """Up to where the ledger is in the sums, and up to where it was seen."""

    folded: int
    candidate: int
    writers: frozenset[str]


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
    mark = _locked_mark(context)
    if mark is None:
        return 0
    final = _final(context, mark)
    # First, for what is gone leaves its lines until the ledger says so.
    noted = max(report_counts.add_payments(context, piece), report_counts.add_users(context, piece))
    numbers = (
        select(movements.c.id)
        .where(Window(mark.folded, final).holds(movements.c.id))
        .order_by(movements.c.id)
        .limit(piece)
        .subquery()
    )
    found, last = context.session.execute(select(func.count(), func.max(numbers.c.id))).one()
    if found:
        _add(context, Window(mark.folded, last))
    return max(int(found), noted)


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


def _add(context: Context, window: Window) -> None:
    report_sums.add_orders(context, window)
    report_sums.add_sales(context, window)
    report_sums.add_money(context, window)
    report_counts.add_pending(context, window)
    gone = select(movements.c.order_id).where(
        movements.c.kind == MovementKind.ORDER,
        movements.c.target == NOWHERE,
        window.holds(movements.c.id),
    )
    context.session.execute(delete(deleted_lines).where(deleted_lines.c.order_id.in_(gone)))
    context.session.execute(update(report_progress).values(movement_id=window.upto))


def _locked_mark(context: Context) -> _Mark | None:
    """The mark, for this transaction alone; None if another has it."""
    locking = select(*report_progress.c).with_for_update(skip_locked=True)
    found = context.session.execute(locking).one_or_none()
    if found is None:
        if context.session.execute(select(report_progress.c.id)).one_or_none():
            return None
        # The first time; who begins at the same moment waits.
        new = insert_into(context.session, report_progress)
        row = {"id": _ONLY, "movement_id": 0, "candidate_id": 0, "writers": ""}
        context.session.execute(new.values(row).on_conflict_do_nothing())
        found = context.session.execute(locking).one_or_none()
    if found is None:
        return None
    writers = frozenset(filter(None, found.writers.split(",")))
    return _Mark(found.movement_id, found.candidate_id, writers)


def _final(context: Context, mark: _Mark) -> int:
    """Up to which line the ledger will not change any more.

    SQLite has one writer, so its lines come in order. On PostgreSQL a lower number may be
    committed after a higher one. Who will do that has drawn its number, so it holds the lock that
    every writer of the table has: a number is final once all have ended who had the lock when it
    was seen.
    """
    if _is_sqlite(context):
        return _last_line(context)
    if mark.candidate <= mark.folded:
        mark = _new_candidate(context, mark)
    if mark.writers and mark.writers & _writers(context):
        return mark.folded
    return mark.candidate


def _new_candidate(context: Context, mark: _Mark) -> _Mark:
    # The line first: who draws a lower number had the lock before it was seen.
    last = _last_line(context)
    writers = _writers(context)
    context.session.execute(
        update(report_progress).values(candidate_id=last, writers=",".join(sorted(writers)))
    )
    return _Mark(mark.folded, last, writers)


def _last_line(context: Context) -> int:
    return context.session.execute(select(func.max(movements.c.id))).scalar_one() or 0


def _writers(context: Context) -> frozenset[str]:
    return frozenset(context.session.execute(_WRITERS).scalars())


def _is_sqlite(context: Context) -> bool:
    return context.session.get_bind().dialect.name == "sqlite"
