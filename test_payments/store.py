"""What the provider remembers, in an SQLite file that all its processes share.

Each transaction is done at once, without waiting for anything in between.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from test_payments.errors import conflict
from test_payments.items import Item

T = TypeVar("T", bound=Item)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    -- Of the request that has made it, and what that said.
    key TEXT,
    said TEXT,
    about TEXT NOT NULL,
    created_at REAL NOT NULL,
    settles_at REAL,
    document TEXT NOT NULL,
    UNIQUE (kind, key)
) STRICT;
CREATE INDEX IF NOT EXISTS items_about ON items (about, kind);
CREATE INDEX IF NOT EXISTS items_created ON items (kind, created_at);
CREATE INDEX IF NOT EXISTS items_settle ON items (settles_at) WHERE settles_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    about TEXT NOT NULL,
    channel TEXT NOT NULL,
    body TEXT NOT NULL,
    due_at REAL NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS messages_due ON messages (due_at);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    document TEXT NOT NULL
) STRICT;
"""
# For whoever else writes to the file at the same moment.
_PATIENCE = 10


@dataclass(frozen=True)
class Message:
    """A webhook on its way."""

    number: int
    channel: str
    body: str
    attempt: int


class Store:
    def __init__(self, file: str) -> None:
        self._file = file
        self._opened: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written in the block, or nothing; nobody else writes meanwhile."""
        self._run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    # Payments, refunds and disputes.

    def add(self, item: Item, key: str | None = None, said: str | None = None) -> None:
        self._run(
            "INSERT INTO items (kind, id, key, said, about, created_at, settles_at, document)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            item.KIND,
            item.id,
            key,
            said,
            item.about,
            item.created_at,
            item.settles_at,
            json.dumps(item.fields()),
        )

    def save(self, item: Item) -> None:
        document = json.dumps(item.fields())
        changed = "UPDATE items SET settles_at = ?, document = ? WHERE id = ?"
        self._run(changed, item.settles_at, document, item.id)

    def find(self, kind: type[T], item_id: str) -> T | None:
        found = self._run(
            "SELECT document FROM items WHERE kind = ? AND id = ?", kind.KIND, item_id
        )
        return next(self._read(kind, found), None)

    def find_made(self, kind: type[T], key: str, said: str) -> T | None:
        """What the same request has made already; under its key nothing else is made."""
        asked = "SELECT document, said FROM items WHERE kind = ? AND key = ?"
        row = self._run(asked, kind.KIND, key).fetchone()
        if row is None:
            return None
        if row["said"] != said:
            raise conflict("idempotency_key_reused", "Under this key something else was asked.")
        return kind(**json.loads(row["document"]))

    def all_about(self, kind: type[T], payment_id: str) -> list[T]:
        asked = "SELECT document FROM items WHERE about = ? AND kind = ? ORDER BY number"
        return list(self._read(kind, self._run(asked, payment_id, kind.KIND)))

    def page(self, kind: type[T], since: float, after: str, limit: int) -> list[T]:
        """The items made since a time, the oldest first, from behind one of them on."""
        found = self._run(
            "SELECT document FROM items WHERE kind = ? AND created_at >= ?"
            " AND number > coalesce((SELECT number FROM items WHERE id = ?), 0)"
            " ORDER BY number LIMIT ?",
            kind.KIND,
            since,
            after,
            limit,
        )
        return list(self._read(kind, found))

    def due(self, kind: type[T], now: float) -> list[T]:
        """Those of which something has become by itself meanwhile."""
        asked = "SELECT document FROM items WHERE settles_at <= ? AND kind = ? ORDER BY settles_at"
        return list(self._read(kind, self._run(asked, now, kind.KIND)))

    # Messages.

    def put_message(self, about: str, channel: str, body: str, due_at: float) -> None:
        new = "INSERT INTO messages (about, channel, body, due_at) VALUES (?, ?, ?, ?)"
        self._run(new, about, channel, body, due_at)

    def take_messages(self, now: float, again_at: float) -> list[Message]:
        """Those that are due; who takes one and dies leaves it to another."""
        taken = self._run(
            "UPDATE messages SET due_at = ?, attempt = attempt + 1 WHERE due_at <= ?"
            " RETURNING number, channel, body, attempt",
            again_at,
            now,
        )
        return sorted((Message(**row) for row in taken.fetchall()), key=lambda one: one.number)

    def take_messages_about(self, payment_id: str, again_at: float) -> list[Message]:
        """Those that nobody has sent yet, whether they are due or not."""
        taken = self._run(
            "UPDATE messages SET due_at = ?, attempt = attempt + 1 WHERE about = ? AND attempt = 0"
            " RETURNING number, channel, body, attempt",
            again_at,
            payment_id,
        )
        return [Message(**row) for row in taken.fetchall()]

    def put_off(self, message: Message, due_at: float) -> None:
        self._run("UPDATE messages SET due_at = ? WHERE number = ?", due_at, message.number)

    def forget(self, message: Message) -> None:
        self._run("DELETE FROM messages WHERE number = ?", message.number)

    def next_due(self) -> float | None:
        """When there is something to do next, if there is."""
        times = (
            "SELECT min(due) AS due FROM (SELECT min(due_at) AS due FROM messages"
            " UNION ALL SELECT min(settles_at) FROM items WHERE settles_at IS NOT NULL)"
        )
        due: float | None = self._run(times).fetchone()["due"]
        return due

    # What is wrong with the provider as a whole.

    def faults(self) -> dict[str, Any]:
        row = self._run("SELECT document FROM faults").fetchone()
        found: dict[str, Any] = {} if row is None else json.loads(row["document"])
        return found

    def set_faults(self, document: dict[str, Any]) -> None:
        self._run("REPLACE INTO faults VALUES (1, ?)", json.dumps(document))

    def _read(self, kind: type[T], rows: sqlite3.Cursor) -> Iterator[T]:
        return (kind(**json.loads(row["document"])) for row in rows.fetchall())

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        if self._opened is None:
            self._opened = _open(self._file)
        return self._opened.execute(statement, values)


def _open(file: str) -> sqlite3.Connection:
    """The file is made when something is first asked of it."""
    # One event loop uses it; a process that serves again may do so in another thread.
    opened = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    opened.row_factory = sqlite3.Row
    opened.execute("PRAGMA journal_mode = WAL")
    # What a crash of the machine takes from a provider for tests is no harm.
    opened.execute("PRAGMA synchronous = NORMAL")
    opened.executescript(_SCHEMA)
    return opened
