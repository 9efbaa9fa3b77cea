"""User accounts."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Executable, Row, bindparam, delete, exists, or_, select, update

from core.errors import NotAllowedError, RetryTransaction
from core.pagination import Page
from core.store.dialects import Sql
from core.store.listing import Either, Listing
from core.store.statements import statement
from core.store.upsert import insert_into
from core.text import account_key, search_key
from Ledger.services import audit_service
from models import UserRole, orders, users
from User.actions import Action
from User.errors import (
    EmailTakenError,
    NotByApiKeyError,
    PasswordRequiredError,
    ProofOutdatedError,
    RoleTooHighError,
    UserErasedError,
    UserHasOrdersError,
    UserInactiveError,
    UsernameReservedError,
    UsernameTakenError,
    UserNotFoundError,
)
from User.rules import is_reserved
from User.schemas.user import UserCreate, UserList, UserRead, UserUpdate
from User.services import administrators, api_key_service, log_in_service
from User.services.proof_service import Proof
from work.context import Context

# Sorted as they are unique: in any case. The unique rule's index serves both.
_SORTED = {"id": users.c.id, "created_at": users.c.created_at, "username": users.c.username_key}
_USERS = Listing(select(*users.c), _SORTED, {"is_active": Either(users.c.is_active.is_(True))})

# What only administrators may write.
_ENDING_LOG_INS = {"role", "is_active"}
# By which an account is known, and given back to who lost the password.
_NAMES = {"username", "email"}


def register_user(
    context: Context,
    body: UserCreate,
    *,
    password_hash: str | None,
) -> UserRead:
    """Anybody may register, and is a customer then; other roles are given by administrators."""
    if body.role != UserRole.CUSTOMER and not context.caller.is_admin:
        raise RoleTooHighError
    fields = body.model_dump(exclude={"password"})
    _require_unreserved(context, fields)
    row = insert_user(context, **fields, password_hash=password_hash)
    if row.role != UserRole.CUSTOMER:
        audit_service.record(context, Action.USER_CREATED, _object(row), {"role": (None, row.role)})
    return UserRead.model_validate(row)


def insert_user(context: Context, **fields: Any) -> Row[Any]:
    """An account whose name and address are free.

    Who comes second is told so without an error of the database, which would show all of the
    account in the log of PostgreSQL.
    """
    _require_free(context, fields)
    dates = {"created_at": context.now, "updated_at": context.now}
    statement = insert_into(context.session, users).values(
        **fields,
        **_keys(fields),
        search_text=_search_text(fields),
        is_active=True,
        **dates,
    )
    made = statement.on_conflict_do_nothing().returning(*users.c)
    row = context.session.execute(made).one_or_none()
    if row is None:
        # Somebody was faster, and shows now; who is gone again is seen by nobody.
        _require_free(context, fields)
        raise RetryTransaction
    return row


def get_user(context: Context, user_id: int) -> UserRead:
    row = context.row(_by_id, user_id=user_id)
    if row is None:
        raise UserNotFoundError
    return UserRead.model_validate(row)


def get_user_by_username(context: Context, username: str) -> UserRead:
    return UserRead.model_validate(_row(context, users.c.username_key == account_key(username)))


def list_users(context: Context, query: UserList) -> Page[UserRead]:
    return _USERS.page(context.rows, query).map(UserRead.model_validate)


def update_user(
    context: Context, user_id: int, body: UserUpdate, *, proof: Proof | None = None
) -> UserRead:
    """``proof`` is of the user's own password, where that is the one who asks."""
    if body.may_leave_office and context.caller.is_admin:
        administrators.require_another(context, user_id)
    row = _row(context, users.c.id == user_id, lock=True)
    context.require_current(body, row)
    _require_somebody(row)
    changes = body.changed_in(row)
    if not changes:
        return UserRead.model_validate(row)
    _require_right(context, row, changes, proof)
    _require_unreserved(context, changes)
    _audit(context, row, changes)
    _require_free(context, changes, but=user_id)
    _end_what_stood_on(context, user_id, changes)
    found_by = {"search_text": _search_text({**row._mapping, **changes})}
    return _set(context, user_id, {**changes, **_keys(changes), **found_by})


def set_active(context: Context, user_id: int, *, active: bool) -> UserRead:
    if not active:
        administrators.require_another(context, user_id)
    row = _row(context, users.c.id == user_id, lock=True)
    context.require_meant(row)
    if row.is_active == active:
        return UserRead.model_validate(row)
    _require_somebody(row)
    _end_what_stood_on(context, user_id, {"is_active": active})
    _audit(context, row, {"is_active": active})
    return _set(context, user_id, {"is_active": active})


def delete_user(context: Context, user_id: int) -> None:
    """Remove a user without orders; cart and shared orders' relations go along."""
    administrators.require_another(context, user_id)
    # The full lock waits for an order that is just being made, and makes later ones wait.
    row = _row(context, users.c.id == user_id, lock=True, against_orders=True)
    context.require_meant(row)
    if context.session.execute(select(exists().where(orders.c.user_id == user_id))).scalar_one():
        raise UserHasOrdersError
    audit_service.record(context, Action.USER_DELETED, _object(row))
    context.session.execute(delete(users).where(users.c.id == user_id))


def require_user(context: Context, user_id: int) -> None:
    if (
        context.session.execute(select(users.c.id).where(users.c.id == user_id)).one_or_none()
        is None
    ):
        raise UserNotFoundError


def require_active(context: Context, user_id: int) -> None:
    """A user who may fill a cart or order.

    The shared lock makes a deactivation wait until the order is made, or the order see it.
    """
    statement = select(users.c.is_active).where(users.c.id == user_id)
    active = context.session.execute(statement.with_for_update(read=True)).scalar_one_or_none()
    if active is None:
        raise UserNotFoundError
    if not active:
        raise UserInactiveError


def find_active(context: Context, name: str) -> int | None:
    """The id of the active user with this username or email, in any case.

    The shared lock makes a deactivation wait until that is told, or this see it.
    """
    key = account_key(name)
    has_name = or_(users.c.username_key == key, users.c.email_key == key)
    found = select(users.c.id).where(has_name, users.c.is_active.is_(True))
    user_id: int | None = context.session.execute(
        found.with_for_update(read=True)
    ).scalar_one_or_none()
    return user_id


def require_not_erased(context: Context, user_id: int) -> None:
    """Before something is written down about a person; the shared lock makes an erasure wait."""
    statement = select(users.c.erased_at).where(users.c.id == user_id)
    _require_somebody(context.session.execute(statement.with_for_update(read=True)).one())


def words_to_keep(context: Context, user_id: int, words: str | None) -> str | None:
    """Somebody's words about a person, or None where that person was erased.

    Unlike a change of notes, what they are said with has to be done. An erasure waits for them.
    """
    if words is None:
        return None
    is_somebody = select(users.c.erased_at.is_(None)).where(users.c.id == user_id)
    found = context.session.execute(is_somebody.with_for_update(read=True)).scalar_one()
    return words if found else None


@statement
def _by_id(_sql: Sql) -> Executable:
    return select(*users.c).where(users.c.id == bindparam("user_id"))


def _require_somebody(row: Row[Any]) -> None:
    if row.erased_at is not None:
        raise UserErasedError


def _require_right(
    context: Context, row: Row[Any], changes: dict[str, Any], proof: Proof | None
) -> None:
    if changes.keys() & _ENDING_LOG_INS and not context.caller.is_admin:
        raise NotAllowedError
    if changes.keys() & _NAMES and context.caller.user_id == row.id:
        _require_proof(context, row, proof)


def _require_proof(context: Context, row: Row[Any], proof: Proof | None) -> None:
    """Names are how one gets an account back: a stolen token alone does not change one's own."""
    if context.caller.key_id is not None:
        raise NotByApiKeyError
    if proof is None:
        raise PasswordRequiredError
    if row.password_hash != proof.password_hash:
        raise ProofOutdatedError


def _end_what_stood_on(context: Context, user_id: int, changes: dict[str, Any]) -> None:
    """Log-ins end with the role and the state that they were made under, and keys with these."""
    if not changes.keys() & _ENDING_LOG_INS:
        return
    log_in_service.end_all(context, user_id)
    if "role" in changes:
        api_key_service.lower_all(context, user_id, changes["role"])
    if changes.get("is_active") is False:
        api_key_service.end_all(context, user_id)


def _require_unreserved(context: Context, fields: dict[str, Any]) -> None:
    name = fields.get("username")
    if name is not None and is_reserved(name, by_administrator=context.caller.is_admin):
        raise UsernameReservedError


def _row(
    context: Context, condition: Any, *, lock: bool = False, against_orders: bool = False
) -> Row[Any]:
    statement = select(*users.c).where(condition)
    if lock:
        statement = statement.with_for_update(key_share=not against_orders)
    row = context.session.execute(statement).one_or_none()
    if row is None:
        raise UserNotFoundError
    return row


def _set(context: Context, user_id: int, fields: dict[str, Any]) -> UserRead:
    statement = (
        update(users)
        .where(users.c.id == user_id)
        .values(**fields, updated_at=context.now)
        .returning(*users.c)
    )
    return UserRead.model_validate(context.session.execute(statement).one())


def _audit(context: Context, row: Row[Any], changes: dict[str, Any]) -> None:
    """Remember who changed what gives rights, and under which names the user logs in."""
    if "role" in changes:
        roles = {"role": (row.role, changes["role"])}
        audit_service.record(context, Action.ROLE_CHANGED, _object(row), roles)
    if "is_active" in changes:
        action = Action.USER_ACTIVATED if changes["is_active"] else Action.USER_DEACTIVATED
        audit_service.record(context, action, _object(row))
    # The audit outlives the account: it has no name and no address.
    for name, action in (("username", Action.USERNAME_CHANGED), ("email", Action.EMAIL_CHANGED)):
        if name in changes:
            audit_service.record(context, action, _object(row), {name: audit_service.NOT_TOLD})


def _object(row: Row[Any]) -> str:
    return f"user:{row.id}"


def _keys(fields: dict[str, Any]) -> dict[str, str]:
    return {
        f"{name}_key": account_key(fields[name]) for name in ("username", "email") if name in fields
    }


def _search_text(fields: Mapping[str, Any]) -> str:
    """What the box office finds the buyer of an order by; an address is asked for as a whole."""
    return search_key(f"{fields['username']}\n{fields['full_name']}")


def _require_free(context: Context, fields: dict[str, Any], *, but: int | None = None) -> None:
    """Tell which of the two is taken; when two requests race, the unique rules tell."""
    wanted = _keys(fields)
    if not wanted:
        return
    same = [users.c[key] == value for key, value in wanted.items()]
    statement = select(users.c.username_key, users.c.email_key).where(or_(*same))
    if but is not None:
        statement = statement.where(users.c.id != but)
    others = context.session.execute(statement).all()
    for key, error in (("username_key", UsernameTakenError), ("email_key", EmailTakenError)):
        if any(getattr(other, key) == wanted.get(key) for other in others):
            raise error
