"""How the ledger and the rows of orders and their money must agree, a rule each."""

from Order.rules.views import GONE_ORDERS, HOLDINGS, MOVES, ORDERS, TRANSACTIONS
from work.rules import Comparison, Rule, compared


def _of_gone(field: str, expected: str) -> Comparison:
    """An order that is gone took no part in anything any more."""
    return Comparison(GONE_ORDERS, f"'{field}'", expected, "0", f"{expected} <> 0", "order_id")


def _held(state: str) -> Comparison:
    field = f"'{state} units of ticket ' || ticket_id"
    return Comparison(HOLDINGS, field, f"to_{state}", state, f"to_{state} <> {state}")


LEDGER_RULES = (
    Rule(
        "ledger_order_stock",
        "The units that the ledger left with an order are those of its lines, by ticket and state.",
        "order",
        "number",
        comparisons=(_held("reserved"), _held("sold")),
    ),
    Rule(
        "ledger_order_total",
        "An order costs what the units were worth that the ledger says it took.",
        "order",
        "money",
        # Deleted orders took units, too, and cost nothing any more: they are left out.
        comparisons=(compared(ORDERS, "total_amount", "ledger_taken"),),
    ),
    Rule(
        "ledger_revenue",
        "The worth of what the ledger sold is the total of the confirmed and completed orders.",
        "order",
        "money",
        comparisons=(
            compared(ORDERS, "revenue", "ledger_revenue"),
            _of_gone("revenue", "revenue"),
        ),
    ),
    Rule(
        "ledger_order_money",
        "An order was paid and gave back what the ledger says.",
        "order",
        "money",
        comparisons=(
            compared(ORDERS, "amount_paid", "ledger_received"),
            compared(ORDERS, "amount_refunded", "ledger_returned"),
            _of_gone("amount_paid", "received"),
            _of_gone("amount_refunded", "returned"),
        ),
    ),
    Rule(
        "ledger_transaction_money",
        "A transaction brought and gave back what the ledger says.",
        "transaction",
        "money",
        comparisons=(
            compared(TRANSACTIONS, "amount", "got"),
            compared(TRANSACTIONS, "refunded_amount", "gave"),
        ),
    ),
    Rule(
        "ledger_received_once",
        "Money that succeeded was received once, all other never.",
        "transaction",
        "number",
        comparisons=(compared(TRANSACTIONS, "receipts", "received"),),
    ),
    Rule(
        "ledger_order_status",
        "An order is in the state that the ledger moved it to last; a deleted one is nowhere.",
        "order",
        "text",
        comparisons=(
            Comparison(
                MOVES,
                "'status'",
                "target",
                "COALESCE(status, 'nowhere')",
                "following IS NULL AND target <> COALESCE(status, 'nowhere')",
                "order_id",
            ),
            compared(ORDERS, "status", "'nowhere'", differs="moves = 0"),
        ),
    ),
    Rule(
        "ledger_order_path",
        "Each move of an order begins where the one before it ended.",
        "movement",
        "text",
        comparisons=(compared(MOVES, "origin", "previous"),),
    ),
    Rule(
        "ledger_order_moves",
        "Orders move only to states that may follow.",
        "movement",
        "text",
        comparisons=(
            compared(
                MOVES,
                "target",
                "'what follows ' || origin",
                differs="""origin || '>' || target NOT IN (
                    'nowhere>pending', 'pending>confirmed', 'confirmed>completed',
                    'pending>cancelled', 'confirmed>cancelled', 'pending>nowhere',
                    'cancelled>nowhere'
                ) AND NOT (cause = 'order_revived' AND origin = 'cancelled'
                    AND target = 'confirmed')""",
            ),
        ),
    ),
)
