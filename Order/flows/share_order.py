"""Sharing an order. Whether a name exists is told by it, and so it is counted first.

Only the last step changes anything, so a crash before it leaves nothing behind.
"""

from collections.abc import Awaitable, Callable

from fastapi import Response

from Order.schemas.order import OrderUserCreate
from Order.services import share_service
from work.unit_of_work import UnitOfWork

# Counts a user's try; raises if it is one too many.
CountShare = Callable[[int], Awaitable[None]]


async def share_order(
    work: UnitOfWork, order_id: int, body: OrderUserCreate, *, count_share: CountShare
) -> Response:
    """Share an order that the caller may share; the box office knows its customers anyway."""
    caller = await work.about(order_id).steps.read(lambda context: context.caller)
    if caller.user_id is not None and not caller.is_box_office:
        await count_share(caller.user_id)
    return await work.create(lambda context: share_service.share_order(context, order_id, body))
