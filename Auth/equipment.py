"""What identity shares in a process: the gatekeeper, and the counts of the rate limits."""

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Form, Request
from fastapi.security import OAuth2PasswordRequestForm
from starlette.datastructures import State

from Auth.attempts import Attempts
from Auth.credentials import is_asked_by_own_page
from Auth.errors import CrossSiteRequestError
from Auth.flows.browser_cookie import LogInCookie
from Auth.flows.log_in import Means, Shown
from Auth.gatekeeper import Gatekeeper
from Auth.known_keys import KnownKeys
from Auth.limits import RateLimiter
from Auth.pseudonyms import Pseudonyms
from core.clock import Clock
from core.http.middleware import note
from core.settings import Settings
from User.equipment import Hasher, Seal, Signer
from User.schemas.second_factor import LONGEST_CODE


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


async def _means(attempts: LogInAttempts, hasher: Hasher, signer: Signer, seal: Seal) -> Means:
    return Means(attempts, hasher, signer, seal)


LogInMeans = Annotated[Means, Depends(_means)]


async def _shown(
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    otp: Annotated[
        str | None,
        Form(
            max_length=LONGEST_CODE,
            description="Where the account has a second factor: a code of the authenticator, or a"
            " recovery code.",
        ),
    ] = None,
) -> Shown:
    return Shown(form.username, form.password, otp)


LogInForm = Annotated[Shown, Depends(_shown)]


async def _own_cookie(request: Request) -> LogInCookie:
    """There is no other way to the cookie than by a page of this site."""
    settings: Settings = request.app.state.settings
    if not is_asked_by_own_page(request.scope, settings.cors_origins):
        raise CrossSiteRequestError
    # In production a proxy that nobody has named may stand between: the browser knows better.
    is_production = settings.environment == "production"
    is_secure = is_production or request.scope["scheme"] == "https"
    return LogInCookie.of(request.scope, is_secure=is_secure)


OwnCookie = Annotated[LogInCookie, Depends(_own_cookie)]
