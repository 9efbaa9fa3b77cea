"""Live stock over HTTP: what changes is told to whoever listens."""

from typing import Annotated

from fastapi import Query, Response

from core.http.event_streams import EventsAnswer, event_responses
from core.schemas import IdPath
from Ticket.equipment import listen
from Ticket.errors import ListenersFullError, TicketNotFoundError, TooManyListenersError
from Ticket.schemas import WatchedTickets
from work.access import PUBLIC, allowed
from work.routing import Router
from work.unit_of_work import Work
from work.weights import LIST, weighs

router = Router(prefix="/api/tickets", tags=["Tickets"])

_EXAMPLE = {
    "id": "5f2b6c0d9e1a4873",
    "event": "ticket",
    "data": (
        '{"id":1,"status":"available","available_quantity":98,"total_quantity":100,"price":99.99,'
        '"currency":"USD"}'
    ),
}
_DESCRIPTION = (
    "Server-sent events: `ticket` with a ticket as it is now, at once and whenever its status,"
    " stock or price has changed; `gone` with the `id` of one that does not exist (any more). A"
    " comment shows every 15 seconds that the stream is alive. It ends when the service stops, and"
    " when all of its tickets are gone."
)
_RESPONSES = event_responses(
    "ticket",
    "gone",
    example=_EXAMPLE,
    description=_DESCRIPTION,
    errors=(TicketNotFoundError, ListenersFullError, TooManyListenersError),
)


@router.get(
    "/events",
    summary="Listen to tickets",
    operation_id="listen_to_tickets",
    response_class=EventsAnswer,
    responses=_RESPONSES,
)
@allowed(PUBLIC)
@weighs(LIST)
async def listen_to_tickets(query: Annotated[WatchedTickets, Query()], work: Work) -> Response:
    """The stock of several tickets as it changes, each half a second at most.

    Send the `Last-Event-ID` of an earlier stream of the same tickets, as browsers do by themselves,
    to be spared what has not changed since. Tickets that do not exist are `gone`; if none of them
    exists, nothing is listened to.
    """
    return await work.listen(lambda: listen(work, *query.ids))


@router.get(
    "/{ticket_id}/events",
    summary="Listen to a ticket",
    operation_id="listen_to_ticket",
    response_class=EventsAnswer,
    responses=_RESPONSES,
)
@allowed(PUBLIC)
async def listen_to_ticket(ticket_id: IdPath, work: Work) -> Response:
    """The stock of one ticket as it changes, each half a second at most.

    As `/api/tickets/events` with one of `ids`.
    """
    return await work.listen(lambda: listen(work, ticket_id))
