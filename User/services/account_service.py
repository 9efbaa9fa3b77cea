"""Accounts as log-in needs them: names, password hashes, roles."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select, update

from core.text import account_key
from Ledger.services import audit_service
from models import UserRole, users
from User.actions import Action
from User.errors import GuessablePasswordError, UsernameReservedError, UserNotFoundError
from User.rules import is_reserved
from User.schemas.identity import Me
from User.schemas.password import is_named
from User.services import api_key_service, log_in_service, proof_service, user_service
from User.services.proof_service import Proof
from work.context import Context


@dataclass(frozen=True)
class Account:
    user_id: int
    password_hash: str | None
    is_active: bool


@dataclass(frozen=True)
class ListedAccount:
    """What an operator needs to know of an account."""

    user_id: int
    username: str
    email: str
    role: UserRole
    is_active: bool


def find_account(context: Context, name: str) -> Account | None:
    """By username or email, in any case; no username looks like an email."""
    if "\0" in name:
        return None  # Nothing that is stored has one, and PostgreSQL can't even be asked.
    key = account_key(name)
    statement = select(users.c.id, users.c.password_hash, users.c.is_active).where(
        or_(users.c.username_key == key, users.c.email_key == key)
    )
    row = context.session.execute(statement).one_or_none()
    return None if row is None else Account(*row)


def get_account(context: Context, user_id: int) -> Account:
    statement = select(users.c.id, users.c.password_hash, users.c.is_active)
    return Account(*context.session.execute(statement.where(users.c.id == user_id)).one())


def get_me(context: Context) -> Me:
    if context.caller.role is None:
        raise AssertionError("the right lets only known callers ask")
    statement = select(users.c.username).where(users.c.id == context.caller.user_id)
    username = context.session.execute(statement).scalar_one_or_none()
    return Me(user_id=context.caller.user_id, username=username, role=context.caller.role)


def change_password(context: Context, proof: Proof, password_hash: str, *, keep_keys: bool) -> None:
    """A new password of somebody who knew the one before."""
    proof_service.require(context, proof, to_change=True)
    set_password(context, proof.user_id, password_hash, keep_keys=keep_keys)


def require_unlike_names(context: Context, user_id: int, password: str) -> None:
    """A new password must not be what everybody knows of its owner."""
    if is_named(password, *get_names(context, user_id)):
        raise GuessablePasswordError


def get_names(context: Context, user_id: int) -> tuple[str, str]:
    """Username and email address."""
    names = select(users.c.username, users.c.email).where(users.c.id == user_id)
    username, email = context.session.execute(names).one()
    return username, email


def set_password(
    context: Context, user_id: int, password_hash: str, *, keep_keys: bool = False
) -> None:
    """A new password ends every log-in that was made with the old one, and the API keys.

    Whoever knew the old one may have made a key. Where tills rely on theirs, they are kept by name.
    """
    # First, for this is the lock that log-ins under way wait for.
    context.session.execute(
        update(users).where(users.c.id == user_id).values(password_hash=password_hash)
    )
    audit_service.record(context, Action.PASSWORD_SET, f"user:{user_id}")
    log_in_service.end_all(context, user_id)
    if not keep_keys:
        api_key_service.end_all(context, user_id)


def create_admin(context: Context, *, username: str, email: str, password_hash: str) -> int:
    """An administrator whose name and address are free."""
    if is_reserved(username, by_administrator=True):
        raise UsernameReservedError
    made = user_service.insert_user(
        context,
        username=username,
        email=email,
        full_name=username,
        role=UserRole.ADMIN,
        password_hash=password_hash,
    )
    rights = {"role": (None, UserRole.ADMIN)}
    audit_service.record(context, Action.USER_CREATED, f"user:{made.id}", rights)
    return int(made.id)


def list_accounts(context: Context, *, after: int, limit: int) -> Sequence[ListedAccount]:
    """The accounts behind an id, in the order of their ids."""
    columns = (users.c.id, users.c.username, users.c.email, users.c.role, users.c.is_active)
    statement = select(*columns).where(users.c.id > after).order_by(users.c.id).limit(limit)
    return [ListedAccount(*row) for row in context.session.execute(statement)]


def require_user_id(context: Context, username: str) -> int:
    account = find_account(context, username)
    if account is None:
        raise UserNotFoundError
    return account.user_id
