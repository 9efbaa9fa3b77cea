"""Keep sums of what comes and goes outside of the ledger, and of pending orders.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-26
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "payment_moves",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("sign", sa.Integer(), nullable=False),
        sa.Column("is_taken", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_moves")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pending_cells",
        sa.Column(
            "order_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
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
        sa.Column("day", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "order_id", "event_id", "category_id", name=op.f("pk_pending_cells")
        ),
    )
    op.create_table(
        "user_moves",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("sign", sa.Integer(), nullable=False),
        sa.Column("is_taken", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_moves")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "user_sums",
        sa.Column("period", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_active", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("period", "is_active", name=op.f("pk_user_sums")),
    )
    with op.batch_alter_table("transactions", schema=None) as batch_op:
        batch_op.drop_index(
            batch_op.f("ix_transactions_unsettled"),
            sqlite_where=sa.text("succeeded_at IS NULL"),
            postgresql_where=sa.text("succeeded_at IS NULL"),
        )

    # Their sums count them.
    op.drop_index("ix_users_counted", "users")
    is_postgres = op.get_bind().dialect.name == "postgresql"
    for table, (events, changes) in _TRIGGERS.items():
        # From here on nobody else writes to the table, so what is there is counted once.
        (_make_on_postgresql if is_postgres else _make_on_sqlite)(table, events, changes)
    for statement in _FILL:
        op.execute(statement.format(**_days(is_postgres=is_postgres)))


def downgrade() -> None:
    is_postgres = op.get_bind().dialect.name == "postgresql"
    for table, (events, _) in _TRIGGERS.items():
        for event in events:
            on = f" ON {table}" if is_postgres else ""
            op.execute(f"DROP TRIGGER {table}_count_{event}{on}")
            if is_postgres:
                op.execute(f"DROP FUNCTION {table}_count_{event}()")
    op.execute(
        "DELETE FROM status_sums WHERE kind = 'transaction' AND status IN ('pending', 'failed')"
    )
    op.execute("DELETE FROM status_sums WHERE status = 'pending' AND grouping <> 0")
    op.create_index("ix_users_counted", "users", ["is_active", "created_at"])
    with op.batch_alter_table("transactions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_transactions_unsettled"),
            ["created_at", "status", "order_id"],
            unique=False,
            sqlite_where=sa.text("succeeded_at IS NULL"),
            postgresql_where=sa.text("succeeded_at IS NULL"),
        )

    op.drop_table("user_sums")
    op.drop_table("user_moves")
    op.drop_table("pending_cells")
    op.drop_table("payment_moves")


_PAYMENT = "INSERT INTO payment_moves (order_id, day, status, sign, is_taken) VALUES"
_USER = "INSERT INTO user_moves (day, is_active, sign, is_taken) VALUES"
_CAME = _USER + " ({new_day}, NEW.is_active, 1, FALSE);"
_WENT = _USER + " ({old_day}, OLD.is_active, -1, FALSE);"
_ENTERED = _PAYMENT + " (NEW.order_id, {new_day}, NEW.status, 1, FALSE);"
_LEFT = _PAYMENT + " (OLD.order_id, {old_day}, OLD.status, -1, FALSE);"
_UNSETTLED = "('pending', 'failed')"
# For each table: of which events what is noted, and when.
_TRIGGERS = {
    "transactions": (
        {
            "insert": ("INSERT", f"NEW.status IN {_UNSETTLED}"),
            "enter": (
                "UPDATE OF status",
                f"NEW.status <> OLD.status AND NEW.status IN {_UNSETTLED}",
            ),
            "leave": (
                "UPDATE OF status",
                f"NEW.status <> OLD.status AND OLD.status IN {_UNSETTLED}",
            ),
            "delete": ("DELETE", f"OLD.status IN {_UNSETTLED}"),
        },
        {"insert": _ENTERED, "enter": _ENTERED, "leave": _LEFT, "delete": _LEFT},
    ),
    "users": (
        {
            "insert": ("INSERT", "TRUE"),
            "update": ("UPDATE OF is_active", "NEW.is_active <> OLD.is_active"),
            "delete": ("DELETE", "TRUE"),
        },
        {"insert": _CAME, "update": _WENT + _CAME, "delete": _WENT},
    ),
}


def _make_on_postgresql(
    table: str, events: dict[str, tuple[str, str]], changes: dict[str, str]
) -> None:
    for name, (event, condition) in events.items():
        trigger = f"{table}_count_{name}"
        noted = changes[name].format(**_days(is_postgres=True))
        op.execute(
            f"CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$BEGIN {noted} RETURN NULL; END$$"
        )
        op.execute(
            f"CREATE TRIGGER {trigger} AFTER {event} ON {table} FOR EACH ROW"
            f" WHEN ({condition}) EXECUTE FUNCTION {trigger}()"
        )


def _make_on_sqlite(
    table: str, events: dict[str, tuple[str, str]], changes: dict[str, str]
) -> None:
    for name, (event, condition) in events.items():
        noted = changes[name].format(**_days(is_postgres=False))
        op.execute(
            f"CREATE TRIGGER {table}_count_{name} AFTER {event} ON {table}"
            f" WHEN {condition} BEGIN {noted} END"
        )


def _days(*, is_postgres: bool) -> dict[str, str]:
    """The days on which rows were made, as numbers."""
    day = (
        "CAST(to_char({} AT TIME ZONE 'UTC', 'YYYYMMDD') AS INTEGER)"
        if is_postgres
        else "CAST(replace(substr({}, 1, 10), '-', '') AS INTEGER)"
    )
    moments = {"new_day": "NEW.created_at", "old_day": "OLD.created_at", "day": "o.created_at"}
    return {name: day.format(moment) for name, moment in moments.items()}


_PENDING = "FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.status = 'pending'"
_CELLS = """
    SELECT DISTINCT o.id, e.id, c.id, {day}
    FROM orders o JOIN order_items i ON i.order_id = o.id
        JOIN report_names e ON e.kind = 'event_key' AND e.name = i.event_key
        JOIN report_names c ON c.kind = 'category_key' AND c.name = i.category_key
    WHERE o.status = 'pending'"""


def _fill_pending(grouping: int, event: str, category: str) -> str:
    """An order counts once in each event, in each category, and in each of both together."""
    return f"""
        INSERT INTO status_sums (kind, grouping, period, event_id, category_id, status, counted)
        SELECT 'order', {grouping}, period, event_id, category_id, 'pending', COUNT(*)
        FROM (SELECT DISTINCT order_id, {event} AS event_id, {category} AS category_id, day
            FROM pending_cells) AS counted
            JOIN (SELECT order_id AS of_order, day AS period FROM pending_cells
                UNION SELECT order_id, day / 100 FROM pending_cells
                UNION SELECT order_id, 0 FROM pending_cells) AS periods
                ON periods.of_order = counted.order_id
        GROUP BY period, event_id, category_id"""


_FILL = (
    """INSERT INTO payment_moves (order_id, day, status, sign, is_taken)
        SELECT o.order_id, {day}, o.status, 1, FALSE FROM transactions o
        WHERE o.status IN ('pending', 'failed')""",
    """INSERT INTO user_sums (period, is_active, counted)
        SELECT period, is_active, COUNT(*) FROM (
            SELECT {day} AS period, o.is_active FROM users o
            UNION ALL SELECT {day} / 100, o.is_active FROM users o
            UNION ALL SELECT 0, o.is_active FROM users o) AS counted
        GROUP BY period, is_active""",
    *(
        f"""INSERT INTO report_names (kind, name)
            SELECT '{kind}', i.{kind} {_PENDING} GROUP BY i.{kind} ON CONFLICT DO NOTHING"""
        for kind in ("event_key", "category_key")
    ),
    f"INSERT INTO pending_cells (order_id, event_id, category_id, day) {_CELLS}",
    _fill_pending(1, "event_id", "0"),
    _fill_pending(2, "0", "category_id"),
    _fill_pending(3, "event_id", "category_id"),
)
