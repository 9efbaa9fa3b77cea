"""Orders over HTTP."""

from typing import Annotated

from fastapi import Query, Response

from core.errors import NotAllowedError, StaleObjectError
from core.http.problems import responses
from core.pagination import ListQuery
from core.schemas import IdPath
from Order.access import ORDER, SHARED_ORDER
from Order.equipment import Shares
from Order.errors import (
    AlreadySharedError,
    CartEmptyError,
    HoldAgainLaterError,
    InvalidTransitionError,
    OpenOrdersLimitError,
    OrderEmptyError,
    OrderHasPaymentsError,
    OrderNotDeletableError,
    OrderNotFoundError,
    OrderNotPendingError,
    OrderTotalLimitError,
    OwnerStaysError,
    OwnOrderError,
    PaymentJustFailedError,
    QuantityLimitError,
    RecipientNotFoundError,
    RefundNeedsAdminError,
    UnitsLimitError,
    UnknownRecipientError,
    UnpaidOrdersLimitError,
)
from Order.flows import share_order as sharing
from Order.schemas.history import OrderHistory
from Order.schemas.order import (
    OrderCancel,
    OrderCreate,
    OrderFound,
    OrderItemRead,
    OrderLine,
    OrderList,
    OrderRead,
    OrderSearch,
    OrderStatusChange,
    OrderUpdate,
    OrderUserCreate,
    OrderUserRead,
)
from Order.services import (
    history_service,
    order_queries,
    order_search,
    order_service,
    share_service,
)
from Ticket.errors import (
    EventPassedError,
    InsufficientStockError,
    TicketNotFoundError,
    TicketNotOnSaleError,
)
from User.access import USER
from User.errors import UserErasedError, UserInactiveError, UserNotFoundError
from work.access import BOX_OFFICE, OWN_OR_BOX_OFFICE, allowed, owner_or_box_office
from work.conditions import conditional
from work.routing import Router
from work.unit_of_work import Work
from work.weights import SEARCH, weighs

router = Router(prefix="/api/orders", tags=["Orders"])

_BUYING = (
    EventPassedError,
    UserInactiveError,
    TicketNotOnSaleError,
    InsufficientStockError,
    QuantityLimitError,
    UnitsLimitError,
    HoldAgainLaterError,
    OrderTotalLimitError,
)
# Of another order, whatever it holds.
_ORDERING = (*_BUYING, OpenOrdersLimitError, UnpaidOrdersLimitError)


@router.post(
    "/",
    summary="Create an order",
    operation_id="create_order",
    status_code=201,
    response_model=OrderRead,
    responses=responses(UserNotFoundError, TicketNotFoundError, *_ORDERING, body=True),
)
@allowed(owner_or_box_office(USER))
async def create_order(body: OrderCreate, work: Work) -> Response:
    """Hold the stock of all lines or of none, at today's prices, until `expires_at`.

    How much a customer may hold has limits, which the box office has not. Of a ticket that the
    customer holds already, or has just given back, it is held as long as it was before.
    """
    return await work.about(body.user_id).create(
        lambda context: order_service.place_order(context, body)
    )


@router.get(
    "/",
    summary="List orders",
    operation_id="list_orders",
    response_model=list[OrderRead],
    responses=responses(),
)
@allowed(OWN_OR_BOX_OFFICE)
async def list_orders(query: Annotated[OrderList, Query()], work: Work) -> Response:
    """All orders that match every filter given, with their items."""
    return await work.page(lambda context: order_queries.list_orders(context, query))


@router.get(
    "/search",
    summary="Search orders",
    operation_id="search_orders",
    response_model=list[OrderFound],
    responses=responses(),
)
@allowed(BOX_OFFICE)
@weighs(SEARCH)
async def search_orders(query: Annotated[OrderSearch, Query()], work: Work) -> Response:
    """Orders by what their buyers know of them, newest first; an email counts only as a whole."""
    return await work.page(lambda context: order_search.search_orders(context, query))


@router.post(
    "/from-cart/{user_id}",
    summary="Create an order from a cart",
    operation_id="create_order_from_cart",
    status_code=201,
    response_model=OrderRead,
    responses=responses(UserNotFoundError, CartEmptyError, *_ORDERING),
)
@allowed(owner_or_box_office(USER))
async def create_order_from_cart(user_id: IdPath, work: Work) -> Response:
    """Order all that is in the user's cart; the cart is empty afterwards."""
    return await work.about(user_id).create(
        lambda context: order_service.place_order_from_cart(context, user_id)
    )


@router.get(
    "/{order_id}",
    summary="Get an order",
    operation_id="get_order",
    response_model=OrderRead,
    responses=responses(OrderNotFoundError),
)
@allowed(owner_or_box_office(SHARED_ORDER))
async def get_order(order_id: IdPath, work: Work) -> Response:
    """One order with its items; `allowed_actions` tells what would succeed now."""
    return await work.about(order_id).read(
        lambda context: order_queries.get_order(context, order_id)
    )


@router.put(
    "/{order_id}",
    summary="Change an order",
    operation_id="update_order",
    response_model=OrderRead,
    responses=responses(OrderNotFoundError, StaleObjectError, UserErasedError, body=True),
)
@allowed(owner_or_box_office(ORDER))
@conditional
async def update_order(order_id: IdPath, body: OrderUpdate, work: Work) -> Response:
    """Change the notes; items, status and money have operations of their own."""
    return await work.about(order_id).change(
        lambda context: order_service.update_order(context, order_id, body)
    )


@router.delete(
    "/{order_id}",
    summary="Delete an order",
    operation_id="delete_order",
    status_code=204,
    responses=responses(
        OrderNotFoundError, OrderNotDeletableError, OrderHasPaymentsError, PaymentJustFailedError
    ),
)
@allowed(owner_or_box_office(ORDER))
@conditional
async def delete_order(order_id: IdPath, work: Work) -> Response:
    """Possible while it is pending or cancelled, and no money came for it, nor may come; stock
    returns.

    Money may come while a payment is pending, or was when the order was cancelled, and for
    `LATE_PAYMENT_HOURS` after one failed, for its provider may try it again: that is
    `payment_just_failed`, with the time (`deletable_from`) at which it is over. A pending order can
    be cancelled all the same.
    """
    return await work.about(order_id).remove(
        lambda context: order_service.delete_order(context, order_id)
    )


@router.post(
    "/{order_id}/items",
    summary="Add an item to an order",
    operation_id="add_order_item",
    status_code=201,
    response_model=OrderRead,
    responses=responses(
        OrderNotFoundError, TicketNotFoundError, OrderNotPendingError, *_BUYING, body=True
    ),
)
@allowed(owner_or_box_office(ORDER))
@conditional
async def add_order_item(order_id: IdPath, body: OrderLine, work: Work) -> Response:
    """Add units of a ticket to a pending order, at today's price; the hold is not prolonged.

    It is shortened where the customer's first hold of that ticket ends sooner.
    """
    return await work.about(order_id).create(
        lambda context: order_service.add_item(context, order_id, body)
    )


@router.get(
    "/{order_id}/items",
    summary="Get an order's items",
    operation_id="list_order_items",
    response_model=list[OrderItemRead],
    responses=responses(OrderNotFoundError),
)
@allowed(owner_or_box_office(SHARED_ORDER))
async def list_order_items(
    order_id: IdPath, query: Annotated[ListQuery, Query()], work: Work
) -> Response:
    """The lines of the order as they were sold, each with its `ticket` as it is now."""
    return await work.about(order_id).page(
        lambda context: order_queries.list_items(context, order_id, query)
    )


@router.get(
    "/{order_id}/history",
    summary="Get an order's history",
    operation_id="get_order_history",
    response_model=OrderHistory,
    responses=responses(OrderNotFoundError),
)
@allowed(owner_or_box_office(ORDER))
async def get_order_history(order_id: IdPath, work: Work) -> Response:
    """What became of the order, oldest first: its states, its stock and its money.

    An event is what one request did for one reason; its `request_id` stands in the service's log.
    Who did it is told to the box office, and to those who did it themselves; what was said about
    money, and what payers' banks ask back, to the box office.
    """
    return await work.about(order_id).report(
        lambda context: history_service.get_order_history(context, order_id)
    )


@router.patch(
    "/{order_id}/status",
    summary="Change an order's status",
    operation_id="change_order_status",
    response_model=OrderRead,
    responses=responses(
        NotAllowedError,
        OwnOrderError,
        RefundNeedsAdminError,
        OrderNotFoundError,
        OrderEmptyError,
        InvalidTransitionError,
        StaleObjectError,
        body=True,
    ),
)
@allowed(owner_or_box_office(ORDER))
@conditional
async def change_order_status(order_id: IdPath, body: OrderStatusChange, work: Work) -> Response:
    """Pending → confirmed → completed; pending or confirmed → cancelled.

    Its buyer confirms an order of items that cost nothing; all else is the box office's. Confirming
    without payment (an invoice, a guest list) leaves `balance_due` as it is. An order without items
    is confirmed by nobody.
    The status that the order has already is 200 without effect.
    """
    return await work.about(order_id).change(
        lambda context: order_service.change_status(context, order_id, body)
    )


@router.post(
    "/{order_id}/cancel",
    summary="Cancel an order",
    operation_id="cancel_order",
    response_model=OrderRead,
    responses=responses(
        NotAllowedError,
        OwnOrderError,
        RefundNeedsAdminError,
        OrderNotFoundError,
        InvalidTransitionError,
        StaleObjectError,
        body=True,
    ),
)
@allowed(owner_or_box_office(ORDER))
@conditional
async def cancel_order(order_id: IdPath, work: Work, body: OrderCancel | None = None) -> Response:
    """Return the stock, fail pending transactions and refund what was paid.

    Customers cancel pending orders; a confirmed one is taken back by the box office, and never by
    its own buyer.
    """
    return await work.about(order_id).change(
        lambda context: order_service.cancel_order(context, order_id, body)
    )


@router.get(
    "/{order_id}/users",
    summary="List whom an order concerns",
    operation_id="list_order_users",
    response_model=list[OrderUserRead],
    responses=responses(OrderNotFoundError),
)
@allowed(owner_or_box_office(ORDER))
async def list_order_users(
    order_id: IdPath, query: Annotated[ListQuery, Query()], work: Work
) -> Response:
    """The owner, and the recipients the owner shares the order with."""
    return await work.about(order_id).page(
        lambda context: share_service.list_order_users(context, order_id, query)
    )


@router.post(
    "/{order_id}/users",
    summary="Share an order with a user",
    operation_id="share_order",
    status_code=201,
    response_model=OrderUserRead,
    responses=responses(
        NotAllowedError,
        OrderNotFoundError,
        UnknownRecipientError,
        UserNotFoundError,
        UserInactiveError,
        AlreadySharedError,
        body=True,
    ),
)
@allowed(owner_or_box_office(ORDER))
async def share_order(
    order_id: IdPath, body: OrderUserCreate, work: Work, count_share: Shares
) -> Response:
    """The order appears in that user's history, with the role `recipient`, until either of both
    removes it.

    Recipients see what was bought, but not the notes. The answer tells of a recipient only what
    the request named: a username is told back, an email is not turned into one.
    """
    return await sharing.share_order(work, order_id, body, count_share=count_share)


@router.delete(
    "/{order_id}/users",
    summary="Stop sharing an order",
    operation_id="stop_sharing_with_all",
    status_code=204,
    responses=responses(OrderNotFoundError),
)
@allowed(owner_or_box_office(ORDER))
async def stop_sharing_with_all(order_id: IdPath, work: Work) -> Response:
    """Remove all recipients; the owner stays."""
    return await work.about(order_id).remove(
        lambda context: share_service.stop_sharing_with_all(context, order_id)
    )


@router.delete(
    "/{order_id}/users/{user_id}",
    summary="Stop sharing an order with one user",
    operation_id="stop_sharing",
    status_code=204,
    responses=responses(OrderNotFoundError, RecipientNotFoundError, OwnerStaysError),
)
@allowed(owner_or_box_office(SHARED_ORDER))
async def stop_sharing(order_id: IdPath, user_id: IdPath, work: Work) -> Response:
    """Remove one recipient; a recipient leaves by removing itself."""
    return await work.about(order_id).remove(
        lambda context: share_service.stop_sharing(context, order_id, user_id)
    )
