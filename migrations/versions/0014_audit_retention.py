"""Let go of entries of the audit that are older than a year, and of no others.

Revision ID: 0014
Revises: 0012
Create Date: 2026-11-26
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_CHANGED = "audit entries are never changed"
_FRESH = "audit entries of a year are never removed"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _refuse_in_postgres("UPDATE OR TRUNCATE")
        _keep_fresh_in_postgres()
    else:
        # By the database's own clock; times are stored as texts that sort as they follow.
        is_fresh = "OLD.created_at > strftime('%Y-%m-%d %H:%M:%f', 'now', '-365 days')"
        _refuse_in_sqlite(f"WHEN {is_fresh}", _FRESH)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_entries_keep_fresh ON audit_entries")
        op.execute("DROP FUNCTION audit_entries_keep_fresh()")
        _refuse_in_postgres("UPDATE OR DELETE OR TRUNCATE")
    else:
        _refuse_in_sqlite("", _CHANGED)


def _refuse_in_postgres(changes: str) -> None:
    op.execute("DROP TRIGGER audit_entries_append_only ON audit_entries")
    op.execute(
        f"CREATE TRIGGER audit_entries_append_only BEFORE {changes}"
        " ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_append_only()"
    )


def _keep_fresh_in_postgres() -> None:
    """The path is the function's own: nobody can give it another clock, or another ``<``."""
    op.execute(
        "CREATE FUNCTION audit_entries_keep_fresh() RETURNS trigger LANGUAGE plpgsql"
        " SET search_path = pg_catalog, pg_temp AS"
        " $$BEGIN IF OLD.created_at > clock_timestamp() - interval '365 days' THEN"
        f" RAISE EXCEPTION '{_FRESH}'; END IF; RETURN OLD; END$$"
    )
    op.execute(
        "CREATE TRIGGER audit_entries_keep_fresh BEFORE DELETE ON audit_entries"
        " FOR EACH ROW EXECUTE FUNCTION audit_entries_keep_fresh()"
    )


def _refuse_in_sqlite(when: str, refusal: str) -> None:
    op.execute("DROP TRIGGER audit_entries_no_delete")
    op.execute(
        f"CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries {when}"
        f" BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
    )
