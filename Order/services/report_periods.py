"""Adding figures by the day to a table of sums: to those days, their months and all time."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
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

from core.store.upsert import insert_into
from models import quarter_sums
from work.context import Context


def add_up(context: Context, table: Table, days: Any) -> None:
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
    upsert(context, table, added, ["period", *keys], figures)


def add_quarters(context: Context, quarters: Any, figures: list[str]) -> None:
    """Add figures by the quarter of an hour; they may be told apart by more than the sums are."""
    facts = quarters.subquery("quarters")
    keys = [column.name for column in quarter_sums.primary_key]
    columns = [facts.c[name] for name in keys]
    sums = [func.sum(facts.c[name]).label(name) for name in figures]
    upsert(context, quarter_sums, select(*columns, *sums).group_by(*columns), keys, figures)


def upsert(context: Context, table: Table, added: Any, keys: list[str], figures: list[str]) -> None:
    statement = insert_into(context.session, table).from_select([*keys, *figures], added)
    new = statement.excluded
    context.session.execute(
        statement.on_conflict_do_update(
            index_elements=keys,
            set_={name: _plain(table.c[name]) + _plain(new[name]) for name in figures},
        )
    )


def _plain(column: ColumnElement[Any]) -> ColumnElement[int]:
    return type_coerce(column, BigInteger)


def steps_of_time(*, first: int = 0) -> Subquery:
    """A day, its month, and all time."""
    steps = [select(literal_column(str(step), Integer).label("step")) for step in range(first, 3)]
    return union_all(*steps).subquery("steps")


def each_period(facts: Any) -> ColumnElement[int]:
    step = literal_column("steps.step", Integer)
    return case((step == 0, facts.c.day), (step == 1, facts.c.day // 100), else_=0)
