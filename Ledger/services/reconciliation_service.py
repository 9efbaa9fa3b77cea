"""Whether the books agree: every rule asked of one state of the data, and where it is broken."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text

from core.money import from_minor_units
from Ledger.schemas import Difference, Figure, Reconciliation, ReconciliationTotals, RuleResult
from work.context import Context
from work.rules import Rule, Unit

# One fault can break a rule for every order there is; the first of them tell enough.
LISTED = 100


def reconcile(context: Context, rules: Iterable[Rule], *, listed: int = LISTED) -> Reconciliation:
    """Check every rule. The session must see one state of the data, or what moves differs.

    All differences are counted, and of each rule so many are ``listed``.
    """
    results: list[RuleResult] = []
    differences: list[Difference] = []
    for rule in rules:
        rows = _broken(context, rule, listed)
        count = rows[0].differences if rows else 0
        results.append(_result(rule, count))
        differences += (_difference(rule, row) for row in rows)
    return Reconciliation(
        checked_at=context.now,
        is_consistent=not differences,
        difference_count=sum(result.differences for result in results),
        rules=results,
        differences=differences,
        totals=_totals(context),
        currency=context.terms.currency,
    )


def _broken(context: Context, rule: Rule, listed: int) -> list[Row[Any]]:
    """The first rows that break a rule, each with the number of all that do."""
    statement = text(
        "SELECT id, field, expected, found, COUNT(*) OVER () AS differences"  # noqa: S608 - our own
        f" FROM ({rule.sql}) AS broken ORDER BY id, field LIMIT :listed"
    )
    return list(context.session.execute(statement, {"listed": listed}))


def _result(rule: Rule, differences: int) -> RuleResult:
    return RuleResult(
        rule=rule.code,
        description=rule.description,
        object=rule.object_kind,
        unit=rule.unit,
        differences=differences,
    )


def _difference(rule: Rule, row: Row[Any]) -> Difference:
    return Difference(
        rule=rule.code,
        object=rule.object_kind,
        id=row.id,
        field=row.field,
        expected=_figure(rule.unit, row.expected),
        found=_figure(rule.unit, row.found),
    )


def _figure(unit: Unit, value: Any) -> Figure:
    if value is None or unit == "text":
        return value if value is None else str(value)
    # Sums are Decimals on PostgreSQL.
    number = int(value)
    return float(from_minor_units(number)) if unit == "money" else number


_TOTALS = text("""
    SELECT
        (SELECT COUNT(*) FROM tickets) AS tickets,
        (SELECT COUNT(*) FROM orders) AS orders,
        (SELECT COUNT(*) FROM transactions) AS transactions,
        (SELECT COUNT(*) FROM movements) AS movements,
        stock.*, sales.*, money.*
    FROM (
        SELECT COALESCE(SUM(total_quantity), 0) AS total_quantity,
            COALESCE(SUM(available_quantity), 0) AS available_quantity,
            COALESCE(SUM(reserved_quantity), 0) AS reserved_quantity,
            COALESCE(SUM(sold_quantity), 0) AS sold_quantity,
            COALESCE(SUM(withheld_quantity), 0) AS withheld_quantity
        FROM tickets
    ) AS stock, (
        SELECT COALESCE(SUM(total_amount), 0) AS revenue
        FROM orders WHERE status IN ('confirmed', 'completed')
    ) AS sales, (
        SELECT COALESCE(SUM(amount), 0) AS gross_revenue,
            COALESCE(SUM(refunded_amount), 0) AS refunded
        FROM transactions WHERE succeeded_at IS NOT NULL
    ) AS money
""")


def _totals(context: Context) -> ReconciliationTotals:
    row = context.session.execute(_TOTALS).one()
    money = {name: _money(row._mapping[name]) for name in ("revenue", "gross_revenue", "refunded")}
    net = money["gross_revenue"] - money["refunded"]
    return ReconciliationTotals(**{**row._mapping, **money, "net_revenue": net})


def _money(minor: Any) -> Decimal:
    return from_minor_units(int(minor))
