"""What a ticket can refuse."""

from collections.abc import Iterable
from typing import Any, ClassVar

from core.errors import ConflictError, NotFoundError, TooManyRequestsError, UnavailableError
from models import TicketStatus


class TicketNotFoundError(NotFoundError):
    code = "ticket_not_found"
    title = "The ticket does not exist"
    constraint = "fk_order_items_ticket_id_tickets"
    example: ClassVar = {"ticket_ids": [7]}

    def __init__(self, ticket_ids: Iterable[int] = ()) -> None:
        ids = sorted(ticket_ids)
        named = ", ".join(str(ticket_id) for ticket_id in ids)
        super().__init__(f"There is no ticket {named}." if ids else None, ticket_ids=ids)


class InsufficientStockError(ConflictError):
    code = "insufficient_stock"
    title = "Not enough tickets are available"
    constraint = "ck_tickets_available_not_negative"
    example: ClassVar = {"lines": [{"ticket_id": 7, "requested": 3, "available": 1}]}

    def __init__(self, lines: Iterable[dict[str, int]] = ()) -> None:
        lines = list(lines)
        said = "; ".join(
            f"ticket {line['ticket_id']}: {line['requested']} requested,"
            f" {line['available']} available"
            for line in lines
        )
        super().__init__(f"Not enough tickets: {said}." if lines else None, lines=lines)


class TicketNotOnSaleError(ConflictError):
    code = "ticket_not_on_sale"
    title = "The sale of the ticket is stopped"
    example: ClassVar = {"lines": [{"ticket_id": 7, "status": TicketStatus.CANCELLED}]}

    def __init__(self, lines: Iterable[dict[str, Any]]) -> None:
        lines = list(lines)
        said = "; ".join(f"ticket {line['ticket_id']} is {line['status']}" for line in lines)
        super().__init__(f"Not on sale: {said}.", lines=lines)


class EventPassedError(ConflictError):
    """After its date only the box office sells an event."""

    code = "event_passed"
    title = "The event has passed"
    example: ClassVar = {"ticket_ids": [7]}

    def __init__(self, ticket_ids: Iterable[int]) -> None:
        super().__init__(ticket_ids=sorted(ticket_ids))


class StockConflictError(ConflictError):
    code = "stock_conflict"
    title = "The stock does not allow this quantity"
    constraint = "ck_tickets_stock_adds_up"
    example: ClassVar = {
        "total_quantity": 100,
        "available_quantity": 10,
        "reserved_quantity": 5,
        "sold_quantity": 85,
        "withheld_quantity": 0,
    }


class TicketHasOrdersError(ConflictError):
    code = "ticket_has_orders"
    title = "Orders refer to the ticket: set its status to cancelled instead"


class ListenersFullError(UnavailableError):
    """All who listen may do so for hours; whoever buys needs connections as well."""

    code = "listeners_full"
    title = "As many listen to live stock as can be served"
    retry_after_seconds: ClassVar[int] = 30
    example: ClassVar = {"max_listeners": 400, "max_tickets": 5000}

    def __init__(self, max_listeners: int, max_tickets: int) -> None:
        super().__init__(
            f"A process serves {max_listeners} listeners, to {max_tickets} tickets together. Ask"
            " for the tickets themselves from time to time.",
            max_listeners=max_listeners,
            max_tickets=max_tickets,
        )


class TooManyListenersError(TooManyRequestsError):
    code = "too_many_listeners"
    title = "So many listeners at one address are too many"
    example: ClassVar = {"max_listeners_per_address": 40}

    def __init__(self, most: int) -> None:
        super().__init__(_HANGS_UP_SECONDS, max_listeners_per_address=most)


# Whoever closes a page hangs up; there is no saying when.
_HANGS_UP_SECONDS = 30
