"""Identity over HTTP: log-in, tokens, passwords and API keys."""

from typing import Annotated

from fastapi import Query, Response

from Auth.equipment import LogInAttempts, LogInForm, LogInMeans
from Auth.flows.change_password import replace_password
from Auth.flows.log_in import log_in_with_password, refreshed
from core.http.problems import responses
from core.schemas import IdPath
from User.equipment import Hasher, Signer
from User.errors import (
    ApiKeyNotFoundError,
    InvalidCredentialsError,
    InvalidSecondFactorError,
    InvalidTokenError,
    PasswordMissingError,
    RoleTooHighError,
    SecondFactorRequiredError,
    TooManyApiKeysError,
)
from User.schemas.identity import (
    ApiKeyCreate,
    ApiKeyList,
    ApiKeyMade,
    ApiKeyRead,
    Me,
    PasswordChange,
    TokenRefresh,
    Tokens,
)
from User.services import account_service, api_key_service, log_in_service
from work.access import BOX_OFFICE, INDIFFERENT, KNOWN, OWN_OR_ADMIN, allowed, repeatable
from work.routing import Router
from work.unit_of_work import Work

router = Router(prefix="/api/auth", tags=["Auth"])


@router.post(
    "/token",
    summary="Log in",
    operation_id="log_in",
    response_model=Tokens,
    responses=responses(
        InvalidCredentialsError, InvalidSecondFactorError, SecondFactorRequiredError, form=True
    ),
)
@allowed(INDIFFERENT)
async def log_in(shown: LogInForm, work: Work, means: LogInMeans) -> Response:
    """Username (or email) and password, as an OAuth 2.0 password form.

    An unknown user, a wrong password and a deactivated account get the same answer. Whether the
    account has a second factor is told only to who knows the password; its code is sent as `otp`.
    """
    return await log_in_with_password(work, shown, means)


@router.post(
    "/refresh",
    summary="Get a new access token",
    operation_id="refresh_token",
    response_model=Tokens,
    responses=responses(InvalidTokenError, body=True),
)
@allowed(INDIFFERENT)
async def refresh_token(body: TokenRefresh, work: Work, signer: Signer) -> Response:
    """Each refresh token works once; shown again within `REFRESH_GRACE_SECONDS`, it is answered
    with the same next one. Shown again later, it was stolen, and ends the whole log-in.

    Send an `Idempotency-Key`: where the answer was lost, the same request gets it again.
    """
    principal = log_in_service.principal_of(body.refresh_token)
    return await work.on_behalf_of(principal).answer(
        lambda context: refreshed(context, body.refresh_token, signer)
    )


@router.post(
    "/logout",
    summary="Log out",
    operation_id="log_out",
    status_code=204,
    responses=responses(body=True),
)
@allowed(INDIFFERENT)
@repeatable
async def log_out(body: TokenRefresh, work: Work) -> Response:
    """End the log-in of a refresh token, its access tokens included; one that has ended, too.

    It may be repeated as it is, and takes no notice of an `Idempotency-Key`.
    """
    return await work.remove(
        lambda context: log_in_service.close_log_in(context, body.refresh_token)
    )


@router.get(
    "/me",
    summary="Who am I?",
    operation_id="get_me",
    response_model=Me,
    responses=responses(parameters=False),
)
@allowed(KNOWN)
async def get_me(work: Work) -> Response:
    """Whom the credentials of this request stand for."""
    return await work.read(account_service.get_me)


@router.post(
    "/password",
    summary="Change the password",
    operation_id="change_password",
    status_code=204,
    responses=responses(InvalidCredentialsError, PasswordMissingError, body=True),
)
@allowed(KNOWN)
async def change_password(
    body: PasswordChange, work: Work, attempts: LogInAttempts, hasher: Hasher
) -> Response:
    """Ends every log-in of the account, and its API keys; log in again with the new one."""
    return await replace_password(work, body, attempts=attempts, hasher=hasher)


@router.post(
    "/api-keys",
    summary="Make an API key",
    operation_id="create_api_key",
    status_code=201,
    response_model=ApiKeyMade,
    responses=responses(RoleTooHighError, TooManyApiKeysError, body=True),
)
@allowed(BOX_OFFICE)
async def create_api_key(body: ApiKeyCreate, work: Work) -> Response:
    """For programs and devices: sent as `Authorization: Bearer` or `X-API-Key`, shown once."""
    return await work.create(lambda context: api_key_service.create_api_key(context, body))


@router.get(
    "/api-keys",
    summary="List API keys",
    operation_id="list_api_keys",
    response_model=list[ApiKeyRead],
    responses=responses(),
)
@allowed(OWN_OR_ADMIN)
async def list_api_keys(query: Annotated[ApiKeyList, Query()], work: Work) -> Response:
    """One's own; administrators see all."""
    return await work.page(lambda context: api_key_service.list_api_keys(context, query))


@router.delete(
    "/api-keys/{key_id}",
    summary="End an API key",
    operation_id="delete_api_key",
    status_code=204,
    responses=responses(ApiKeyNotFoundError),
)
@allowed(OWN_OR_ADMIN)
async def delete_api_key(key_id: IdPath, work: Work) -> Response:
    """The key stops working at once, and so do those that were made with it."""
    return await work.remove(lambda context: api_key_service.delete_api_key(context, key_id))
