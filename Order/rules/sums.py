"""How the sums of the reports and the ledger must agree, as far as the ledger is in the sums.

The sums are made from moves of orders and the orders' lines; here they are held against moves of
stock, against what is left of each order and transaction, and against one another.
"""

# ruff: noqa: S608 - what stands in the statements besides SQL is written in this package

from Order.rules.rows import SOLD
from work.rules import Rule, added_up

_SUMMED = "(SELECT COALESCE(MAX(movement_id), 0) FROM report_progress)"
_DAYS, _MONTHS = "period > 999999", "period BETWEEN 1 AND 999999"


def _day(moment: str) -> str:
    """20260301, in either database."""
    return f"CAST(REPLACE(SUBSTR(CAST({moment} AS VARCHAR(40)), 1, 10), '-', '') AS INTEGER)"


# Units that were sold and taken back, each on the day of the sale.
_MOVED = f"""
    SELECT m.order_id, m.quantity, m.amount, CASE WHEN m.target = 'sold' THEN 1 ELSE -1 END AS sign,
        CASE WHEN m.target = 'sold' THEN {_day("m.created_at")} ELSE (
            SELECT {_day("s.created_at")} FROM movements s
            WHERE s.order_id = m.order_id AND s.kind = 'stock' AND s.target = 'sold' AND s.id < m.id
            ORDER BY s.id DESC LIMIT 1
        ) END AS day
    FROM movements m
    WHERE m.kind = 'stock' AND m.order_id IS NOT NULL AND 'sold' IN (m.origin, m.target)
        AND m.id <= {_SUMMED}"""
# Orders of which more was sold than taken back.
_SOLD_ORDERS = f"""
    SELECT order_id FROM movements WHERE kind = 'order' AND id <= {_SUMMED}
    GROUP BY order_id HAVING SUM(
        CASE WHEN target IN {SOLD} THEN 1 ELSE 0 END - CASE WHEN origin IN {SOLD} THEN 1 ELSE 0 END
    ) > 0"""
_LINES = """
    SELECT order_id, event_key, quantity FROM order_items
    UNION ALL SELECT order_id, event_key, quantity FROM deleted_lines"""


def _as(side: str, field: str, value: str, *, source: str, of: str = "period") -> str:
    expected, found = (value, "0") if side == "expected" else ("0", value)
    return (
        f"SELECT {of} AS id, '{field}' AS field, {expected} AS expected, {found} AS found {source}"
    )


def _periods(table: str, column: str) -> list[str]:
    """Each month is the sum of its days, and all time that of all months."""
    field = f"{column} of {table}"
    sides = [
        _as("expected", field, column, source=f"FROM {table} WHERE {_MONTHS}", of="0"),
        _as("found", field, column, source=f"FROM {table} WHERE period = 0"),
    ]
    if table != "customer_sums":
        sides += [
            _as("expected", field, column, source=f"FROM {table} WHERE {_DAYS}", of="period / 100"),
            _as("found", field, column, source=f"FROM {table} WHERE {_MONTHS}"),
        ]
    return sides


def _groupings(column: str, others: dict[str, str]) -> list[str]:
    """What is told apart adds up to the whole, in every period."""
    sides = []
    for grouping in range(1, 8):
        field = f"{column} by grouping {grouping}"
        for side, number in (("expected", 0), ("found", grouping)):
            source = f"FROM sales_sums WHERE grouping = {number}"
            sides.append(_as(side, field, column, source=source))
    for table, name in others.items():
        only = f"AND NOT ({_DAYS})" if table == "customer_sums" else ""
        field = f"{name} of {table}"
        whole = f"FROM sales_sums WHERE grouping = 0 {only}"
        sides.append(_as("expected", field, column, source=whole))
        sides.append(_as("found", field, name, source=f"FROM {table}"))
    return sides


_OF_ALL = f"FROM sales_sums WHERE grouping = 0 AND {_DAYS}"

SUM_RULES = (
    Rule(
        "sums_of_sales",
        "The sums have the orders and the tickets that the ledger sold, on the day of the sale.",
        "period",
        "number",
        added_up(
            _as("expected", "tickets", "sign * quantity", source=f"FROM ({_MOVED}) AS m", of="day"),
            _as("found", "tickets", "tickets", source=_OF_ALL),
            _as(
                "expected",
                "orders",
                "1",
                source=f"FROM (SELECT order_id, day FROM ({_MOVED}) AS m GROUP BY order_id, day"
                " HAVING SUM(sign * quantity) > 0) AS sold",
                of="day",
            ),
            _as("found", "orders", "orders", source=_OF_ALL),
        ),
    ),
    Rule(
        "sums_of_revenue",
        "The sums have the worth of what the ledger sold, on the day of the sale.",
        "period",
        "money",
        added_up(
            _as("expected", "revenue", "sign * amount", source=f"FROM ({_MOVED}) AS m", of="day"),
            _as("found", "revenue", "revenue", source=_OF_ALL),
        ),
    ),
    Rule(
        "sums_of_money",
        "The sums have the money that the ledger moved, on the day that it succeeded.",
        "period",
        "money",
        added_up(
            f"SELECT {_day('t.succeeded_at')} AS id,"
            " CASE WHEN m.target = 'seller' THEN 'gross' ELSE 'refunded' END AS field,"
            " m.amount AS expected, 0 AS found"
            " FROM movements m JOIN transactions t ON t.id = m.transaction_id"
            f" WHERE m.kind = 'money' AND m.id <= {_SUMMED}",
            *(
                _as("found", name, name, source=f"FROM money_sums WHERE grouping = 0 AND {_DAYS}")
                for name in ("gross", "refunded")
            ),
        ),
    ),
    Rule(
        "sums_of_events",
        "The sums have the orders and the tickets that were sold of each event.",
        "event",
        "number",
        added_up(
            f"""SELECT COALESCE(n.id, 0) AS id, 'orders' AS field, 1 AS expected, 0 AS found
            FROM (SELECT DISTINCT l.order_id, l.event_key FROM ({_LINES}) AS l
                JOIN ({_SOLD_ORDERS}) AS s ON s.order_id = l.order_id) AS sold
            LEFT JOIN report_names n ON n.kind = 'event_key' AND n.name = sold.event_key""",
            f"""SELECT COALESCE(n.id, 0), 'tickets', l.quantity, 0
            FROM ({_LINES}) AS l JOIN ({_SOLD_ORDERS}) AS s ON s.order_id = l.order_id
            LEFT JOIN report_names n ON n.kind = 'event_key' AND n.name = l.event_key""",
            *(
                _as(
                    "found",
                    name,
                    name,
                    source="FROM sales_sums WHERE grouping = 1 AND period = 0",
                    of="event_id",
                )
                for name in ("orders", "tickets")
            ),
        ),
    ),
    Rule(
        "sums_of_states",
        "The sums have the orders that the ledger left in each state, on the day of their placing.",
        "period",
        "number",
        added_up(
            *(
                f"SELECT {_day('p.created_at')} AS id, m.{side} AS field, {count} AS expected,"
                " 0 AS found FROM movements m JOIN movements p ON p.order_id = m.order_id"
                " AND p.kind = 'order' AND p.origin = 'nowhere'"
                f" WHERE m.kind = 'order' AND m.{side} <> 'nowhere' AND m.id <= {_SUMMED}"
                for side, count in (("target", 1), ("origin", -1))
            ),
            f"SELECT period, status, 0, counted FROM status_sums"
            f" WHERE kind = 'order' AND grouping = 0 AND {_DAYS}",
        ),
    ),
    Rule(
        "sums_of_payments",
        "The sums have the transactions that the ledger knows, by what it left of them.",
        "period",
        "number",
        added_up(
            f"SELECT {_day('t.created_at')} AS id,"
            " CASE WHEN kept.amount = 0 THEN 'refunded' ELSE 'success' END AS field,"
            " 1 AS expected, 0 AS found FROM transactions t JOIN ("
            " SELECT transaction_id, SUM(CASE WHEN target = 'seller' THEN amount ELSE -amount END)"
            f" AS amount FROM movements WHERE kind = 'money' AND id <= {_SUMMED}"
            " GROUP BY transaction_id) AS kept ON kept.transaction_id = t.id",
            "SELECT period, status, 0, counted FROM status_sums"
            f" WHERE kind = 'transaction' AND grouping = 0 AND {_DAYS}",
        ),
    ),
    Rule(
        "sums_by_grouping",
        "What the sums tell apart adds up to the whole.",
        "period",
        "number",
        added_up(
            *_groupings(
                "tickets",
                dict.fromkeys(("ticket_sums", "spelling_sums", "customer_sums"), "tickets"),
            )
        ),
    ),
    Rule(
        "sums_by_grouping_revenue",
        "The revenue that the sums tell apart adds up to the whole.",
        "period",
        "money",
        added_up(*_groupings("revenue", {"customer_sums": "spent"})),
    ),
    Rule(
        "sums_by_period",
        "The sums of months are those of their days, and of all time those of all months.",
        "period",
        "number",
        added_up(
            *(
                side
                for table, column in (
                    ("sales_sums", "orders"),
                    ("sales_sums", "tickets"),
                    ("money_sums", "transactions"),
                    ("status_sums", "counted"),
                    ("ticket_sums", "tickets"),
                    ("spelling_sums", "tickets"),
                    ("customer_sums", "orders"),
                )
                for side in _periods(table, column)
            )
        ),
    ),
    Rule(
        "sums_by_period_money",
        "The money of months is that of their days, and of all time that of all months.",
        "period",
        "money",
        added_up(
            *(
                side
                for table, column in (
                    ("sales_sums", "revenue"),
                    ("money_sums", "gross"),
                    ("money_sums", "refunded"),
                    ("customer_sums", "spent"),
                )
                for side in _periods(table, column)
            )
        ),
    ),
    Rule(
        "sums_returning_customers",
        "As many customers came back as have more than one order.",
        "period",
        "number",
        added_up(
            _as(
                "expected", "returning customers", "1", source="FROM customer_sums WHERE orders > 1"
            ),
            _as(
                "found",
                "returning customers",
                "returning_customers",
                source="FROM customer_counts",
            ),
        ),
    ),
)
