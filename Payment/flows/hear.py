"""A provider's own word: verified before anything else is done with it.

One transaction remembers it and does what it asks for, so that a crash leaves both or neither; the
provider tells again what was not answered.
"""

import logging
from datetime import datetime

from fastapi import HTTPException, Response
from starlette.requests import ClientDisconnect

from core.errors import BusyError
from core.http.middleware import note
from models import DisputeStatus, EventOutcome
from Payment.errors import WebhookNotVerifiedError
from Payment.port import AwayError, DisputeReport, Event, Provider, UnverifiedError
from Payment.schemas import WebhookHeard
from Payment.services import event_service
from Payment.services.settlement import Heard
from work.caller import Actor
from work.context import Context
from work.unit_of_work import UnitOfWork

logger = logging.getLogger("nexticket.payments")

# As the ledger's lines have room for it.
_MEANS_LENGTH = 60


async def hear(work: UnitOfWork, provider: Provider, *, now: datetime) -> Response:
    """Answer 200 to whatever the provider tells, once it is remembered."""
    event = await _verified(work, provider, now)
    actor = Actor(f"provider:{provider.name}", means=f"event:{event.id}"[:_MEANS_LENGTH])
    heard: Heard = (EventOutcome.IGNORED, None)

    def hear_once(context: Context) -> WebhookHeard:
        nonlocal heard
        heard = event_service.hear(context.on_word_of(actor), provider.name, event)
        return WebhookHeard(outcome=heard[0])

    answer = await work.change(hear_once)
    # No credentials show whose request it is.
    note(work.scope, caller=actor.name, means=str(actor.means))
    _tell_of_dispute(provider.name, event, heard)
    return answer


async def _verified(work: UnitOfWork, provider: Provider, now: datetime) -> Event:
    raw = await _as_sent(work)
    try:
        return await provider.read(raw, dict(work.headers), now)
    except UnverifiedError as error:
        logger.warning(
            "a webhook was refused", extra={"provider": provider.name, "reason": str(error)}
        )
        raise WebhookNotVerifiedError from None
    except AwayError as error:
        logger.warning(
            "a webhook was not understood", extra={"provider": provider.name, "reason": str(error)}
        )
        # It is told again, when that can be asked.
        raise BusyError from None


async def _as_sent(work: UnitOfWork) -> bytes:
    try:
        return await work.body()
    except ClientDisconnect:
        # Nobody is there to hear it, and it is told again.
        raise HTTPException(400) from None


def _tell_of_dispute(name: str, event: Event, heard: Heard) -> None:
    """Have the log tell, once it is committed, of what the shop has to answer by a date."""
    (outcome, transaction_id), report = heard, event.report
    is_open = isinstance(report, DisputeReport) and report.status is DisputeStatus.OPEN
    if is_open and outcome is EventOutcome.APPLIED:
        logger.warning(
            "a payment is disputed", extra={"provider": name, "transaction_id": transaction_id}
        )
