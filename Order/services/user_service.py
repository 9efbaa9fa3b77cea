"""User accounts."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, exists, insert, or_, select, update
from sqlmodel import Session

from core.caller import Caller
from core.errors import NotAllowedError, StaleObjectError
from core.pagination import Page, Sorting, fetch_page
from core.text import case_key
from models import UserRole, login_sessions, orders, users
from Order.errors import (
    EmailTakenError,
    RoleTooHighError,
    UserHasOrdersError,
    UserInactiveError,
    UsernameTakenError,
    UserNotFoundError,
)
from Order.schemas.user import UserCreate, UserList, UserRead, UserUpdate

# Sorted as they are unique: in any case. The unique rule's index serves both.
_SORTED = {"id": users.c.id, "created_at": users.c.created_at, "username": users.c.username_key}

# What only administrators may write.
_ENDING_LOG_INS = {"role", "is_active"}


def register_user(
    session: Session,
    body: UserCreate,
    *,
    password_hash: str | None,
    caller: Caller,
    now: datetime,
) -> UserRead:
    """Anybody may register, and is a customer then; other roles are given by administrators."""
    if body.role != UserRole.CUSTOMER and not caller.is_admin:
        raise RoleTooHighError
    fields = body.model_dump(exclude={"password"})
    _require_free(session, fields)
    statement = (
        insert(users)
        .values(
            **fields,
            **_keys(fields),
            password_hash=password_hash,
            is_active=True,
            created_at=now,
            updated_at=now,
        )
        .returning(*users.c)
    )
    return UserRead.model_validate(session.execute(statement).one())


def get_user(session: Session, user_id: int) -> UserRead:
    return UserRead.model_validate(_row(session, users.c.id == user_id))


def get_user_by_username(session: Session, username: str) -> UserRead:
    return UserRead.model_validate(_row(session, users.c.username_key == case_key(username)))


def list_users(session: Session, query: UserList) -> Page[UserRead]:
    statement = select(*users.c)
    if query.is_active is not None:
        statement = statement.where(users.c.is_active.is_(query.is_active))
    page = fetch_page(session, statement, query, Sorting.of(query.sort, _SORTED))
    return Page([UserRead.model_validate(row) for row in page.items], page.next, page.total)


def update_user(
    session: Session, user_id: int, body: UserUpdate, *, caller: Caller, now: datetime
) -> UserRead:
    row = _row(session, users.c.id == user_id, lock=True)
    if body.updated_at is not None and body.updated_at != row.updated_at:
        raise StaleObjectError(updated_at=row.updated_at)
    changes = {name: value for name, value in body.sent().items() if value != getattr(row, name)}
    if not changes:
        return UserRead.model_validate(row)
    if changes.keys() & _ENDING_LOG_INS:
        _require_admin(caller)
        end_log_ins(session, user_id, now=now)
    _require_free(session, changes, but=user_id)
    return _set(session, user_id, {**changes, **_keys(changes)}, now)


def set_active(session: Session, user_id: int, *, active: bool, now: datetime) -> UserRead:
    row = _row(session, users.c.id == user_id, lock=True)
    if row.is_active == active:
        return UserRead.model_validate(row)
    if not active:
        end_log_ins(session, user_id, now=now)
    return _set(session, user_id, {"is_active": active}, now)


def end_log_ins(session: Session, user_id: int, *, now: datetime) -> None:
    """End every log-in of a user: none of the tokens is good any more."""
    session.execute(
        update(login_sessions)
        .where(login_sessions.c.user_id == user_id, login_sessions.c.revoked_at.is_(None))
        .values(revoked_at=now, updated_at=now)
    )


def delete_user(session: Session, user_id: int) -> None:
    """Remove a user without orders; cart and shared orders' relations go along."""
    # The full lock waits for an order that is just being made, and makes later ones wait.
    _row(session, users.c.id == user_id, lock=True, against_orders=True)
    if session.execute(select(exists().where(orders.c.user_id == user_id))).scalar_one():
        raise UserHasOrdersError
    session.execute(delete(users).where(users.c.id == user_id))


def require_user(session: Session, user_id: int) -> None:
    if session.execute(select(users.c.id).where(users.c.id == user_id)).one_or_none() is None:
        raise UserNotFoundError


def require_active(session: Session, user_id: int) -> None:
    """A user who may fill a cart or order.

    The shared lock makes a deactivation wait until the order is made, or the order see it.
    """
    statement = select(users.c.is_active).where(users.c.id == user_id)
    active = session.execute(statement.with_for_update(read=True)).scalar_one_or_none()
    if active is None:
        raise UserNotFoundError
    if not active:
        raise UserInactiveError


def _require_admin(caller: Caller) -> None:
    if not caller.is_admin:
        raise NotAllowedError


def _row(
    session: Session, condition: Any, *, lock: bool = False, against_orders: bool = False
) -> Row[Any]:
    statement = select(*users.c).where(condition)
    if lock:
        statement = statement.with_for_update(key_share=not against_orders)
    row = session.execute(statement).one_or_none()
    if row is None:
        raise UserNotFoundError
    return row


def _set(session: Session, user_id: int, fields: dict[str, Any], now: datetime) -> UserRead:
    statement = (
        update(users)
        .where(users.c.id == user_id)
        .values(**fields, updated_at=now)
        .returning(*users.c)
    )
    return UserRead.model_validate(session.execute(statement).one())


def _keys(fields: dict[str, Any]) -> dict[str, str]:
    return {
        f"{name}_key": case_key(fields[name]) for name in ("username", "email") if name in fields
    }


def _require_free(session: Session, fields: dict[str, Any], *, but: int | None = None) -> None:
    """Tell which of the two is taken; when two requests race, the unique rules tell."""
    wanted = _keys(fields)
    if not wanted:
        return
    same = [users.c[key] == value for key, value in wanted.items()]
    statement = select(users.c.username_key, users.c.email_key).where(or_(*same))
    if but is not None:
        statement = statement.where(users.c.id != but)
    others = session.execute(statement).all()
    for key, error in (("username_key", UsernameTakenError), ("email_key", EmailTakenError)):
        if any(getattr(other, key) == wanted.get(key) for other in others):
            raise error
