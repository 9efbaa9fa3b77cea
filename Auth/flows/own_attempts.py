"""What takes one's own password or code again: attempts are counted as those to log in are.

Whoever holds a stolen token must not guess at leisure, nor twice as often as who logs in.
"""

from collections.abc import Awaitable, Callable

from fastapi import Response

from Auth.attempts import Attempts, account_of
from User.flows.proof import Verifies, with_proof
from User.services import account_service, login_place_service, second_factor_service
from User.services.proof_service import Proof
from work.unit_of_work import UnitOfWork


async def count_own(work: UnitOfWork, user_id: int, attempts: Attempts) -> None:
    is_known_here = await work.steps.read(
        lambda context: login_place_service.is_known(context, user_id, attempts.places)
    )
    await attempts.count(account_of(user_id, ""), is_known_here=is_known_here)


async def with_own_password(
    work: UnitOfWork,
    password: str,
    then: Callable[[Proof], Awaitable[Response]],
    *,
    attempts: Attempts,
    hasher: Verifies,
) -> Response:
    """What is answered to a person who knows their password; repeated, as it was answered then."""
    user_id = await work.steps.read(second_factor_service.require_person)
    # Repeated, what was shown with it would have been used.
    if (answer := await work.steps.earlier_answer()) is not None:
        return answer
    await count_own(work, user_id, attempts)
    return await with_proof(
        work,
        lambda context: account_service.get_account(context, user_id),
        password,
        then,
        hasher=hasher,
    )
