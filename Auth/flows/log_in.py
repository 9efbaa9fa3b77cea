"""Logging in: the password is compared between short transactions, while nothing is held open.

A crash between the steps leaves nothing behind, but at most a new hash of the same password.
"""

from typing import Protocol

from fastapi import Response

from Auth.attempts import Attempts, account_of
from User.errors import InvalidCredentialsError
from User.schemas.identity import Tokens
from User.services import account_service, log_in_service, login_place_service
from User.services.account_service import Account
from User.services.tokens import TokenSigner
from work.context import Context
from work.unit_of_work import UnitOfWork


class Verifies(Protocol):
    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]: ...


async def log_in_with_password(
    work: UnitOfWork,
    username: str,
    password: str,
    *,
    attempts: Attempts,
    hasher: Verifies,
    signer: TokenSigner,
) -> Response:
    """Tokens for the right password; an unknown user takes as long and is told the same."""
    account = await _counted(work, username, attempts)
    stored = None if account is None else account.password_hash
    right, renewed = await hasher.verify(password, stored)
    if account is None or not right or not account.is_active:
        raise InvalidCredentialsError
    user_id = account.user_id
    if renewed is not None:
        await work.steps.write(
            lambda context: account_service.renew_hash(context, user_id, renewed)
        )

    def open_log_in(context: Context) -> Tokens:
        login_place_service.remember(context, user_id, attempts.places[0])
        return log_in_service.log_in(context, user_id, signer=signer)

    return await work.change(open_log_in)


async def _counted(work: UnitOfWork, name: str, attempts: Attempts) -> Account | None:
    """The account of a name, once this attempt on it was counted."""
    account, is_known_here = await work.steps.read(lambda context: _find(context, name, attempts))
    user_id = None if account is None else account.user_id
    await attempts.count(account_of(user_id, name), is_known_here=is_known_here)
    return account


def _find(context: Context, name: str, attempts: Attempts) -> tuple[Account | None, bool]:
    """The account of a name, and whether it logged in from here before."""
    account = account_service.find_account(context, name)
    # Of a name that nobody has as much is asked, so that it takes as long.
    user_id = 0 if account is None else account.user_id
    return account, login_place_service.is_known(context, user_id, attempts.places)
