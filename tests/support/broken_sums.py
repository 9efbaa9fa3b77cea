"""Every rule of the reports' sums, broken; the sums of the world are empty at first."""

# ruff: noqa: S608 - all that stands in the statements is written here

from collections.abc import Iterator

from tests.support.books_world import Broken

DAY, MONTH, ALL_TIME = 20260301, 202603, 0


def of_sums() -> Iterator[Broken]:
    yield Broken(
        "sums_of_sales",
        [(DAY, "orders", 0, 1)],
        [*_everywhere("sales_sums", "0, {}, 0, 0, 0, 1, 0, 0"), _quarter("1, 0, 0, 0, 0, 0, 0")],
    )
    yield Broken(
        "sums_of_sales",
        [(DAY, "cents", 0, 1)],
        [*_everywhere("sales_sums", "0, {}, 0, 0, 0, 0, 0, 1"), _quarter("0, 0, 1, 0, 0, 0, 0")],
        also=frozenset({"sums_by_grouping_revenue"}),
    )
    yield Broken(
        "sums_of_money",
        [(DAY, "gross", 0.0, 0.01), (DAY, "refunded", 0.0, 0.02)],
        [*_everywhere("money_sums", "0, {}, 0, 0, 1, 1, 1, 2"), _quarter("0, 0, 0, 1, 1, 2, 0")],
    )
    yield Broken(
        "sums_of_events",
        [(1, "orders", 0, 1)],
        [*_everywhere("sales_sums", "1, {}, 1, 0, 0, 1, 0, 0"), _quarter("1, 0, 0, 0, 0, 0, 0")],
    )
    yield Broken(
        "sums_of_states",
        [(DAY, "pending", 0, 1)],
        [*_everywhere("status_sums", "'order', 0, {}, 0, 0, 'pending', 1")],
    )
    yield Broken(
        "sums_of_payments",
        [(DAY, "success", 0, 1)],
        [*_everywhere("status_sums", "'transaction', 0, {}, 0, 0, 'success', 1")],
    )
    yield Broken(
        "sums_of_payments",
        [(DAY, "failed", 0, 1)],
        [f"INSERT INTO payment_moves VALUES (99, 1, {DAY}, 'failed', 1, FALSE)"],
    )
    # Nothing that moved is in the sums of this world, and so no pending order.
    yield Broken(
        "sums_of_pending",
        [(1, "orders", 0, 1), (1, "orders in sums", 1, 0)],
        [_row("pending_cells", f"99, 1, 1, {DAY}")],
        also=frozenset({"sums_of_pending_by_category"}),
    )
    yield Broken(
        "sums_of_pending_by_category",
        [(DAY, "pending by grouping 2", 0, 1)],
        [*_everywhere("status_sums", "'order', 2, {}, 0, 1, 'pending', 1")],
    )
    yield Broken(
        "sums_of_users",
        [(DAY, "inactive", 0, 1)],
        [*_everywhere("user_sums", "{}, FALSE, 1"), _quarter("0, 0, 0, 0, 0, 0, 1")],
    )
    yield Broken(
        "sums_by_grouping",
        [(period, "tickets of ticket_sums", 0, 3) for period in (ALL_TIME, MONTH, DAY)],
        [*_everywhere("ticket_sums", "{}, 1, 1, 1, 3")],
    )
    yield Broken(
        "sums_by_grouping_revenue",
        [(period, "spent of customer_sums", 0.0, 0.05) for period in (ALL_TIME, MONTH)],
        [_row("customer_sums", f"{period}, 1, 1, 0, 5") for period in (ALL_TIME, MONTH)],
    )
    yield Broken(
        "sums_by_period",
        [(MONTH, "tickets of spelling_sums", 2, 0)],
        [_row("spelling_sums", f"{DAY}, 1, 1, 1, 1, 1, 1, 2")],
        also=frozenset({"sums_by_grouping"}),
    )
    yield Broken(
        "sums_by_period_money",
        [(ALL_TIME, "gross of money_sums", 0.01, 0.0), (MONTH, "gross of money_sums", 0.0, 0.01)],
        [_row("money_sums", f"1, {MONTH}, 1, 0, 1, 0, 1, 0")],
    )
    yield Broken(
        "sums_by_quarter",
        [(DAY, "tickets", 0, 2), (DAY, "users", 0, 1)],
        [_quarter("0, 2, 0, 0, 0, 0, 1")],
    )
    yield Broken(
        "sums_by_quarter_money",
        [(DAY, "gross", 0.0, 0.03), (DAY, "revenue", 0.0, 0.01)],
        [_quarter("0, 0, 1, 0, 3, 0, 0")],
    )
    yield Broken(
        "sums_returning_customers",
        [(MONTH, "returning customers", 0, 1)],
        [_row("customer_counts", f"{MONTH}, 1")],
    )


def _everywhere(table: str, values: str) -> Iterator[str]:
    """A row for a day, its month and all time, which so agree with one another."""
    for period in (DAY, MONTH, ALL_TIME):
        yield _row(table, values.format(period))


def _quarter(figures: str) -> str:
    """The last quarter of an hour of the day."""
    return _row("quarter_sums", f"0, 0, 0, {DAY}234500, {figures}")


def _row(table: str, values: str) -> str:
    return f"INSERT INTO {table} VALUES ({values})"
