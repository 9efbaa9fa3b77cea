"""Rows that several rules look at: orders, their moves, holdings and money, each read once.

What belongs to an order is joined and added up in the order of its id, for which every table has
an index: nothing has to be kept in memory.
"""

# ruff: noqa: S608 - what stands in the statements besides SQL is written in this package

SOLD = "('confirmed', 'completed')"
RECEIVED = "succeeded_at IS NOT NULL"


def _units(place: str) -> str:
    """How many more units are in a place after a move."""
    return (
        f"CASE WHEN target = '{place}' THEN quantity WHEN origin = '{place}' THEN -quantity"
        " ELSE 0 END"
    )


_LEDGER_OF_ORDERS = """
    SELECT order_id,
        SUM(CASE WHEN kind = 'stock' AND cause IN ('order_placed', 'item_added')
            THEN amount ELSE 0 END) AS taken,
        SUM(CASE WHEN kind <> 'stock' THEN 0 WHEN target = 'sold' THEN amount
            WHEN origin = 'sold' THEN -amount ELSE 0 END) AS revenue,
        SUM(CASE WHEN kind = 'money' AND target = 'seller' THEN amount ELSE 0 END) AS received,
        SUM(CASE WHEN kind = 'money' AND target <> 'seller' THEN amount ELSE 0 END) AS returned,
        COUNT(CASE WHEN kind = 'order' THEN 1 END) AS moves
    FROM movements m WHERE order_id IS NOT NULL"""

ORDERS = f"""
    SELECT o.id, o.status, o.user_id, o.total_amount, o.amount_paid, o.amount_refunded,
        o.amount_reopened, o.expires_at, o.confirmed_at, r.user_id AS owner_id,
        CASE WHEN o.status IN {SOLD} THEN o.total_amount ELSE 0 END AS revenue,
        COALESCE(lines.amount, 0) AS lines_amount,
        COALESCE(money.received, 0) AS received, COALESCE(money.returned, 0) AS returned,
        COALESCE(ledger.taken, 0) AS ledger_taken, COALESCE(ledger.revenue, 0) AS ledger_revenue,
        COALESCE(ledger.received, 0) AS ledger_received,
        COALESCE(ledger.returned, 0) AS ledger_returned, COALESCE(ledger.moves, 0) AS moves
    FROM orders o
    LEFT JOIN user_orders r ON r.order_id = o.id AND r.role = 'owner'
    LEFT JOIN (
        SELECT order_id, SUM(line_total) AS amount FROM order_items GROUP BY order_id
    ) AS lines ON lines.order_id = o.id
    LEFT JOIN (
        SELECT order_id, SUM(amount) AS received, SUM(refunded_amount) AS returned
        FROM transactions WHERE {RECEIVED} GROUP BY order_id
    ) AS money ON money.order_id = o.id
    LEFT JOIN ({_LEDGER_OF_ORDERS} GROUP BY order_id) AS ledger ON ledger.order_id = o.id"""

# What the ledger says of orders that are not there any more; they are few.
GONE_ORDERS = f"""
    {_LEDGER_OF_ORDERS} AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = m.order_id)
    GROUP BY order_id"""

# Units of a ticket that an order holds, by the ledger and by its lines. Sorted before they are
# added up, for PostgreSQL takes them for so few that it would keep them all.
HOLDINGS = f"""
    SELECT order_id AS id, ticket_id, SUM(to_reserved) AS to_reserved, SUM(to_sold) AS to_sold,
        SUM(reserved) AS reserved, SUM(sold) AS sold
    FROM (
        SELECT order_id, ticket_id, {_units("reserved")} AS to_reserved,
            {_units("sold")} AS to_sold, 0 AS reserved, 0 AS sold
        FROM movements WHERE kind = 'stock' AND order_id IS NOT NULL
        UNION ALL
        SELECT o.id, i.ticket_id, 0, 0, CASE WHEN o.status = 'pending' THEN i.quantity ELSE 0 END,
            CASE WHEN o.status = 'pending' THEN 0 ELSE i.quantity END
        FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.status <> 'cancelled'
        ORDER BY order_id, ticket_id
    ) AS units
    GROUP BY order_id, ticket_id"""

# Transactions as the rows tell them and as the ledger does; either may not know one.
TRANSACTIONS = f"""
    SELECT id, SUM(got) AS got, SUM(gave) AS gave, SUM(receipts) AS receipts,
        SUM(amount) AS amount, SUM(refunded_amount) AS refunded_amount, SUM(is_received) AS received
    FROM (
        SELECT transaction_id AS id, CASE WHEN target = 'seller' THEN amount ELSE 0 END AS got,
            CASE WHEN target = 'seller' THEN 0 ELSE amount END AS gave,
            CASE WHEN target = 'seller' THEN 1 ELSE 0 END AS receipts,
            0 AS amount, 0 AS refunded_amount, 0 AS is_received
        FROM movements WHERE kind = 'money'
        UNION ALL
        SELECT id, 0, 0, 0, CASE WHEN {RECEIVED} THEN amount ELSE 0 END, refunded_amount,
            CASE WHEN {RECEIVED} THEN 1 ELSE 0 END
        FROM transactions
        ORDER BY id
    ) AS sides
    GROUP BY id"""

# Moves of orders, each with what came before it; the last one with where the order is.
MOVES = """
    SELECT m.id, m.order_id, m.cause, m.origin, m.target, m.following, o.status,
        COALESCE(m.previous, 'nowhere') AS previous
    FROM (
        SELECT id, order_id, cause, origin, target,
            LAG(target) OVER (PARTITION BY order_id ORDER BY id) AS previous,
            LEAD(id) OVER (PARTITION BY order_id ORDER BY id) AS following
        FROM movements WHERE kind = 'order'
    ) AS m LEFT JOIN orders o ON o.id = m.order_id"""

# What orders hold of each ticket.
HELD_TICKETS = f"""
    SELECT t.id, t.reserved_quantity, t.sold_quantity,
        COALESCE(held.reserved, 0) AS held, COALESCE(held.sold, 0) AS sold
    FROM tickets t LEFT JOIN (
        SELECT i.ticket_id, SUM(CASE WHEN o.status = 'pending' THEN i.quantity ELSE 0 END)
            AS reserved, SUM(CASE WHEN o.status IN {SOLD} THEN i.quantity ELSE 0 END) AS sold
        FROM orders o JOIN order_items i ON i.order_id = o.id
        WHERE o.status IN ('pending', 'confirmed', 'completed') GROUP BY i.ticket_id
    ) AS held ON held.ticket_id = t.id"""
