"""Money that providers are to give back: the ledger says it, and each of its lines is noted once.

Whoever gives money back writes the ledger and knows nothing of providers; so whatever the reason
was, and whatever crashed since, no line can be missed.
"""

from sqlalchemy import literal, select

from core.store.upsert import insert_into
from Ledger.services.ledger_cursor import LedgerCursor, Lines
from Ledger.services.ledger_service import BUYER
from models import (
    MovementKind,
    RefundStatus,
    movements,
    provider_refunds,
    refund_progress,
    transactions,
)
from work.context import Context

# Up to where the ledger was looked through for them.
_NOTED = LedgerCursor(refund_progress)
# Lines of the ledger in one transaction; few of them are refunds.
_PIECE = 10_000


def note_refunds(context: Context, *, limit: int) -> int:
    """Note the refunds in the next piece of the ledger; ``limit`` while there may be more.

    One process at a time: who finds another at it leaves it to that one.
    """
    lines = _NOTED.next_lines(context, _PIECE)
    if lines is None or not lines.number:
        return 0
    noted = _note(context, lines)
    _NOTED.move_to(context, lines.upto)
    return limit if lines.number == _PIECE else min(noted, limit - 1)


def _note(context: Context, lines: Lines) -> int:
    money, refunds = movements.c, provider_refunds.c
    said = {
        "movement_id": money.id,
        "transaction_id": money.transaction_id,
        "provider": transactions.c.provider,
        "amount": money.amount,
        "status": literal(RefundStatus.PENDING, refunds.status.type),
        "attempt": literal(1),
        "is_by_hand": literal(value=False),
        "send_at": literal(context.now, refunds.send_at.type),
        "created_at": money.created_at,
        "updated_at": literal(context.now, refunds.updated_at.type),
    }
    returned = (
        select(*said.values())
        .join_from(movements, transactions, transactions.c.id == money.transaction_id)
        .where(
            money.id > lines.after,
            money.id <= lines.upto,
            money.kind == MovementKind.MONEY,
            money.target == BUYER,
            transactions.c.provider.is_not(None),
        )
    )
    new = insert_into(context.session, provider_refunds)
    noting = new.from_select(list(said), returned, include_defaults=False)
    # What is there already must not keep all others from being noted.
    once = noting.on_conflict_do_nothing(index_elements=["movement_id"])
    return len(context.session.execute(once.returning(refunds.id)).all())
