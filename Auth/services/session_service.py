"""Log-ins: each is a session that refresh tokens prolong and that can be ended at once."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlmodel import Session

from Auth.services.tokens import AccessToken, hashed, new_secret
from core.caller import Caller
from models import login_sessions, users
from Order.services import user_service

# As long as a refresh token is used at least this often, nobody has to log in again.
LIFETIME = timedelta(days=30)


@dataclass(frozen=True)
class OpenSession:
    session_id: int
    user_id: int
    refresh_token: str


def open_session(session: Session, user_id: int, *, now: datetime) -> OpenSession:
    _forget_expired(session, user_id, now)
    key, secret = secrets.token_urlsafe(16), new_secret()
    statement = insert(login_sessions).values(
        user_id=user_id,
        key_hash=hashed(key),
        secret_hash=hashed(secret),
        expires_at=now + LIFETIME,
        created_at=now,
        updated_at=now,
    )
    made = session.execute(statement.returning(login_sessions.c.id)).scalar_one()
    return OpenSession(made, user_id, f"{key}.{secret}")


def rotate(session: Session, refresh_token: str, *, now: datetime) -> OpenSession | None:
    """The session with a new refresh token in place of this one; None if it is not valid.

    A token that was rotated away already was stolen, from us or from the client: whoever shows it,
    the session ends. The caller commits that, so it must not be told as an error of the service.
    """
    key, _, secret = refresh_token.partition(".")
    statement = select(*login_sessions.c).where(login_sessions.c.key_hash == hashed(key))
    row = session.execute(statement.with_for_update()).one_or_none()
    if row is None or row.revoked_at is not None or row.expires_at <= now:
        return None
    if not secrets.compare_digest(row.secret_hash, hashed(secret)):
        _revoke(session, login_sessions.c.id == row.id, now)
        return None
    renewed = new_secret()
    session.execute(
        update(login_sessions)
        .where(login_sessions.c.id == row.id)
        .values(secret_hash=hashed(renewed), expires_at=now + LIFETIME, updated_at=now)
    )
    return OpenSession(row.id, row.user_id, f"{key}.{renewed}")


def find_caller(session: Session, token: AccessToken) -> Caller | None:
    """Whom an access token stands for today; None if its log-in has ended."""
    statement = (
        select(users.c.id, users.c.role)
        .join(login_sessions, login_sessions.c.user_id == users.c.id)
        .where(
            login_sessions.c.id == token.session_id,
            login_sessions.c.revoked_at.is_(None),
            users.c.id == token.user_id,
            users.c.is_active.is_(True),
        )
    )
    row = session.execute(statement).one_or_none()
    return None if row is None else Caller(row.id, row.role, token.session_id)


def close_session(session: Session, refresh_token: str, *, now: datetime) -> None:
    """End the session of a refresh token, its access tokens included; an unknown one is ended."""
    key, _, _ = refresh_token.partition(".")
    _revoke(session, login_sessions.c.key_hash == hashed(key), now)


def close_all(session: Session, user_id: int, *, now: datetime) -> None:
    """End every log-in of a user."""
    user_service.end_log_ins(session, user_id, now=now)


def _forget_expired(session: Session, user_id: int, now: datetime) -> None:
    """Remove the user's log-ins that nobody can prolong any more; they would pile up for ever."""
    session.execute(
        delete(login_sessions).where(
            login_sessions.c.user_id == user_id, login_sessions.c.expires_at <= now
        )
    )


def _revoke(session: Session, condition: ColumnElement[bool], now: datetime) -> None:
    session.execute(
        update(login_sessions)
        .where(condition, login_sessions.c.revoked_at.is_(None))
        .values(revoked_at=now, updated_at=now)
    )
