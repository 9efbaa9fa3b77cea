"""API keys: identities of programs. Each is shown once and stored as a hash."""

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Executable, Select, bindparam, delete, insert, select, update
from sqlmodel import Session

from core.pagination import Page
from core.store.dialects import Sql
from core.store.listing import Listing, Where
from core.store.statements import Row, statement
from models import UserRole, api_keys, users
from User.errors import ApiKeyNotFoundError, RoleTooHighError
from User.schemas.identity import ApiKeyCreate, ApiKeyList, ApiKeyMade, ApiKeyRead
from User.services.tokens import KEY_PREFIX, hashed, new_secret
from work.caller import Caller, lower_of
from work.context import Context

# The last use is told to the minute, so that a busy key does not write at each request.
_USE_RESOLUTION = timedelta(minutes=1)
_API_KEYS = Listing(
    select(*api_keys.c),
    api_keys.c,
    {"user_id": Where("user_id", api_keys.c.user_id.is_not_distinct_from(bindparam("user_id")))},
)


def create_api_key(context: Context, body: ApiKeyCreate) -> ApiKeyMade:
    """A key that acts for the caller, with at most the caller's role."""
    if not context.caller.has_at_least(body.role):
        raise RoleTooHighError
    key = KEY_PREFIX + new_secret()
    statement = insert(api_keys).values(
        user_id=context.caller.user_id,
        name=body.name,
        role=body.role,
        key_hash=hashed(key),
        hint=key[:8],
        expires_at=body.expires_at,
        created_at=context.now,
    )
    row = context.session.execute(statement.returning(*api_keys.c)).one()
    return ApiKeyMade.model_validate({**row._mapping, "key": key})


def list_api_keys(context: Context, query: ApiKeyList) -> Page[ApiKeyRead]:
    own = {} if context.caller.is_admin else {"user_id": context.caller.user_id}
    return _API_KEYS.page(context.rows, query, **own).map(ApiKeyRead.model_validate)


def delete_api_key(context: Context, key_id: int) -> None:
    """End a key at once."""
    visible = _visible_to(context).where(api_keys.c.id == key_id)
    if context.session.execute(visible).one_or_none() is None:
        raise ApiKeyNotFoundError
    context.session.execute(delete(api_keys).where(api_keys.c.id == key_id))


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


def _visible_to(context: Context) -> Select[tuple[object, ...]]:
    statement = select(*api_keys.c)
    if context.caller.has_at_least(UserRole.ADMIN):
        return statement
    return statement.where(api_keys.c.user_id == context.caller.user_id)
