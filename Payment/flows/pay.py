"""Paying by a provider: announced, asked for, and noted, in a transaction each.

A crash after the first leaves an announced payment, which the same request, repeated under its key,
goes on with; or else the chore that looks after payments. The provider knows the payment by its
number, so that asking twice begins one.
"""

from fastapi import Response

from core.text import name_key
from Order.flows.announce_payment import ByHand
from Order.schemas.transaction import TransactionCreate
from Order.services import transaction_service
from Payment.flows.asking import Providers, base_url_of
from Payment.port import Provider, RefusedError
from Payment.services import starting
from work.unit_of_work import UnitOfWork


class ByProvider:
    """Payments whose method is a provider's name; all others are the box office's."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers
        self._by_hand = ByHand()

    async def announce(self, work: UnitOfWork, body: TransactionCreate) -> Response:
        provider = self._providers.by_name.get(name_key(body.payment_method))
        if provider is None:
            return await self._by_hand.announce(work, body)
        return await self._pay(work, body, provider)

    async def _pay(self, work: UnitOfWork, body: TransactionCreate, provider: Provider) -> Response:
        steps = work.about(body.order_id).steps
        if (answer := await steps.earlier_answer()) is not None:
            return answer
        step = await steps.once(
            "announced", lambda context: transaction_service.create_transaction(context, body)
        )
        if isinstance(step, Response):
            return await work.end_with(step)
        announced, is_replay = step
        transaction_id: int = announced["id"]
        if is_replay and await steps.read(lambda it: starting.is_over(it, transaction_id)):
            return await work.create(lambda context: starting.as_it_ended(context, transaction_id))
        start = provider.start(starting.asked_of(announced, base_url=base_url_of(work)))
        try:
            begun = await self._providers.ask(provider.name, start, transaction_id=transaction_id)
        except RefusedError as error:
            refused = error
            return await work.change(
                lambda context: starting.note_refused(context, transaction_id, refused)
            )
        return await work.create(
            lambda context: starting.note_begun(context, transaction_id, begun)
        )
