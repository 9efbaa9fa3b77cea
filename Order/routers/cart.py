"""Carts over HTTP."""

from typing import Annotated

from fastapi import Query, Response

from core.errors import StaleObjectError
from core.http.problems import responses
from core.schemas import IdPath
from Order.access import CART_ITEM
from Order.errors import CartItemNotFoundError
from Order.schemas.cart import CartItemCreate, CartItemRead, CartItemUpdate, CartList, CartTotal
from Order.services import cart_service
from Ticket.errors import (
    EventPassedError,
    InsufficientStockError,
    TicketNotFoundError,
    TicketNotOnSaleError,
)
from User.access import USER
from User.errors import UserInactiveError, UserNotFoundError
from work.access import allowed, owner_or_box_office
from work.conditions import conditional
from work.routing import Router
from work.unit_of_work import Work

router = Router(prefix="/api/cart", tags=["Cart"])


@router.post(
    "/",
    summary="Add a ticket to a cart",
    operation_id="add_to_cart",
    status_code=201,
    response_model=CartItemRead,
    responses=responses(
        UserNotFoundError,
        TicketNotFoundError,
        UserInactiveError,
        TicketNotOnSaleError,
        EventPassedError,
        InsufficientStockError,
        body=True,
    ),
)
@allowed(owner_or_box_office(USER))
async def add_to_cart(body: CartItemCreate, work: Work) -> Response:
    """Adding a ticket that is in the cart already raises its quantity. A cart holds no stock."""
    return await work.about(body.user_id).create(
        lambda context: cart_service.add_item(context, body)
    )


@router.get(
    "/user/{user_id}",
    summary="Get a user's cart",
    operation_id="get_cart",
    response_model=list[CartItemRead],
    responses=responses(UserNotFoundError),
)
@allowed(owner_or_box_office(USER))
async def get_cart(user_id: IdPath, query: Annotated[CartList, Query()], work: Work) -> Response:
    """The lines of the cart, each with its ticket as it is now."""
    return await work.about(user_id).page(
        lambda context: cart_service.list_items(context, user_id, query)
    )


@router.get(
    "/user/{user_id}/total",
    summary="Get what a cart costs",
    operation_id="get_cart_total",
    response_model=CartTotal,
    responses=responses(UserNotFoundError),
)
@allowed(owner_or_box_office(USER))
async def get_cart_total(user_id: IdPath, work: Work) -> Response:
    """The sum at today's prices, and the lines that it adds up."""
    return await work.about(user_id).read(lambda context: cart_service.get_total(context, user_id))


@router.put(
    "/{cart_item_id}",
    summary="Change the quantity of a cart item",
    operation_id="update_cart_item",
    response_model=CartItemRead,
    responses=responses(
        CartItemNotFoundError,
        UserInactiveError,
        TicketNotOnSaleError,
        EventPassedError,
        InsufficientStockError,
        StaleObjectError,
        body=True,
    ),
)
@allowed(owner_or_box_office(CART_ITEM))
@conditional
async def update_cart_item(cart_item_id: IdPath, body: CartItemUpdate, work: Work) -> Response:
    """Set how many of the ticket are wanted."""
    return await work.about(cart_item_id).change(
        lambda context: cart_service.change_quantity(context, cart_item_id, body)
    )


@router.delete(
    "/{cart_item_id}",
    summary="Remove an item from a cart",
    operation_id="remove_from_cart",
    status_code=204,
    responses=responses(CartItemNotFoundError),
)
@allowed(owner_or_box_office(CART_ITEM))
@conditional
async def remove_from_cart(cart_item_id: IdPath, work: Work) -> Response:
    """Take one line out of the cart."""
    return await work.about(cart_item_id).remove(
        lambda context: cart_service.remove_item(context, cart_item_id)
    )


@router.delete(
    "/user/{user_id}/clear",
    summary="Clear a user's cart",
    operation_id="clear_cart",
    status_code=204,
    responses=responses(UserNotFoundError),
)
@allowed(owner_or_box_office(USER))
async def clear_cart(user_id: IdPath, work: Work) -> Response:
    """Take everything out of the cart; an empty one stays empty."""
    return await work.about(user_id).remove(lambda context: cart_service.clear(context, user_id))
