"""Second factors: enrolled with a first code, asked for at each log-in, replaced by recovery codes.

Every code is taken under the lock of its factor's row, so that of two that show the same one the
second sees that it was used. The locks are taken in one order: the user, the factor, the log-ins.
"""

import logging
from datetime import timedelta

from sqlalchemy import delete, func, insert, select, update

from core.errors import DomainError
from core.store.statements import Row
from core.store.upsert import insert_into
from Ledger.services import audit_service
from models import UserRole, login_sessions, recovery_codes, second_factors, users
from User.actions import Action
from User.errors import (
    EnrolmentNotBegunError,
    InvalidSecondFactorError,
    NotByApiKeyError,
    OwnSecondFactorError,
    SecondFactorEnrolmentRequiredError,
    SecondFactorExistsError,
    SecondFactorMissingError,
    SecondFactorRequiredError,
    UserNotFoundError,
)
from User.schemas.second_factor import Enrolment, NewRecoveryCodes, SecondFactorRead
from User.services import log_in_service, one_time_codes, proof_service
from User.services.factor_seal import FactorSeal
from User.services.proof_service import Proof
from User.services.tokens import hashed
from work.context import Context

logger = logging.getLogger("nexticket.second_factor")

# After which an enrolment that was begun is none.
_PATIENCE = timedelta(hours=1)
_ISSUER = "Nexticket"
_FACTORS, _CODES = second_factors.c, recovery_codes.c


def require_person(context: Context) -> int:
    """Whose log-in asks: neither a program's key nor the open development mode has a factor."""
    user_id = context.caller.user_id
    if user_id is None or context.caller.log_in_id is None:
        raise NotByApiKeyError
    return user_id


def get_status(context: Context) -> SecondFactorRead:
    """The caller's own."""
    user_id = require_person(context)
    factor = find_confirmed(context, user_id)
    return SecondFactorRead(
        is_enrolled=factor is not None,
        is_required=context.terms.access.second_factor and context.caller.is_box_office,
        enrolled_at=None if factor is None else factor.confirmed_at,
        recovery_codes_left=count_codes(context, user_id),
    )


def find_confirmed(context: Context, user_id: int) -> Row | None:
    is_meant = (_FACTORS.user_id == user_id, _FACTORS.confirmed_at.is_not(None))
    return context.session.execute(select(*_FACTORS).where(*is_meant)).one_or_none()


def count_codes(context: Context, user_id: int) -> int:
    counted = select(func.count()).select_from(recovery_codes).where(_CODES.user_id == user_id)
    return int(context.session.execute(counted).scalar_one())


def require_where_demanded(context: Context, user_id: int, role: UserRole) -> None:
    """Whoever may do more than buy, where that takes a second factor, must have one."""
    if not context.terms.access.second_factor or role is UserRole.CUSTOMER:
        return
    if find_confirmed(context, user_id) is None:
        raise SecondFactorEnrolmentRequiredError


def enrol(context: Context, proof: Proof, *, seal: FactorSeal) -> Enrolment:
    """A new secret, which counts once a code of it was shown; an unconfirmed one is replaced."""
    proof_service.require(context, proof, to_change=True)
    secret = one_time_codes.new_secret()
    fields = {
        "sealed_secret": seal.shut(proof.user_id, secret),
        "last_step": None,
        "created_at": context.now,
    }
    begun = insert_into(context.session, second_factors).values(user_id=proof.user_id, **fields)
    begun_again = begun.on_conflict_do_update(
        index_elements=["user_id"], set_=fields, where=_FACTORS.confirmed_at.is_(None)
    )
    if context.session.execute(begun_again.returning(_FACTORS.id)).one_or_none() is None:
        raise SecondFactorExistsError
    named = select(users.c.username).where(users.c.id == proof.user_id)
    account = context.session.execute(named).scalar_one()
    return Enrolment(
        secret=one_time_codes.shown_secret(secret),
        otpauth_uri=one_time_codes.address_of(secret, account=account, issuer=_ISSUER),
    )


def confirm(context: Context, otp: str, *, seal: FactorSeal) -> NewRecoveryCodes:
    """With a first code the factor counts, and the log-in that showed it is one with a factor.

    Other log-ins of the account were opened with the password alone, and end.
    """
    user_id = require_person(context)
    factor = _locked(context, user_id)
    if factor is not None and factor.confirmed_at is not None:
        raise SecondFactorExistsError
    if factor is None or factor.created_at + _PATIENCE <= context.now:
        raise EnrolmentNotBegunError
    if not _take_code(context, factor, one_time_codes.as_meant(otp), seal):
        raise InvalidSecondFactorError
    confirmed = update(second_factors).where(_FACTORS.id == factor.id)
    context.session.execute(confirmed.values(confirmed_at=context.now))
    is_this = login_sessions.c.id == context.caller.log_in_id
    log_in_service.revoke(context, login_sessions.c.user_id == user_id, ~is_this)
    log_in_service.mark(context, is_this, has_second_factor=True)
    audit_service.record(context, Action.SECOND_FACTOR_ENROLLED, f"user:{user_id}")
    return _new_codes(context, user_id)


def check(
    context: Context, user_id: int, otp: str | None, *, seal: FactorSeal
) -> DomainError | bool:
    """Whether a second factor was shown: of who has none, none is asked for.

    What is missing or wrong is returned, so that a log-in can keep what it did by then.
    """
    factor = _locked(context, user_id)
    if factor is None or factor.confirmed_at is None:
        return False
    if not otp:
        left = ["recovery_code"] if count_codes(context, user_id) else []
        return SecondFactorRequiredError(accepted=["totp", *left])
    meant = one_time_codes.as_meant(otp)
    if _take_code(context, factor, meant, seal) or _take_recovery_code(context, user_id, meant):
        return True
    return InvalidSecondFactorError()


def renew_codes(context: Context, proof: Proof, otp: str, *, seal: FactorSeal) -> NewRecoveryCodes:
    """Ten new recovery codes; those before are good for nothing any more."""
    _require_both(context, proof, otp, seal)
    audit_service.record(context, Action.RECOVERY_CODES_MADE, f"user:{proof.user_id}")
    return _new_codes(context, proof.user_id)


def switch_off(context: Context, proof: Proof, otp: str, *, seal: FactorSeal) -> None:
    """By its owner. Where it is required, the owner's log-ins are good for enrolling again."""
    _require_both(context, proof, otp, seal)
    _remove(context, proof.user_id)
    of_owner = login_sessions.c.user_id == proof.user_id
    log_in_service.mark(context, of_owner, has_second_factor=False)


def remove_of_another(context: Context, user_id: int) -> None:
    """By an administrator, for somebody who lost it: a stolen token or key must not do."""
    if context.caller.key_id is not None:
        raise NotByApiKeyError
    if context.caller.user_id == user_id:
        raise OwnSecondFactorError
    reset(context, user_id)


def reset(context: Context, user_id: int) -> None:
    """Take a factor off, and end all log-ins: whoever found the telephone may have one."""
    found = select(users.c.id).where(users.c.id == user_id).with_for_update(key_share=True)
    if context.session.execute(found).one_or_none() is None:
        raise UserNotFoundError
    if find_confirmed(context, user_id) is None:
        raise SecondFactorMissingError
    _remove(context, user_id)
    log_in_service.end_all(context, user_id)


def reseal(context: Context, *, after: int, limit: int, seal: FactorSeal) -> list[int]:
    """Shut the secrets of the next factors with today's key; their ids, for what comes after."""
    found = select(*_FACTORS).where(_FACTORS.id > after).order_by(_FACTORS.id).limit(limit)
    factors = context.session.execute(found.with_for_update()).all()
    for factor in factors:
        opened = seal.open(factor.user_id, factor.sealed_secret)
        if opened is not None and opened.is_outdated:
            fields = {"sealed_secret": seal.shut(factor.user_id, opened.secret)}
            is_it = _FACTORS.id == factor.id
            context.session.execute(update(second_factors).where(is_it).values(fields))
    return [factor.id for factor in factors]


def _require_both(context: Context, proof: Proof, otp: str, seal: FactorSeal) -> None:
    """The password and a code: neither a stolen token nor one of these alone does."""
    proof_service.require(context, proof, to_change=True)
    shown = check(context, proof.user_id, otp, seal=seal)
    if isinstance(shown, DomainError):
        raise shown
    if not shown:
        raise SecondFactorMissingError


def _locked(context: Context, user_id: int) -> Row | None:
    found = select(*_FACTORS).where(_FACTORS.user_id == user_id).with_for_update()
    return context.session.execute(found).one_or_none()


def _take_code(context: Context, factor: Row, code: str, seal: FactorSeal) -> bool:
    """Whether it is a code of now that nobody used; it is used then."""
    opened = seal.open(factor.user_id, factor.sealed_secret)
    if opened is None:
        logger.warning("a second factor was sealed with neither SECRET_KEY nor the one before")
        return False
    step = one_time_codes.step_of(opened.secret, code, context.now)
    if step is None or (factor.last_step is not None and step <= factor.last_step):
        return False
    fields: dict[str, object] = {"last_step": step}
    if opened.is_outdated:
        fields["sealed_secret"] = seal.shut(factor.user_id, opened.secret)
    used = update(second_factors).where(_FACTORS.id == factor.id).values(fields)
    context.session.execute(used)
    return True


def _take_recovery_code(context: Context, user_id: int, code: str) -> bool:
    is_it = (_CODES.user_id == user_id, _CODES.code_hash == hashed(code))
    gone = delete(recovery_codes).where(*is_it).returning(_CODES.id)
    if context.session.execute(gone).one_or_none() is None:
        return False
    audit_service.record(context, Action.RECOVERY_CODE_USED, f"user:{user_id}")
    return True


def _new_codes(context: Context, user_id: int) -> NewRecoveryCodes:
    _forget_codes(context, user_id)
    codes = [one_time_codes.new_recovery_code() for _ in range(one_time_codes.RECOVERY_CODES)]
    rows = [
        {
            "user_id": user_id,
            "code_hash": hashed(one_time_codes.as_meant(code)),
            "created_at": context.now,
        }
        for code in codes
    ]
    context.session.execute(insert(recovery_codes), rows)
    return NewRecoveryCodes(recovery_codes=codes)


def _remove(context: Context, user_id: int) -> None:
    _forget_codes(context, user_id)
    context.session.execute(delete(second_factors).where(_FACTORS.user_id == user_id))
    audit_service.record(context, Action.SECOND_FACTOR_REMOVED, f"user:{user_id}")


def _forget_codes(context: Context, user_id: int) -> None:
    context.session.execute(delete(recovery_codes).where(_CODES.user_id == user_id))
