"""Money that goes back to its payers: how far it is, and what is done where it does not arrive."""

from typing import Annotated

from fastapi import Query, Response

from core.http.problems import responses
from core.schemas import IdPath
from Order.access import TRANSACTION
from Order.errors import OwnOrderError, TransactionNotFoundError
from Payment.errors import RefundNotFailedError, RefundNotFoundError
from Payment.schemas import RefundList, RefundRead, RefundSettlement
from Payment.services import refund_queries, refund_service
from work.access import BOX_OFFICE, allowed, owner_or_box_office
from work.routing import Router
from work.unit_of_work import Work

router = Router(prefix="/api/transactions/{transaction_id}/refunds", tags=["Transactions"])


@router.get(
    "",
    summary="List the refunds of a transaction",
    operation_id="list_refunds",
    response_model=list[RefundRead],
    responses=responses(TransactionNotFoundError),
)
@allowed(owner_or_box_office(TRANSACTION))
async def list_refunds(
    transaction_id: IdPath, query: Annotated[RefundList, Query()], work: Work
) -> Response:
    """All that was given back of it: on request, with its order, or because it bought nothing.

    What a provider gives back is `pending` until that has done it. Where it can't, the refund is
    `failed`, and the box office asks for it again or settles it by hand.
    """
    return await work.about(transaction_id).page(
        lambda context: refund_queries.list_refunds(context, transaction_id, query)
    )


@router.post(
    "/{refund_id}/retry",
    summary="Ask for a refund again",
    operation_id="retry_refund",
    response_model=RefundRead,
    responses=responses(OwnOrderError, RefundNotFoundError, RefundNotFailedError),
)
@allowed(BOX_OFFICE)
async def retry_refund(transaction_id: IdPath, refund_id: IdPath, work: Work) -> Response:
    """Have the provider asked once more for what it has refused, within moments.

    It is asked as for something new, so make sure that the money has not gone back otherwise.
    """
    return await work.change(
        lambda context: refund_service.retry(context, transaction_id, refund_id)
    )


@router.post(
    "/{refund_id}/settle",
    summary="Settle a refund by hand",
    operation_id="settle_refund",
    response_model=RefundRead,
    responses=responses(OwnOrderError, RefundNotFoundError, RefundNotFailedError, body=True),
)
@allowed(BOX_OFFICE)
async def settle_refund(
    transaction_id: IdPath, refund_id: IdPath, body: RefundSettlement, work: Work
) -> Response:
    """Note that money went back by other means than its provider, which has refused it.

    Also of what is pending at a provider that is not set up any more.
    """
    return await work.change(
        lambda context: refund_service.settle(context, transaction_id, refund_id, body)
    )
