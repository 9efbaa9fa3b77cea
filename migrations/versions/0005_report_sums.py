"""report sums

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-26
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "customer_counts",
        sa.Column("period", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("returning_customers", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("period", name=op.f("pk_customer_counts")),
    )
    op.create_table(
        "customer_sums",
        sa.Column("period", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "user_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("tickets", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("period", "user_id", name=op.f("pk_customer_sums")),
    )
    with op.batch_alter_table("customer_sums", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_customer_sums_period_spent"),
            ["period", "spent"],
            unique=False,
            postgresql_where=sa.text("orders > 0"),
            sqlite_where=sa.text("orders > 0"),
        )

    op.create_table(
        "deleted_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("line_total", sa.BigInteger(), nullable=False),
        sa.Column("event_name", sa.String(length=200), nullable=False),
        sa.Column("event_key", sa.String(length=800), nullable=False),
        sa.Column("venue", sa.String(length=200), nullable=False),
        sa.Column("category", sa.String(length=100), nullable=False),
        sa.Column("category_key", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deleted_lines")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("deleted_lines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deleted_lines_order_id"), ["order_id"], unique=False)

    op.create_table(
        "money_sums",
        sa.Column("grouping", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("period", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "event_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "category_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "payment_method_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("transactions", sa.BigInteger(), nullable=False),
        sa.Column("gross", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "grouping",
            "period",
            "event_id",
            "category_id",
            "payment_method_id",
            name=op.f("pk_money_sums"),
        ),
    )
    with op.batch_alter_table("money_sums", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_money_sums_grouping_event_id_category_id_period"),
            ["grouping", "event_id", "category_id", "period"],
            unique=False,
        )

    op.create_table(
        "part_paid_orders",
        sa.Column(
            "order_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_part_paid_orders")),
    )
    with op.batch_alter_table("transactions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_transactions_unsettled",
            ["created_at", "status", "order_id"],
            unique=False,
            postgresql_where=sa.text("succeeded_at IS NULL"),
            sqlite_where=sa.text("succeeded_at IS NULL"),
        )
    op.create_table(
        "report_names",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "event_key",
                "event_name",
                "category_key",
                "category",
                "venue",
                "payment_method",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=800), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_names")),
        sa.UniqueConstraint("kind", "name", name=op.f("uq_report_names_kind_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "report_progress",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "movement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "candidate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("writers", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_progress")),
    )
    op.create_table(
        "sales_sums",
        sa.Column("grouping", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("period", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "event_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "category_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "venue_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("tickets", sa.BigInteger(), nullable=False),
        sa.Column("revenue", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "grouping", "period", "event_id", "category_id", "venue_id", name=op.f("pk_sales_sums")
        ),
    )
    with op.batch_alter_table("sales_sums", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sales_sums_grouping_event_id_category_id_venue_id_period"),
            ["grouping", "event_id", "category_id", "venue_id", "period"],
            unique=False,
        )

    op.create_table(
        "spelling_sums",
        sa.Column("period", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "event_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "event_name_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "category_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "category_name_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("tickets", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "period",
            "event_id",
            "event_name_id",
            "category_id",
            "category_name_id",
            name=op.f("pk_spelling_sums"),
        ),
    )
    op.create_table(
        "status_sums",
        sa.Column(
            "kind",
            sa.Enum(
                "order",
                "transaction",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("grouping", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("period", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "event_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "category_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("status", sa.String(length=20), autoincrement=False, nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "kind",
            "grouping",
            "period",
            "event_id",
            "category_id",
            "status",
            name=op.f("pk_status_sums"),
        ),
    )
    op.create_table(
        "ticket_sums",
        sa.Column("period", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "ticket_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("tickets", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("period", "ticket_id", name=op.f("pk_ticket_sums")),
    )
    op.create_index("ix_users_counted", "users", ["is_active", "created_at"])
    _keep_deleted_lines()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER orders_keep_deleted_lines ON orders")
        op.execute("DROP FUNCTION orders_keep_deleted_lines()")
    else:
        op.execute("DROP TRIGGER orders_keep_deleted_lines")
    op.drop_index("ix_users_counted", "users")
    op.drop_table("ticket_sums")
    op.drop_table("status_sums")
    op.drop_table("spelling_sums")
    with op.batch_alter_table("sales_sums", schema=None) as batch_op:
        batch_op.drop_index(
            batch_op.f("ix_sales_sums_grouping_event_id_category_id_venue_id_period")
        )

    op.drop_table("sales_sums")
    op.drop_table("report_progress")
    op.drop_table("report_names")
    with op.batch_alter_table("money_sums", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_money_sums_grouping_event_id_category_id_period"))

    op.drop_table("money_sums")
    with op.batch_alter_table("deleted_lines", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deleted_lines_order_id"))

    op.drop_table("deleted_lines")
    op.drop_table("part_paid_orders")
    with op.batch_alter_table("transactions", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_transactions_unsettled",
            postgresql_where=sa.text("succeeded_at IS NULL"),
            sqlite_where=sa.text("succeeded_at IS NULL"),
        )
    with op.batch_alter_table("customer_sums", schema=None) as batch_op:
        batch_op.drop_index(
            batch_op.f("ix_customer_sums_period_spent"),
            postgresql_where=sa.text("orders > 0"),
            sqlite_where=sa.text("orders > 0"),
        )

    op.drop_table("customer_sums")
    op.drop_table("customer_counts")


_KEEP = """
    INSERT INTO deleted_lines (order_id, user_id, ticket_id, quantity, line_total, event_name,
        event_key, venue, category, category_key)
    SELECT order_id, OLD.user_id, ticket_id, quantity, line_total, event_name, event_key, venue,
        category, category_key
    FROM order_items WHERE order_id = OLD.id;
"""


def _keep_deleted_lines() -> None:
    """What a cancelled order did to the sums is told by its lines, and deleting it removes them."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION orders_keep_deleted_lines() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$BEGIN {_KEEP} RETURN OLD; END$$"
        )
        op.execute(
            "CREATE TRIGGER orders_keep_deleted_lines BEFORE DELETE ON orders FOR EACH ROW"
            " WHEN (OLD.status = 'cancelled') EXECUTE FUNCTION orders_keep_deleted_lines()"
        )
        return
    op.execute(
        "CREATE TRIGGER orders_keep_deleted_lines BEFORE DELETE ON orders"
        f" WHEN OLD.status = 'cancelled' BEGIN {_KEEP} END"
    )
