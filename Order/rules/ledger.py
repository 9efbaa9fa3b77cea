"""How the ledger and the rows of orders and their money must agree, a rule each."""

# ruff: noqa: S608 - what stands in the statements besides SQL is written in this package

from Order.rules.rows import RECEIVED, SOLD
from work.rules import Rule, added_up


def _moved_to(place: str) -> str:
    return (
        f"CASE WHEN target = '{place}' THEN quantity WHEN origin = '{place}' THEN -quantity"
        " ELSE 0 END"
    )


LEDGER_RULES = (
    Rule(
        "ledger_order_stock",
        "The units that the ledger left with an order are those of its lines, by ticket and state.",
        "order",
        "number",
        f"""
        WITH units AS (
            SELECT order_id AS id, ticket_id, {_moved_to("reserved")} AS to_reserved,
                {_moved_to("sold")} AS to_sold, 0 AS reserved, 0 AS sold
            FROM movements WHERE kind = 'stock' AND order_id IS NOT NULL
            UNION ALL
            SELECT o.id, i.ticket_id, 0, 0,
                CASE WHEN o.status = 'pending' THEN i.quantity ELSE 0 END,
                CASE WHEN o.status = 'pending' THEN 0 ELSE i.quantity END
            FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.status <> 'cancelled'
        ), held AS (
            SELECT id, ticket_id, SUM(to_reserved) AS to_reserved, SUM(to_sold) AS to_sold,
                SUM(reserved) AS reserved, SUM(sold) AS sold
            FROM units GROUP BY id, ticket_id
            HAVING SUM(to_reserved) <> SUM(reserved) OR SUM(to_sold) <> SUM(sold)
        )
        SELECT id, 'reserved units of ticket ' || ticket_id AS field,
            to_reserved AS expected, reserved AS found
        FROM held WHERE to_reserved <> reserved
        UNION ALL
        SELECT id, 'sold units of ticket ' || ticket_id, to_sold, sold
        FROM held WHERE to_sold <> sold""",
    ),
    Rule(
        "ledger_order_total",
        "An order costs what the units were worth that the ledger says it took.",
        "order",
        "money",
        # Deleted orders took units, too, and cost nothing any more: they are left out.
        """
        SELECT o.id, 'total_amount' AS field, COALESCE(taken.amount, 0) AS expected,
            o.total_amount AS found
        FROM orders o LEFT JOIN (
            SELECT order_id, SUM(amount) AS amount FROM movements
            WHERE kind = 'stock' AND cause IN ('order_placed', 'item_added') GROUP BY order_id
        ) AS taken ON taken.order_id = o.id
        WHERE o.total_amount <> COALESCE(taken.amount, 0)""",
    ),
    Rule(
        "ledger_revenue",
        "The worth of what the ledger sold is the total of the confirmed and completed orders.",
        "order",
        "money",
        added_up(
            "SELECT order_id AS id, 'revenue' AS field,"
            " CASE WHEN target = 'sold' THEN amount ELSE -amount END AS expected, 0 AS found"
            " FROM movements WHERE kind = 'stock' AND order_id IS NOT NULL"
            " AND (target = 'sold' OR origin = 'sold')",
            f"SELECT id, 'revenue', 0, total_amount FROM orders WHERE status IN {SOLD}",
        ),
    ),
    Rule(
        "ledger_order_money",
        "An order was paid and gave back what the ledger says.",
        "order",
        "money",
        added_up(
            "SELECT order_id AS id,"
            " CASE WHEN target = 'seller' THEN 'amount_paid' ELSE 'amount_refunded' END AS field,"
            " amount AS expected, 0 AS found FROM movements WHERE kind = 'money'",
            "SELECT id, 'amount_paid', 0, amount_paid FROM orders",
            "SELECT id, 'amount_refunded', 0, amount_refunded FROM orders",
        ),
    ),
    Rule(
        "ledger_transaction_money",
        "A transaction brought and gave back what the ledger says.",
        "transaction",
        "money",
        added_up(
            "SELECT transaction_id AS id,"
            " CASE WHEN target = 'seller' THEN 'amount' ELSE 'refunded_amount' END AS field,"
            " amount AS expected, 0 AS found FROM movements WHERE kind = 'money'",
            f"SELECT id, 'amount', 0, amount FROM transactions WHERE {RECEIVED}",
            "SELECT id, 'refunded_amount', 0, refunded_amount FROM transactions",
        ),
    ),
    Rule(
        "ledger_received_once",
        "Money that succeeded was received once, all other never.",
        "transaction",
        "number",
        added_up(
            f"SELECT id, 'receipts' AS field, 1 AS expected, 0 AS found FROM transactions"
            f" WHERE {RECEIVED}",
            "SELECT transaction_id, 'receipts', 0, 1 FROM movements"
            " WHERE kind = 'money' AND target = 'seller'",
        ),
    ),
    Rule(
        "ledger_order_status",
        "An order is in the state that the ledger moved it to last; a deleted one is nowhere.",
        "order",
        "text",
        """
        SELECT id, 'status' AS field, COALESCE(MAX(expected), 'nowhere') AS expected,
            COALESCE(MAX(found), 'nowhere') AS found
        FROM (
            SELECT order_id AS id, target AS expected, NULL AS found FROM (
                SELECT order_id, target,
                    LEAD(id) OVER (PARTITION BY order_id ORDER BY id) AS following
                FROM movements WHERE kind = 'order'
            ) AS moves WHERE following IS NULL
            UNION ALL SELECT id, NULL, status FROM orders
        ) AS sides
        GROUP BY id HAVING COALESCE(MAX(expected), 'nowhere') <> COALESCE(MAX(found), 'nowhere')""",
    ),
    Rule(
        "ledger_order_path",
        "Each move of an order begins where the one before it ended.",
        "movement",
        "text",
        """
        SELECT id, 'origin' AS field, expected, found FROM (
            SELECT id, origin AS found, COALESCE(
                LAG(target) OVER (PARTITION BY order_id ORDER BY id), 'nowhere') AS expected
            FROM movements WHERE kind = 'order'
        ) AS moves WHERE expected <> found""",
    ),
    Rule(
        "ledger_order_moves",
        "Orders move only to states that may follow.",
        "movement",
        "text",
        """
        SELECT id, 'target' AS field, 'what follows ' || origin AS expected, target AS found
        FROM movements
        WHERE kind = 'order' AND origin || '>' || target NOT IN (
            'nowhere>pending', 'pending>confirmed', 'confirmed>completed',
            'pending>cancelled', 'confirmed>cancelled', 'pending>nowhere', 'cancelled>nowhere'
        ) AND NOT (cause = 'order_revived' AND origin = 'cancelled' AND target = 'confirmed')""",
    ),
)
