"""Changing the password: two passwords are hashed in between, while nothing is held open.

Only the last step changes anything, so a crash before it leaves nothing behind; whoever repeats
the request after it, under the same key, gets its answer.
"""

from typing import Protocol

from fastapi import Response

from Auth.attempts import Attempts
from Auth.flows.own_attempts import count_own
from User.errors import PasswordMissingError
from User.flows.proof import Verifies, with_proof
from User.schemas.identity import PasswordChange
from User.services import account_service
from User.services.proof_service import Proof
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
    await count_own(work, user_id, attempts)

    unlike_names = account_service.require_unlike_names
    await work.steps.read(lambda context: unlike_names(context, user_id, body.new_password))

    async def change(proof: Proof) -> Response:
        hashed = await hasher.hash(body.new_password)
        return await work.remove(
            lambda context: account_service.change_password(
                context, proof, hashed, keep_keys=body.keep_api_keys
            )
        )

    return await with_proof(
        work,
        lambda context: account_service.get_account(context, user_id),
        body.current_password,
        change,
        hasher=hasher,
    )
