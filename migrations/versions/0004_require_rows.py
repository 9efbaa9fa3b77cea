"""Let a transaction of PostgreSQL end where a change was of other rows than it should be.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# 40001 is what PostgreSQL itself says to who lost a race: the transaction is run again.
_REQUIRE_ROWS = """
CREATE FUNCTION require_rows(changed bigint, expected bigint) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF changed <> expected THEN
        RAISE EXCEPTION 'a change was of % rows instead of %', changed, expected
            USING ERRCODE = '40001';
    END IF;
    RETURN changed;
END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_REQUIRE_ROWS)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION require_rows(bigint, bigint)")
