"""Log-ins: refresh tokens prolong them, and they can be ended at once."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Executable, bindparam, delete, insert, select, update

from core.errors import DomainError
from core.store.dialects import Sql
from core.store.statements import statement
from models import login_sessions, users
from User.errors import InvalidTokenError
from User.schemas.identity import Tokens
from User.services import proof_service
from User.services.proof_service import Proof
from User.services.tokens import TokenSigner, hashed, new_secret
from work.context import Context

# As long as a refresh token is used at least this often, nobody has to log in again.
LIFETIME = timedelta(days=30)


# What a log-in needs besides the right password, or None. It is asked in the transaction that opens
# the log-in, while the account is locked; what it writes is committed also where it demands more.
Demand = Callable[[Context, Proof], DomainError | None]


@dataclass(frozen=True)
class LogIn:
    log_in_id: int
    user_id: int
    refresh_token: str


def nothing_more(_context: Context, _proof: Proof) -> None:
    """The password is enough."""


def log_in(
    context: Context, proof: Proof, *, demand: Demand = nothing_more, signer: TokenSigner
) -> Tokens | DomainError:
    """Open a log-in for a user whose password was right, unless more is demanded."""
    proof_service.require(context, proof)
    proof_service.renew_hash(context, proof)
    missing = demand(context, proof)
    return missing or _tokens(context, open_log_in(context, proof.user_id), signer)


def refresh(
    context: Context, refresh_token: str, *, signer: TokenSigner
) -> Tokens | InvalidTokenError:
    """The next tokens for a refresh token. That one is not valid is returned: see ``rotate``."""
    renewed = rotate(context, refresh_token)
    return InvalidTokenError() if renewed is None else _tokens(context, renewed, signer)


def open_log_in(context: Context, user_id: int) -> LogIn:
    _forget_expired(context, user_id)
    key, secret = secrets.token_urlsafe(16), new_secret()
    statement = insert(login_sessions).values(
        user_id=user_id,
        key_hash=hashed(key),
        secret_hash=hashed(secret),
        expires_at=context.now + LIFETIME,
        created_at=context.now,
        updated_at=context.now,
    )
    made = context.session.execute(statement.returning(login_sessions.c.id)).scalar_one()
    return LogIn(made, user_id, f"{key}.{secret}")


def rotate(context: Context, refresh_token: str) -> LogIn | None:
    """The log-in with a new refresh token in place of this one; None if it is not valid.

    A token that was rotated away already was stolen, from us or from the client: whoever shows it,
    the log-in ends. That is to be committed, and so this does not raise.
    """
    key, _, secret = refresh_token.partition(".")
    statement = select(*login_sessions.c).where(login_sessions.c.key_hash == hashed(key))
    row = context.session.execute(statement.with_for_update()).one_or_none()
    if row is None or row.revoked_at is not None or row.expires_at <= context.now:
        return None
    if not secrets.compare_digest(row.secret_hash, hashed(secret)):
        _revoke(context, login_sessions.c.id == row.id)
        return None
    renewed = new_secret()
    context.session.execute(
        update(login_sessions)
        .where(login_sessions.c.id == row.id)
        .values(
            secret_hash=hashed(renewed), expires_at=context.now + LIFETIME, updated_at=context.now
        )
    )
    return LogIn(row.id, row.user_id, f"{key}.{renewed}")


@statement
def who_logged_in(_sql: Sql) -> Executable:
    """Whom an access token stands for today; nobody, if its log-in has ended."""
    return (
        select(users.c.id, users.c.role)
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
    _revoke(context, login_sessions.c.key_hash == hashed(key))


def end_all(context: Context, user_id: int) -> None:
    """End every log-in of a user: none of the tokens is good any more."""
    _revoke(context, login_sessions.c.user_id == user_id)


def _tokens(context: Context, opened: LogIn, signer: TokenSigner) -> Tokens:
    return Tokens(
        access_token=signer.sign(
            user_id=opened.user_id, log_in_id=opened.log_in_id, now=context.now
        ),
        token_type="bearer",  # noqa: S106 - OAuth's word for it
        expires_in=int(signer.lifetime.total_seconds()),
        refresh_token=opened.refresh_token,
    )


def _forget_expired(context: Context, user_id: int) -> None:
    """Remove the user's log-ins that nobody can prolong any more; they would pile up for ever."""
    context.session.execute(
        delete(login_sessions).where(
            login_sessions.c.user_id == user_id, login_sessions.c.expires_at <= context.now
        )
    )


def _revoke(context: Context, condition: ColumnElement[bool]) -> None:
    context.session.execute(
        update(login_sessions)
        .where(condition, login_sessions.c.revoked_at.is_(None))
        .values(revoked_at=context.now, updated_at=context.now)
    )
