"""What must be true of tickets and of what the ledger tells of them, a rule each."""

# ruff: noqa: S608 - what stands in the statements besides SQL is written in this module

from work.rules import Rule, added_up

COUNTERS = ("available", "reserved", "sold", "withheld")

# First by the places they went between: few rows, of which each counts for both places.
_MOVED = """
    SELECT ticket_id AS id,
        CASE WHEN sign = 1 THEN target ELSE origin END || '_quantity' AS field,
        sign * units AS expected, 0 AS found
    FROM (
        SELECT ticket_id, origin, target, SUM(quantity) AS units FROM movements
        WHERE kind = 'stock' GROUP BY ticket_id, origin, target
    ) AS moved CROSS JOIN (SELECT 1 AS sign UNION ALL SELECT -1) AS signs
    WHERE CASE WHEN sign = 1 THEN target ELSE origin END <> 'nowhere'"""

RULES = (
    Rule(
        "stock_not_negative",
        "No counter of a ticket is below zero.",
        "ticket",
        "number",
        " UNION ALL ".join(
            f"SELECT id, '{name}_quantity' AS field, 0 AS expected, {name}_quantity AS found"
            f" FROM tickets WHERE {name}_quantity < 0"
            for name in COUNTERS
        ),
    ),
    Rule(
        "stock_adds_up",
        "What is available, reserved, sold and withheld of a ticket adds up to its total.",
        "ticket",
        "number",
        """
        SELECT id, field, expected, found FROM (
            SELECT id, 'total_quantity' AS field, total_quantity AS found, available_quantity
                + reserved_quantity + sold_quantity + withheld_quantity AS expected
            FROM tickets
        ) AS stock WHERE expected <> found""",
    ),
    Rule(
        "ledger_stock",
        "A ticket's counters are what the ledger moved there; of a deleted one nothing is left.",
        "ticket",
        "number",
        added_up(
            _MOVED,
            *(
                f"SELECT id, '{name}_quantity', 0, {name}_quantity FROM tickets"
                for name in COUNTERS
            ),
        ),
    ),
)
