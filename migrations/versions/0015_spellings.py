"""Compare names of events, venues, categories and ways to pay by one key, also in the reports.

Revision ID: 0015
Revises: 0014
Create Date: 2026-11-26
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ARRIVED = sa.text("succeeded_at IS NOT NULL AND NOT reference_is_shared")
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# The names that a table has; the key of each has the name that is told here.
_NAMES = {
    "tickets": {"event_name": "event_key", "venue": "venue_key", "category": "category_key"},
    "order_items": {"event_name": "event_key", "venue": "venue_key", "category": "category_key"},
    "deleted_lines": {"event_name": "event_key", "venue": "venue_key", "category": "category_key"},
    "transactions": {"payment_method": "payment_method_key"},
}
# In the revision before, lines and payments had no such key.
_NEW = (("order_items", "venue_key"), ("deleted_lines", "venue_key"))
# An order with lines under two spellings of a name was counted under both, and is one: sums by
# names can't be added up to those by keys. What is in the ledger makes them anew.
_SUMS = (
    *("sales_sums", "ticket_sums", "customer_sums", "customer_counts", "money_sums", "status_sums"),
    *("pending_cells", "part_paid_orders", "payment_moves", "report_progress"),
)
_KINDS = ("event_key", "event_name", "category_key", "category", "venue", "payment_method")
_SPELLED = ("event_id", "event_name_id", "category_id", "category_name_id")
# The first of those that came before has a reference, as under 0008.
_SHARED = """
UPDATE transactions SET reference_is_shared = TRUE
WHERE succeeded_at IS NOT NULL AND transaction_reference IS NOT NULL AND EXISTS (
    SELECT 1 FROM transactions earlier
    WHERE earlier.transaction_reference = transactions.transaction_reference
        AND earlier.payment_method_key = transactions.payment_method_key
        AND earlier.succeeded_at IS NOT NULL AND earlier.id < transactions.id)"""


def upgrade() -> None:
    for table, column in _NEW:
        _add(table, column, 800)
    _add("transactions", "payment_method_key", 200)
    _write_keys(_name_key, _NAMES)
    _write_search_texts(_search_key)
    _keep_deleted_lines("venue_key")
    _make_references_unique_by("payment_method_key")
    _begin_sums_anew(
        kinds=(*_KINDS, "venue_key"),
        key=[sa.Column("key", sa.String(length=800), nullable=True)],
        spelled=(*_SPELLED, "venue_id", "venue_name_id"),
    )
    op.create_index("ix_spelling_sums_venue_id_period", "spelling_sums", ["venue_id", "period"])


def downgrade() -> None:
    """References that were given away under two spellings of a way to pay stay as they are."""
    _make_references_unique_by("payment_method")
    _keep_deleted_lines()
    for table, column in (*_NEW, ("transactions", "payment_method_key")):
        op.drop_column(table, column)
    _write_keys(_old_name_key, {"tickets": _NAMES["tickets"], **_without_venues()})
    _write_search_texts(_old_search_key)
    _begin_sums_anew(kinds=_KINDS, key=[], spelled=_SPELLED)


def _is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _add(table: str, column: str, length: int) -> None:
    """No batch, which would rebuild the table on SQLite; see 0002."""
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} VARCHAR({length}) NOT NULL DEFAULT ''")
    if _is_postgres():
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT")


def _without_venues() -> dict[str, dict[str, str]]:
    kept = {"event_name": "event_key", "category": "category_key"}
    return dict.fromkeys(("order_items", "deleted_lines"), kept)


def _write_keys(key: Callable[[str], str], names: dict[str, dict[str, str]]) -> None:
    """The databases can't make keys: each name is asked for once, and its key written everywhere.

    Most rows have their keys already, and are not written.
    """
    op.execute("CREATE TABLE keys_of_names (name VARCHAR(200) PRIMARY KEY, key VARCHAR(800))")
    told = " UNION ".join(
        f"SELECT {name} FROM {table}" for table, columns in names.items() for name in columns
    )
    bind = op.get_bind()
    found = [{"name": name, "key": key(name)} for (name,) in bind.execute(sa.text(told))]
    if found:
        bind.execute(sa.text("INSERT INTO keys_of_names VALUES (:name, :key)"), found)
    for table, columns in names.items():
        known = {
            column: f"(SELECT key FROM keys_of_names WHERE name = {table}.{name})"
            for name, column in columns.items()
        }
        changes = ", ".join(f"{column} = {value}" for column, value in known.items())
        differs = " OR ".join(f"{column} <> {value}" for column, value in known.items())
        op.execute(f"UPDATE {table} SET {changes} WHERE {differs}")
    op.execute("DROP TABLE keys_of_names")


def _write_search_texts(key: Callable[[str], str]) -> None:
    bind = op.get_bind()
    for row in _tickets():
        texts = (row.event_name, row.event_description, row.venue, row.category)
        text = key("\n".join(text or "" for text in texts))
        if text != row.search_text:
            changed = sa.text("UPDATE tickets SET search_text = :text WHERE id = :id")
            bind.execute(changed, {"text": text, "id": row.id})


def _tickets() -> Iterator[sa.Row[tuple[object, ...]]]:
    """Page by page, so that no number of tickets fills the memory."""
    page = sa.text("SELECT * FROM tickets WHERE id > :after ORDER BY id LIMIT 500")
    last = 0
    while rows := op.get_bind().execute(page, {"after": last}).all():
        yield from rows
        last = rows[-1].id


def _make_references_unique_by(column: str) -> None:
    op.drop_index("uq_transactions_reference", "transactions")
    if column != "payment_method":
        op.execute(_SHARED)
    op.create_index(
        "uq_transactions_reference",
        "transactions",
        [column, "transaction_reference"],
        unique=True,
        sqlite_where=_ARRIVED,
        postgresql_where=_ARRIVED,
    )


def _keep_deleted_lines(*more: str) -> None:
    """The trigger of 0005, with the columns that lines have now."""
    columns = ", ".join(
        (
            *("ticket_id", "quantity", "line_total", "event_name", "event_key"),
            *("venue", "category", "category_key", *more),
        )
    )
    keep = (
        f"INSERT INTO deleted_lines (order_id, user_id, {columns})"
        f" SELECT order_id, OLD.user_id, {columns} FROM order_items WHERE order_id = OLD.id;"
    )
    if _is_postgres():
        op.execute(
            "CREATE OR REPLACE FUNCTION orders_keep_deleted_lines() RETURNS trigger"
            f" LANGUAGE plpgsql AS $$BEGIN {keep} RETURN OLD; END$$"
        )
        return
    op.execute("DROP TRIGGER orders_keep_deleted_lines")
    op.execute(
        "CREATE TRIGGER orders_keep_deleted_lines BEFORE DELETE ON orders"
        f" WHEN OLD.status = 'cancelled' BEGIN {keep} END"
    )


def _begin_sums_anew(
    *, kinds: Sequence[str], key: Sequence[sa.Column[str]], spelled: Sequence[str]
) -> None:
    """Empty the sums, and note again what they had of payments that the ledger does not know."""
    for table in _SUMS:
        op.execute(f"DELETE FROM {table}")
    _make_report_names(kinds, key)
    _make_spelling_sums(spelled)
    day = (
        "CAST(to_char(created_at AT TIME ZONE 'UTC', 'YYYYMMDD') AS INTEGER)"
        if _is_postgres()
        else "CAST(replace(substr(created_at, 1, 10), '-', '') AS INTEGER)"
    )
    op.execute(
        "INSERT INTO payment_moves (order_id, day, status, sign, is_taken)"
        f" SELECT order_id, {day}, status, 1, FALSE FROM transactions"
        " WHERE status IN ('pending', 'failed')"
    )


def _make_report_names(kinds: Sequence[str], key: Sequence[sa.Column[str]]) -> None:
    kind = sa.Enum(*kinds, name="kind", native_enum=False, create_constraint=True, length=20)
    op.drop_table("report_names")
    op.create_table(
        "report_names",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("kind", kind, nullable=False),
        sa.Column("name", sa.String(length=800), nullable=False),
        *key,
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_names")),
        sa.UniqueConstraint("kind", "name", name=op.f("uq_report_names_kind_name")),
        sqlite_autoincrement=True,
    )


def _make_spelling_sums(spelled: Sequence[str]) -> None:
    op.drop_table("spelling_sums")
    op.create_table(
        "spelling_sums",
        sa.Column("period", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, _BIG_ID, autoincrement=False, nullable=False) for name in spelled),
        sa.Column("tickets", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("period", *spelled, name=op.f("pk_spelling_sums")),
    )


# As ``core.text`` has them by now, and as it had them before.

_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)


def _name_key(value: str) -> str:
    if not value.isascii():
        folded = unicodedata.normalize("NFD", _UNSEEN.sub("", value)).casefold()
        value = unicodedata.normalize("NFC", folded)
    return " ".join(value.casefold().split())


def _search_key(value: str) -> str:
    return _old_search_key(_UNSEEN.sub("", value))


def _old_name_key(value: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", value).casefold())


def _old_search_key(value: str) -> str:
    decomposed = unicodedata.normalize("NFKD", value.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()
