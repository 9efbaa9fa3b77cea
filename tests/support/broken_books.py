"""Every rule of the books, broken: the statements that do it, and what has to be found then.

What ids and figures mean is said in ``books_world``.
"""

# ruff: noqa: S608 - all that stands in the statements is written here

from collections.abc import Iterator

from tests.support.books_world import (
    AT,
    DELETED_ORDER,
    DELETED_TICKET,
    INVOICED,
    Broken,
    change,
    counters,
    disputed,
    moved,
    paid,
    received,
    returned,
    stock,
)
from tests.support.broken_refunds import of_refunds
from tests.support.broken_sums import of_sums


def of_tickets() -> Iterator[Broken]:
    yield Broken(
        "stock_not_negative",
        [(1, "available_quantity", 0, -1)],
        [counters("available", "withheld", 15), stock("available", "withheld", 15)],
    )
    yield Broken(
        "stock_adds_up",
        [(1, "total_quantity", 20, 21)],
        [change("tickets", 1, total_quantity=21)],
    )
    yield Broken(
        "reserved_stock",
        [(1, "reserved_quantity", 1, 0)],
        [counters("reserved", "available"), stock("reserved", "available")],
    )
    yield Broken(
        "sold_stock",
        [(1, "sold_quantity", 4, 5)],
        [counters("available", "sold"), stock("available", "sold")],
    )


def of_orders() -> Iterator[Broken]:
    yield Broken(
        "line_total",
        [(1, "line_total", 200.02, 200.0)],
        [change("order_items", 1, unit_price=10001)],
    )
    yield Broken(
        "order_total",
        [(1, "total_amount", 200.02, 200.0)],
        [change("order_items", 1, unit_price=10001, line_total=20002)],
    )
    yield Broken(
        "amount_paid",
        [(1, "amount_paid", 0.0, 200.0), (2, "amount_paid", 200.0, 0.0)],
        [change("transactions", 1, order_id=2)],
    )
    yield Broken(
        "amount_refunded",
        [(1, "amount_refunded", 200.0, 0.0), (3, "amount_refunded", 0.0, 200.0)],
        ["UPDATE transactions SET order_id = 4 - order_id WHERE id IN (1, 3)"],
    )
    yield Broken(
        "refunded_within_paid",
        [(INVOICED, "amount_refunded", 1.0, 1.5)],
        [*paid(INVOICED, 7, 100, 150), received(INVOICED, 7, 100), returned(INVOICED, 7, 150)],
        also=frozenset({"refunded_within_amount"}),
    )
    yield Broken(
        "reopened_within_refunded",
        [(1, "amount_reopened", 0.0, 0.01)],
        [change("orders", 1, amount_reopened=1)],
    )
    yield Broken(
        "never_overpaid",
        [(1, "amount_paid", 200.0, 201.0)],
        [*paid(1, 7, 100), received(1, 7, 100)],
    )
    yield Broken(
        "cancelled_keeps_no_money",
        [(4, "amount_refunded", 1.0, 0.0)],
        [*paid(4, 7, 100), received(4, 7, 100)],
    )
    yield Broken(
        "paid_is_confirmed",
        [(2, "status", "confirmed", "pending")],
        [*paid(2, 7, 10000), received(2, 7, 10000)],
    )
    yield Broken(
        "order_dates",
        [(1, "confirmed_at", "a time", "none")],
        [change("orders", 1, confirmed_at="NULL")],
    )
    yield Broken(
        "order_dates",
        [(2, "expires_at", "a time", "none")],
        [change("orders", 2, expires_at="NULL")],
    )
    yield Broken(
        "order_dates",
        [(3, "expires_at", "none", "a time")],
        [change("orders", 3, expires_at=AT)],
    )
    yield Broken(
        "order_owner",
        [(1, "user_id", 1, None)],
        ["UPDATE user_orders SET role = 'recipient' WHERE order_id = 1"],
    )


def of_transactions() -> Iterator[Broken]:
    yield Broken(
        "refunded_within_amount",
        [(7, "refunded_amount", 1.0, 1.5)],
        [
            *paid(INVOICED, 7, 100, 150),
            *paid(INVOICED, 8, 100),
            received(INVOICED, 7, 100),
            received(INVOICED, 8, 100),
            returned(INVOICED, 7, 150),
        ],
    )
    yield Broken(
        "refunded_is_all",
        [(3, "status", "refunded", "success")],
        [change("transactions", 3, status="'success'")],
    )
    yield Broken(
        "refunded_is_all",
        [(1, "status", "success", "refunded")],
        [change("transactions", 1, status="'refunded'")],
    )
    yield Broken(
        "success_date",
        [(1, "succeeded_at", "none", "a time")],
        [change("transactions", 1, status="'failed'")],
    )
    yield Broken(
        "cancelled_awaits_no_money",
        [(4, "status", "failed", "pending")],
        [change("orders", 4, expired_at="NULL")],
    )
    yield Broken(
        "disputed_within_paid",
        [(1, "disputed", 200.0, 200.01), (2, "disputed", 0.0, 1.0)],
        [disputed(1, 20001), disputed(2, 100), disputed(3, 20000)],
    )


def of_the_ledger() -> Iterator[Broken]:
    yield Broken(
        "ledger_stock",
        [(1, "available_quantity", 14, 13), (1, "withheld_quantity", 1, 2)],
        [counters("available", "withheld")],
    )
    yield Broken(
        "ledger_stock",
        [(DELETED_TICKET, "available_quantity", 3, 0)],
        [stock("nowhere", "available", 3, ticket_id=DELETED_TICKET)],
    )
    yield Broken(
        "ledger_order_stock",
        [(1, "reserved units of ticket 1", 1, 0)],
        [stock("available", "reserved", order_id=1), stock("reserved", "available")],
    )
    yield Broken(
        "ledger_order_stock",
        [(DELETED_ORDER, "sold units of ticket 1", 1, 0)],
        [stock("available", "sold", order_id=DELETED_ORDER), stock("sold", "available")],
    )
    # Two buyers who hold each other's tickets.
    yield Broken(
        "ledger_order_stock",
        [
            (1, "sold units of ticket 1", 3, 2),
            (1, "sold units of ticket 2", -1, 0),
            (INVOICED, "sold units of ticket 1", 1, 2),
            (INVOICED, "sold units of ticket 2", 1, 0),
        ],
        [
            stock("available", "sold", order_id=1),
            stock("sold", "available", order_id=1, ticket_id=DELETED_TICKET),
            stock("sold", "available", order_id=INVOICED),
            stock("available", "sold", order_id=INVOICED, ticket_id=DELETED_TICKET),
        ],
    )
    yield Broken(
        "ledger_order_total",
        [(1, "total_amount", 201.0, 200.0)],
        [
            stock("available", "reserved", order_id=1, cause="'item_added'", amount=100),
            stock("reserved", "available", order_id=1),
        ],
    )
    yield Broken(
        "ledger_revenue",
        [(1, "revenue", 201.0, 200.0)],
        [
            stock("available", "sold", order_id=1, amount=100),
            stock("sold", "available", order_id=1),
        ],
    )
    yield Broken(
        "ledger_order_money",
        [(2, "amount_paid", 1.0, 0.0), (INVOICED, "amount_paid", 0.0, 1.0)],
        [*paid(INVOICED, 7, 100), received(2, 7, 100)],
    )
    yield Broken(
        "ledger_order_money",
        [(INVOICED, "amount_paid", 0.0, 1.0), (DELETED_ORDER, "amount_paid", 1.0, 0.0)],
        [*paid(INVOICED, 7, 100), received(DELETED_ORDER, 7, 100)],
    )
    yield Broken(
        "ledger_transaction_money",
        [(7, "amount", 1.5, 1.0), (8, "amount", 0.5, 1.0)],
        [
            *paid(INVOICED, 7, 100),
            *paid(INVOICED, 8, 100),
            received(INVOICED, 7, 150),
            received(INVOICED, 8, 50),
        ],
    )
    yield Broken(
        "ledger_received_once",
        [(7, "receipts", 1, 2)],
        [*paid(INVOICED, 7, 100), received(INVOICED, 7, 40), received(INVOICED, 7, 60)],
    )


def of_the_ledgers_orders() -> Iterator[Broken]:
    def state(origin: str, target: str, order: int = 1) -> str:
        return moved("order", origin, target, order_id=order)

    yield Broken(
        "ledger_order_status",
        [(1, "status", "confirmed", "completed")],
        [change("orders", 1, status="'completed'")],
    )
    yield Broken(
        "ledger_order_status",
        [(DELETED_ORDER, "status", "pending", "nowhere")],
        [state("nowhere", "pending", DELETED_ORDER)],
    )
    yield Broken(
        "ledger_order_path",
        [(-1, "origin", "confirmed", "pending")],
        [state("pending", "confirmed")],
    )
    yield Broken(
        "ledger_order_moves",
        [(-2, "target", "what follows confirmed", "pending")],
        [state("confirmed", "pending"), state("pending", "confirmed")],
    )
    yield Broken(
        "ledger_order_moves",
        [(-1, "target", "what follows cancelled", "confirmed")],
        [
            change("orders", 4, status="'confirmed'", confirmed_at=AT),
            counters("available", "sold"),
            stock("available", "sold", order_id=4, amount=10000),
            state("cancelled", "confirmed", 4),
        ],
    )


def of_keys() -> Iterator[Broken]:
    columns = "(id, principal, key_hash, fingerprint, status, answer, created_at)"
    for missing in ("NULL, ''", "201, NULL"):
        yield Broken(
            "answered_keys",
            [(1, "answer", "an answer", "none")],
            [f"INSERT INTO idempotency_keys {columns} VALUES (1, 'x', 'x', 'x', {missing}, {AT})"],
        )


ALL = [
    *of_tickets(),
    *of_orders(),
    *of_transactions(),
    *of_the_ledger(),
    *of_the_ledgers_orders(),
    *of_keys(),
    *of_sums(),
    *of_refunds(),
]
