"""Tell joined pictures and the flags of parts of a country apart in the keys of names.

Where a name has none of them, which is nearly everywhere, nothing is done. Otherwise the sums by
these keys begin anew: the chore fills them, or `python cli.py fold-ledger`.

Revision ID: 0018
Revises: 0017
Create Date: 2026-11-26
"""

import re
import unicodedata
from collections.abc import Callable, Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ARRIVED = sa.text("succeeded_at IS NOT NULL AND NOT reference_is_shared")
# The names that a table has, and what their keys are called.
_SOLD = {"event_name": "event_key", "venue": "venue_key", "category": "category_key"}
_NAMES = {
    **dict.fromkeys(("tickets", "order_items", "deleted_lines"), _SOLD),
    "transactions": {"payment_method": "payment_method_key"},
}
# All that the chore keeps by names, and how far it is.
_SUMS = (
    *("report_names", "report_progress", "sales_sums", "spelling_sums", "ticket_sums"),
    *("customer_sums", "customer_counts", "money_sums", "status_sums", "pending_cells"),
    *("part_paid_orders", "payment_moves"),
)
# The first of those that came before has a reference, as under 0015.
_SHARED = """
UPDATE transactions SET reference_is_shared = TRUE
WHERE succeeded_at IS NOT NULL AND transaction_reference IS NOT NULL AND EXISTS (
    SELECT 1 FROM transactions earlier
    WHERE earlier.transaction_reference = transactions.transaction_reference
        AND earlier.payment_method_key = transactions.payment_method_key
        AND earlier.succeeded_at IS NOT NULL AND earlier.id < transactions.id)"""


def upgrade() -> None:
    """Keys are only told apart, so no reference is taken twice that was not before."""
    if names := _names_with_pictures():
        _write_keys(names, _name_key)
        _begin_sums_anew()


def downgrade() -> None:
    """References that were taken under two keys, which are one again, are the first one's."""
    if names := _names_with_pictures():
        op.drop_index("uq_transactions_reference", "transactions")
        _write_keys(names, _old_name_key)
        op.execute(_SHARED)
        op.create_index(
            "uq_transactions_reference",
            "transactions",
            ["payment_method_key", "transaction_reference"],
            unique=True,
            sqlite_where=_ARRIVED,
            postgresql_where=_ARRIVED,
        )
        _begin_sums_anew()


def _names_with_pictures() -> list[str]:
    """Names whose key is another one, of those with a character that may make it so."""
    told = " UNION ".join(
        f"SELECT {name} FROM {table} WHERE {name} LIKE :joined OR {name} LIKE :tagged"
        for table, columns in _NAMES.items()
        for name in columns
    )
    having = {"joined": f"%{_JOINER}%", "tagged": f"%{_LAST_TAG}%"}
    found = op.get_bind().execute(sa.text(told), having).scalars()
    return [name for name in found if _name_key(name) != _old_name_key(name)]


def _write_keys(names: list[str], key: Callable[[str], str]) -> None:
    op.execute("CREATE TABLE keys_of_names (name VARCHAR(200) PRIMARY KEY, key VARCHAR(800))")
    keys = [{"name": name, "key": key(name)} for name in names]
    op.get_bind().execute(sa.text("INSERT INTO keys_of_names VALUES (:name, :key)"), keys)
    for table, columns in _NAMES.items():
        for name, column in columns.items():
            op.execute(
                f"UPDATE {table} SET {column} ="
                f" (SELECT key FROM keys_of_names WHERE name = {table}.{name})"
                f" WHERE {name} IN (SELECT name FROM keys_of_names)"
            )
    op.execute("DROP TABLE keys_of_names")


def _begin_sums_anew() -> None:
    """Empty the sums, and note again what they had of payments that the ledger does not know.

    Users, who have no such name, stay as they were counted.
    """
    if _is_postgres():
        # From here on nobody else writes to it, so what is there is counted once.
        op.execute("LOCK TABLE transactions IN SHARE ROW EXCLUSIVE MODE")
    for table in _SUMS:
        op.execute(f"DELETE FROM {table}")
    op.execute("DELETE FROM quarter_sums WHERE grouping <> 0 OR users = 0")
    op.execute(
        "UPDATE quarter_sums SET orders = 0, tickets = 0, revenue = 0,"
        " transactions = 0, gross = 0, refunded = 0"
    )
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


def _is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


# As ``core.text`` has them by now, and as it had them before.

_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_JOINER, _TAGS, _LAST_TAG = "\u200d", "\U000e0020-\U000e007e", "\U000e007f"
_PICTURE = "[\u2194-\u2199\u23cf-\u23ff\u25aa-\u27bf\u2934\u2935\u2b00-\u2b55\U0001f000-\U0001faff]"
_NEVER_SEEN = re.compile(f"(?![{_JOINER}{_TAGS}{_LAST_TAG}])[{_UNSEEN}]")
_PICTURED = re.compile(
    f"((?<={_PICTURE}){_JOINER}(?={_PICTURE})|(?<=\U0001f3f4)[{_TAGS}]+{_LAST_TAG})"
    f"|[{_JOINER}{_TAGS}{_LAST_TAG}]"
)


def _name_key(value: str) -> str:
    seen = _PICTURED.sub(lambda found: found[1] or "", _NEVER_SEEN.sub("", value))
    return _folded(seen)


def _old_name_key(value: str) -> str:
    return _folded(re.sub(f"[{_UNSEEN}]", "", value))


def _folded(value: str) -> str:
    folded = unicodedata.normalize("NFD", value).casefold()
    return " ".join(unicodedata.normalize("NFC", folded).casefold().split())
