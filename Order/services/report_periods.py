"""Adding figures by the day to a table of sums: to those days, their months and all time.

These are statements; who keeps the sums has them carried out.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    Integer,
    Subquery,
    Table,
    case,
    func,
    literal_column,
    select,
    true,
    type_coerce,
    union_all,
)

from core.store.dialects import Sql
from models import quarter_sums

_FIGURES_OF_QUARTERS = [column.name for column in quarter_sums.c if not column.primary_key]


def add_up(sql: Sql, table: Table, days: Any) -> Executable:
    """Add figures by the day to a table's days, months and all time."""
    facts = days.subquery("days")
    keys = [column.name for column in table.primary_key if column.name != "period"]
    figures = [column.name for column in table.c if not column.primary_key]
    period = each_period(facts)
    columns = [facts.c[name] for name in keys]
    sums = [func.sum(facts.c[name]).label(name) for name in figures]
    steps = steps_of_time()
    added = (
        select(period.label("period"), *columns, *sums)
        .select_from(facts.join(steps, true()))
        .group_by(period, *columns)
    )
    return upsert(sql, table, added, ["period", *keys], figures)


def add_quarters(sql: Sql, quarters: Any, figures: list[str]) -> Executable:
    """Add figures by the quarter of an hour; they may be told apart by more than the sums are."""
    facts = quarters.subquery("quarters")
    keys = [column.name for column in quarter_sums.primary_key]
    columns = [facts.c[name] for name in keys]
    sums = [func.sum(facts.c[name]).label(name) for name in figures]
    others = [name for name in _FIGURES_OF_QUARTERS if name not in figures]
    nothing: list[ColumnElement[int]] = [literal_column("0", Integer).label(n) for n in others]
    added = select(*columns, *nothing, *sums).group_by(*columns)
    return upsert(sql, quarter_sums, added, [*keys, *others], figures)


def upsert(sql: Sql, table: Table, added: Any, first: list[str], figures: list[str]) -> Executable:
    """What is added has the columns that come first, and then the figures."""
    statement = sql.insert(table).from_select([*first, *figures], added)
    new = statement.excluded
    changed: Executable = statement.on_conflict_do_update(
        index_elements=table.primary_key.columns,
        set_={name: _plain(table.c[name]) + _plain(new[name]) for name in figures},
    )
    return changed


def _plain(column: ColumnElement[Any]) -> ColumnElement[int]:
    return type_coerce(column, BigInteger)


def steps_of_time(*, first: int = 0) -> Subquery:
    """A day, its month, and all time."""
    steps = [select(literal_column(str(step), Integer).label("step")) for step in range(first, 3)]
    return union_all(*steps).subquery("steps")


def each_period(facts: Any) -> ColumnElement[int]:
    step = literal_column("steps.step", Integer)
    return case((step == 0, facts.c.day), (step == 1, facts.c.day // 100), else_=0)
