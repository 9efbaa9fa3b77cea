"""Whether the books agree: every rule asked of one state of the data, and where it is broken."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any

from sqlalchemy import Row, text
from sqlmodel import Session

from core.money import as_number, from_minor_units
from core.store.large_reads import expect_large_reads
from Ledger.schemas import Difference, Figure, Reconciliation, ReconciliationTotals, RuleResult
from Ledger.services.findings import counted, findings
from work.context import Context
from work.rules import Rule, Unit

# One fault can break a rule for every order there is; the first of them tell enough.
LISTED = 100


Finding = Callable[[Session], list[Row[Any]]]
# Has each of them find what it does, in the snapshot of a session that expects large reads.
Share = Callable[[Session, Sequence[Finding]], Iterable[list[Row[Any]]]]


def one_by_one(session: Session, all_: Sequence[Finding]) -> Iterable[list[Row[Any]]]:
    expect_large_reads(session)
    return [find(session) for find in all_]


def reconcile(
    context: Context, rules: Iterable[Rule], *, listed: int = LISTED, share: Share = one_by_one
) -> Reconciliation:
    """Check every rule. The session must see one state of the data, or what moves differs.

    All differences are counted, and of each rule so many are ``listed``.
    """
    rules = list(rules)
    found = _found(share(context.session, [_finding(one, listed) for one in findings(rules)]))
    results = [_result(rule, found[rule.code]) for rule in rules]
    return Reconciliation(
        checked_at=context.now,
        is_consistent=not any(found.values()),
        difference_count=sum(result.differences for result in results),
        rules=results,
        differences=[
            _difference(rule, row)
            for rule in rules
            for row in sorted(found[rule.code], key=lambda row: (row.id, row.field))[:listed]
        ],
        totals=_totals(context),
        currency=context.terms.currency,
    )


def _finding(statement: str, listed: int) -> Finding:
    """The first rows that break each rule, each with the number of all that do."""

    def find(session: Session) -> list[Row[Any]]:
        return list(session.execute(text(counted(statement)), {"listed": listed}))

    return find


def _found(answers: Iterable[list[Row[Any]]]) -> defaultdict[str, list[Row[Any]]]:
    found: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for row in chain.from_iterable(answers):
        found[row.code].append(row)
    return found


def _result(rule: Rule, rows: list[Row[Any]]) -> RuleResult:
    return RuleResult(
        rule=rule.code,
        description=rule.description,
        object=rule.object_kind,
        unit=rule.unit,
        # Each statement says it in its first row of the rule.
        differences=sum(row.differences for row in rows if row.place == 1),
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


def _figure(unit: Unit, value: str | None) -> Figure:
    if value is None or unit == "text":
        return value
    # The figures of all rules come in one column, as text.
    number = int(value)
    return as_number(from_minor_units(number)) if unit == "money" else number


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
