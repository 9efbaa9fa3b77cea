"""Remember who did it: an actor on each line of the ledger, and an audit beside it.

Revision ID: 0009
Revises: 0006
Create Date: 2026-11-26
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ADDED = ("client_request_id", "actor", "actor_role", "actor_means")
# Callers could name their requests so as well. But what opened the ledger was written before all
# else, so it ends at the first line of another name.
_OPENING = """
    UPDATE movements SET actor = 'migration' WHERE request_id = 'migration' AND id < COALESCE(
        (SELECT MIN(id) FROM movements WHERE request_id <> 'migration'), 9223372036854775807)"""


def upgrade() -> None:
    _name_actors()
    _allow_changes(is_allowed=True)
    op.execute(_OPENING)
    _allow_changes(is_allowed=False)
    _refuse_the_unnamed()


def downgrade() -> None:
    if not _is_postgres():
        op.execute("DROP TRIGGER movements_named")
    for name in _ADDED:
        op.execute(f"ALTER TABLE movements DROP COLUMN {name}")


def _is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _name_actors() -> None:
    """Without touching a row: the ledger is never changed, and may be long."""
    op.add_column("movements", sa.Column("client_request_id", sa.String(128), nullable=True))
    op.add_column(
        "movements", sa.Column("actor", sa.String(60), nullable=False, server_default="unknown")
    )
    op.add_column("movements", sa.Column("actor_role", sa.String(20), nullable=True))
    op.add_column("movements", sa.Column("actor_means", sa.String(60), nullable=True))


def _allow_changes(*, is_allowed: bool) -> None:
    """For the lines that were written by a migration, which says so only now."""
    if _is_postgres():
        switch = "DISABLE" if is_allowed else "ENABLE"
        op.execute(f"ALTER TABLE movements {switch} TRIGGER movements_append_only")
    elif is_allowed:
        op.execute("DROP TRIGGER movements_no_update")
    else:
        op.execute(
            "CREATE TRIGGER movements_no_update BEFORE UPDATE ON movements"
            " BEGIN SELECT RAISE(ABORT, 'movements are never changed'); END"
        )


def _refuse_the_unnamed() -> None:
    """A line of today has its actor; SQLite can't take a default back."""
    if _is_postgres():
        op.execute("ALTER TABLE movements ALTER COLUMN actor DROP DEFAULT")
    else:
        op.execute(
            "CREATE TRIGGER movements_named BEFORE INSERT ON movements WHEN NEW.actor = 'unknown'"
            " BEGIN SELECT RAISE(ABORT, 'movements have an actor'); END"
        )
