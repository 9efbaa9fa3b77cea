"""Take a provider's reference once.

Revision ID: 0008
Revises: 0006
Create Date: 2026-11-26
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_HAS_REFERENCE = sa.text("transaction_reference IS NOT NULL")
_ARRIVED = sa.text("succeeded_at IS NOT NULL AND NOT reference_is_shared")
# What was taken twice before stays as it was written; from now on the first one has it.
_SHARED = """
UPDATE transactions SET reference_is_shared = TRUE
WHERE succeeded_at IS NOT NULL AND transaction_reference IS NOT NULL AND EXISTS (
    SELECT 1 FROM transactions earlier
    WHERE earlier.transaction_reference = transactions.transaction_reference
        AND earlier.payment_method = transactions.payment_method
        AND earlier.succeeded_at IS NOT NULL AND earlier.id < transactions.id)"""


def upgrade() -> None:
    shared: sa.Column[bool] = sa.Column(
        "reference_is_shared", sa.Boolean(), server_default=sa.false(), nullable=False
    )
    op.add_column("transactions", shared)
    op.create_index(
        "ix_transactions_reference",
        "transactions",
        ["transaction_reference", "id"],
        unique=False,
        sqlite_where=_HAS_REFERENCE,
        postgresql_where=_HAS_REFERENCE,
    )
    op.execute(_SHARED)
    op.create_index(
        "uq_transactions_reference",
        "transactions",
        ["payment_method", "transaction_reference"],
        unique=True,
        sqlite_where=_ARRIVED,
        postgresql_where=_ARRIVED,
    )


def downgrade() -> None:
    op.drop_index("uq_transactions_reference", "transactions")
    op.drop_index("ix_transactions_reference", "transactions")
    op.drop_column("transactions", "reference_is_shared")
