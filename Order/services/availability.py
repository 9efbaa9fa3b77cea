"""What of the wanted tickets is on sale now; holds that ran out count as available."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from Order.services import expiry_service
from Ticket.services import ticket_service
from work.context import Context


def available_offers(context: Context, quantities: Mapping[int, int]) -> dict[int, Row[Any]]:
    """The tickets as they are sold now; refuses what is not there even if overdue holds end.

    The prices are those of this moment: a price that changes before the commit is the next
    order's.
    """
    offers = ticket_service.offers(context, quantities)
    ticket_service.require_on_sale(context, offers.values())
    if ticket_service.short_lines(offers.values(), quantities):
        expiry_service.free_overdue_stock(context, quantities)
        offers = ticket_service.offers(context, quantities)
    ticket_service.require_stock(offers.values(), quantities)
    return offers
