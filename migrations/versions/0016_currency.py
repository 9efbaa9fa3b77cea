"""Remember which currency a database's amounts are in, and how many decimals they have.

Revision ID: 0016
Revises: 0015
Create Date: 2026-11-26
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "deployment",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.CheckConstraint("digits BETWEEN 0 AND 4", name=op.f("ck_deployment_digits")),
        sa.CheckConstraint("id = 1", name=op.f("ck_deployment_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployment")),
    )
    # Releases before this one stored hundredths, whatever the currency was said to be. That their
    # tickets are gone does not mean that their amounts are: the ledger keeps them.
    op.execute(
        "INSERT INTO deployment (id, digits) SELECT 1, 2"
        " WHERE EXISTS (SELECT 1 FROM tickets) OR EXISTS (SELECT 1 FROM movements)"
    )


def downgrade() -> None:
    others = sa.text("SELECT currency FROM deployment WHERE digits <> 2")
    if (code := op.get_bind().execute(others).scalar_one_or_none()) is not None:
        raise CommandError(f"the release before would read amounts in {code} as hundredths")
    op.drop_table("deployment")
