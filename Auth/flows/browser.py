"""A browser's log-in: as any other, but for the refresh token, which is kept in a cookie.

Each is one transaction at its end, so a crash before it leaves the cookie and the log-in as they
were. One whose answer is lost has renewed a token that the browser does not know; the one that it
has is answered with the same next one for a moment, as ever.
"""

from fastapi import Response

from Auth.flows.browser_cookie import LogInCookie
from Auth.flows.log_in import Means, Shown, log_in_with_password, refreshed
from core.http.problems import refusal
from core.schemas import as_json
from User.errors import InvalidTokenError
from User.schemas.identity import AccessGrant
from User.services import log_in_service
from User.services.log_in_service import Granted
from User.services.tokens import TokenSigner
from work.unit_of_work import UnitOfWork


async def log_in(work: UnitOfWork, shown: Shown, cookie: LogInCookie, means: Means) -> Response:
    """The log-in of a cookie that is there ends: nothing else would be left that can end it."""
    return await log_in_with_password(
        work, shown, means, told=lambda granted: _told(granted, cookie), replaced=cookie.token
    )


async def refresh(work: UnitOfWork, cookie: LogInCookie, signer: TokenSigner) -> Response:
    if not cookie.is_there:
        # No refusal: browsers show their users each one as an error.
        return Response(status_code=204)
    try:
        return await _renewed(work, cookie, signer)
    except InvalidTokenError as error:
        # What has ended must not be asked for again.
        return cookie.remove(refusal(work, error))


async def log_out(work: UnitOfWork, cookie: LogInCookie) -> Response:
    token = cookie.token
    if token is None:
        return cookie.remove(Response(status_code=204))
    return cookie.remove(
        await work.remove(lambda context: log_in_service.close_log_in(context, token))
    )


async def _renewed(work: UnitOfWork, cookie: LogInCookie, signer: TokenSigner) -> Response:
    token = cookie.token
    if token is None:
        raise InvalidTokenError
    return await work.answer(
        lambda context: refreshed(
            context, token, signer, told=lambda granted: _told(granted, cookie)
        )
    )


def _told(granted: Granted, cookie: LogInCookie) -> Response:
    tokens = granted.tokens
    shown = AccessGrant(
        access_token=tokens.access_token,
        token_type=tokens.token_type,
        expires_in=tokens.expires_in,
    )
    return cookie.keep(granted, Response(as_json(shown), media_type="application/json"))
