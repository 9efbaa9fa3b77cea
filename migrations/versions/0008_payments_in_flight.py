"""Take a provider's reference once, and remember which holds and payments were left to run out.

Revision ID: 0008
Revises: 0006
Create Date: 2026-11-26
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
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
# What the ledger says ended an order last; its reason may be anybody's words.
_EXPIRED = """
UPDATE orders SET expired_at = (SELECT MAX(created_at) FROM movements
    WHERE order_id = orders.id AND kind = 'order')
WHERE status = 'cancelled' AND (SELECT cause FROM movements
    WHERE order_id = orders.id AND kind = 'order' ORDER BY id DESC LIMIT 1) = 'order_expired'"""
_ABANDONED = """
UPDATE transactions SET abandoned_at = updated_at
WHERE status = 'failed' AND failure_reason = 'order_cancelled'"""


# Whom an order is shared with by now is known to who shared it.
_KNOWN = """
UPDATE user_orders SET shared_as = (SELECT username FROM users WHERE users.id = user_id)
WHERE role = 'recipient'"""


def upgrade() -> None:
    _add_times()
    _make_references_unique()
    op.add_column("user_orders", sa.Column("shared_as", sa.String(length=255), nullable=True))
    op.execute(_KNOWN)


def downgrade() -> None:
    op.drop_column("user_orders", "shared_as")
    op.drop_index("uq_transactions_reference", "transactions")
    op.drop_index("ix_transactions_reference", "transactions")
    op.drop_column("transactions", "reference_is_shared")
    op.drop_column("transactions", "abandoned_at")
    # Its rule goes with it.
    op.drop_column("orders", "expired_at")


def _add_times() -> None:
    # In one: SQLite can't add a rule to a table that is there, but to a column that is new.
    time = "DATETIME" if op.get_bind().dialect.name == "sqlite" else "TIMESTAMP WITH TIME ZONE"
    op.execute(
        f"ALTER TABLE orders ADD COLUMN expired_at {time} CONSTRAINT ck_orders_expired_is_cancelled"
        " CHECK (expired_at IS NULL OR status = 'cancelled')"
    )
    op.add_column(
        "transactions", sa.Column("abandoned_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.execute(_EXPIRED)
    op.execute(_ABANDONED)


def _make_references_unique() -> None:
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
