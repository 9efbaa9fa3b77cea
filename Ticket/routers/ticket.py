"""Tickets over HTTP."""

from typing import Annotated

from fastapi import Query, Response

from core.errors import StaleObjectError
from core.http.problems import responses
from core.schemas import IdPath
from Ticket.errors import StockConflictError, TicketHasOrdersError, TicketNotFoundError
from Ticket.schemas import (
    TicketCreate,
    TicketList,
    TicketRead,
    TicketSearch,
    TicketStatusChange,
    TicketUpdate,
)
from Ticket.services import ticket_service
from work.access import BOX_OFFICE, PUBLIC, allowed
from work.conditions import conditional
from work.routing import Router
from work.unit_of_work import Work
from work.weights import SEARCH, weighs

router = Router(prefix="/api/tickets", tags=["Tickets"])


@router.post(
    "/",
    summary="Create a ticket",
    operation_id="create_ticket",
    status_code=201,
    response_model=TicketRead,
    responses=responses(body=True),
)
@allowed(BOX_OFFICE)
async def create_ticket(body: TicketCreate, work: Work) -> Response:
    """Put a kind of admission on sale for an event."""
    return await work.create(lambda context: ticket_service.create_ticket(context, body))


@router.get(
    "/",
    summary="List tickets",
    operation_id="list_tickets",
    response_model=list[TicketRead],
    responses=responses(),
)
@allowed(PUBLIC)
async def list_tickets(query: Annotated[TicketList, Query()], work: Work) -> Response:
    """All tickets that match every filter given."""
    return await work.page(lambda context: ticket_service.list_tickets(context, query))


@router.get(
    "/search/by-event",
    summary="Search tickets",
    operation_id="search_tickets",
    response_model=list[TicketRead],
    responses=responses(),
)
@allowed(PUBLIC)
@weighs(SEARCH)
async def search_tickets(query: Annotated[TicketSearch, Query()], work: Work) -> Response:
    """Tickets with every word of `q`, in any case and with or without accents, by event date."""
    return await work.page(lambda context: ticket_service.list_tickets(context, query))


@router.get(
    "/{ticket_id}",
    summary="Get a ticket",
    operation_id="get_ticket",
    response_model=TicketRead,
    responses=responses(TicketNotFoundError),
)
@allowed(PUBLIC)
async def get_ticket(ticket_id: IdPath, work: Work) -> Response:
    """One ticket with its stock as it is now."""
    return await work.read(lambda context: ticket_service.get_ticket(context, ticket_id))


@router.put(
    "/{ticket_id}",
    summary="Change a ticket",
    operation_id="update_ticket",
    response_model=TicketRead,
    responses=responses(TicketNotFoundError, StockConflictError, StaleObjectError, body=True),
)
@allowed(BOX_OFFICE)
@conditional
async def update_ticket(ticket_id: IdPath, body: TicketUpdate, work: Work) -> Response:
    """Change the fields that are sent. Orders keep the price at which they were made."""
    return await work.change(lambda context: ticket_service.update_ticket(context, ticket_id, body))


@router.delete(
    "/{ticket_id}",
    summary="Delete a ticket",
    operation_id="delete_ticket",
    status_code=204,
    responses=responses(TicketNotFoundError, TicketHasOrdersError),
)
@allowed(BOX_OFFICE)
@conditional
async def delete_ticket(ticket_id: IdPath, work: Work) -> Response:
    """Possible while no order refers to it; it leaves the carts that hold it."""
    return await work.remove(lambda context: ticket_service.delete_ticket(context, ticket_id))


@router.patch(
    "/{ticket_id}/status",
    summary="Stop or resume the sale of a ticket",
    operation_id="change_ticket_status",
    response_model=TicketRead,
    responses=responses(TicketNotFoundError, body=True),
)
@allowed(BOX_OFFICE)
@conditional
async def change_ticket_status(ticket_id: IdPath, body: TicketStatusChange, work: Work) -> Response:
    """`reserved`, `sold` and `cancelled` stop the sale; `available` lets the stock speak again."""
    return await work.change(
        lambda context: ticket_service.change_status(context, ticket_id, body.status)
    )
