"""ledger and idempotency keys

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-22
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_WHOLE = (
    "kind = 'order' AND order_id IS NOT NULL"
    " OR kind = 'stock' AND ticket_id IS NOT NULL AND quantity > 0"
    " OR kind = 'money' AND order_id IS NOT NULL AND transaction_id IS NOT NULL AND amount > 0"
)


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("principal", sa.String(length=80), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_keys")),
        sa.UniqueConstraint(
            "principal", "key_hash", name=op.f("uq_idempotency_keys_principal_key_hash")
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("idempotency_keys", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_idempotency_keys_created_at"), ["created_at"], unique=False
        )

    op.create_table(
        "movements",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "stock",
                "money",
                "order",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("cause", sa.String(length=30), nullable=False),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "transaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("request_id", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(_WHOLE, name=op.f("ck_movements_complete")),
        sa.CheckConstraint("origin <> target", name=op.f("ck_movements_goes_somewhere")),
        sa.CheckConstraint("quantity >= 0 AND amount >= 0", name=op.f("ck_movements_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movements")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("movements", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_movements_order_id_id"), ["order_id", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_movements_ticket_id_id"), ["ticket_id", "id"], unique=False
        )
    _open_the_books()
    _forbid_changes()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER movements_append_only ON movements")
        op.execute("DROP FUNCTION movements_append_only()")
    with op.batch_alter_table("movements", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_movements_ticket_id_id"))
        batch_op.drop_index(batch_op.f("ix_movements_order_id_id"))

    op.drop_table("movements")
    with op.batch_alter_table("idempotency_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_idempotency_keys_created_at"))

    op.drop_table("idempotency_keys")


def _open_the_books() -> None:
    """Write down how what is there came about, as far as the rows still tell.

    Tickets enter with all that is for sale; then the orders take their part of it, in the order
    in which they were placed. Whatever was taken back is taken to have gone on sale again.
    """
    if op.get_bind().dialect.name == "postgresql":
        # All of it must be of one moment; a process of the release before may still be selling.
        op.execute(
            "LOCK TABLE tickets, orders, order_items, transactions IN SHARE ROW EXCLUSIVE MODE"
        )
    _enter("available", "available_quantity + reserved_quantity + sold_quantity")
    _enter("withheld", "withheld_quantity")
    _lines("order_placed", "available", "reserved", "created_at", "true")
    _lines("order_confirmed", "reserved", "sold", "confirmed_at", "confirmed_at IS NOT NULL")
    ended = "o.status = 'cancelled' AND o.confirmed_at IS"
    expired = f"{ended} NULL AND COALESCE(o.cancel_reason, '') = 'expired'"
    given_up = f"{ended} NULL AND COALESCE(o.cancel_reason, '') <> 'expired'"
    _lines("order_expired", "reserved", "available", "updated_at", expired)
    _lines("order_cancelled", "reserved", "available", "updated_at", given_up)
    _lines("order_cancelled", "sold", "available", "updated_at", f"{ended} NOT NULL")
    _orders("order_placed", "nowhere", "pending", "created_at", "true")
    _orders("order_confirmed", "pending", "confirmed", "confirmed_at", "confirmed_at IS NOT NULL")
    _orders("order_expired", "pending", "cancelled", "updated_at", expired)
    _orders("order_cancelled", "pending", "cancelled", "updated_at", given_up)
    _orders("order_cancelled", "confirmed", "cancelled", "updated_at", f"{ended} NOT NULL")
    _orders("order_completed", "confirmed", "completed", "updated_at", "o.status = 'completed'")
    _money("payment_received", "buyer", "seller", "amount", "succeeded_at")
    _money("payment_refunded", "seller", "buyer", "refunded_amount", "updated_at")


_COLUMNS = (
    "INSERT INTO movements (kind, cause, origin, target, quantity, amount,"
    " order_id, ticket_id, transaction_id, request_id, created_at) "
)


def _enter(counter: str, units: str) -> None:
    op.execute(
        f"{_COLUMNS} SELECT 'stock', 'ticket_created', 'nowhere', '{counter}', {units}, 0,"
        " NULL, id, NULL, 'migration', created_at"
        f" FROM tickets WHERE {units} > 0 ORDER BY id"
    )


def _lines(cause: str, origin: str, target: str, time: str, condition: str) -> None:
    op.execute(
        f"{_COLUMNS} SELECT 'stock', '{cause}', '{origin}', '{target}', i.quantity, i.line_total,"
        f" o.id, i.ticket_id, NULL, 'migration', o.{time}"
        f" FROM order_items i JOIN orders o ON o.id = i.order_id WHERE {condition} ORDER BY i.id"
    )


def _orders(cause: str, origin: str, target: str, time: str, condition: str) -> None:
    op.execute(
        f"{_COLUMNS} SELECT 'order', '{cause}', '{origin}', '{target}', 0, 0,"
        f" o.id, NULL, NULL, 'migration', o.{time} FROM orders o WHERE {condition} ORDER BY o.id"
    )


def _money(cause: str, origin: str, target: str, amount: str, time: str) -> None:
    op.execute(
        f"{_COLUMNS} SELECT 'money', '{cause}', '{origin}', '{target}', 0, {amount},"
        f" order_id, NULL, id, 'migration', {time} FROM transactions"
        f" WHERE succeeded_at IS NOT NULL AND {amount} > 0 ORDER BY id"
    )


_REFUSE = "SELECT RAISE(ABORT, 'movements are never changed')"


def _forbid_changes() -> None:
    """Whoever wants to tell another story has to remove the triggers first, and that shows."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION movements_append_only() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'movements are never changed'; END$$"
        )
        op.execute(
            "CREATE TRIGGER movements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
            " ON movements FOR EACH STATEMENT EXECUTE FUNCTION movements_append_only()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER movements_no_{change.lower()} BEFORE {change} ON movements"
            f" BEGIN {_REFUSE}; END"
        )
    # REPLACE deletes without asking the triggers of DELETE.
    op.execute(
        "CREATE TRIGGER movements_no_replace BEFORE INSERT ON movements"
        " WHEN EXISTS (SELECT 1 FROM movements WHERE id = NEW.id)"
        f" BEGIN {_REFUSE}; END"
    )
