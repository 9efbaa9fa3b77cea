"""Identity over HTTP: log-in, tokens, passwords and API keys."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.security import OAuth2PasswordRequestForm
from sqlmodel import Session

from Auth.errors import (
    ApiKeyNotFoundError,
    InvalidCredentialsError,
    InvalidTokenError,
    PasswordMissingError,
)
from Auth.limits import RateLimiter
from Auth.schemas import (
    ApiKeyCreate,
    ApiKeyList,
    ApiKeyMade,
    ApiKeyRead,
    Me,
    PasswordChange,
    RefreshToken,
    Tokens,
)
from Auth.services import account_service, api_key_service, session_service
from Auth.services.passwords import Passwords
from Auth.services.session_service import OpenSession
from Auth.services.tokens import TokenSigner
from core.problems import responses
from core.schemas import IdPath
from core.unit_of_work import UnitOfWork, Work
from Order.errors import RoleTooHighError

router = APIRouter(prefix="/api/auth", tags=["Auth"])


@router.post(
    "/token",
    summary="Log in",
    operation_id="log_in",
    response_model=Tokens,
    responses=responses(InvalidCredentialsError, form=True),
)
async def log_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()], request: Request, work: Work
) -> Response:
    """Username (or email) and password, as an OAuth 2.0 password form.

    An unknown user, a wrong password and a deactivated account get the same answer.
    """
    limiter: RateLimiter = request.app.state.limiter
    await limiter.admit_log_in(request.scope, form.username)
    passwords: Passwords = request.app.state.passwords
    account = await work.fetch(account_service.find_account, form.username)
    stored = None if account is None else account.password_hash
    right, renewed = await passwords.verify(form.password, stored)
    if account is None or not right or not account.is_active:
        raise InvalidCredentialsError
    if renewed is not None:
        await work.perform(account_service.renew_hash, account.user_id, renewed)
    issue = _issuing(request, work, session_service.open_session)
    return await work.change(issue, account.user_id, now=work.now)


@router.post(
    "/refresh",
    summary="Get a new access token",
    operation_id="refresh_token",
    response_model=Tokens,
    responses=responses(InvalidTokenError, body=True),
)
async def refresh_token(body: RefreshToken, request: Request, work: Work) -> Response:
    """Each refresh token works once. One that is shown again ends the whole log-in.

    Send an `Idempotency-Key`: where the answer was lost, the same request gets it again.
    """
    issue = _issuing(request, work, session_service.rotate)
    answer = await work.attempt(issue, body.refresh_token, now=work.now)
    if answer is None:
        raise InvalidTokenError
    return answer


@router.post(
    "/logout",
    summary="Log out",
    operation_id="log_out",
    status_code=204,
    responses=responses(body=True),
)
async def log_out(body: RefreshToken, work: Work) -> Response:
    """End the log-in of a refresh token, its access tokens included."""
    return await work.remove(session_service.close_session, body.refresh_token, now=work.now)


@router.get(
    "/me",
    summary="Who am I?",
    operation_id="get_me",
    response_model=Me,
    responses=responses(parameters=False),
)
async def get_me(work: Work) -> Response:
    """Whom the credentials of this request stand for."""
    return await work.read(account_service.get_me, caller=work.caller)


@router.post(
    "/password",
    summary="Change the password",
    operation_id="change_password",
    status_code=204,
    responses=responses(InvalidCredentialsError, PasswordMissingError, body=True),
)
async def change_password(body: PasswordChange, request: Request, work: Work) -> Response:
    """Ends every log-in of the account; log in again with the new one."""
    passwords: Passwords = request.app.state.passwords
    limiter: RateLimiter = request.app.state.limiter
    caller = await work.identify()
    # Repeated, the current password would not be the current one any more.
    if (answer := await work.find_answer()) is not None:
        return answer
    if caller.user_id is None:
        raise PasswordMissingError
    # Whoever holds a stolen token must not guess the password at leisure. No username has a blank.
    await limiter.admit_log_in(request.scope, f"user {caller.user_id}")
    account = await work.fetch(account_service.get_account, caller.user_id)
    if account.password_hash is None:
        raise PasswordMissingError
    right, _ = await passwords.verify(body.current_password, account.password_hash)
    if not right:
        raise InvalidCredentialsError
    hashed = await passwords.hash(body.new_password)
    return await work.remove(account_service.set_password, caller.user_id, hashed, now=work.now)


@router.post(
    "/api-keys",
    summary="Make an API key",
    operation_id="create_api_key",
    status_code=201,
    response_model=ApiKeyMade,
    responses=responses(RoleTooHighError, body=True),
)
async def create_api_key(body: ApiKeyCreate, work: Work) -> Response:
    """For programs and devices: sent as `Authorization: Bearer` or `X-API-Key`, shown once."""
    return await work.create(api_key_service.create_api_key, body, caller=work.caller, now=work.now)


@router.get(
    "/api-keys",
    summary="List API keys",
    operation_id="list_api_keys",
    response_model=list[ApiKeyRead],
    responses=responses(),
)
async def list_api_keys(query: Annotated[ApiKeyList, Query()], work: Work) -> Response:
    """One's own; administrators see all."""
    return await work.page(api_key_service.list_api_keys, query, caller=work.caller)


@router.delete(
    "/api-keys/{key_id}",
    summary="End an API key",
    operation_id="delete_api_key",
    status_code=204,
    responses=responses(ApiKeyNotFoundError),
)
async def delete_api_key(key_id: IdPath, work: Work) -> Response:
    """The key stops working at once."""
    return await work.remove(api_key_service.delete_api_key, key_id, caller=work.caller)


def _issuing(
    request: Request, work: UnitOfWork, service: Callable[..., OpenSession | None]
) -> Callable[..., Any]:
    """The service, with tokens for the log-in that it opens or prolongs; None for none."""

    def issue(session: Session, *args: Any, **kwargs: Any) -> Tokens | None:
        opened = service(session, *args, **kwargs)
        return None if opened is None else _tokens(request, work, opened)

    return issue


def _tokens(request: Request, work: UnitOfWork, opened: OpenSession) -> Tokens:
    signer: TokenSigner = request.app.state.signer
    return Tokens(
        access_token=signer.sign(
            user_id=opened.user_id, session_id=opened.session_id, now=work.now
        ),
        token_type="bearer",  # noqa: S106 - OAuth's word for it
        expires_in=int(signer.lifetime.total_seconds()),
        refresh_token=opened.refresh_token,
    )
