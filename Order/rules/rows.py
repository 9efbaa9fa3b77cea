"""What must be true of orders, their stock and their money among one another, a rule each."""

# ruff: noqa: S608 - what stands in the statements besides SQL is written in this package

from Order.rules.views import HELD_TICKETS, ORDERS, SOLD
from work.rules import Comparison, Rule, compared


def _at_most(table: str, field: str, limit: str) -> str:
    """A figure from zero to a limit; the bound that it oversteps is what was expected."""
    return f"""
        SELECT id, '{field}' AS field, CASE WHEN {field} < 0 THEN 0 ELSE {limit} END AS expected,
            {field} AS found
        FROM {table} WHERE {field} < 0 OR {field} > {limit}"""


def _within(field: str, limit: str) -> Comparison:
    """The same of an order."""
    bound = f"CASE WHEN {field} < 0 THEN 0 ELSE {limit} END"
    return compared(ORDERS, field, bound, differs=f"{field} < 0 OR {field} > {limit}")


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
        comparisons=(compared(HELD_TICKETS, "reserved_quantity", "held"),),
    ),
    Rule(
        "sold_stock",
        "Sold is what confirmed and completed orders hold of a ticket.",
        "ticket",
        "number",
        comparisons=(compared(HELD_TICKETS, "sold_quantity", "sold"),),
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
        comparisons=(compared(ORDERS, "total_amount", "lines_amount"),),
    ),
    Rule(
        "amount_paid",
        "What an order was paid is the sum of its transactions that succeeded.",
        "order",
        "money",
        comparisons=(compared(ORDERS, "amount_paid", "received"),),
    ),
    Rule(
        "amount_refunded",
        "What went back on an order is the sum of what went back of its transactions.",
        "order",
        "money",
        comparisons=(compared(ORDERS, "amount_refunded", "returned"),),
    ),
    Rule(
        "refunded_within_paid",
        "No order gave back more than it was paid.",
        "order",
        "money",
        comparisons=(_within("amount_refunded", "amount_paid"),),
    ),
    Rule(
        "reopened_within_refunded",
        "No more of an order's refunds is due again than went back.",
        "order",
        "money",
        comparisons=(_within("amount_reopened", "amount_refunded"),),
    ),
    Rule(
        "never_overpaid",
        "No order keeps more money than it costs.",
        "order",
        "money",
        comparisons=(
            compared(
                ORDERS,
                "amount_paid",
                "total_amount + amount_refunded",
                differs="amount_paid - amount_refunded > total_amount",
            ),
        ),
    ),
    Rule(
        "cancelled_keeps_no_money",
        "A cancelled order gave back all that it was paid.",
        "order",
        "money",
        comparisons=(
            compared(
                ORDERS,
                "amount_refunded",
                "amount_paid",
                differs="status = 'cancelled' AND amount_paid <> amount_refunded",
            ),
        ),
    ),
    Rule(
        "paid_is_confirmed",
        "An order that is paid in full is not pending any more.",
        "order",
        "text",
        comparisons=(
            compared(
                ORDERS,
                "status",
                "'confirmed'",
                differs="status = 'pending' AND total_amount > 0"
                " AND total_amount - amount_paid + amount_reopened <= 0",
            ),
        ),
    ),
    Rule(
        "order_dates",
        "Pending orders expire, no others do; confirmed and completed ones tell since when.",
        "order",
        "text",
        comparisons=(
            compared(
                ORDERS,
                "expires_at",
                "CASE WHEN status = 'pending' THEN 'a time' ELSE 'none' END",
                found="CASE WHEN expires_at IS NULL THEN 'none' ELSE 'a time' END",
            ),
            compared(
                ORDERS,
                "confirmed_at",
                "'a time'",
                found="'none'",
                differs=f"status IN {SOLD} AND confirmed_at IS NULL",
            ),
        ),
    ),
    Rule(
        "order_owner",
        "Every order is related to its buyer as the owner.",
        "order",
        "number",
        comparisons=(
            compared(
                ORDERS,
                "user_id",
                "user_id",
                found="owner_id",
                differs="owner_id IS NULL OR owner_id <> user_id",
            ),
        ),
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
        WHERE x.status = 'pending' AND o.status = 'cancelled' AND o.expired_at IS NULL""",
    ),
    Rule(
        "disputed_within_paid",
        "Banks ask back no more of a payment, and have taken no more, than it brought.",
        "transaction",
        "money",
        """
        SELECT id, 'disputed' AS field, paid AS expected, asked AS found
        FROM (
            SELECT x.id, SUM(d.minor_units) AS asked,
                CASE WHEN x.succeeded_at IS NULL THEN 0 ELSE x.amount END AS paid
            FROM disputes d JOIN transactions x ON x.id = d.transaction_id
                JOIN deployment ON deployment.currency = d.currency
            WHERE d.status <> 'won' GROUP BY x.id, x.succeeded_at, x.amount
        ) AS disputed
        WHERE asked > paid""",
    ),
)

ROW_RULES = (*_STOCK, *_ORDERS, *_TRANSACTIONS)
