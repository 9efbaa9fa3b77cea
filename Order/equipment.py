"""What the routes of orders share in a process: who takes money, and who counts shares."""

from typing import Annotated, Protocol

from fastapi import Depends, Request
from starlette.datastructures import State
from starlette.types import Scope

from core.clock import Clock
from core.settings import Settings
from Order.flows.announce_payment import ByHand, Payments
from Order.flows.share_order import CountShare


def equip(state: State, _settings: Settings, _clock: Clock) -> None:
    """A domain that comes later may bring another way."""
    state.payments = ByHand()


def payments_of(request: Request) -> Payments:
    """No dependency, which would make every payment a slow operation."""
    payments: Payments = request.app.state.payments
    return payments


class Limiter(Protocol):
    """Who counts how often something is done; see ``Auth.limits``."""

    async def admit_share(self, scope: Scope, user_id: int) -> None: ...


async def _count_share(request: Request) -> CountShare:
    limiter: Limiter = request.app.state.limiter
    return lambda user_id: limiter.admit_share(request.scope, user_id)


Shares = Annotated[CountShare, Depends(_count_share)]
