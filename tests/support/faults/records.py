"""What the database holds in the end, by the marks that clients gave to what they asked for."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlmodel import Session

from database import Database

_TABLES = {
    "movements": "SELECT * FROM movements ORDER BY id",
    "orders": "SELECT id, notes, status FROM orders",
    "transactions": "SELECT id, transaction_reference, order_id, amount, status FROM transactions",
    "tickets": "SELECT id, event_name FROM tickets",
    "carts": "SELECT user_id, ticket_id, quantity FROM carts",
    # Nobody's counters are asked, only what orders say they hold.
    "oversold": """
        SELECT t.id, t.total_quantity, SUM(i.quantity) FROM tickets t
        JOIN order_items i ON i.ticket_id = t.id
        JOIN orders o ON o.id = i.order_id AND o.status <> 'cancelled'
        GROUP BY t.id, t.total_quantity HAVING SUM(i.quantity) > t.total_quantity""",
}


@dataclass
class Records:
    """All in one snapshot; amounts are cents, as they are stored."""

    tables: dict[str, list[Row[Any]]]

    def __post_init__(self) -> None:
        self.moves = _grouped(self.tables["movements"], lambda row: _key(row.client_request_id))
        self.orders = {row.id: row for row in self.tables["orders"]}
        self.transactions = {row.id: row for row in self.tables["transactions"]}
        self.noted = _grouped(self.tables["orders"], lambda row: row.notes)
        self.paid_as = _grouped(self.tables["transactions"], lambda row: row.transaction_reference)
        self.offered = _grouped(self.tables["tickets"], lambda row: row.event_name)

    @classmethod
    def of(cls, database: Database) -> "Records":
        def read(session: Session) -> dict[str, list[Row[Any]]]:
            connection = session.connection()
            return {name: list(connection.execute(text(sql))) for name, sql in _TABLES.items()}

        return cls(database.snapshot_now(read))

    def effects(self, key: str, kind: str, cause: str) -> list[list[Row[Any]]]:
        """What each attempt under a key moved for this cause: nothing if none moved anything."""
        rows = [row for row in self.moves[key] if (row.kind, row.cause) == (kind, cause)]
        return list(_grouped(rows, lambda row: row.client_request_id).values())


def _key(request_id: str | None) -> str:
    """Without the number of the attempt; what no client asked for has none."""
    return (request_id or "").partition("/")[0]


def _grouped(rows: Iterable[Row[Any]], by: Any) -> dict[Any, list[Row[Any]]]:
    groups: defaultdict[Any, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        groups[by(row)].append(row)
    return groups
