"""Logging in: the password is compared between short transactions, while nothing is held open.

A crash between the steps leaves nothing behind, but at most a new hash of the same password.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from fastapi import Response

from User.errors import InvalidCredentialsError
from User.services import account_service, log_in_service
from User.services.tokens import TokenSigner
from work.unit_of_work import UnitOfWork

# Counts an attempt on an account; raises if it is one too many.
CountAttempt = Callable[[str], Awaitable[None]]


class Verifies(Protocol):
    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]: ...


async def log_in_with_password(
    work: UnitOfWork,
    username: str,
    password: str,
    *,
    count_attempt: CountAttempt,
    hasher: Verifies,
    signer: TokenSigner,
) -> Response:
    """Tokens for the right password; an unknown user takes as long and is told the same."""
    await count_attempt(username)
    account = await work.steps.read(lambda context: account_service.find_account(context, username))
    stored = None if account is None else account.password_hash
    right, renewed = await hasher.verify(password, stored)
    if account is None or not right or not account.is_active:
        raise InvalidCredentialsError
    user_id = account.user_id
    if renewed is not None:
        await work.steps.write(
            lambda context: account_service.renew_hash(context, user_id, renewed)
        )
    return await work.change(lambda context: log_in_service.log_in(context, user_id, signer=signer))
