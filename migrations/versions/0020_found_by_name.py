"""Find the buyers of orders by their names, in any case and with or without accents.

Revision ID: 0020
Revises: 0019
Create Date: 2026-11-28
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Few enough that no number of accounts fills the memory.
_AT_A_TIME = 500


def upgrade() -> None:
    """No batch, which would rebuild the table on SQLite; see 0002."""
    op.execute("ALTER TABLE users ADD COLUMN search_text TEXT NOT NULL DEFAULT ''")
    changed = sa.text("UPDATE users SET search_text = :text WHERE id = :id")
    for rows in _people():
        names = [
            {"id": row.id, "text": _search_key(f"{row.username}\n{row.full_name}")} for row in rows
        ]
        op.get_bind().execute(changed, names)


def downgrade() -> None:
    op.drop_column("users", "search_text")


def _people() -> Iterator[Sequence[sa.Row[tuple[int, str, str]]]]:
    """All but who was erased: they are nobody any more."""
    page = sa.text(
        "SELECT id, username, full_name FROM users"
        " WHERE id > :after AND erased_at IS NULL ORDER BY id LIMIT :rows"
    )
    last = 0
    while rows := op.get_bind().execute(page, {"after": last, "rows": _AT_A_TIME}).all():
        yield rows
        last = rows[-1].id


# As ``core.text`` has it by now.

_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)


def _search_key(value: str) -> str:
    decomposed = unicodedata.normalize("NFKD", _UNSEEN.sub("", value).casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()
