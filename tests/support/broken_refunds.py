"""Every rule of money that goes by providers, broken; no provider is in it at first."""

# ruff: noqa: S608 - all that stands in the statements is written here

from collections.abc import Iterator

from tests.support.books_world import AT, INVOICED, Broken, change, paid, received, returned

LAST = "(SELECT MAX(id) FROM movements)"
# Up to the last line, the ledger was looked through for refunds.
# A new database has the row already, an emptied one has not.
ALL_NOTED = (
    f"INSERT INTO refund_progress SELECT 1, {LAST}, {LAST}, '' WHERE true"
    " ON CONFLICT (id) DO UPDATE SET movement_id = excluded.movement_id"
)


def of_refunds() -> Iterator[Broken]:
    yield Broken(
        "payments_as_asked",
        [(1, "amount", "20000 USD", "150 JPY")],
        [f"INSERT INTO payment_differences VALUES (1, 1, 20000, 150, 'JPY', NULL, {AT})"],
    )
    yield Broken(
        "no_refund_failed",
        [(-1, "status", "succeeded", "failed")],
        [*_returned(7), _refund(7, status="failed"), ALL_NOTED],
    )
    yield Broken(
        "ledger_refunds",
        [(-1, "amount", 0.5, 0.0)],
        [*_returned(7), ALL_NOTED],
    )
    yield Broken(
        "ledger_refunds",
        [(-1, "amount", 0.5, 0.4)],
        [*_returned(7), _refund(7, amount=40), ALL_NOTED],
    )
    # No line of the ledger has this number yet.
    yield Broken(
        "ledger_refunds",
        [(0, "amount", 0.0, 0.5)],
        [*_returned(7), _refund(7, f"{LAST} + 1")],
    )
    yield Broken(
        "ledger_refund_transactions",
        [(-2, "transaction_id", 7, 8), (-1, "transaction_id", 8, 7)],
        [*_returned(7, 8), _refund(8, f"{LAST} - 1"), _refund(7), ALL_NOTED],
    )
    yield Broken(
        "refunds_within_refunded",
        [(7, "refunded_amount", 1.0, 0.5)],
        [*_returned(7, 8), _refund(7, f"{LAST} - 1"), _refund(7), ALL_NOTED],
        also=frozenset({"ledger_refund_transactions"}),
    )


def _returned(*transactions: int) -> list[str]:
    """Half of each went back that came by a provider; the lines of that are the last."""
    return [
        *(one for number in transactions for one in paid(INVOICED, number, 100, 50)),
        *(change("transactions", number, provider="'stripe'") for number in transactions),
        *(received(INVOICED, number, 100) for number in transactions),
        *(returned(INVOICED, number, 50) for number in transactions),
    ]


def _refund(
    transaction: int, line: str = LAST, *, amount: int = 50, status: str = "pending"
) -> str:
    send_at = AT if status == "pending" else "NULL"
    return (
        "INSERT INTO provider_refunds (movement_id, transaction_id, provider, amount, status,"
        " attempt, is_by_hand, send_at, created_at, updated_at) VALUES"
        f" ({line}, {transaction}, 'stripe', {amount}, '{status}', 1, FALSE, {send_at}, {AT}, {AT})"
    )
