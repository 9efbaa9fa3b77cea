"""The dashboard's figures as one statement: asking one by one costs more than the answers."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, literal_column, select, union_all

from core.columns import quoted
from core.money import from_minor_units
from core.store.statements import Row
from Order.schemas.analytics import SalesFigures
from Order.services import (
    analytics_queries,
    money_queries,
    sales_queries,
    status_queries,
    stock_queries,
)
from Order.services.report_facts import Statement
from Order.services.report_figures import Figures
from Order.services.report_inquiry import Inquiry

_NONE = literal_column("0", BigInteger)
_COUNTS = {
    "tickets": stock_queries.ticket_counts,
    "orders": status_queries.order_counts,
    "transactions": status_queries.transaction_counts,
}
_SUMS = {
    "users": (analytics_queries.user_counts, ("total_users", "active_users")),
    "sales": (sales_queries.sales, ("orders", "tickets_sold", "revenue")),
    "money": (money_queries.money, ("gross", "refunded")),
}


@dataclass(frozen=True)
class Totals:
    """What the statement tells, by its parts; money is in minor units."""

    _rows: list[Row]

    def counts(self, part: str) -> dict[str, int]:
        return {row.status: row.first for row in self._of(part)}

    @property
    def users(self) -> tuple[int, int]:
        """All, and those who are active."""
        [row] = self._of("users")
        return row.first, row.second

    @property
    def sales(self) -> SalesFigures:
        [row] = self._of("sales")
        revenue = from_minor_units(row.third)
        return SalesFigures(orders=row.first, tickets_sold=row.second, revenue=revenue)

    @property
    def money(self) -> tuple[Decimal, Decimal]:
        """What came in, and what went back of it."""
        [row] = self._of("money")
        return from_minor_units(row.first), from_minor_units(row.second)

    def _of(self, part: str) -> list[Row]:
        return [row for row in self._rows if row.part == part]


def totals(asked: Inquiry) -> Totals:
    return Totals(asked.rows(_totals))


def _totals(figures: Figures) -> Statement:
    parts = [_counted(name, build(figures)) for name, build in _COUNTS.items()]
    parts += [_summed(name, build(figures), names) for name, (build, names) in _SUMS.items()]
    found = union_all(*parts).subquery("found")
    return select(*found.c)


def _counted(part: str, counts: Statement) -> Statement:
    counted = counts.subquery(part)
    return _part(part, counted.c.status, [counted.c.rows])


def _summed(part: str, sums: Statement, names: tuple[str, ...]) -> Statement:
    summed = sums.subquery(part)
    return _part(part, quoted(""), [summed.c[name] for name in names])


def _part(part: str, status: ColumnElement[Any], figures: list[ColumnElement[Any]]) -> Statement:
    filled = [cast(figure, BigInteger) for figure in figures] + [_NONE] * (3 - len(figures))
    named = zip(filled, ("first", "second", "third"), strict=True)
    return select(
        quoted(part).label("part"),
        status.label("status"),
        *(figure.label(name) for figure, name in named),
    )
