"""A provider's own word: verified before anything else is done with it.

One transaction remembers it and does what it asks for, so that a crash leaves both or neither; the
provider tells again what was not answered.
"""

import logging
from datetime import datetime

from fastapi import Response

from core.errors import BusyError
from Payment.errors import WebhookNotVerifiedError
from Payment.port import AwayError, Event, Provider, UnverifiedError
from Payment.schemas import WebhookHeard
from Payment.services import event_service
from work.caller import Actor
from work.context import Context
from work.unit_of_work import UnitOfWork

logger = logging.getLogger("nexticket.payments")

# As the ledger's lines have room for it.
_MEANS_LENGTH = 60


async def hear(work: UnitOfWork, provider: Provider, *, now: datetime) -> Response:
    """Answer 200 to whatever the provider tells, once it is remembered."""
    raw, headers = await work.body(), dict(work.headers)
    try:
        event = await provider.read(raw, headers, now)
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
    return await work.change(lambda context: _heard(context, provider.name, event))


def _heard(context: Context, name: str, event: Event) -> WebhookHeard:
    actor = Actor(f"provider:{name}", means=f"event:{event.id}"[:_MEANS_LENGTH])
    return WebhookHeard(outcome=event_service.hear(context.on_word_of(actor), name, event))
