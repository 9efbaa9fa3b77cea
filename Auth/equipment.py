"""What identity shares in a process: the gatekeeper, and the counts of the rate limits."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import State

from Auth.attempts import Attempts
from Auth.gatekeeper import Gatekeeper
from Auth.known_keys import KnownKeys
from Auth.limits import RateLimiter
from core.clock import Clock
from core.settings import Settings


def equip(state: State, settings: Settings, clock: Clock) -> None:
    """After ``User``, whose signer both of these ask."""
    known_keys = KnownKeys()
    state.gatekeeper = Gatekeeper(settings, state.signer, known_keys)
    state.limiter = RateLimiter(settings, state.signer, clock, known_keys)


async def _attempts(request: Request) -> Attempts:
    limiter: RateLimiter = request.app.state.limiter
    return limiter.attempts(request.scope)


LogInAttempts = Annotated[Attempts, Depends(_attempts)]
