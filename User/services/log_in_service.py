"""Log-ins: refresh tokens prolong them, and they can be ended at once."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Executable, bindparam, insert, select, update

from core.errors import DomainError
from core.store.dialects import Sql
from core.store.statements import Row, statement
from Ledger.services import audit_service
from models import login_sessions, users
from User.actions import Action
from User.errors import InvalidTokenError
from User.schemas.identity import Tokens
from User.services import proof_service
from User.services.proof_service import Proof
from User.services.tokens import TokenSigner, hashed, new_secret, successor
from work.caller import Caller
from work.context import Context

# As long as a refresh token is used at least this often, nobody has to log in again before the
# log-in has lived its time.
LIFETIME = timedelta(days=30)
# What a log-in needs besides the right password; or, where nothing is missing, whether a second
# factor was shown. It is asked in the transaction that opens the log-in, while the account is
# locked; what it writes is committed also where it demands more.
Demand = Callable[[Context, Proof], DomainError | bool]


@dataclass(frozen=True)
class LogIn:
    log_in_id: int
    user_id: int
    refresh_token: str
    # Unless it is prolonged.
    lapses_at: datetime
    # However often it is prolonged.
    ends_at: datetime


@dataclass(frozen=True)
class Granted:
    """What a log-in hands out, and for how long its refresh token is good."""

    tokens: Tokens
    lasts: timedelta


def nothing_more(_context: Context, _proof: Proof) -> bool:
    """The password is enough."""
    return False


def log_in(
    context: Context,
    proof: Proof,
    *,
    device: str | None = None,
    demand: Demand = nothing_more,
    signer: TokenSigner,
) -> Granted | DomainError:
    """Open a log-in for a user whose password was right, unless more is demanded."""
    proof_service.require(context, proof)
    proof_service.renew_hash(context, proof)
    shown = demand(context, proof)
    if isinstance(shown, DomainError):
        return shown
    opened = _open(context, proof.user_id, device, has_second_factor=shown)
    _audit(context, opened)
    return _granted(context, opened, signer)


def refresh(
    context: Context, refresh_token: str, *, signer: TokenSigner
) -> Granted | InvalidTokenError:
    """The next tokens for a refresh token. That one is not valid is returned: see ``rotate``."""
    renewed = rotate(context, refresh_token)
    return InvalidTokenError() if renewed is None else _granted(context, renewed, signer)


def rotate(context: Context, refresh_token: str) -> LogIn | None:
    """The log-in with a new refresh token in place of this one; None if it is not valid.

    For a moment the token before the newest one is answered with the newest as well: two tabs may
    have shown the same one, or an answer got lost. Any other that was rotated away was stolen, from
    us or from the client: whoever shows it, the log-in ends. That is to be committed, and so this
    does not raise.
    """
    key, _, secret = refresh_token.partition(".")
    row = _locked(context, key)
    if row is None or row.revoked_at is not None or _ends_at(context, row) <= context.now:
        return None
    if secrets.compare_digest(row.secret_hash, hashed(secret)):
        return _renewed(context, row, key, secret)
    if _was_the_newest_just_now(context, row, secret):
        newest = successor(secret, row.successor_salt)
        return _log_in(context, row, f"{key}.{newest}", lapses_at=_ends_at(context, row))
    revoke(context, login_sessions.c.id == row.id)
    return None


def principal_of(refresh_token: str) -> str:
    """Whose an ``Idempotency-Key`` of a refresh is: the log-in's, wherever it is asked from."""
    key, _, _ = refresh_token.partition(".")
    return f"log-in:{hashed(key)}"


@statement
def who_logged_in(_sql: Sql) -> Executable:
    """Whom an access token stands for today; nobody, if its log-in has ended."""
    return (
        select(users.c.id, users.c.role, login_sessions.c.has_second_factor)
        .join(login_sessions, login_sessions.c.user_id == users.c.id)
        .where(
            login_sessions.c.id == bindparam("log_in_id"),
            login_sessions.c.revoked_at.is_(None),
            users.c.id == bindparam("token_user_id"),
            users.c.is_active.is_(True),
        )
    )


def close_log_in(context: Context, refresh_token: str) -> None:
    """End the log-in of a refresh token, its access tokens included; an unknown one is ended."""
    key, _, _ = refresh_token.partition(".")
    revoke(context, login_sessions.c.key_hash == hashed(key))


def end_all(context: Context, user_id: int) -> None:
    """End every log-in of a user: none of the tokens is good any more."""
    revoke(context, login_sessions.c.user_id == user_id)


def revoke(context: Context, *conditions: ColumnElement[bool]) -> int:
    """End those log-ins that have not ended; how many there were."""
    ended = update(login_sessions).where(*conditions, login_sessions.c.revoked_at.is_(None))
    ended = ended.values(revoked_at=context.now, expires_at=context.now, updated_at=context.now)
    return len(context.session.execute(ended.returning(login_sessions.c.id)).all())


def mark(context: Context, *conditions: ColumnElement[bool], has_second_factor: bool) -> None:
    """Say of log-ins whether a second factor stands behind them, from now on."""
    marked = update(login_sessions).where(*conditions)
    context.session.execute(marked.values(has_second_factor=has_second_factor))


def _open(context: Context, user_id: int, device: str | None, *, has_second_factor: bool) -> LogIn:
    key, secret = secrets.token_urlsafe(16), new_secret()
    lapses_at = _prolonged(context, context.now)
    statement = insert(login_sessions).values(
        user_id=user_id,
        key_hash=hashed(key),
        secret_hash=hashed(secret),
        device=device,
        has_second_factor=has_second_factor,
        expires_at=lapses_at,
        created_at=context.now,
        updated_at=context.now,
    )
    row = context.session.execute(statement.returning(*login_sessions.c)).one()
    return _log_in(context, row, f"{key}.{secret}", lapses_at=lapses_at)


def _locked(context: Context, key: str) -> Row | None:
    """The log-in, locked: of two that show the same token, the second sees what the first did."""
    found = select(*login_sessions.c).where(login_sessions.c.key_hash == hashed(key))
    return context.session.execute(found.with_for_update()).one_or_none()


def _ends_at(context: Context, row: Row) -> datetime:
    """Unless it is prolonged; the setting may have been longer when that was done."""
    ends_at: datetime = min(row.expires_at, row.created_at + context.terms.access.log_in)
    return ends_at


def _was_the_newest_just_now(context: Context, row: Row, secret: str) -> bool:
    if row.previous_hash is None or row.rotated_at + context.terms.access.grace <= context.now:
        return False
    return secrets.compare_digest(row.previous_hash, hashed(secret))


def _renewed(context: Context, row: Row, key: str, secret: str) -> LogIn:
    salt = new_secret()
    renewed = successor(secret, salt)
    lapses_at = _prolonged(context, row.created_at)
    fields = {
        "secret_hash": hashed(renewed),
        "previous_hash": row.secret_hash,
        "successor_salt": salt,
        "rotated_at": context.now,
        "expires_at": lapses_at,
        "updated_at": context.now,
    }
    is_this = login_sessions.c.id == row.id
    context.session.execute(update(login_sessions).where(is_this).values(fields))
    return _log_in(context, row, f"{key}.{renewed}", lapses_at=lapses_at)


def _prolonged(context: Context, opened_at: datetime) -> datetime:
    return min(context.now + LIFETIME, opened_at + context.terms.access.log_in)


def _log_in(context: Context, row: Row, refresh_token: str, *, lapses_at: datetime) -> LogIn:
    ends_at = row.created_at + context.terms.access.log_in
    return LogIn(row.id, row.user_id, refresh_token, lapses_at, ends_at)


def _audit(context: Context, opened: LogIn) -> None:
    """Remember a log-in that may do more than buy; of customers there are too many."""
    role = context.session.execute(select(users.c.role).where(users.c.id == opened.user_id))
    caller = Caller(opened.user_id, role.scalar_one(), log_in_id=opened.log_in_id)
    if caller.is_box_office:
        about = f"user:{opened.user_id}"
        audit_service.record(context, Action.LOGGED_IN, about, actor=caller.actor)


def _granted(context: Context, opened: LogIn, signer: TokenSigner) -> Granted:
    # No access token outlives its log-in.
    lifetime = min(signer.lifetime, opened.ends_at - context.now)
    tokens = Tokens(
        access_token=signer.sign(
            user_id=opened.user_id, log_in_id=opened.log_in_id, now=context.now, lifetime=lifetime
        ),
        token_type="bearer",  # noqa: S106 - OAuth's word for it
        expires_in=int(lifetime.total_seconds()),
        refresh_token=opened.refresh_token,
    )
    return Granted(tokens, opened.lapses_at - context.now)
