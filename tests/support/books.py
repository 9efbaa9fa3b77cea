"""Whether stock, orders and money agree, asked of the database itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from database import Database
from Ledger.schemas import Reconciliation
from Ledger.services.reconciliation_service import reconcile
from main import DOMAINS
from work.context import Context, unattended

# Each query finds the rows that break a rule.
_RULES = {
    "reserved is what pending orders hold": """
        SELECT t.id, t.reserved_quantity, COALESCE(SUM(i.quantity), 0) FROM tickets t
        LEFT JOIN order_items i ON i.ticket_id = t.id
            AND i.order_id IN (SELECT id FROM orders WHERE status = 'pending')
        GROUP BY t.id, t.reserved_quantity
        HAVING t.reserved_quantity <> COALESCE(SUM(i.quantity), 0)""",
    "sold is what confirmed and completed orders hold": """
        SELECT t.id, t.sold_quantity, COALESCE(SUM(i.quantity), 0) FROM tickets t
        LEFT JOIN order_items i ON i.ticket_id = t.id
            AND i.order_id IN (SELECT id FROM orders WHERE status IN ('confirmed', 'completed'))
        GROUP BY t.id, t.sold_quantity
        HAVING t.sold_quantity <> COALESCE(SUM(i.quantity), 0)""",
    "a total is the sum of its lines": """
        SELECT o.id, o.total_amount, COALESCE(SUM(i.line_total), 0) FROM orders o
        LEFT JOIN order_items i ON i.order_id = o.id GROUP BY o.id, o.total_amount
        HAVING o.total_amount <> COALESCE(SUM(i.line_total), 0)""",
    "what was paid and went back is what the transactions say": """
        SELECT o.id, o.amount_paid, o.amount_refunded FROM orders o
        LEFT JOIN transactions x ON x.order_id = o.id AND x.status IN ('success', 'refunded')
        GROUP BY o.id, o.amount_paid, o.amount_refunded
        HAVING o.amount_paid <> COALESCE(SUM(x.amount), 0)
            OR o.amount_refunded <> COALESCE(SUM(x.refunded_amount), 0)""",
    "a cancelled order keeps no money": """
        SELECT id FROM orders WHERE status = 'cancelled' AND amount_paid <> amount_refunded""",
    "every order has its owner": """
        SELECT o.id FROM orders o LEFT JOIN user_orders r
            ON r.order_id = o.id AND r.user_id = o.user_id AND r.role = 'owner'
        WHERE r.id IS NULL""",
}


def reconciliation(context: Context) -> Reconciliation:
    """What the service itself finds, by all rules of all domains."""
    return reconcile(context, DOMAINS.rules)


def disagreements(database: Database, *, now: datetime) -> list[str]:
    """What is wrong among the rows, and between the rows and the ledger."""
    check = unattended(reconciliation, database.settings, lambda: now)
    report = database.snapshot_now(check)
    by_rows = [f"{rule}: {rows}" for rule, rows in differences(database).items()]
    return [*by_rows, *map(str, report.differences)]


def differences(database: Database) -> dict[str, list[Any]]:
    """The rules that are broken, with the rows that break them; empty if the books are right."""

    def ask(session: Session) -> dict[str, list[Any]]:
        found = {
            rule: [tuple(row) for row in session.connection().execute(text(sql))]
            for rule, sql in _RULES.items()
        }
        return {rule: rows for rule, rows in found.items() if rows}

    return database.snapshot_now(ask)
