"""Announcing a payment. Who takes money by a provider brings a way of its own; see ``Payment``."""

from typing import Protocol

from fastapi import Response

from Order.schemas.transaction import TransactionCreate
from Order.services import transaction_service
from work.unit_of_work import UnitOfWork


class Payments(Protocol):
    async def announce(self, work: UnitOfWork, body: TransactionCreate) -> Response:
        """Answer 201 with the transaction, as far as it is."""


class ByHand:
    """All money is settled by the box office."""

    async def announce(self, work: UnitOfWork, body: TransactionCreate) -> Response:
        return await work.about(body.order_id).create(
            lambda context: transaction_service.create_transaction(context, body)
        )
