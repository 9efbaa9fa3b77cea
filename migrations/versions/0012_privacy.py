"""Take people out of their accounts, and find the notes of orders that were never sold.

Revision ID: 0012
Revises: 0006
Create Date: 2026-11-26
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_NAME = "ck_users_erased_is_nobody"
_RULE = "erased_at IS NULL OR NOT is_active AND password_hash IS NULL AND phone_number IS NULL"
_UNSOLD_WITH_NOTES = "notes IS NOT NULL AND status = 'cancelled' AND confirmed_at IS NULL"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("users", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
        op.create_check_constraint(op.f(_NAME), "users", _RULE)
    else:
        # With the column, for SQLite would have to copy the table, and lose what is triggered by it.
        op.execute(
            f"ALTER TABLE users ADD COLUMN erased_at DATETIME CONSTRAINT {_NAME} CHECK ({_RULE})"
        )
    op.create_index(
        "ix_orders_unsold_notes",
        "orders",
        ["created_at", "id"],
        postgresql_where=sa.text(_UNSOLD_WITH_NOTES),
        sqlite_where=sa.text(_UNSOLD_WITH_NOTES),
    )


def downgrade() -> None:
    """Who was erased stays so: nobody can log in, but the account looks like any other."""
    op.drop_index("ix_orders_unsold_notes", "orders")
    op.execute("ALTER TABLE users DROP COLUMN erased_at")
