"""A browser's log-in over HTTP: the refresh token is in a cookie, and the rest as ever."""

from typing import Any

from fastapi import Response

from Auth.equipment import LogInForm, LogInMeans, OwnCookie
from Auth.errors import CrossSiteRequestError
from Auth.flows import browser as flows
from core.errors import DomainError
from core.http.problems import responses
from User.equipment import Signer
from User.errors import (
    InvalidCredentialsError,
    InvalidSecondFactorError,
    InvalidTokenError,
    SecondFactorRequiredError,
)
from User.schemas.identity import AccessGrant
from work.access import INDIFFERENT, allowed, repeatable
from work.routing import Router
from work.unit_of_work import Work

router = Router(prefix="/api/auth/browser", tags=["Auth"])

_KEPT = {
    "description": "The refresh token, for the browser to keep; over plain HTTP without the prefix"
    " and `Secure`.",
    "schema": {"type": "string"},
    "example": "__Host-nexticket-login=5qVb…; HttpOnly; Max-Age=2592000; Path=/; SameSite=strict;"
    " Secure",
}
_REMOVED = {
    "description": "The cookie is removed: empty, with `Max-Age=0`.",
    "schema": {"type": "string"},
    "example": '__Host-nexticket-login=""; HttpOnly; Max-Age=0; Path=/; SameSite=strict; Secure',
}


def _responses(
    *errors: type[DomainError], form: bool = False, cookies: dict[int | str, Any]
) -> dict[int | str, dict[str, Any]]:
    """As ever, and at which statuses a cookie is set."""
    declared = responses(CrossSiteRequestError, *errors, parameters=form, form=form)
    for status, header in cookies.items():
        declared.setdefault(status, {}).setdefault("headers", {})["Set-Cookie"] = header
    return declared


@router.post(
    "/login",
    summary="Log in with a browser",
    operation_id="log_in_browser",
    response_model=AccessGrant,
    responses=_responses(
        InvalidCredentialsError,
        InvalidSecondFactorError,
        SecondFactorRequiredError,
        form=True,
        cookies={200: _KEPT},
    ),
)
@allowed(INDIFFERENT)
@repeatable
async def log_in_browser(
    shown: LogInForm, work: Work, cookie: OwnCookie, means: LogInMeans
) -> Response:
    """As `POST /api/auth/token`, but the refresh token goes into a cookie that no script can read.

    The log-in of a cookie that was there before ends. Takes no notice of an `Idempotency-Key`: an
    answer that is kept would lose its cookie.
    """
    return await flows.log_in(work, shown, cookie, means)


@router.post(
    "/refresh",
    summary="Get a new access token by the cookie",
    operation_id="refresh_browser",
    response_model=AccessGrant,
    responses={
        **_responses(InvalidTokenError, cookies={200: _KEPT, 401: _REMOVED}),
        204: {"description": "There is no cookie, and so no log-in: nobody has to be told."},
    },
)
@allowed(INDIFFERENT)
@repeatable
async def refresh_browser(work: Work, cookie: OwnCookie, signer: Signer) -> Response:
    """Ask at the start of a page, and before the access token ends. The cookie is good for one
    refresh, and within `REFRESH_GRACE_SECONDS` for the same one, so that tabs may ask at once.

    Without a cookie the answer is 204. One that has ended is refused, and removed.
    """
    return await flows.refresh(work, cookie, signer)


@router.post(
    "/logout",
    summary="Log a browser out",
    operation_id="log_out_browser",
    status_code=204,
    responses=_responses(cookies={204: _REMOVED}),
)
@allowed(INDIFFERENT)
@repeatable
async def log_out_browser(work: Work, cookie: OwnCookie) -> Response:
    """End the cookie's log-in, its access tokens included, and remove the cookie. It may be
    repeated, and needs no cookie.
    """
    return await flows.log_out(work, cookie)
