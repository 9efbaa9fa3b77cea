"""Remember who did it: an actor on each line of the ledger, and an audit beside it.

Revision ID: 0009
Revises: 0006
Create Date: 2026-11-26
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
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
    _begin_the_audit()


def downgrade() -> None:
    op.drop_table("audit_entries")
    if _is_postgres():
        op.execute("DROP FUNCTION audit_entries_append_only()")
    else:
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


def _begin_the_audit() -> None:
    big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "audit_entries",
        sa.Column("id", big_id, nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("object", sa.String(length=60), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("request_id", sa.String(length=128), nullable=False),
        sa.Column("client_request_id", sa.String(length=128), nullable=True),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("actor_role", sa.String(length=20), nullable=True),
        sa.Column("actor_means", sa.String(length=60), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
        sqlite_autoincrement=True,
    )
    for column in ("actor", "object", "action", "created_at"):
        op.create_index(op.f(f"ix_audit_entries_{column}_id"), "audit_entries", [column, "id"])
    _forbid_changes_of_the_audit()


_REFUSE = "SELECT RAISE(ABORT, 'audit entries are never changed')"


def _forbid_changes_of_the_audit() -> None:
    """As of the ledger: whoever wants to tell another story removes the triggers first."""
    if _is_postgres():
        op.execute(
            "CREATE FUNCTION audit_entries_append_only() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'audit entries are never changed'; END$$"
        )
        op.execute(
            "CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
            " ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_append_only()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_entries_no_{change.lower()} BEFORE {change} ON audit_entries"
            f" BEGIN {_REFUSE}; END"
        )
    # REPLACE deletes without asking the triggers of DELETE.
    op.execute(
        "CREATE TRIGGER audit_entries_no_replace BEFORE INSERT ON audit_entries"
        " WHEN EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id)"
        f" BEGIN {_REFUSE}; END"
    )
