"""What the routes of orders share in a process: who counts how often an order is shared."""

from typing import Annotated, Protocol

from fastapi import Depends, Request
from starlette.types import Scope

from Order.flows.share_order import CountShare


class Limiter(Protocol):
    """Who counts how often something is done; see ``Auth.limits``."""

    async def admit_share(self, scope: Scope, user_id: int) -> None: ...


async def _count_share(request: Request) -> CountShare:
    limiter: Limiter = request.app.state.limiter
    return lambda user_id: limiter.admit_share(request.scope, user_id)


Shares = Annotated[CountShare, Depends(_count_share)]
