"""Giving money back by providers: what the ledger says has to go, one refund at a time.

What is due is taken in one transaction, the provider asked outside of any, and its answer kept in
another. A crash in between has the same asked again later, under the same key.
"""

import logging

from Order.errors import ProviderFailedError, ProviderUnavailableError
from Payment.flows.asking import Providers
from Payment.flows.few import see_to_few
from Payment.port import Provider, RefusedError
from Payment.services import refund_service
from Payment.services.refund_service import NO_PROVIDER_PAYMENT, Due
from work.chores import Hands

logger = logging.getLogger("nexticket.payments")


async def send_refunds(hands: Hands, *, limit: int) -> int:
    """Have providers give back what is due, and ask what became of what is on its way."""
    return await see_to_few(
        lambda few: hands.write(lambda context: refund_service.take_due(context, limit=few)),
        lambda due: _try(hands, due),
        limit=limit,
    )


async def _try(hands: Hands, due: Due) -> bool:
    """One that can't be seen to now does not keep the others waiting; it is due again."""
    providers: Providers = hands.state.providers
    provider = providers.by_name.get(due.provider)
    about = {"provider": due.provider, "refund_id": due.id, "transaction_id": due.transaction_id}
    if provider is None:
        logger.error("a refund's provider is not set up any more", extra=about)
        return False
    try:
        await _see_to(hands, due, provider, providers)
    except (ProviderUnavailableError, ProviderFailedError):
        return False
    except Exception:
        logger.exception("a refund could not be seen to", extra=about)
        return False
    return True


async def _see_to(hands: Hands, due: Due, provider: Provider, providers: Providers) -> None:
    """Have the books know what the provider does about it."""
    if due.asked is None:
        await hands.write(
            lambda context: refund_service.note_failure(context, due, NO_PROVIDER_PAYMENT)
        )
        return
    known = due.reference
    answer = provider.refund(due.asked) if known is None else provider.look_up_refund(known)
    try:
        report = await providers.ask(due.provider, answer, transaction_id=due.transaction_id)
    except RefusedError as refused:
        reason = refused.reason
        await hands.write(lambda context: refund_service.note_failure(context, due, reason))
        return
    await hands.write(lambda context: refund_service.note_answer(context, due, report))
