"""Proving a password: it is compared between short transactions, while nothing is held open.

What is done because of it looks again at the account, in its own transaction. Where that has
changed meanwhile, the password is compared once more: another log-in may just have renewed its
hash. A crash between the steps leaves nothing behind.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from fastapi import Response

from User.errors import InvalidCredentialsError, ProofOutdatedError
from User.services.account_service import Account
from User.services.proof_service import Proof
from work.context import Context
from work.unit_of_work import UnitOfWork

# Whoever changes an account more often than this while a password is compared is no user.
_TRIES = 3


class Verifies(Protocol):
    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]: ...


async def with_proof(
    work: UnitOfWork,
    find: Callable[[Context], Account | None],
    password: str,
    then: Callable[[Proof], Awaitable[Response]],
    *,
    hasher: Verifies,
) -> Response:
    """What is answered to who knows the password; nobody's takes as long to compare."""
    for _ in range(_TRIES):
        account = await work.steps.read(find)
        stored = None if account is None else account.password_hash
        right, renewed = await hasher.verify(password, stored)
        if account is None or stored is None or not right or not account.is_active:
            break
        try:
            return await then(Proof(account.user_id, stored, renewed))
        except ProofOutdatedError:
            continue
    raise InvalidCredentialsError
