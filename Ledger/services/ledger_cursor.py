"""Following the ledger: whoever reads each line once keeps a mark, and moves it past what is final.

On SQLite lines come in the order of their numbers. On PostgreSQL a lower number may be committed
after a higher one, and a reader that had gone by would never see it.
"""

from dataclasses import dataclass

from sqlalchemy import Table, func, select, text, update

from core.store.upsert import insert_into
from models import movements
from work.context import Context

_ONLY = 1

# Who may still commit lines of the ledger: writers hold this lock from before they draw a line's
# number until they have ended.
_WRITERS = text("""
    SELECT DISTINCT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = CAST('movements' AS regclass)
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND mode NOT IN ('AccessShareLock', 'RowShareLock')
""")


@dataclass(frozen=True)
class Lines:
    """Lines of the ledger that follow one another: how many, behind which, and up to which."""

    number: int
    after: int
    upto: int


@dataclass(frozen=True)
class _Mark:
    """Up to where somebody has read, and up to where the ledger was seen."""

    reached: int
    candidate: int
    writers: frozenset[str]


class LedgerCursor:
    """Up to where the ledger was read for one purpose: the only row of a table.

    The mark moves in the transaction that does something about the lines, so that each is read
    once, whatever crashes.
    """

    def __init__(self, progress: Table) -> None:
        self._progress = progress

    def next_lines(self, context: Context, limit: int) -> Lines | None:
        """The lines behind the mark that are final, at most so many; the mark is locked.

        None where another process has it: who finds that leaves the lines to the other one.
        """
        mark = self._locked_mark(context)
        if mark is None:
            return None
        number = movements.c.id
        behind = number > mark.reached, number <= self._final(context, mark)
        numbers = select(number).where(*behind).order_by(number).limit(limit).subquery()
        found = select(func.count(), func.max(numbers.c.id))
        count, last = context.session.execute(found).one()
        return Lines(int(count), mark.reached, last or mark.reached)

    def move_to(self, context: Context, number: int) -> None:
        """All up to this line is done with."""
        context.session.execute(update(self._progress).values(movement_id=number))

    def _locked_mark(self, context: Context) -> _Mark | None:
        """The mark, for this transaction alone; None if another has it."""
        progress = self._progress.c
        locking = select(*progress).with_for_update(skip_locked=True)
        found = context.session.execute(locking).one_or_none()
        if found is None:
            if context.session.execute(select(progress.id)).one_or_none():
                return None
            # The first time; who begins at the same moment waits.
            new = insert_into(context.session, self._progress)
            row = {"id": _ONLY, "movement_id": 0, "candidate_id": 0, "writers": ""}
            context.session.execute(new.values(row).on_conflict_do_nothing())
            found = context.session.execute(locking).one_or_none()
        if found is None:
            return None
        writers = frozenset(filter(None, found.writers.split(",")))
        return _Mark(found.movement_id, found.candidate_id, writers)

    def _final(self, context: Context, mark: _Mark) -> int:
        """Up to which line the ledger will not change any more.

        SQLite has one writer. Who will commit a lower number on PostgreSQL has drawn it, so it
        holds the lock that every writer of the table has: a number is final once all have ended
        who had the lock when it was seen.
        """
        if context.session.get_bind().dialect.name == "sqlite":
            return _last_line(context)
        if mark.candidate <= mark.reached:
            mark = self._new_candidate(context, mark)
        if mark.writers and mark.writers & _writers(context):
            return mark.reached
        return mark.candidate

    def _new_candidate(self, context: Context, mark: _Mark) -> _Mark:
        # The line first: who draws a lower number had the lock before it was seen.
        last = _last_line(context)
        writers = _writers(context)
        seen = {"candidate_id": last, "writers": ",".join(sorted(writers))}
        context.session.execute(update(self._progress).values(seen))
        return _Mark(mark.reached, last, writers)


def _last_line(context: Context) -> int:
    return context.session.execute(select(func.max(movements.c.id))).scalar_one() or 0


def _writers(context: Context) -> frozenset[str]:
    return frozenset(context.session.execute(_WRITERS).scalars())
