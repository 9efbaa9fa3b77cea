"""Changing the password: two passwords are hashed in between, while nothing is held open.

Only the last step changes anything, so a crash before it leaves nothing behind; whoever repeats
the request after it, under the same key, gets its answer.
"""

from typing import Protocol

from fastapi import Response

from Auth.attempts import Attempts, account_of
from Auth.flows.log_in import Verifies
from User.errors import InvalidCredentialsError, PasswordMissingError
from User.schemas.identity import PasswordChange
from User.services import account_service, login_place_service
from work.unit_of_work import UnitOfWork


class HashesAndVerifies(Verifies, Protocol):
    async def hash(self, password: str) -> str: ...


async def replace_password(
    work: UnitOfWork,
    body: PasswordChange,
    *,
    attempts: Attempts,
    hasher: HashesAndVerifies,
) -> Response:
    caller = await work.steps.read(lambda context: context.caller)
    # Repeated, the current password would not be the current one any more.
    if (answer := await work.steps.earlier_answer()) is not None:
        return answer
    user_id = caller.user_id
    if user_id is None:
        raise PasswordMissingError
    account, is_known_here = await work.steps.read(
        lambda context: (
            account_service.get_account(context, user_id),
            login_place_service.is_known(context, user_id, attempts.places),
        )
    )
    # Whoever holds a stolen token must not guess the password at leisure, nor twice as often as
    # who logs in.
    await attempts.count(account_of(user_id, ""), is_known_here=is_known_here)
    if account.password_hash is None:
        raise PasswordMissingError
    right, _ = await hasher.verify(body.current_password, account.password_hash)
    if not right:
        raise InvalidCredentialsError
    hashed = await hasher.hash(body.new_password)
    return await work.remove(lambda context: account_service.set_password(context, user_id, hashed))
