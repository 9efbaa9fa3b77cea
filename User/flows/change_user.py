"""Changing an account. One's own password, where it is sent, is compared first.

Whether it is needed is for the service to say, which sees what would change. Only the last step
changes anything, so a crash before it leaves nothing behind.
"""

from collections.abc import Awaitable, Callable

from fastapi import Response

from User.flows.proof import Verifies, with_proof
from User.schemas.user import UserUpdate
from User.services import account_service, user_service
from User.services.proof_service import Proof
from work.unit_of_work import UnitOfWork

# Counts a change of a user's own names; raises if it is one too many.
CountChange = Callable[[int], Awaitable[None]]


async def change_user(
    work: UnitOfWork,
    user_id: int,
    body: UserUpdate,
    *,
    count_change: CountChange,
    hasher: Verifies,
) -> Response:
    """Change an account, one's own or as an administrator another's."""

    async def change(proof: Proof | None) -> Response:
        return await work.change(
            lambda context: user_service.update_user(context, user_id, body, proof=proof)
        )

    if body.current_password is None:
        return await change(None)
    caller = await work.steps.read(lambda context: context.caller)
    if caller.user_id != user_id or caller.key_id is not None:
        return await change(None)
    # Each tells whether a name is taken, and whether the password is right.
    await count_change(user_id)
    return await with_proof(
        work,
        lambda context: account_service.get_account(context, user_id),
        body.current_password,
        change,
        hasher=hasher,
    )
