"""Asking a provider what became of a payment: because somebody wants to know, or nobody has told.

What it says is done in one transaction, as if it had come by itself; a crash before that changes
nothing, and it is asked again.
"""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from fastapi import Response
from sqlalchemy import Row

from Order.errors import (
    ProviderFailedError,
    ProviderUnavailableError,
    TransactionNotFoundError,
)
from Order.schemas.transaction import TransactionRead
from Order.services import transaction_service
from Payment.errors import NotByProviderError, ProviderNotConfiguredError
from Payment.flows.asking import Providers, base_url_of
from Payment.flows.few import see_to_few
from Payment.port import PaymentReport, Provider, RefusedError
from Payment.services import event_service, lookups, starting
from work.caller import Actor
from work.chores import Hands
from work.context import Context
from work.unit_of_work import UnitOfWork

logger = logging.getLogger("nexticket.payments")

T = TypeVar("T")
Write = Callable[[Callable[[Context], T]], Awaitable[T]]


async def sync(work: UnitOfWork, transaction_id: int, providers: Providers) -> Response:
    """Ask the provider now, and answer with the transaction as it is then."""
    row = await work.about(transaction_id).steps.read(
        lambda context: _found(context, transaction_id)
    )
    if row.provider is None:
        raise NotByProviderError
    if (provider := providers.by_name.get(row.provider)) is None:
        raise ProviderNotConfiguredError(row.provider)
    reached = base_url_of(work)
    await _catch_up(work.steps.write, row, provider, providers, base_url=reached)
    return await work.change(lambda context: _now(context, transaction_id))


async def look_after_payments(hands: Hands, *, limit: int) -> int:
    """Ask about the payments that nobody has told of, or go on with beginning them."""
    return await see_to_few(
        lambda few: hands.write(lambda context: lookups.take_due(context, limit=few)),
        lambda row: _try(hands, row),
        limit=limit,
    )


async def _try(hands: Hands, row: Row[Any]) -> bool:
    """Whether it could be asked about; what could not does not keep the others waiting."""
    providers: Providers = hands.state.providers
    provider = providers.by_name.get(row.provider)
    if provider is None:
        return False
    is_old = lookups.is_old(row, hands.clock())
    try:
        if lookups.is_under_way(row):
            await _catch_up(hands.write, row, provider, providers)
        if is_old or not lookups.is_under_way(row):
            await hands.write(lambda context: lookups.give_up(context, row.id))
    except (ProviderUnavailableError, ProviderFailedError):
        return False
    except Exception:
        logger.exception("a payment could not be looked after", extra={"transaction_id": row.id})
        return False
    return True


async def _catch_up(
    write: Write[Any],
    row: Row[Any],
    provider: Provider,
    providers: Providers,
    *,
    base_url: str = "",
) -> None:
    """Have the books know what the provider does; begin the payment if it was not."""
    ask = partial(providers.ask, provider.name, transaction_id=row.id)
    reference = row.provider_reference
    try:
        if reference is None:
            asked = starting.asked_again(row, providers.currency, base_url=base_url)
            begun = await ask(provider.start(asked))
            await write(lambda context: starting.note_begun(context, row.id, begun))
            reference = begun.reference
        report = await ask(provider.look_up(reference))
    except RefusedError as error:
        refused = error
        await write(lambda context: starting.note_refused(context, row.id, refused))
        return
    await write(lambda context: _heard(context, provider.name, report))


def _heard(context: Context, name: str, report: PaymentReport) -> None:
    actor = Actor(f"provider:{name}", means=f"asked:{context.caller.actor.name}")
    event_service.hear_report(context.on_word_of(actor), name, report)


def _found(context: Context, transaction_id: int) -> Any:
    row = starting.find(context, transaction_id)
    if row is None:
        raise TransactionNotFoundError
    return row


def _now(context: Context, transaction_id: int) -> TransactionRead:
    return transaction_service.get_transaction(context, transaction_id)
