"""initial

Revision ID: 0001
Revises:
Create Date: 2026-11-22
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:

    op.create_table(
        "tickets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_name", sa.String(length=200), nullable=False),
        sa.Column("event_key", sa.String(length=800), nullable=False),
        sa.Column("event_description", sa.Text(), nullable=True),
        sa.Column("event_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("venue", sa.String(length=200), nullable=False),
        sa.Column("venue_key", sa.String(length=800), nullable=False),
        sa.Column("category", sa.String(length=100), nullable=False),
        sa.Column("category_key", sa.String(length=400), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("total_quantity", sa.Integer(), nullable=False),
        sa.Column("available_quantity", sa.Integer(), nullable=False),
        sa.Column("reserved_quantity", sa.Integer(), nullable=False),
        sa.Column("sold_quantity", sa.Integer(), nullable=False),
        sa.Column("withheld_quantity", sa.Integer(), nullable=False),
        sa.Column("sale_stopped_as", sa.String(length=20), nullable=True),
        sa.Column(
            "status",
            sa.String(length=20),
            sa.Computed(
                "CASE WHEN sale_stopped_as IS NOT NULL THEN sale_stopped_as WHEN available_quantity > 0 THEN 'available' WHEN reserved_quantity > 0 THEN 'reserved' ELSE 'sold' END",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "sale_stopped_as IS NULL OR sale_stopped_as IN ('reserved', 'sold', 'cancelled')",
            name=op.f("ck_tickets_sale_stopped_as"),
        ),
        sa.CheckConstraint(
            "available_quantity + reserved_quantity + sold_quantity + withheld_quantity = total_quantity",
            name=op.f("ck_tickets_stock_adds_up"),
        ),
        sa.CheckConstraint(
            "available_quantity >= 0", name=op.f("ck_tickets_available_not_negative")
        ),
        sa.CheckConstraint("price >= 0", name=op.f("ck_tickets_price_not_negative")),
        sa.CheckConstraint("reserved_quantity >= 0", name=op.f("ck_tickets_reserved_not_negative")),
        sa.CheckConstraint("sold_quantity >= 0", name=op.f("ck_tickets_sold_not_negative")),
        sa.CheckConstraint("withheld_quantity >= 0", name=op.f("ck_tickets_withheld_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_tickets_category_key_id"), ["category_key", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_tickets_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_tickets_event_date_id"), ["event_date", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_tickets_price_id"), ["price", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tickets_status_id"), ["status", "id"], unique=False)

    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("username", sa.String(length=50), nullable=False),
        sa.Column("username_key", sa.String(length=50), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_key", sa.String(length=640), nullable=False),
        sa.Column("full_name", sa.String(length=200), nullable=False),
        sa.Column("phone_number", sa.String(length=20), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email_key", name=op.f("uq_users_email_key")),
        sa.UniqueConstraint("username_key", name=op.f("uq_users_username_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_users_created_at_id"), ["created_at", "id"], unique=False
        )

    op.create_table(
        "carts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_carts_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_carts_ticket_id_tickets"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_carts_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carts")),
        sa.UniqueConstraint("user_id", "ticket_id", name=op.f("uq_carts_user_id_ticket_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("carts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_carts_ticket_id"), ["ticket_id"], unique=False)

    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_reference", sa.String(length=14), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "confirmed",
                "cancelled",
                "completed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("amount_paid", sa.BigInteger(), nullable=False),
        sa.Column("amount_refunded", sa.BigInteger(), nullable=False),
        sa.Column("amount_reopened", sa.BigInteger(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'pending') = (expires_at IS NOT NULL)",
            name=op.f("ck_orders_pending_expires"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('confirmed', 'completed') OR confirmed_at IS NOT NULL",
            name=op.f("ck_orders_confirmed_has_date"),
        ),
        sa.CheckConstraint(
            "amount_paid - amount_refunded <= total_amount", name=op.f("ck_orders_never_overpaid")
        ),
        sa.CheckConstraint("amount_paid >= 0", name=op.f("ck_orders_paid_not_negative")),
        sa.CheckConstraint(
            "amount_refunded >= 0 AND amount_refunded <= amount_paid",
            name=op.f("ck_orders_refunded_within_paid"),
        ),
        sa.CheckConstraint(
            "amount_reopened >= 0 AND amount_reopened <= amount_refunded",
            name=op.f("ck_orders_reopened_within_refunded"),
        ),
        sa.CheckConstraint("total_amount >= 0", name=op.f("ck_orders_total_not_negative")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_orders_user_id_users"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("order_reference", name=op.f("uq_orders_order_reference")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_orders_confirmed_at"), ["confirmed_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_orders_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(
            "ix_orders_overdue",
            ["expires_at", "id"],
            unique=False,
            postgresql_where=sa.text("expires_at IS NOT NULL"),
            sqlite_where=sa.text("expires_at IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_orders_status_id"), ["status", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_orders_total_amount_id"), ["total_amount", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_orders_user_id_id"), ["user_id", "id"], unique=False)

    op.create_table(
        "order_items",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("line_total", sa.BigInteger(), nullable=False),
        sa.Column("event_name", sa.String(length=200), nullable=False),
        sa.Column("event_key", sa.String(length=800), nullable=False),
        sa.Column("event_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("venue", sa.String(length=200), nullable=False),
        sa.Column("category", sa.String(length=100), nullable=False),
        sa.Column("category_key", sa.String(length=400), nullable=False),
        sa.CheckConstraint(
            "line_total = unit_price * quantity", name=op.f("ck_order_items_line_total")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_items_quantity_positive")),
        sa.CheckConstraint("unit_price >= 0", name=op.f("ck_order_items_unit_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
            name=op.f("fk_order_items_order_id_orders"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_order_items_ticket_id_tickets"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_items")),
        sa.UniqueConstraint(
            "order_id",
            "ticket_id",
            "unit_price",
            name=op.f("uq_order_items_order_id_ticket_id_unit_price"),
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("order_items", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_order_items_event_key_order_id"), ["event_key", "order_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_order_items_ticket_id_order_id"), ["ticket_id", "order_id"], unique=False
        )

    op.create_table(
        "transactions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("transaction_number", sa.String(length=14), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("refunded_amount", sa.BigInteger(), nullable=False),
        sa.Column("payment_method", sa.String(length=50), nullable=False),
        sa.Column("transaction_reference", sa.String(length=255), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "success",
                "failed",
                "refunded",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("failure_reason", sa.Text(), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'refunded') = (refunded_amount = amount)",
            name=op.f("ck_transactions_refunded_means_all"),
        ),
        sa.CheckConstraint(
            "(status IN ('success', 'refunded')) = (succeeded_at IS NOT NULL)",
            name=op.f("ck_transactions_success_has_date"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transactions_amount_positive")),
        sa.CheckConstraint(
            "refunded_amount >= 0 AND refunded_amount <= amount",
            name=op.f("ck_transactions_refunded_within_amount"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
            name=op.f("fk_transactions_order_id_orders"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transactions")),
        sa.UniqueConstraint("transaction_number", name=op.f("uq_transactions_transaction_number")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("transactions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_transactions_amount_id"), ["amount", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_transactions_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_transactions_order_id_id"), ["order_id", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_transactions_status_id"), ["status", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_transactions_succeeded_at"), ["succeeded_at"], unique=False
        )

    op.create_table(
        "user_orders",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "owner",
                "recipient",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
            name=op.f("fk_user_orders_order_id_orders"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_orders_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_orders")),
        sa.UniqueConstraint("order_id", "user_id", name=op.f("uq_user_orders_order_id_user_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("user_orders", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_user_orders_user_id_order_id"), ["user_id", "order_id"], unique=False
        )
        batch_op.create_index(
            "uq_user_orders_owner",
            ["order_id"],
            unique=True,
            postgresql_where=sa.text("role = 'owner'"),
            sqlite_where=sa.text("role = 'owner'"),
        )


def downgrade() -> None:
    # The indexes go with their tables.
    op.drop_table("user_orders")
    op.drop_table("transactions")
    op.drop_table("order_items")
    op.drop_table("orders")
    op.drop_table("carts")
    op.drop_table("users")
    op.drop_table("tickets")
