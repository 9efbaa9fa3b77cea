"""What must be true of money that comes and goes by providers, a rule each."""

from work.rules import Rule, added_up

# Lines by which a provider is to give money back, as far as the ledger was looked through for
# them. Transactions lead there, for the ledger has an index by order.
_TO_GIVE_BACK = """
    SELECT m.id, 'amount' AS field, m.amount AS expected, 0 AS found
    FROM transactions t JOIN movements m ON m.order_id = t.order_id AND m.transaction_id = t.id
    WHERE t.provider IS NOT NULL AND t.refunded_amount > 0
        AND m.kind = 'money' AND m.target = 'buyer'
        AND m.id <= (SELECT COALESCE(MAX(movement_id), 0) FROM refund_progress)"""

RULES = (
    Rule(
        "payments_as_asked",
        "What a provider took is what it was asked for, or went back; in minor units.",
        "transaction",
        "text",
        """
        SELECT d.transaction_id AS id, 'amount' AS field,
            d.asked_amount || ' ' || COALESCE(ours.currency, '') AS expected,
            d.received_minor_units || ' ' || d.received_currency AS found
        FROM payment_differences d CROSS JOIN deployment ours WHERE d.resolved_at IS NULL""",
    ),
    Rule(
        "no_refund_failed",
        "No provider has failed to give money back, unless it was settled by hand.",
        "refund",
        "text",
        """
        SELECT movement_id AS id, 'status' AS field, 'succeeded' AS expected, status AS found
        FROM provider_refunds WHERE status = 'failed'""",
    ),
    Rule(
        "refunds_within_refunded",
        "No provider gives back more of a transaction than went back of it.",
        "transaction",
        "money",
        """
        SELECT t.id, 'refunded_amount' AS field, r.amount AS expected, t.refunded_amount AS found
        FROM (
            SELECT transaction_id, SUM(amount) AS amount FROM provider_refunds
            GROUP BY transaction_id
        ) AS r JOIN transactions t ON t.id = r.transaction_id
        WHERE r.amount > t.refunded_amount""",
    ),
    Rule(
        "ledger_refunds",
        "A provider gives back what the ledger says, line by line; none is left out or invented.",
        "refund",
        "money",
        added_up(
            _TO_GIVE_BACK,
            "SELECT movement_id, 'amount', 0, amount FROM provider_refunds",
        ),
    ),
    Rule(
        "ledger_refund_transactions",
        "A refund is of the transaction that its line of the ledger is of.",
        "refund",
        "number",
        """
        SELECT r.movement_id AS id, 'transaction_id' AS field, m.transaction_id AS expected,
            r.transaction_id AS found
        FROM provider_refunds r JOIN movements m ON m.id = r.movement_id
        WHERE r.transaction_id <> m.transaction_id""",
    ),
)
