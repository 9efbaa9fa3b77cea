"""What there is to a transaction beyond the box office: its provider's side."""

from fastapi import Response

from core.http.problems import responses
from core.schemas import IdPath
from Order.access import TRANSACTION
from Order.errors import (
    ProviderFailedError,
    ProviderUnavailableError,
    TransactionNotFoundError,
)
from Order.schemas.transaction import TransactionRead
from Payment.equipment import SetUp
from Payment.errors import NotByProviderError, ProviderNotConfiguredError
from Payment.flows import look_after
from work.access import allowed, owner_or_box_office, repeatable
from work.routing import Router
from work.unit_of_work import Work

router = Router(prefix="/api/transactions", tags=["Transactions"])


@router.post(
    "/{transaction_id}/sync",
    summary="Ask a payment's provider now",
    operation_id="sync_transaction",
    response_model=TransactionRead,
    responses=responses(
        TransactionNotFoundError,
        NotByProviderError,
        ProviderNotConfiguredError,
        ProviderFailedError,
        ProviderUnavailableError,
    ),
)
@allowed(owner_or_box_office(TRANSACTION))
@repeatable
async def sync_transaction(transaction_id: IdPath, work: Work, providers: SetUp) -> Response:
    """What the provider knows of the payment, done as if it had told by itself.

    For a buyer who comes back before the provider's word has; a service without a public address
    needs nothing else.
    """
    return await look_after.sync(work, transaction_id, providers)
