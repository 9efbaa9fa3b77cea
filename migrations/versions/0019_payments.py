"""Take money by providers: who takes it, what they told, what is on its way back, and disputes.

Revision ID: 0019
Revises: 0018
Create Date: 2026-11-27
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_TIMES = ("created_at", "updated_at")
_ADDED: dict[str, Any] = {
    "provider": sa.String(30),
    "provider_reference": sa.String(255),
    "next_action": sa.Text(),
    "look_at": _TIME,
}


def upgrade() -> None:
    for name, kind in _ADDED.items():
        op.add_column("transactions", sa.Column(name, kind, nullable=True))
    _index_where(
        "transactions",
        "uq_transactions_provider_reference",
        ["provider", "provider_reference"],
        "provider_reference IS NOT NULL",
        unique=True,
    )
    _index_where(
        "transactions", "ix_transactions_look_at", ["look_at", "id"], "look_at IS NOT NULL"
    )
    _keep_events()
    _keep_differences()
    _keep_refunds()
    _keep_disputes()


def downgrade() -> None:
    for table in (
        *("disputes", "payment_reasons", "refund_progress", "provider_refunds"),
        *("payment_differences", "provider_events"),
    ):
        op.drop_table(table)
    op.drop_index("ix_transactions_look_at", "transactions")
    op.drop_index("uq_transactions_provider_reference", "transactions")
    for name in reversed(_ADDED):
        op.drop_column("transactions", name)


def _keep_events() -> None:
    op.create_table(
        "provider_events",
        sa.Column("id", _ID, nullable=False),
        sa.Column("provider", sa.String(30), nullable=False),
        sa.Column("event_id", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column(
            "outcome",
            _one_of("applied", "known", "differs", "not_ours", "ignored", name="outcome"),
            nullable=False,
        ),
        sa.Column("transaction_id", _ID, nullable=True),
        sa.Column("received_at", _TIME, nullable=False),
        _key("provider_events"),
        _unique("provider_events", "provider", "event_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_provider_events_received_at"), "provider_events", ["received_at"], unique=False
    )


def _keep_differences() -> None:
    op.create_table(
        "payment_differences",
        sa.Column("id", _ID, nullable=False),
        sa.Column("transaction_id", _ID, nullable=False),
        sa.Column("asked_amount", sa.BigInteger(), nullable=False),
        sa.Column("received_minor_units", sa.BigInteger(), nullable=False),
        sa.Column("received_currency", sa.String(3), nullable=False),
        sa.Column("resolved_at", _TIME, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        _of_transaction("payment_differences"),
        _key("payment_differences"),
        _unique("payment_differences", "transaction_id"),
        sqlite_autoincrement=True,
    )
    _index_where(
        "payment_differences", "ix_payment_differences_open", ["id"], "resolved_at IS NULL"
    )


def _keep_refunds() -> None:
    table = "provider_refunds"
    op.create_table(
        table,
        sa.Column("id", _ID, nullable=False),
        sa.Column("movement_id", _ID, nullable=False),
        sa.Column("transaction_id", _ID, nullable=False),
        sa.Column("provider", sa.String(30), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("status", _one_of("pending", "succeeded", "failed"), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("provider_reference", sa.String(255), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("is_by_hand", sa.Boolean(), nullable=False),
        sa.Column("send_at", _TIME, nullable=True),
        *(sa.Column(name, _TIME, nullable=False) for name in _TIMES),
        sa.CheckConstraint("amount > 0", name=op.f(f"ck_{table}_amount_positive")),
        sa.CheckConstraint("attempt > 0", name=op.f(f"ck_{table}_attempt_positive")),
        sa.CheckConstraint(
            "(status = 'pending') = (send_at IS NOT NULL)", name=op.f(f"ck_{table}_pending_is_sent")
        ),
        _of_transaction(table),
        _key(table),
        _unique(table, "movement_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f(f"ix_{table}_transaction_id_id"), table, ["transaction_id", "id"], unique=False
    )
    _index_where(table, f"ix_{table}_send_at", ["send_at", "id"], "send_at IS NOT NULL")
    _index_where(table, f"ix_{table}_failed", ["id"], "status = 'failed'")
    _index_where(
        table,
        f"uq_{table}_provider_reference",
        ["provider", "provider_reference"],
        "provider_reference IS NOT NULL",
        unique=True,
    )
    op.create_table(
        "refund_progress",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("movement_id", _ID, nullable=False),
        sa.Column("candidate_id", _ID, nullable=False),
        sa.Column("writers", sa.Text(), nullable=False),
        _key("refund_progress"),
    )
    # No provider took the money that the ledger tells of so far.
    op.execute(
        "INSERT INTO refund_progress (id, movement_id, candidate_id, writers)"
        " SELECT 1, COALESCE(MAX(id), 0), COALESCE(MAX(id), 0), '' FROM movements"
    )
    op.create_table(
        "payment_reasons",
        sa.Column("id", _ID, nullable=False),
        sa.Column("transaction_id", _ID, nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        _of_transaction("payment_reasons", ondelete="CASCADE"),
        _key("payment_reasons"),
        _unique("payment_reasons", "transaction_id", "request_id"),
        sqlite_autoincrement=True,
    )


def _keep_disputes() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", _ID, nullable=False),
        sa.Column("transaction_id", _ID, nullable=False),
        sa.Column("provider", sa.String(30), nullable=False),
        sa.Column("provider_reference", sa.String(255), nullable=False),
        sa.Column("minor_units", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("reason", sa.String(100), nullable=True),
        sa.Column("status", _one_of("open", "won", "lost"), nullable=False),
        sa.Column("respond_by", _TIME, nullable=True),
        *(sa.Column(name, _TIME, nullable=False) for name in _TIMES),
        sa.CheckConstraint("minor_units > 0", name=op.f("ck_disputes_minor_units_positive")),
        _of_transaction("disputes"),
        _key("disputes"),
        _unique("disputes", "provider", "provider_reference"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_disputes_created_at"), "disputes", ["created_at"], unique=False)
    op.create_index(
        op.f("ix_disputes_transaction_id_id"), "disputes", ["transaction_id", "id"], unique=False
    )


def _key(table: str) -> sa.Constraint:
    return sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))


def _unique(table: str, *columns: str) -> sa.Constraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _of_transaction(table: str, ondelete: str = "RESTRICT") -> sa.Constraint:
    return sa.ForeignKeyConstraint(
        ["transaction_id"],
        ["transactions.id"],
        name=op.f(f"fk_{table}_transaction_id_transactions"),
        ondelete=ondelete,
    )


def _one_of(*words: str, name: str = "status") -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=20)


def _index_where(
    table: str, name: str, columns: list[str], where: str, *, unique: bool = False
) -> None:
    chosen = sa.text(where)
    op.create_index(
        name, table, columns, unique=unique, sqlite_where=chosen, postgresql_where=chosen
    )
