"""How the sums of quarters of an hour must agree with those of days."""

# ruff: noqa: S608 - what stands in the statements besides SQL is written in this package

from Order.rules.sums import DAYS, apart, told
from work.rules import Rule, added_up


def _quarters(*names: str) -> str:
    """Figures of quarters of an hour, by the day; for all, events and categories alike."""
    sums = ", ".join(f"SUM({name}) AS {name}" for name in names)
    by_day = f"SELECT quarter / 1000000 AS day, {sums} FROM quarter_sums GROUP BY quarter / 1000000"
    return apart(by_day, "day", *names, side="found")


def _days(table: str, column: str, field: str = "") -> str:
    # None by venue: no series is asked for one.
    only = "AND grouping < 4" if table == "sales_sums" else ""
    return told("expected", field or column, column, source=f"FROM {table} WHERE {DAYS} {only}")


QUARTER_RULES = (
    Rule(
        "sums_by_quarter",
        "The sums of days are those of their quarters of an hour.",
        "period",
        "number",
        added_up(
            _quarters("orders", "tickets", "transactions", "users"),
            _days("sales_sums", "orders"),
            _days("sales_sums", "tickets"),
            _days("money_sums", "transactions"),
            _days("user_sums", "counted", "users"),
        ),
    ),
    Rule(
        "sums_by_quarter_money",
        "The money of days is that of their quarters of an hour.",
        "period",
        "money",
        added_up(
            _quarters("revenue", "gross", "refunded"),
            _days("sales_sums", "revenue"),
            _days("money_sums", "gross"),
            _days("money_sums", "refunded"),
        ),
    ),
)
