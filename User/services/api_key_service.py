"""API keys: identities of programs. Each is shown once and stored as a hash."""

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import (
    Executable,
    Select,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlmodel import Session

from core.pagination import Page
from core.store.batches import remove_batch
from core.store.dialects import Sql
from core.store.listing import Listing, Where
from core.store.statements import Row, statement
from Ledger.services import audit_service
from models import UserRole, api_keys, login_sessions, users
from User.actions import Action
from User.errors import (
    ApiKeyEndError,
    ApiKeyNotFoundError,
    InvalidTokenError,
    RoleTooHighError,
    TooManyApiKeysError,
)
from User.schemas.identity import ApiKeyCreate, ApiKeyList, ApiKeyMade, ApiKeyRead
from User.services import second_factor_service
from User.services.tokens import KEY_PREFIX, hashed, new_secret
from work.caller import Caller, lower_of
from work.context import Context

# The last use is told to the minute, so that a busy key does not write at each request.
_USE_RESOLUTION = timedelta(minutes=1)
_SHOWN_AFTER_END = timedelta(days=30)
_API_KEYS = Listing(
    select(*api_keys.c),
    api_keys.c,
    {"user_id": Where("user_id", api_keys.c.user_id.is_not_distinct_from(bindparam("user_id")))},
)


def create_api_key(context: Context, body: ApiKeyCreate) -> ApiKeyMade:
    """A key that acts for the caller: with at most the caller's role, and for at most as long."""
    if not context.caller.has_at_least(body.role):
        raise RoleTooHighError
    _require_standing(context, body.role)
    _require_room(context)
    key = KEY_PREFIX + new_secret()
    statement = insert(api_keys).values(
        user_id=context.caller.user_id,
        parent_id=context.caller.key_id,
        name=body.name,
        role=body.role,
        key_hash=hashed(key),
        hint=key[:8],
        expires_at=_end_of(context, body.expires_at),
        created_at=context.now,
    )
    row = context.session.execute(statement.returning(*api_keys.c)).one()
    told = {"role": (None, row.role), "user_id": (None, row.user_id)}
    audit_service.record(context, Action.API_KEY_CREATED, f"api_key:{row.id}", told)
    return ApiKeyMade.model_validate({**row._mapping, "key": key})


def list_api_keys(context: Context, query: ApiKeyList) -> Page[ApiKeyRead]:
    own = {} if context.caller.is_admin else {"user_id": context.caller.user_id}
    return _API_KEYS.page(context.rows, query, **own).map(ApiKeyRead.model_validate)


def delete_api_key(context: Context, key_id: int) -> None:
    """End a key at once, and those that were made with it."""
    visible = _visible_to(context).where(api_keys.c.id == key_id)
    row = context.session.execute(visible).one_or_none()
    if row is None:
        raise ApiKeyNotFoundError
    # Another may just be made with it: that waits, or shows.
    _lock_owner(context, row.user_id)
    audit_service.record(context, Action.API_KEY_DELETED, f"api_key:{key_id}")
    gone = select(api_keys.c.id).where(api_keys.c.id == key_id).cte("gone", recursive=True)
    made_with = select(api_keys.c.id).join(gone, api_keys.c.parent_id == gone.c.id)
    all_gone = gone.union_all(made_with)
    context.session.execute(delete(api_keys).where(api_keys.c.id.in_(select(all_gone.c.id))))


def end_all(context: Context, user_id: int) -> None:
    """End every key of a user, for good."""
    gone = delete(api_keys).where(api_keys.c.user_id == user_id).returning(api_keys.c.id)
    if number := len(context.session.execute(gone).all()):
        told = {"api_keys": (number, 0)}
        audit_service.record(context, Action.API_KEYS_ENDED, f"user:{user_id}", told)


def lower_all(context: Context, user_id: int, role: UserRole) -> None:
    """Leave no key of a user a role above this one: it would be back with the user's own."""
    above = [one for one in UserRole if lower_of(one, role) is not one]
    too_high = update(api_keys).where(api_keys.c.user_id == user_id, api_keys.c.role.in_(above))
    lowered = too_high.values(role=role).returning(api_keys.c.id)
    if number := len(context.session.execute(lowered).all()):
        told = {"api_keys_above_role": (number, 0)}
        audit_service.record(context, Action.API_KEYS_LOWERED, f"user:{user_id}", told)


def forget_ended_keys(context: Context, *, limit: int) -> int:
    """Remove keys that ended long ago; how many there were. Until then their maker sees them."""
    ended = select(api_keys.c.id).where(api_keys.c.expires_at <= context.now - _SHOWN_AFTER_END)
    batch = ended.order_by(api_keys.c.expires_at).limit(limit).with_for_update(skip_locked=True)
    return remove_batch(context.session, api_keys, batch)


@statement
def whose_key(_sql: Sql) -> Executable:
    """A key and its maker."""
    return (
        select(*api_keys.c, users.c.is_active, users.c.role.label("maker_role"))
        .join(users, users.c.id == api_keys.c.user_id, isouter=True)
        .where(api_keys.c.key_hash == bindparam("secret_hash"))
    )


def caller_of(row: Row | None, *, is_open: bool, now: datetime) -> Caller | None:
    """Whom a key stands for, with at most its maker's present role; None if it is not valid.

    A key that nobody in particular made, in open mode, ends with the open mode.
    """
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        return None
    if not (is_open if row.user_id is None else row.is_active):
        return None
    role = row.role if row.user_id is None else lower_of(row.role, row.maker_role)
    used_lately = row.last_used_at is not None and row.last_used_at > now - _USE_RESOLUTION
    remember = None if used_lately else partial(record_use, key_id=row.id, now=now)
    return Caller(user_id=row.user_id, role=role, key_id=row.id, aside=remember)


def record_use(session: Session, *, key_id: int, now: datetime) -> None:
    """Remember that a key was used."""
    session.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=now))


def _require_standing(context: Context, role: UserRole) -> None:
    """Look again, under a lock, at what a new key is to stand on.

    Whoever changes the owner's password or role, or ends the owner's log-ins and keys, waits for
    the new key and ends it too, or is seen here.
    """
    owner = _lock_owner(context, context.caller.user_id)
    if context.caller.user_id is None:
        return
    if owner is None or not owner.is_active or not _is_still_shown(context):
        raise InvalidTokenError
    if lower_of(role, owner.role) is not role:
        raise RoleTooHighError
    second_factor_service.require_where_demanded(context, context.caller.user_id, role)


def _lock_owner(context: Context, user_id: int | None) -> Row | None:
    """Keys without an owner, of the open development mode, stand on nothing."""
    if user_id is None:
        return None
    owner = select(users.c.role, users.c.is_active).where(users.c.id == user_id)
    return context.session.execute(owner.with_for_update(key_share=True)).one_or_none()


def _is_still_shown(context: Context) -> bool:
    """Whether the log-in or the key that shows who asks has not been ended meanwhile."""
    caller = context.caller
    found: Select[tuple[int]] = select(api_keys.c.id).where(api_keys.c.id == caller.key_id)
    if caller.key_id is None:
        is_open = login_sessions.c.revoked_at.is_(None)
        found = select(login_sessions.c.id).where(login_sessions.c.id == caller.log_in_id, is_open)
    return context.session.execute(found).one_or_none() is not None


def _require_room(context: Context) -> None:
    """No more than a user may have; the owner's lock makes this exact."""
    most = context.terms.access.keys_per_user
    is_own = api_keys.c.user_id.is_not_distinct_from(context.caller.user_id)
    is_good = or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > context.now)
    counted = select(func.count()).select_from(api_keys).where(is_own, is_good)
    if context.session.execute(counted).scalar_one() >= most:
        raise TooManyApiKeysError(limit=most)


def _end_of(context: Context, wanted: datetime | None) -> datetime:
    """When a new key ends: as wanted, but neither in the past nor after what it may live."""
    latest = context.now + context.terms.access.key
    if context.caller.key_id is not None:
        of_parent = select(api_keys.c.expires_at).where(api_keys.c.id == context.caller.key_id)
        latest = min(latest, context.session.execute(of_parent).scalar_one_or_none() or latest)
    if wanted is not None and wanted <= context.now:
        raise ApiKeyEndError("must lie in the future")
    if wanted is not None and wanted > latest:
        raise ApiKeyEndError(f"must be {latest.isoformat()} at the latest")
    return wanted or latest


def _visible_to(context: Context) -> Select[tuple[object, ...]]:
    statement = select(*api_keys.c)
    if context.caller.has_at_least(UserRole.ADMIN):
        return statement
    return statement.where(api_keys.c.user_id == context.caller.user_id)
