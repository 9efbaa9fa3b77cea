"""How the sums of the reports and the ledger must agree, as far as the ledger is in the sums.

The sums are made from moves of orders and the orders' lines; here they are held against moves of
stock, against what is left of each order and transaction, and against one another.
"""

# ruff: noqa: S608 - what stands in the statements besides SQL is written in this package

from Order.rules.views import SOLD
from work.rules import Rule, added_up

# Up to which line of the ledger.
_SUMMED = "CROSS JOIN (SELECT COALESCE(MAX(movement_id), 0) AS last FROM report_progress) AS summed"
DAYS, _MONTHS = "period > 999999", "period BETWEEN 1 AND 999999"


def _period(day: str) -> str:
    """20260301 for what DATE() makes of a time, in either database; once for many rows."""
    return f"CAST(REPLACE(CAST({day} AS VARCHAR(40)), '-', '') AS INTEGER)"


# Orders of which anything moved behind the mark: lines are added only with a move of stock.
_MOVED_SINCE = f"""
    SELECT order_id FROM movements {_SUMMED} WHERE id > summed.last AND order_id IS NOT NULL"""
# The mark may stand among the lines that one transaction wrote. The sums have its sale or not by
# the move of the order that is the sale, or its end, and not by one that goes before it: an order
# can run out and be sold again at once. So the units that go with that are told by it as well.
_STATE_BEHIND, _STATE_SUMMED = (
    f"""EXISTS (SELECT 1 FROM movements state WHERE state.kind = 'order'
        AND state.order_id = m.order_id AND state.request_id = m.request_id
        AND state.created_at = m.created_at AND state.id {side} summed.last
        AND CASE WHEN m.target = 'sold' THEN state.target IN {SOLD} AND state.origin NOT IN {SOLD}
            ELSE state.origin IN {SOLD} AND state.target NOT IN {SOLD} END)"""
    for side in (">", "<=")
)
# Units that were sold and taken back, each on the day of the sale; what never was sold on its own.
_MOVED = f"""
    SELECT m.order_id, m.quantity, m.amount, CASE WHEN m.target = 'sold' THEN 1 ELSE -1 END AS sign,
        DATE(COALESCE(CASE WHEN m.target <> 'sold' THEN (
            SELECT s.created_at FROM movements s
            WHERE s.order_id = m.order_id AND s.kind = 'stock' AND s.target = 'sold' AND s.id < m.id
            ORDER BY s.id DESC LIMIT 1
        ) END, m.created_at)) AS day
    FROM movements m {_SUMMED}
    WHERE m.kind = 'stock' AND m.order_id IS NOT NULL AND 'sold' IN (m.origin, m.target)
        AND CASE WHEN m.id > summed.last THEN {_STATE_SUMMED}
            ELSE m.order_id NOT IN ({_MOVED_SINCE}) OR NOT {_STATE_BEHIND} END"""
# By order and day, for an order counts once, whatever its lines.
_SOLD_BY_DAY = f"""
    SELECT {_period("day")} AS day, COUNT(CASE WHEN quantity > 0 THEN 1 END) AS orders,
        SUM(quantity) AS tickets, SUM(amount) AS cents
    FROM (SELECT day, SUM(sign * quantity) AS quantity, SUM(sign * amount) AS amount
        FROM ({_MOVED}) AS moved GROUP BY order_id, day) AS sold
    GROUP BY day"""
# Lines of orders that were sold as far as the ledger is summed. Most did not move since; the
# others are few, and asked one by one for where they were.
_SINCE = f"""
    FROM movements m {_SUMMED} WHERE m.kind = 'order' AND m.id > summed.last"""
_SOLD_LINES = f"""
    SELECT l.order_id, l.event_key, l.quantity
    FROM orders o JOIN order_items l ON l.order_id = o.id
    WHERE o.status IN {SOLD} AND NOT EXISTS (SELECT 1 {_SINCE} AND m.order_id = o.id)
    UNION ALL
    SELECT l.order_id, l.event_key, l.quantity
    FROM (SELECT DISTINCT m.order_id {_SINCE}) AS moved JOIN (
        SELECT order_id, event_key, quantity FROM order_items
        UNION ALL SELECT order_id, event_key, quantity FROM deleted_lines
    ) AS l ON l.order_id = moved.order_id
    WHERE (
        SELECT SUM(CASE WHEN m.target IN {SOLD} THEN 1 ELSE 0 END
            - CASE WHEN m.origin IN {SOLD} THEN 1 ELSE 0 END)
        FROM movements m {_SUMMED}
        WHERE m.kind = 'order' AND m.order_id = moved.order_id AND m.id <= summed.last
    ) > 0"""
# By the key first: few are left to be looked up.
_SOLD_BY_EVENT = f"""
    SELECT COALESCE(n.id, 0) AS event_id, SUM(orders) AS orders, SUM(tickets) AS tickets FROM (
        SELECT event_key, COUNT(*) AS orders, SUM(quantity) AS tickets FROM (
            SELECT order_id, event_key, SUM(quantity) AS quantity
            FROM ({_SOLD_LINES}) AS lines GROUP BY order_id, event_key
        ) AS orders GROUP BY event_key
    ) AS sold LEFT JOIN report_names n ON n.kind = 'event_key' AND n.name = sold.event_key
    GROUP BY COALESCE(n.id, 0)"""
_ORDERS_MOVED = f"""
    SELECT DATE(placed_at) AS day, origin, target, COUNT(*) AS moves FROM (
        SELECT m.origin, m.target, MAX(CASE WHEN m.origin = 'nowhere' THEN m.created_at END)
            OVER (PARTITION BY m.order_id) AS placed_at
        FROM movements m {_SUMMED} WHERE m.kind = 'order' AND m.id <= summed.last
    ) AS moved
    WHERE placed_at IS NOT NULL GROUP BY DATE(placed_at), origin, target"""
# Each move ends in one state and began in another.
_STATES = f"""
    SELECT {_period("day")} AS id, CASE WHEN sign = 1 THEN target ELSE origin END AS field,
        sign * moves AS expected, 0 AS found
    FROM ({_ORDERS_MOVED}) AS moved
    CROSS JOIN (SELECT 1 AS sign UNION ALL SELECT -1) AS signs
    WHERE CASE WHEN sign = 1 THEN target ELSE origin END <> 'nowhere'"""
# Money of which nobody says when it succeeded is told on the day that it moved.
_MONEY_MOVED = f"""
    SELECT DATE(COALESCE(t.succeeded_at, m.created_at)) AS day, m.target, SUM(m.amount) AS amount
    FROM movements m {_SUMMED} JOIN transactions t ON t.id = m.transaction_id
    WHERE m.kind = 'money' AND m.id <= summed.last
    GROUP BY DATE(COALESCE(t.succeeded_at, m.created_at)), m.target"""
_PAYMENTS = f"""
    SELECT DATE(t.created_at) AS day, kept.amount = 0 AS is_refunded, COUNT(*) AS payments
    FROM transactions t JOIN (
        SELECT m.transaction_id,
            SUM(CASE WHEN m.target = 'seller' THEN m.amount ELSE -m.amount END) AS amount
        FROM movements m {_SUMMED} WHERE m.kind = 'money' AND m.id <= summed.last
        GROUP BY m.transaction_id
    ) AS kept ON kept.transaction_id = t.id
    GROUP BY DATE(t.created_at), kept.amount = 0"""


def apart(rows: str, of: str, *names: str, side: str = "expected") -> str:
    """Several figures of a row, each as what is expected of its name, or found; the row is made
    once.
    """
    cases = " ".join(f"WHEN '{name}' THEN {name}" for name in names)
    fields = " UNION ALL ".join(f"SELECT '{name}' AS field" for name in names)
    figure = f"CASE field {cases} END"
    expected, found = (figure, "0") if side == "expected" else ("0", figure)
    return (
        f"SELECT {of} AS id, field, {expected} AS expected, {found} AS found"
        f" FROM ({rows}) AS told CROSS JOIN ({fields}) AS names"
    )


_ACTIVITY = "CASE WHEN is_active THEN 'active' ELSE 'inactive' END"
_PENDING = f"""
    SELECT DISTINCT l.order_id, COALESCE(n.id, 0) AS event_id
    FROM orders o JOIN order_items l ON l.order_id = o.id
        LEFT JOIN report_names n ON n.kind = 'event_key' AND n.name = l.event_key
    WHERE o.status = 'pending' AND o.id NOT IN ({_MOVED_SINCE})"""


def _pending_by(grouping: int) -> list[str]:
    """An order counts once under each event, under each category, and under each pair of them."""
    keys = {1: "event_id", 2: "category_id", 3: "event_id, category_id"}[grouping]
    field = f"pending by grouping {grouping}"
    cells = f"FROM (SELECT DISTINCT order_id, day, {keys} FROM pending_cells) AS cells"
    sums = "FROM status_sums WHERE kind = 'order' AND status = 'pending'"
    return [
        told("expected", field, "1", source=cells, of="day"),
        told("found", field, "counted", source=f"{sums} AND grouping = {grouping} AND {DAYS}"),
    ]


def told(side: str, field: str, value: str, *, source: str, of: str = "period") -> str:
    expected, found = (value, "0") if side == "expected" else ("0", value)
    return (
        f"SELECT {of} AS id, '{field}' AS field, {expected} AS expected, {found} AS found {source}"
    )


def _periods(table: str, column: str) -> list[str]:
    """Each month is the sum of its days, and all time that of all months."""
    field = f"{column} of {table}"
    sides = [
        told("expected", field, column, source=f"FROM {table} WHERE {_MONTHS}", of="0"),
        told("found", field, column, source=f"FROM {table} WHERE period = 0"),
    ]
    if table != "customer_sums":
        sides += [
            told("expected", field, column, source=f"FROM {table} WHERE {DAYS}", of="period / 100"),
            told("found", field, column, source=f"FROM {table} WHERE {_MONTHS}"),
        ]
    return sides


def _groupings(column: str, others: dict[str, str]) -> list[str]:
    """What is told apart adds up to the whole, in every period."""
    sides = []
    for grouping in range(1, 8):
        field = f"{column} by grouping {grouping}"
        for side, number in (("expected", 0), ("found", grouping)):
            source = f"FROM sales_sums WHERE grouping = {number}"
            sides.append(told(side, field, column, source=source))
    for table, name in others.items():
        only = f"AND NOT ({DAYS})" if table == "customer_sums" else ""
        field = f"{name} of {table}"
        whole = f"FROM sales_sums WHERE grouping = 0 {only}"
        sides.append(told("expected", field, column, source=whole))
        sides.append(told("found", field, name, source=f"FROM {table}"))
    return sides


_OF_ALL = f"FROM sales_sums WHERE grouping = 0 AND {DAYS}"

SUM_RULES = (
    Rule(
        "sums_of_sales",
        "The sums have the orders, tickets and cents that the ledger sold, on the day of the sale.",
        "period",
        "number",
        added_up(
            apart(_SOLD_BY_DAY, "day", "orders", "tickets", "cents"),
            told("found", "tickets", "tickets", source=_OF_ALL),
            told("found", "orders", "orders", source=_OF_ALL),
            # Money by another name, so that the ledger is read once.
            told("found", "cents", "revenue", source=_OF_ALL),
        ),
    ),
    Rule(
        "sums_of_money",
        "The sums have the money that the ledger moved, on the day that it succeeded.",
        "period",
        "money",
        added_up(
            f"SELECT {_period('day')} AS id,"
            " CASE WHEN target = 'seller' THEN 'gross' ELSE 'refunded' END AS field,"
            f" amount AS expected, 0 AS found FROM ({_MONEY_MOVED}) AS moved",
            *(
                told("found", name, name, source=f"FROM money_sums WHERE grouping = 0 AND {DAYS}")
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
            apart(_SOLD_BY_EVENT, "event_id", "orders", "tickets"),
            *(
                told(
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
            _STATES,
            f"SELECT period, status, 0, counted FROM status_sums"
            f" WHERE kind = 'order' AND grouping = 0 AND {DAYS}",
        ),
    ),
    Rule(
        "sums_of_payments",
        "The sums have the transactions that there are, by what the ledger left of them.",
        "period",
        "number",
        added_up(
            f"SELECT {_period('day')} AS id,"
            " CASE WHEN is_refunded THEN 'refunded' ELSE 'success' END AS field,"
            f" payments AS expected, 0 AS found FROM ({_PAYMENTS}) AS made",
            # The ledger does not know these; what is not in the sums yet is noted.
            f"SELECT {_period('DATE(created_at)')}, status, 1, 0 FROM transactions"
            " WHERE status IN ('pending', 'failed')",
            "SELECT day, status, 0, sign FROM payment_moves",
            "SELECT period, status, 0, counted FROM status_sums"
            f" WHERE kind = 'transaction' AND grouping = 0 AND {DAYS}",
        ),
    ),
    Rule(
        "sums_of_pending",
        "The sums count pending orders under the events of their lines, until they move again.",
        "event",
        "number",
        added_up(
            f"SELECT event_id AS id, 'orders' AS field, 1 AS expected, 0 AS found"
            f" FROM ({_PENDING}) AS pending",
            "SELECT event_id, 'orders', 0, 1 FROM ("
            " SELECT DISTINCT order_id, event_id FROM pending_cells"
            f" WHERE order_id NOT IN ({_MOVED_SINCE})) AS cells",
            "SELECT event_id, 'orders in sums', 1, 0 FROM ("
            " SELECT DISTINCT order_id, event_id FROM pending_cells) AS cells",
            "SELECT event_id, 'orders in sums', 0, counted FROM status_sums"
            " WHERE kind = 'order' AND grouping = 1 AND period = 0 AND status = 'pending'",
        ),
    ),
    Rule(
        "sums_of_pending_by_category",
        "The sums count pending orders under all their events and categories.",
        "period",
        "number",
        added_up(*(side for by in (1, 2, 3) for side in _pending_by(by))),
    ),
    Rule(
        "sums_of_users",
        "The sums have the users that there are, on the day of their registration.",
        "period",
        "number",
        added_up(
            f"SELECT {_period('DATE(created_at)')} AS id, {_ACTIVITY} AS field, 1 AS expected,"
            " 0 AS found FROM users",
            f"SELECT quarter / 1000000, {_ACTIVITY}, 0, sign FROM user_moves",
            f"SELECT period, {_ACTIVITY}, 0, counted FROM user_sums WHERE {DAYS}",
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
                    ("user_sums", "counted"),
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
            told(
                "expected", "returning customers", "1", source="FROM customer_sums WHERE orders > 1"
            ),
            told(
                "found",
                "returning customers",
                "returning_customers",
                source="FROM customer_counts",
            ),
        ),
    ),
)
