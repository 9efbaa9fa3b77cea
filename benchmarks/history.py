"""What was sold in the 90 days before a benchmark, with its money and its ledger, as statements.

Orders and their lines stand in tables of their own first, by what became of them; the shop's
tables are filled from these.
"""

# ruff: noqa: S608 - what stands in the statements besides SQL is written in this package

from benchmarks.bulk import Bulk, numbers
from benchmarks.layout import CUSTOMERS, ON_SALE, SOLD_OUT, STOCK, TICKETS, Layout

DAY = 86_400
HISTORY = 90 * DAY
_HOLD = 30 * DAY

_HELD = "('unpaid', 'announced')"
_SOLD = "('confirmed', 'completed', 'partly')"
_PAID = "('confirmed', 'completed', 'partly', 'cancelled')"
_EXPIRED = "('expired', 'failed')"


def sell(bulk: Bulk, layout: Layout) -> None:
    """Fill all but the users, the tickets, whose counters follow, and the carts."""
    _stage(bulk, layout)
    _sales(bulk)
    bulk.run(_ENTERED)
    bulk.run(_MOVEMENTS.format(moved=bulk.at("moved")))
    for name in _STAGED:
        bulk.run(f"DROP TABLE {name}")


_STAGED = ("seed_orders", "seed_lines", "seed_sums")


def _stage(bulk: Bulk, layout: Layout) -> None:
    # Holds do not last, so only the newest orders still have one.
    recent = layout.orders - layout.orders // 50
    bulk.run(f"""
        CREATE TEMPORARY TABLE seed_orders AS {numbers(layout.orders)}
        SELECT i AS id, 1 + i % {layout.users} AS user_id, 1 + dice / 100 % 3 AS lines,
            {bulk.now - HISTORY} + i * {HISTORY - 3600} / {layout.orders} AS created,
            CASE WHEN i > {recent} THEN 'unpaid' WHEN dice % 100 < 72 THEN 'confirmed'
                WHEN dice % 100 < 77 THEN 'completed' WHEN dice % 100 < 80 THEN 'partly'
                WHEN dice % 100 < 88 THEN 'cancelled' WHEN dice % 100 < 94 THEN 'expired'
                ELSE 'failed' END AS state
        FROM (SELECT i, i * 2654435761 % 4294967296 / 65536 AS dice FROM numbers) AS thrown""")
    pools = {"unpaid": layout.unpaid, "announced": layout.announced, "confirmed": layout.paid}
    for state, ids in [*pools.items(), ("unpaid", layout.to_cancel)]:
        if ids:
            bulk.run(f"""
                INSERT INTO seed_orders (id, user_id, lines, created, state) {numbers(len(ids))}
                SELECT {ids.start} - 1 + i,
                    {CUSTOMERS.start} + ({ids.start} - 1 + i) % {len(CUSTOMERS)},
                    2, {bulk.now - 3600}, '{state}' FROM numbers""")
    bulk.run(f"""
        CREATE TEMPORARY TABLE seed_lines AS
        SELECT o.id AS order_id, l.line, t.id AS ticket_id, o.state, o.created,
            1 + (o.id + l.line) % 2 AS quantity, t.price AS unit_price,
            t.price * (1 + (o.id + l.line) % 2) AS line_total
        FROM seed_orders o
        JOIN (SELECT 0 AS line UNION ALL SELECT 1 UNION ALL SELECT 2) AS l ON l.line < o.lines
        JOIN tickets t ON t.id = 1 + (o.id + l.line * 37)
            % CASE WHEN o.id > {layout.orders} THEN {len(ON_SALE)} ELSE {TICKETS} END""")
    bulk.run("""
        CREATE TEMPORARY TABLE seed_sums AS
        SELECT order_id, CAST(SUM(line_total) AS BIGINT) AS total FROM seed_lines
        GROUP BY order_id""")
    bulk.run("CREATE INDEX seed_sums_order ON seed_sums (order_id)")
    bulk.run("CREATE INDEX seed_lines_ticket ON seed_lines (ticket_id, state, quantity)")
    for name in _STAGED:
        bulk.run(f"ANALYZE {name}")


def _sales(bulk: Bulk) -> None:
    created, paid = bulk.at("o.created"), bulk.at("o.created + 300")
    ended = bulk.at("o.created + 900")
    expires = bulk.at(str(bulk.now + _HOLD))
    never = "CAST(NULL AS TIMESTAMP WITH TIME ZONE)" if bulk.is_postgres else "NULL"
    names = {"created": created, "paid": paid, "ended": ended, "expires": expires, "never": never}
    for statement in (_ORDERS, _LINES, _OWNERS, _TRANSACTIONS, _COUNTERS):
        bulk.run(statement.format(**names))


_REFUNDED = "CASE o.state WHEN 'cancelled' THEN s.total WHEN 'partly' THEN 100 ELSE 0 END"
_ORDERS = f"""
    INSERT INTO orders (id, order_reference, user_id, status, total_amount, amount_paid,
        amount_refunded, amount_reopened, cancel_reason, expires_at, confirmed_at, created_at,
        updated_at)
    SELECT o.id, 'ORD-' || CAST(1000000000 + o.id AS VARCHAR(10)), o.user_id,
        CASE WHEN o.state IN {_HELD} THEN 'pending' WHEN o.state = 'completed' THEN 'completed'
            WHEN o.state IN {_SOLD} THEN 'confirmed' ELSE 'cancelled' END,
        s.total, CASE WHEN o.state IN {_PAID} THEN s.total ELSE 0 END, {_REFUNDED}, 0,
        CASE WHEN o.state IN {_EXPIRED} THEN 'expired'
            WHEN o.state = 'cancelled' THEN 'refunded' END,
        CASE WHEN o.state IN {_HELD} THEN {{expires}} ELSE {{never}} END,
        CASE WHEN o.state IN {_PAID} THEN {{paid}} ELSE {{never}} END, {{created}}, {{ended}}
    FROM seed_orders o JOIN seed_sums s ON s.order_id = o.id ORDER BY o.id"""
_LINES = """
    INSERT INTO order_items (order_id, ticket_id, quantity, unit_price, line_total, event_name,
        event_key, event_date, venue, category, category_key)
    SELECT l.order_id, l.ticket_id, l.quantity, l.unit_price, l.line_total, t.event_name,
        t.event_key, t.event_date, t.venue, t.category, t.category_key
    FROM seed_lines l JOIN tickets t ON t.id = l.ticket_id ORDER BY l.order_id, l.line"""
_OWNERS = """
    INSERT INTO user_orders (user_id, order_id, role, created_at)
    SELECT o.user_id, o.id, 'owner', {created} FROM seed_orders o ORDER BY o.id"""
_TRANSACTIONS = f"""
    INSERT INTO transactions (id, transaction_number, order_id, amount, refunded_amount,
        payment_method, status, succeeded_at, created_at, updated_at)
    SELECT o.id, 'TXN-' || CAST(1000000000 + o.id AS VARCHAR(10)), o.id, s.total, {_REFUNDED},
        CASE o.id % 3 WHEN 0 THEN 'card' WHEN 1 THEN 'paypal' ELSE 'transfer' END,
        CASE o.state WHEN 'announced' THEN 'pending' WHEN 'failed' THEN 'failed'
            WHEN 'cancelled' THEN 'refunded' ELSE 'success' END,
        CASE WHEN o.state IN {_PAID} THEN {{paid}} ELSE {{never}} END, {{created}}, {{ended}}
    FROM seed_orders o JOIN seed_sums s ON s.order_id = o.id
    WHERE o.state IN {_PAID} OR o.state IN ('announced', 'failed') ORDER BY o.id"""


def _units(states: str) -> str:
    return f"""(SELECT COALESCE(SUM(l.quantity), 0) FROM seed_lines l
        WHERE l.ticket_id = tickets.id AND l.state IN {states})"""


_COUNTERS = f"""
    UPDATE tickets SET reserved_quantity = {_units(_HELD)}, sold_quantity = {_units(_SOLD)},
        available_quantity = CASE WHEN id = {SOLD_OUT} THEN 0 ELSE {STOCK} END,
        total_quantity = CASE WHEN id = {SOLD_OUT} THEN 0 ELSE {STOCK} END
            + {_units(_HELD)} + {_units(_SOLD)}"""


def _of_lines(cause: str, path: str, later: int, step: int, states: str = "") -> str:
    origin, target = path.split(">")
    where = f"WHERE state IN {states}" if states else ""
    return f"""SELECT 'stock', '{cause}', '{origin}', '{target}', quantity, line_total, order_id,
        ticket_id, {_NONE}, created + {later}, order_id, {step} FROM seed_lines {where}"""


def _of_orders(cause: str, path: str, later: int, step: int, states: str = "") -> str:
    origin, target = path.split(">")
    where = f"WHERE state IN {states}" if states else ""
    return f"""SELECT 'order', '{cause}', '{origin}', '{target}', 0, 0, id, {_NONE}, {_NONE},
        created + {later}, id, {step} FROM seed_orders {where}"""


def _of_money(cause: str, path: str, amount: str, step: int, states: str) -> str:
    origin, target = path.split(">")
    return f"""SELECT 'money', '{cause}', '{origin}', '{target}', 0, {amount}, o.id, {_NONE},
        o.id, o.created + 300, o.id, {step}
        FROM seed_orders o JOIN seed_sums s ON s.order_id = o.id WHERE o.state IN {states}"""


_NONE = "CAST(NULL AS BIGINT)"
# A line is written when it happens, so those of an order lie close to each other.
_MOVES = " UNION ALL ".join(
    [
        _of_orders("order_placed", "nowhere>pending", 0, 1),
        _of_lines("order_placed", "available>reserved", 0, 2),
        _of_money("payment_received", "buyer>seller", "s.total", 3, _PAID),
        _of_orders("order_confirmed", "pending>confirmed", 300, 4, _PAID),
        _of_lines("order_confirmed", "reserved>sold", 300, 5, _PAID),
        _of_orders("order_completed", "confirmed>completed", 900, 6, "('completed')"),
        _of_money("payment_refunded", "seller>buyer", _REFUNDED, 7, "('partly', 'cancelled')"),
        _of_orders("order_cancelled", "confirmed>cancelled", 900, 8, "('cancelled')"),
        _of_lines("order_cancelled", "sold>available", 900, 9, "('cancelled')"),
        _of_orders("order_expired", "pending>cancelled", 900, 10, _EXPIRED),
        _of_lines("order_expired", "reserved>available", 900, 11, _EXPIRED),
    ]
)
_COLUMNS = """kind, cause, origin, target, quantity, amount, order_id, ticket_id, transaction_id"""
_ENTERED = f"""
    INSERT INTO movements ({_COLUMNS}, request_id, created_at)
    SELECT 'stock', 'ticket_created', 'nowhere', 'available', total_quantity, 0, {_NONE}, id,
        {_NONE}, 'seeding', created_at FROM tickets WHERE total_quantity > 0 ORDER BY id"""
_MOVEMENTS = f"""
    INSERT INTO movements ({_COLUMNS}, request_id, created_at)
    WITH moves ({_COLUMNS}, moved, place, step) AS ({_MOVES})
    SELECT {_COLUMNS}, 'seeding', {{moved}} FROM moves ORDER BY place, step"""
