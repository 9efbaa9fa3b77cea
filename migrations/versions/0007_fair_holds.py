"""Remember for a day which holds ended unpaid, and find what a customer holds.

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-26
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_LIVE = sa.text("status <> 'cancelled'")
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ended_holds",
        sa.Column("id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("order_id", _ID, nullable=False),
        sa.Column("ticket_id", _ID, nullable=True),
        sa.Column("has_expired", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_ended_holds_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ended_holds")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_ended_holds_ended_at"), "ended_holds", ["ended_at"])
    op.create_index(op.f("ix_ended_holds_order_id"), "ended_holds", ["order_id"])
    op.create_index(
        op.f("ix_ended_holds_user_id_ticket_id_ended_at"),
        "ended_holds",
        ["user_id", "ticket_id", "ended_at"],
    )
    op.create_index(
        "ix_orders_live",
        "orders",
        ["user_id"],
        postgresql_where=_LIVE,
        sqlite_where=_LIVE,
    )


def downgrade() -> None:
    op.drop_index("ix_orders_live", "orders", postgresql_where=_LIVE, sqlite_where=_LIVE)
    op.drop_table("ended_holds")
