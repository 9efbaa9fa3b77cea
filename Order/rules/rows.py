"""What must be true of orders, their stock and their money among one another, a rule each."""

# ruff: noqa: S608 - what stands in the statements besides SQL is written in this package

from work.rules import Rule

SOLD = "('confirmed', 'completed')"
RECEIVED = "succeeded_at IS NOT NULL"


def _units_of_orders(field: str, states: str) -> str:
    return f"""
        SELECT t.id, '{field}' AS field, COALESCE(held.units, 0) AS expected, t.{field} AS found
        FROM tickets t LEFT JOIN (
            SELECT i.ticket_id, SUM(i.quantity) AS units
            FROM orders o JOIN order_items i ON i.order_id = o.id
            WHERE o.status IN {states} GROUP BY i.ticket_id
        ) AS held ON held.ticket_id = t.id
        WHERE t.{field} <> COALESCE(held.units, 0)"""


def _money_of_transactions(field: str, column: str) -> str:
    return f"""
        SELECT o.id, '{field}' AS field, COALESCE(money.amount, 0) AS expected, o.{field} AS found
        FROM orders o LEFT JOIN (
            SELECT order_id, SUM({column}) AS amount FROM transactions
            WHERE {RECEIVED} GROUP BY order_id
        ) AS money ON money.order_id = o.id
        WHERE o.{field} <> COALESCE(money.amount, 0)"""


def _at_most(table: str, field: str, limit: str) -> str:
    """A figure from zero to a limit; the bound that it oversteps is what was expected."""
    return f"""
        SELECT id, '{field}' AS field, CASE WHEN {field} < 0 THEN 0 ELSE {limit} END AS expected,
            {field} AS found
        FROM {table} WHERE {field} < 0 OR {field} > {limit}"""


def _dated(table: str, field: str, condition: str) -> str:
    """A time that is there exactly under a condition."""
    return f"""
        SELECT id, '{field}' AS field,
            CASE WHEN {condition} THEN 'a time' ELSE 'none' END AS expected,
            CASE WHEN {field} IS NULL THEN 'none' ELSE 'a time' END AS found
        FROM {table} WHERE ({condition}) <> ({field} IS NOT NULL)"""


_STOCK = (
    Rule(
        "reserved_stock",
        "Reserved is what pending orders hold of a ticket.",
        "ticket",
        "number",
        _units_of_orders("reserved_quantity", "('pending')"),
    ),
    Rule(
        "sold_stock",
        "Sold is what confirmed and completed orders hold of a ticket.",
        "ticket",
        "number",
        _units_of_orders("sold_quantity", SOLD),
    ),
)
_ORDERS = (
    Rule(
        "line_total",
        "A line of an order costs its unit price times its quantity.",
        "order_item",
        "money",
        """
        SELECT id, 'line_total' AS field, unit_price * quantity AS expected, line_total AS found
        FROM order_items WHERE line_total <> unit_price * quantity""",
    ),
    Rule(
        "order_total",
        "An order costs the sum of its lines.",
        "order",
        "money",
        """
        SELECT o.id, 'total_amount' AS field, COALESCE(lines.amount, 0) AS expected,
            o.total_amount AS found
        FROM orders o LEFT JOIN (
            SELECT order_id, SUM(line_total) AS amount FROM order_items GROUP BY order_id
        ) AS lines ON lines.order_id = o.id
        WHERE o.total_amount <> COALESCE(lines.amount, 0)""",
    ),
    Rule(
        "amount_paid",
        "What an order was paid is the sum of its transactions that succeeded.",
        "order",
        "money",
        _money_of_transactions("amount_paid", "amount"),
    ),
    Rule(
        "amount_refunded",
        "What went back on an order is the sum of what went back of its transactions.",
        "order",
        "money",
        _money_of_transactions("amount_refunded", "refunded_amount"),
    ),
    Rule(
        "refunded_within_paid",
        "No order gave back more than it was paid.",
        "order",
        "money",
        _at_most("orders", "amount_refunded", "amount_paid"),
    ),
    Rule(
        "reopened_within_refunded",
        "No more of an order's refunds is due again than went back.",
        "order",
        "money",
        _at_most("orders", "amount_reopened", "amount_refunded"),
    ),
    Rule(
        "never_overpaid",
        "No order keeps more money than it costs.",
        "order",
        "money",
        """
        SELECT id, 'amount_paid' AS field, total_amount + amount_refunded AS expected,
            amount_paid AS found
        FROM orders WHERE amount_paid - amount_refunded > total_amount""",
    ),
    Rule(
        "cancelled_keeps_no_money",
        "A cancelled order gave back all that it was paid.",
        "order",
        "money",
        """
        SELECT id, 'amount_refunded' AS field, amount_paid AS expected, amount_refunded AS found
        FROM orders WHERE status = 'cancelled' AND amount_paid <> amount_refunded""",
    ),
    Rule(
        "paid_is_confirmed",
        "An order that is paid in full is not pending any more.",
        "order",
        "text",
        """
        SELECT id, 'status' AS field, 'confirmed' AS expected, status AS found
        FROM orders WHERE status = 'pending' AND total_amount > 0
            AND total_amount - amount_paid + amount_reopened <= 0""",
    ),
    Rule(
        "order_dates",
        "Pending orders expire, no others do; confirmed and completed ones tell since when.",
        "order",
        "text",
        f"""
        {_dated("orders", "expires_at", "status = 'pending'")} UNION ALL
        SELECT id, 'confirmed_at' AS field, 'a time' AS expected, 'none' AS found
        FROM orders WHERE status IN {SOLD} AND confirmed_at IS NULL""",
    ),
    Rule(
        "order_owner",
        "Every order is related to its buyer as the owner.",
        "order",
        "number",
        """
        SELECT o.id, 'user_id' AS field, o.user_id AS expected, r.user_id AS found
        FROM orders o LEFT JOIN user_orders r ON r.order_id = o.id AND r.role = 'owner'
        WHERE r.user_id IS NULL OR r.user_id <> o.user_id""",
    ),
)
_TRANSACTIONS = (
    Rule(
        "refunded_within_amount",
        "No transaction gave back more than it brought.",
        "transaction",
        "money",
        _at_most("transactions", "refunded_amount", "amount"),
    ),
    Rule(
        "refunded_is_all",
        "A transaction is refunded exactly when all of it went back.",
        "transaction",
        "text",
        """
        SELECT id, 'status' AS field, status AS found,
            CASE WHEN refunded_amount = amount THEN 'refunded' ELSE 'success' END AS expected
        FROM transactions WHERE (status = 'refunded') <> (refunded_amount = amount)""",
    ),
    Rule(
        "success_date",
        "Money that succeeded tells when, and no other does.",
        "transaction",
        "text",
        _dated("transactions", "succeeded_at", "status IN ('success', 'refunded')"),
    ),
    Rule(
        "cancelled_awaits_no_money",
        "No payment is pending on a cancelled order, unless its hold ran out.",
        "transaction",
        "text",
        """
        SELECT x.id, 'status' AS field, 'failed' AS expected, x.status AS found
        FROM transactions x JOIN orders o ON o.id = x.order_id
        WHERE x.status = 'pending' AND o.status = 'cancelled'
            AND COALESCE(o.cancel_reason, '') <> 'expired'""",
    ),
)

ROW_RULES = (*_STOCK, *_ORDERS, *_TRANSACTIONS)
