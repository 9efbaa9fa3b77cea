"""What is not kept for ever: chores, each for as long as the settings say.

Rows that the books stand on are never removed; words in them are.
"""

from datetime import timedelta

from sqlalchemy import select, text, update

from core.money import ZERO
from core.store.batches import remove_batch
from models import UNSOLD_WITH_NOTES, audit_entries, login_sessions, orders
from work.context import Context

# The database judges by a clock of its own what is older than a year.
_CLOCKS_DIFFER = timedelta(hours=1)


def forget_ended_log_ins(context: Context, *, limit: int) -> int:
    """Remove log-ins that ended long ago, the oldest first; how many there were."""
    kept = context.terms.retention.ended_log_ins
    if kept is None:
        return 0
    ended = login_sessions.c.expires_at <= context.now - kept
    oldest = select(login_sessions.c.id).where(ended).order_by(login_sessions.c.expires_at)
    # Each process skips what another has locked.
    batch = oldest.limit(limit).with_for_update(skip_locked=True)
    return remove_batch(context.session, login_sessions, batch)


def forget_unsold_notes(context: Context, *, limit: int) -> int:
    """Take the notes off cancelled orders on which no money ever came, the oldest first.

    The orders stay: the ledger tells of them.
    """
    kept = context.terms.retention.unsold_notes
    if kept is None:
        return 0
    old = orders.c.created_at <= context.now - kept
    unpaid = select(orders.c.id).where(text(UNSOLD_WITH_NOTES), old, orders.c.amount_paid == ZERO)
    oldest = unpaid.order_by(orders.c.created_at, orders.c.id).limit(limit)
    batch = context.session.execute(oldest.with_for_update(key_share=True, skip_locked=True))
    order_ids = batch.scalars().all()
    if order_ids:
        context.session.execute(
            update(orders)
            .where(orders.c.id.in_(order_ids))
            .values(notes=None, updated_at=context.now)
        )
    return len(order_ids)


def forget_old_audit(context: Context, *, limit: int) -> int:
    """Remove entries of the audit that are older than they have to be, the oldest first.

    The database itself refuses to let go of those of a year.
    """
    kept = context.terms.retention.audit
    if kept is None:
        return 0
    entries = audit_entries.c
    old = select(entries.id).where(entries.created_at <= context.now - kept - _CLOCKS_DIFFER)
    # Not locked, which would take the right to change them.
    batch = old.order_by(entries.created_at).limit(limit)
    return remove_batch(context.session, audit_entries, batch)
