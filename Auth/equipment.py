"""What identity shares in a process: the gatekeeper, and the counts of the rate limits."""

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import State

from Auth.attempts import Attempts
from Auth.gatekeeper import Gatekeeper
from Auth.known_keys import KnownKeys
from Auth.limits import RateLimiter
from Auth.pseudonyms import Pseudonyms
from core.clock import Clock
from core.http.middleware import note
from core.settings import Settings


def equip(state: State, settings: Settings, clock: Clock) -> None:
    """After ``User``, whose signer both of these ask."""
    known_keys = KnownKeys()
    state.pseudonyms = pseudonyms = Pseudonyms(settings)
    state.gatekeeper = Gatekeeper(settings, state.signer, known_keys, pseudonyms)
    state.limiter = RateLimiter(settings, state.signer, clock, known_keys, pseudonyms)


async def _attempts(request: Request) -> Attempts:
    limiter: RateLimiter = request.app.state.limiter
    pseudonyms: Pseudonyms = request.app.state.pseudonyms
    counted = limiter.attempts(request.scope)

    async def count(account: str, *, is_known_here: bool) -> None:
        # Told in the log whether the attempt is one too many or not.
        note(request.scope, account=pseudonyms.account(account))
        await counted.count(account, is_known_here=is_known_here)

    return replace(counted, count=count)


LogInAttempts = Annotated[Attempts, Depends(_attempts)]
