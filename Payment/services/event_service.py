"""What providers tell by themselves: each event has its effect once, in the transaction that
remembers it.
"""

from datetime import timedelta

from sqlalchemy import select, update

from core.store.batches import remove_batch
from core.store.upsert import insert_into
from models import EventOutcome, provider_events
from Payment.port import DisputeReport, Event, PaymentReport, RefundReport, Report
from Payment.services.disputes import hear_dispute
from Payment.services.refund_service import hear_refund
from Payment.services.settlement import Heard, hear_payment
from work.context import Context

# Providers tell again for days what was not answered, and for a month where somebody has them to.
_REMEMBERED = timedelta(days=90)


def hear(context: Context, name: str, event: Event) -> Heard:
    """Remember an event, and do what it asks for; one that was heard before does nothing."""
    # Its twin, if it is being heard at the same moment, is waited for here.
    event_row = _remember(context, name, event)
    if event_row is None:
        return EventOutcome.KNOWN, None
    outcome, transaction_id = hear_report(context, name, event.report)
    noted = update(provider_events).where(provider_events.c.id == event_row)
    context.session.execute(noted.values(outcome=outcome, transaction_id=transaction_id))
    return outcome, transaction_id


def hear_report(context: Context, name: str, report: Report | None) -> Heard:
    """Do what the provider's word asks for."""
    if isinstance(report, PaymentReport):
        return hear_payment(context, name, report)
    if isinstance(report, RefundReport):
        return hear_refund(context, name, report)
    if isinstance(report, DisputeReport):
        return hear_dispute(context, name, report)
    return EventOutcome.IGNORED, None


def forget_old_events(context: Context, *, limit: int) -> int:
    """Remove what was told long ago, the oldest first; how many events there were.

    Told once more, it does nothing twice either: the state of its payment decides.
    """
    events = provider_events.c
    old = select(events.id).where(events.received_at <= context.now - _REMEMBERED)
    batch = old.order_by(events.received_at).limit(limit).with_for_update(skip_locked=True)
    return remove_batch(context.session, provider_events, batch)


def _remember(context: Context, name: str, event: Event) -> int | None:
    new = insert_into(context.session, provider_events).values(
        provider=name,
        event_id=event.id,
        kind=event.kind,
        outcome=EventOutcome.IGNORED,
        received_at=context.now,
    )
    told_once = new.on_conflict_do_nothing(index_elements=["provider", "event_id"])
    found = context.session.execute(told_once.returning(provider_events.c.id))
    return found.scalar_one_or_none()
