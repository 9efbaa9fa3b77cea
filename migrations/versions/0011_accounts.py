"""Keep what log-ins and keys stand on, and compare names of accounts in one form.

Revision ID: 0011
Revises: 0006
Create Date: 2026-11-26
"""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SESSION_COLUMNS = {
    "previous_hash": "VARCHAR(64)",
    "successor_salt": "VARCHAR(64)",
    "rotated_at": "{time}",
    "device": "VARCHAR(80)",
}
_ADMINISTRATORS = sa.text("role = 'admin'")
# Keys that had no end get one, as those that are made from now on.
_KEY_LIFE = timedelta(days=365)
# As if they had always ended with their owner's account, and been lowered with its role.
_OF_USERS = "user_id IN (SELECT id FROM users WHERE {})"
_INACTIVE = _OF_USERS.format("NOT is_active")
_CUSTOMERS = _OF_USERS.format("role = 'customer'")
_STAFFS = _OF_USERS.format("role = 'staff'")
_END_KEYS = (
    f"DELETE FROM api_keys WHERE {_INACTIVE}",
    f"UPDATE api_keys SET role = 'customer' WHERE {_CUSTOMERS}",
    f"UPDATE api_keys SET role = 'staff' WHERE role = 'admin' AND {_STAFFS}",
)
_USERS = sa.table("users", sa.column("id"), sa.column("email"), sa.column("email_key"))
_KEYS = sa.table("api_keys", sa.column("expires_at", sa.DateTime(timezone=True)))


def upgrade() -> None:
    is_postgres = op.get_bind().dialect.name == "postgresql"
    time = "TIMESTAMP WITH TIME ZONE" if is_postgres else "DATETIME"
    # No batch, which would rebuild the tables on SQLite; see 0002.
    for name, kind in _SESSION_COLUMNS.items():
        op.execute(f"ALTER TABLE login_sessions ADD COLUMN {name} {kind.format(time=time)}")
    op.execute(
        f"ALTER TABLE api_keys ADD COLUMN parent_id {'BIGINT' if is_postgres else 'INTEGER'}"
    )
    op.create_index("ix_api_keys_parent_id", "api_keys", ["parent_id"])
    op.create_index(
        "ix_users_administrators",
        "users",
        ["id"],
        postgresql_where=_ADMINISTRATORS,
        sqlite_where=_ADMINISTRATORS,
    )
    for statement in _END_KEYS:
        op.execute(statement)
    ends = datetime.now(UTC) + _KEY_LIFE
    op.execute(sa.update(_KEYS).where(_KEYS.c.expires_at.is_(None)).values(expires_at=ends))
    # An ended log-in is one that can be put away.
    op.execute("UPDATE login_sessions SET expires_at = revoked_at WHERE revoked_at IS NOT NULL")
    _compare_in_one_form(is_postgres=is_postgres)


def downgrade() -> None:
    op.drop_index("ix_users_administrators", "users")
    op.drop_index("ix_api_keys_parent_id", "api_keys")
    op.execute("ALTER TABLE api_keys DROP COLUMN parent_id")
    for name in _SESSION_COLUMNS:
        op.execute(f"ALTER TABLE login_sessions DROP COLUMN {name}")


def _compare_in_one_form(*, is_postgres: bool) -> None:
    """Only addresses beyond ASCII have another key than before; usernames are ASCII.

    Of two that are one address now, the older one keeps it. The other goes on under its old key:
    its owner logs in by the username.
    """
    size = "octet_length(email)" if is_postgres else "length(CAST(email AS BLOB))"
    beyond = sa.text(f"{size} <> length(email)")
    found = sa.select(_USERS.c.id, _USERS.c.email, _USERS.c.email_key).where(beyond)
    bind = op.get_bind()
    for row in bind.execute(found.order_by(_USERS.c.id)).all():
        key = _account_key(row.email)
        if key != row.email_key and not _is_taken(bind, key):
            bind.execute(sa.update(_USERS).where(_USERS.c.id == row.id).values(email_key=key))


def _is_taken(bind: Any, key: str) -> bool:
    return bind.execute(sa.select(_USERS.c.id).where(_USERS.c.email_key == key)).first() is not None


def _account_key(value: str) -> str:
    """As ``core.text`` had it at the time."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", value).casefold())
    return unicodedata.normalize("NFKC", folded.casefold())
