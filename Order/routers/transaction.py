"""Transactions over HTTP."""

from typing import Annotated

from fastapi import Query, Response

from core.errors import StaleObjectError
from core.http.problems import responses
from core.pagination import ListQuery
from core.schemas import IdPath
from Order.access import ORDER, TRANSACTION
from Order.equipment import payments_of
from Order.errors import (
    AmountDiffersError,
    AmountExceedsBalanceError,
    InvalidTransitionError,
    OrderNotFoundError,
    OrderNotPayableError,
    OwnOrderError,
    PaymentRefusedError,
    ProviderFailedError,
    ProviderUnavailableError,
    ReferenceUsedError,
    RefundExceedsPaymentError,
    RefundNeedsAdminError,
    SettledByProviderError,
    TransactionFixedError,
    TransactionNotFoundError,
    TransactionNotPendingError,
    TransactionNotRefundableError,
)
from Order.schemas.dispute import DisputeRead
from Order.schemas.transaction import (
    Refund,
    TransactionCreate,
    TransactionFilters,
    TransactionList,
    TransactionRead,
    TransactionStatusChange,
    TransactionUpdate,
)
from Order.services import dispute_service, transaction_service
from work.access import BOX_OFFICE, OWN_OR_BOX_OFFICE, allowed, owner_or_box_office
from work.conditions import conditional
from work.routing import Router
from work.unit_of_work import Work

router = Router(prefix="/api/transactions", tags=["Transactions"])


@router.post(
    "/",
    summary="Create a transaction",
    operation_id="create_transaction",
    status_code=201,
    response_model=TransactionRead,
    responses=responses(
        OrderNotFoundError,
        OrderNotPayableError,
        AmountExceedsBalanceError,
        PaymentRefusedError,
        ProviderFailedError,
        ProviderUnavailableError,
        body=True,
    ),
)
@allowed(owner_or_box_office(ORDER))
async def create_transaction(body: TransactionCreate, work: Work) -> Response:
    """Announce a payment for an order, by default of all that is due.

    Possible while something is due (`balance_due`) and the order is not cancelled: an invoice is
    paid after the order was confirmed, or completed, without payment, and stays what it is then.
    Where `payment_method` is one of `/api/payments/methods`, its provider takes the money:
    `next_action` says how the buyer goes on, and the order's hold is prolonged for it. If that
    provider can't be asked now, the payment stays announced; repeat the request under the same
    `Idempotency-Key`.
    """
    return await payments_of(work).announce(work, body)


@router.get(
    "/",
    summary="List transactions",
    operation_id="list_transactions",
    response_model=list[TransactionRead],
    responses=responses(),
)
@allowed(OWN_OR_BOX_OFFICE)
async def list_transactions(query: Annotated[TransactionList, Query()], work: Work) -> Response:
    """All transactions that match every filter given."""
    return await work.page(lambda context: transaction_service.list_transactions(context, query))


@router.get(
    "/order/{order_id}",
    summary="Get an order's transactions",
    operation_id="list_order_transactions",
    response_model=list[TransactionRead],
    responses=responses(OrderNotFoundError),
)
@allowed(owner_or_box_office(ORDER))
async def list_order_transactions(
    order_id: IdPath, query: Annotated[TransactionFilters, Query()], work: Work
) -> Response:
    """Every attempt to pay the order, and what became of it."""
    return await work.about(order_id).page(
        lambda context: transaction_service.list_transactions_of_order(context, order_id, query)
    )


@router.get(
    "/{transaction_id}",
    summary="Get a transaction",
    operation_id="get_transaction",
    response_model=TransactionRead,
    responses=responses(TransactionNotFoundError),
)
@allowed(owner_or_box_office(TRANSACTION))
async def get_transaction(transaction_id: IdPath, work: Work) -> Response:
    """One transaction."""
    return await work.about(transaction_id).read(
        lambda context: transaction_service.get_transaction(context, transaction_id)
    )


@router.get(
    "/{transaction_id}/disputes",
    summary="List a transaction's disputes",
    operation_id="list_transaction_disputes",
    response_model=list[DisputeRead],
    responses=responses(TransactionNotFoundError),
)
@allowed(BOX_OFFICE)
async def list_transaction_disputes(
    transaction_id: IdPath, query: Annotated[ListQuery, Query()], work: Work
) -> Response:
    """What the payer's bank asks back, as the payment's provider tells it, and how far that is.

    No money moves here: what a bank takes, it takes from the provider. `/api/analytics/revenue`
    tells it as `disputed`.
    """
    return await work.page(
        lambda context: dispute_service.list_disputes(context, transaction_id, query)
    )


@router.put(
    "/{transaction_id}",
    summary="Change a transaction",
    operation_id="update_transaction",
    response_model=TransactionRead,
    responses=responses(
        TransactionNotFoundError,
        TransactionNotPendingError,
        TransactionFixedError,
        SettledByProviderError,
        AmountExceedsBalanceError,
        ReferenceUsedError,
        StaleObjectError,
        body=True,
    ),
)
@allowed(owner_or_box_office(TRANSACTION))
@conditional
async def update_transaction(
    transaction_id: IdPath, body: TransactionUpdate, work: Work
) -> Response:
    """Change the reference; while pending, the amount and the payment method too.

    Once a payment has a reference or is settled, only the box office changes it.
    """
    return await work.about(transaction_id).change(
        lambda context: transaction_service.update_transaction(context, transaction_id, body)
    )


@router.patch(
    "/{transaction_id}/status",
    summary="Settle a transaction",
    operation_id="change_transaction_status",
    response_model=TransactionRead,
    responses=responses(
        OwnOrderError,
        TransactionNotFoundError,
        InvalidTransitionError,
        AmountDiffersError,
        ReferenceUsedError,
        SettledByProviderError,
        StaleObjectError,
        body=True,
    ),
)
@allowed(BOX_OFFICE)
@conditional
async def change_transaction_status(
    transaction_id: IdPath, body: TransactionStatusChange, work: Work
) -> Response:
    """Pending → success or failed; failed → success, if it came after all. Money that covers the
    total confirms a pending order; one that is sold already stays as it is.

    Money that arrived is never refused. What buys nothing any more is recorded and goes back at
    once: the transaction is `refunded` then, with `failure_reason` `already_paid` (more than was
    due), `order_cancelled`, or `order_expired`, where the hold ran out and the same tickets can't
    be sold again.
    Send `amount` as it arrived, or `updated_at` as it was read, so that nothing else is settled
    than what you looked at. A reference is paid for once, and payments of one's own are settled
    by another member of the box office. What a provider settles needs a `reason` to be settled
    here.
    """
    return await work.change(
        lambda context: transaction_service.change_status(context, transaction_id, body)
    )


@router.post(
    "/{transaction_id}/refund",
    summary="Refund a transaction",
    operation_id="refund_transaction",
    response_model=TransactionRead,
    responses=responses(
        OwnOrderError,
        RefundNeedsAdminError,
        TransactionNotFoundError,
        TransactionNotRefundableError,
        RefundExceedsPaymentError,
        StaleObjectError,
        body=True,
    ),
)
@allowed(BOX_OFFICE)
@conditional
async def refund_transaction(
    transaction_id: IdPath, work: Work, body: Refund | None = None
) -> Response:
    """Give back all that is left of the payment, or a part.

    When all money of a confirmed order that was paid in full went back the order is cancelled, and
    its tickets go on sale again unless `restock` is false. One that the box office confirmed while
    something was due stays confirmed, and a completed one completed; what went back of what is sold
    is not due again.
    """
    return await work.change(
        lambda context: transaction_service.refund(context, transaction_id, body)
    )
