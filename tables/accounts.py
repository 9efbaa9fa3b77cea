"""Accounts, their log-ins and their API keys."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlmodel import Field, SQLModel

from core.columns import (
    NEVER_REUSE_IDS,
    BigId,
    id_column,
    reference_column,
    stored_by_value,
    table_of,
)


class UserRole(StrEnum):
    """What a user may do; each role may do all that those before it may."""

    CUSTOMER = "customer"
    STAFF = "staff"
    ADMIN = "admin"


class User(SQLModel, table=True):
    __tablename__: ClassVar[Any] = "users"
    __table_args__ = (
        UniqueConstraint("username_key"),
        UniqueConstraint("email_key"),
        CheckConstraint(
            "erased_at IS NULL OR NOT is_active AND password_hash IS NULL AND phone_number IS NULL",
            "erased_is_nobody",
        ),
        Index(None, "created_at", "id"),
        # There are few of them, and whether one is the last must be known at once.
        Index(
            "ix_users_administrators",
            "id",
            postgresql_where=text("role = 'admin'"),
            sqlite_where=text("role = 'admin'"),
        ),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    # The keys are as ``core.text.account_key``.
    username: str = Field(sa_type=String(50))
    username_key: str = Field(sa_type=String(50))
    email: str = Field(sa_type=String(320))
    email_key: str = Field(sa_type=String(640))
    full_name: str = Field(sa_type=String(200))
    # Username and full name as ``core.text.search_key``, a line each; of who was erased, nothing.
    search_text: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    phone_number: str | None = Field(default=None, sa_type=String(20))
    role: UserRole = Field(default=UserRole.CUSTOMER, sa_type=stored_by_value(UserRole, "role"))
    # Without one the user can't log in.
    password_hash: str | None = Field(default=None, sa_type=String(255))
    is_active: bool = True
    # When the person was taken out of it; orders and books still refer to the row.
    erased_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


class LoginSession(SQLModel, table=True):
    """One log-in: refresh tokens prolong it, and its end ends its access tokens."""

    __tablename__: ClassVar[Any] = "login_sessions"
    __table_args__ = (
        UniqueConstraint("key_hash"),
        Index(None, "user_id"),
        Index(None, "expires_at"),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    user_id: int = reference_column("users.id", ondelete="CASCADE")
    # The two halves of the refresh token: which session, and that it is the newest token of it.
    key_hash: str = Field(sa_type=String(64))
    secret_hash: str = Field(sa_type=String(64))
    # The token before it, and what the newest one is made of it with: an answer may get lost.
    previous_hash: str | None = Field(default=None, sa_type=String(64))
    successor_salt: str | None = Field(default=None, sa_type=String(64))
    rotated_at: datetime | None = None
    # What its owner may tell it by; see ``User/services/devices.py``.
    device: str | None = Field(default=None, sa_type=String(80))
    # Whether more than the password was shown for it; see ``User/services/second_factor_service``.
    has_second_factor: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    expires_at: datetime
    revoked_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


class LoginPlace(SQLModel, table=True):
    """Where an account has logged in from, by a mark that says nothing without the signing key."""

    __tablename__: ClassVar[Any] = "login_places"
    __table_args__ = (UniqueConstraint("user_id", "place_hash"), NEVER_REUSE_IDS)

    id: int = id_column()
    user_id: int = reference_column("users.id", ondelete="CASCADE")
    place_hash: str = Field(sa_type=String(64))
    seen_at: datetime


class ApiKey(SQLModel, table=True):
    """A program's identity: it acts for its maker, with at most the maker's role."""

    __tablename__: ClassVar[Any] = "api_keys"
    __table_args__ = (
        UniqueConstraint("key_hash"),
        Index(None, "user_id"),
        Index(None, "parent_id"),
        NEVER_REUSE_IDS,
    )

    id: int = id_column()
    # None: made in the open development mode, where nobody has to be anybody.
    user_id: int | None = Field(
        default=None, sa_column=Column(BigId, ForeignKey("users.id", ondelete="CASCADE"))
    )
    # The key that it was made with, if it was one: it ends with that.
    parent_id: int | None = Field(default=None, sa_type=BigId)
    name: str = Field(sa_type=String(100))
    role: UserRole = Field(sa_type=stored_by_value(UserRole, "role"))
    key_hash: str = Field(sa_type=String(64))
    # How the key begins, so that its owner can tell it from others.
    hint: str = Field(sa_type=String(12))
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    created_at: datetime


class SecondFactor(SQLModel, table=True):
    """What a user's authenticator makes its codes of; it counts once it was confirmed by one."""

    __tablename__: ClassVar[Any] = "second_factors"
    __table_args__ = (UniqueConstraint("user_id"), NEVER_REUSE_IDS)

    id: int = id_column()
    user_id: int = reference_column("users.id", ondelete="CASCADE")
    # With a key of the service, and for this user alone: see ``User/services/factor_seal.py``.
    sealed_secret: str = Field(sa_type=String(120))
    confirmed_at: datetime | None = None
    # Of the newest code that was taken: neither it nor one before is taken again.
    last_step: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime


class RecoveryCode(SQLModel, table=True):
    """Stands in for a code of the authenticator, once: who uses it removes it."""

    __tablename__: ClassVar[Any] = "recovery_codes"
    __table_args__ = (UniqueConstraint("user_id", "code_hash"), NEVER_REUSE_IDS)

    id: int = id_column()
    user_id: int = reference_column("users.id", ondelete="CASCADE")
    code_hash: str = Field(sa_type=String(64))
    created_at: datetime


users = table_of(User)
login_sessions = table_of(LoginSession)
login_places = table_of(LoginPlace)
api_keys = table_of(ApiKey)
second_factors = table_of(SecondFactor)
recovery_codes = table_of(RecoveryCode)
