"""Changing one's second factor: what takes the password compares it first, holding nothing open.

Only the last step changes anything, so a crash before it leaves nothing behind; whoever repeats
the request after it, under the same key, gets its answer.
"""

from fastapi import Response

from Auth.attempts import Attempts
from Auth.flows.own_attempts import count_own, with_own_password
from User.flows.proof import Verifies
from User.schemas.second_factor import EnrolmentBegin, EnrolmentConfirm, SecondFactorProof
from User.services import second_factor_service
from User.services.factor_seal import FactorSeal
from User.services.proof_service import Proof
from work.unit_of_work import UnitOfWork


async def begin_enrolment(
    work: UnitOfWork,
    body: EnrolmentBegin,
    *,
    attempts: Attempts,
    hasher: Verifies,
    seal: FactorSeal,
) -> Response:
    async def enrol(proof: Proof) -> Response:
        return await work.change(
            lambda context: second_factor_service.enrol(context, proof, seal=seal)
        )

    return await with_own_password(work, body.password, enrol, attempts=attempts, hasher=hasher)


async def confirm_enrolment(
    work: UnitOfWork, body: EnrolmentConfirm, *, attempts: Attempts, seal: FactorSeal
) -> Response:
    user_id = await work.steps.read(second_factor_service.require_person)
    if (answer := await work.steps.earlier_answer()) is not None:
        return answer
    await count_own(work, user_id, attempts)
    return await work.change(
        lambda context: second_factor_service.confirm(context, body.otp, seal=seal)
    )


async def renew_recovery_codes(
    work: UnitOfWork,
    body: SecondFactorProof,
    *,
    attempts: Attempts,
    hasher: Verifies,
    seal: FactorSeal,
) -> Response:
    async def renew(proof: Proof) -> Response:
        return await work.change(
            lambda context: second_factor_service.renew_codes(context, proof, body.otp, seal=seal)
        )

    return await with_own_password(work, body.password, renew, attempts=attempts, hasher=hasher)


async def switch_off(
    work: UnitOfWork,
    body: SecondFactorProof,
    *,
    attempts: Attempts,
    hasher: Verifies,
    seal: FactorSeal,
) -> Response:
    async def remove(proof: Proof) -> Response:
        return await work.remove(
            lambda context: second_factor_service.switch_off(context, proof, body.otp, seal=seal)
        )

    return await with_own_password(work, body.password, remove, attempts=attempts, hasher=hasher)
