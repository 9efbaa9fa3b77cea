"""Second factors over HTTP: one's own, and that of a member who lost it."""

from fastapi import Response

from Auth.equipment import LogInAttempts
from Auth.flows import second_factor as flows
from core.http.problems import responses
from core.schemas import IdPath
from User.equipment import Hasher, Seal
from User.errors import (
    EnrolmentNotBegunError,
    InvalidCredentialsError,
    InvalidSecondFactorError,
    NotByApiKeyError,
    OwnSecondFactorError,
    SecondFactorExistsError,
    SecondFactorMissingError,
    UserNotFoundError,
)
from User.schemas.second_factor import (
    Enrolment,
    EnrolmentBegin,
    EnrolmentConfirm,
    NewRecoveryCodes,
    SecondFactorProof,
    SecondFactorRead,
)
from User.services import second_factor_service
from work.access import ADMIN, ENROLLING, OWN, allowed
from work.routing import Router
from work.unit_of_work import Work

router = Router(prefix="/api/auth/second-factor", tags=["Auth"])


@router.get(
    "",
    summary="Show one's second factor",
    operation_id="get_second_factor",
    response_model=SecondFactorRead,
    responses=responses(NotByApiKeyError, parameters=False),
)
@allowed(ENROLLING)
async def get_second_factor(work: Work) -> Response:
    """Whether there is one, whether there has to be, and how many recovery codes are left."""
    return await work.report(second_factor_service.get_status)


@router.post(
    "",
    summary="Begin to enrol a second factor",
    operation_id="begin_enrolment",
    response_model=Enrolment,
    responses=responses(
        InvalidCredentialsError, NotByApiKeyError, SecondFactorExistsError, body=True
    ),
)
@allowed(ENROLLING)
async def begin_enrolment(
    body: EnrolmentBegin, work: Work, attempts: LogInAttempts, hasher: Hasher, seal: Seal
) -> Response:
    """A secret for an authenticator (TOTP, RFC 6238), shown this once. Begun again, it is another.

    It counts as soon as a code of it is confirmed, which has to be within an hour.
    """
    return await flows.begin_enrolment(work, body, attempts=attempts, hasher=hasher, seal=seal)


@router.post(
    "/confirm",
    summary="Confirm the second factor",
    operation_id="confirm_enrolment",
    response_model=NewRecoveryCodes,
    responses=responses(
        EnrolmentNotBegunError,
        InvalidSecondFactorError,
        NotByApiKeyError,
        SecondFactorExistsError,
        body=True,
    ),
)
@allowed(ENROLLING)
async def confirm_enrolment(
    body: EnrolmentConfirm, work: Work, attempts: LogInAttempts, seal: Seal
) -> Response:
    """With a first code. Answers the recovery codes, this once, and ends all other log-ins."""
    return await flows.confirm_enrolment(work, body, attempts=attempts, seal=seal)


@router.post(
    "/recovery-codes",
    summary="Make new recovery codes",
    operation_id="renew_recovery_codes",
    response_model=NewRecoveryCodes,
    responses=responses(
        InvalidCredentialsError,
        InvalidSecondFactorError,
        NotByApiKeyError,
        SecondFactorMissingError,
        body=True,
    ),
)
@allowed(OWN)
async def renew_recovery_codes(
    body: SecondFactorProof, work: Work, attempts: LogInAttempts, hasher: Hasher, seal: Seal
) -> Response:
    """They take the place of all that there were, and are shown this once."""
    return await flows.renew_recovery_codes(work, body, attempts=attempts, hasher=hasher, seal=seal)


@router.post(
    "/disable",
    summary="Switch the second factor off",
    operation_id="disable_second_factor",
    status_code=204,
    responses=responses(
        InvalidCredentialsError,
        InvalidSecondFactorError,
        NotByApiKeyError,
        SecondFactorMissingError,
        body=True,
    ),
)
@allowed(OWN)
async def disable_second_factor(
    body: SecondFactorProof, work: Work, attempts: LogInAttempts, hasher: Hasher, seal: Seal
) -> Response:
    """With the password and a code. Where one is required, log-ins are for enrolling again."""
    return await flows.switch_off(work, body, attempts=attempts, hasher=hasher, seal=seal)


@router.delete(
    "/users/{user_id}",
    summary="Take a second factor off a member who lost it",
    operation_id="remove_second_factor",
    status_code=204,
    responses=responses(
        NotByApiKeyError, OwnSecondFactorError, SecondFactorMissingError, UserNotFoundError
    ),
)
@allowed(ADMIN)
async def remove_second_factor(user_id: IdPath, work: Work) -> Response:
    """All their log-ins end. It can't be done to one's own, nor by an API key."""
    return await work.remove(
        lambda context: second_factor_service.remove_of_another(context, user_id)
    )
