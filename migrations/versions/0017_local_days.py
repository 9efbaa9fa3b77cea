"""Sum quarters of an hour, of which days of any zone are made, and tickets by their names as sold.

The sums begin anew: the chore fills them, or `python cli.py fold-ledger`, and until then reports
add up what is not in them yet.

Revision ID: 0017
Revises: 0016
Create Date: 2026-11-26
"""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEPT_BY_CHORE = (
    "report_progress",
    "sales_sums",
    "spelling_sums",
    "customer_sums",
    "customer_counts",
    "money_sums",
    "status_sums",
    "part_paid_orders",
    "pending_cells",
    "payment_moves",
    "user_sums",
)


def upgrade() -> None:
    op.create_table(
        "quarter_sums",
        *(_key(name) for name in ("grouping", "event_id", "category_id", "quarter")),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in (
                "orders",
                "tickets",
                "revenue",
                "transactions",
                "gross",
                "refunded",
                "users",
            )
        ),
        sa.PrimaryKeyConstraint(
            "grouping", "event_id", "category_id", "quarter", name=op.f("pk_quarter_sums")
        ),
    )
    _sum_tickets_by("period", "ticket_id", "event_id", "category_id")
    _note_users("quarter", sa.BigInteger(), _quarter)
    _begin_anew()
    op.execute(f"""
        INSERT INTO quarter_sums (grouping, event_id, category_id, quarter, orders, tickets,
            revenue, transactions, gross, refunded, users)
        SELECT 0, 0, 0, quarter, 0, 0, 0, 0, 0, 0, COUNT(*)
        FROM (SELECT {_quarter("created_at")} AS quarter FROM users) AS registered
        GROUP BY quarter""")


def downgrade() -> None:
    _note_users("day", sa.Integer(), _day)
    _sum_tickets_by("period", "ticket_id")
    op.drop_table("quarter_sums")
    _begin_anew()


def _key(name: str) -> sa.Column[int]:
    kinds = {"grouping": sa.Integer(), "period": sa.Integer(), "quarter": sa.BigInteger()}
    return sa.Column(name, kinds.get(name, _ID), autoincrement=False, nullable=False)


def _sum_tickets_by(*keys: str) -> None:
    op.drop_table("ticket_sums")
    op.create_table(
        "ticket_sums",
        *(_key(name) for name in keys),
        sa.Column("tickets", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*keys, name=op.f("pk_ticket_sums")),
    )


def _begin_anew() -> None:
    """Empty the sums, and count what the ledger does not know from the rows."""
    if _is_postgres():
        # From here on nobody else writes to these, so what is there is counted once.
        op.execute("LOCK TABLE transactions, users IN SHARE ROW EXCLUSIVE MODE")
    for table in _KEPT_BY_CHORE:
        op.execute(f"DELETE FROM {table}")
    op.execute(f"""
        INSERT INTO payment_moves (order_id, day, status, sign, is_taken)
        SELECT order_id, {_day("created_at")}, status, 1, FALSE FROM transactions
        WHERE status IN ('pending', 'failed')""")
    day = _day("created_at")
    op.execute(f"""
        INSERT INTO user_sums (period, is_active, counted)
        SELECT period, is_active, COUNT(*) FROM (
            SELECT {day} AS period, is_active FROM users
            UNION ALL SELECT {day} / 100, is_active FROM users
            UNION ALL SELECT 0, is_active FROM users) AS counted
        GROUP BY period, is_active""")


def _note_users(column: str, kind: Any, numbered: Callable[[str], str]) -> None:
    """Make the notes of who came and went anew, and what writes them."""
    op.drop_table("user_moves")
    op.create_table(
        "user_moves",
        sa.Column("id", _ID, nullable=False),
        sa.Column(column, kind, nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("sign", sa.Integer(), nullable=False),
        sa.Column("is_taken", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_moves")),
        sqlite_autoincrement=True,
    )
    note = f"INSERT INTO user_moves ({column}, is_active, sign, is_taken) VALUES"
    came = f"{note} ({numbered('NEW.created_at')}, NEW.is_active, 1, FALSE);"
    went = f"{note} ({numbered('OLD.created_at')}, OLD.is_active, -1, FALSE);"
    for event, noted in {"insert": came, "update": went + came, "delete": went}.items():
        _note_at(event, noted)


def _note_at(event: str, noted: str) -> None:
    if _is_postgres():
        # The triggers of 0006 stay, and find their function anew.
        op.execute(
            f"CREATE OR REPLACE FUNCTION users_count_{event}() RETURNS trigger LANGUAGE plpgsql"
            f" AS $$BEGIN {noted} RETURN NULL; END$$"
        )
        return
    condition = {
        "insert": "INSERT ON users",
        "update": "UPDATE OF is_active ON users WHEN NEW.is_active <> OLD.is_active",
        "delete": "DELETE ON users",
    }[event]
    op.execute(f"DROP TRIGGER users_count_{event}")
    op.execute(f"CREATE TRIGGER users_count_{event} AFTER {condition} BEGIN {noted} END")


def _is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _day(moment: str) -> str:
    """The day of a moment as a number: 20260301."""
    if _is_postgres():
        return f"CAST(to_char({moment} AT TIME ZONE 'UTC', 'YYYYMMDD') AS INTEGER)"
    return f"CAST(replace(substr({moment}, 1, 10), '-', '') AS INTEGER)"


def _quarter(moment: str) -> str:
    """The quarter of an hour: 20260301234500; before 1980 the second."""
    if _is_postgres():
        second = f"CAST(to_char({moment} AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS') AS BIGINT)"
        behind = f"mod(mod({second}, 10000), 1500)"
        since = "1980-01-01T00:00:00+00:00"
    else:
        digits = f"substr({moment}, 1, 10) || substr({moment}, 12, 8)"
        second = f"CAST(replace(replace({digits}, '-', ''), ':', '') AS INTEGER)"
        behind = f"{second} % 10000 % 1500"
        since = "1980-01-01"
    return f"({second} - CASE WHEN {moment} >= '{since}' THEN {behind} ELSE 0 END)"
