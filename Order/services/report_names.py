"""Numbers for the names that sums are told apart by."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    FromClause,
    String,
    and_,
    cast,
    null,
    select,
    union,
)

from core.columns import quoted
from core.store.dialects import Sql
from models import ReportNameKind, report_names
from Order.services.report_facts import Facts, Statement

_NO_KEY: ColumnElement[Any] = cast(null(), String)

NAMES_OF_LINES = {
    ReportNameKind.EVENT_KEY: "event_key",
    ReportNameKind.EVENT_NAME: "event_name",
    ReportNameKind.CATEGORY_KEY: "category_key",
    ReportNameKind.CATEGORY: "category",
    ReportNameKind.VENUE_KEY: "venue_key",
    ReportNameKind.VENUE: "venue",
}

KEYS = {
    "event_id": (ReportNameKind.EVENT_KEY, "event_key"),
    "category_id": (ReportNameKind.CATEGORY_KEY, "category_key"),
}
ALL_NAMES = {
    **KEYS,
    "event_name_id": (ReportNameKind.EVENT_NAME, "event_name"),
    "category_name_id": (ReportNameKind.CATEGORY, "category"),
    "venue_id": (ReportNameKind.VENUE_KEY, "venue_key"),
    "venue_name_id": (ReportNameKind.VENUE, "venue"),
}


def numbered(lines: Facts | Statement, *, names: Any = None) -> Statement:
    """Lines with the numbers of their names."""
    facts = lines.subquery("facts")
    numbers = [
        number_of(kind, facts.c[column]).label(label)
        for label, (kind, column) in (names or ALL_NAMES).items()
    ]
    return select(*facts.c, *numbers)


def number_of(
    kind: ReportNameKind, name: Any, *, of: FromClause | None = None
) -> ColumnElement[int]:
    """The number of a name; NULL, which nothing equals, where it has none.

    Looked up one by one: joined, the planner takes a young table of names for empty. ``of`` is
    whose rows it is looked up for, where these are not of the statement right around it.
    """
    found = select(report_names.c.id).where(
        report_names.c.kind == quoted(kind), report_names.c.name == name
    )
    return (found if of is None else found.correlate(of)).scalar_subquery()


def number_lines(sql: Sql, lines: Facts | Statement) -> Executable:
    """Give a number to every name of the lines that has none yet."""
    told = lines.subquery("told")
    # There are few names, and many lines to look for them in.
    columns = [told.c[name] for name in NAMES_OF_LINES.values()]
    facts = select(*columns).distinct().cte("names")
    return number(sql, [names_in(kind, facts.c[name]) for kind, name in NAMES_OF_LINES.items()])


def names_in(
    kind: ReportNameKind, column: ColumnElement[str], *, key: ColumnElement[Any] = _NO_KEY
) -> Statement:
    return select(quoted(kind).label("kind"), column.label("name"), key.label("key"))


def number(sql: Sql, names: Sequence[Statement]) -> Executable:
    """Give a number to every name that has none yet."""
    # UNION and not UNION ALL: each name once. A WHERE keeps SQLite from reading ON as a join's.
    found = union(*names).subquery("found")
    known = report_names.alias("known")
    new = (
        select(*found.c)
        .join_from(
            found,
            known,
            and_(known.c.kind == found.c.kind, known.c.name == found.c.name),
            isouter=True,
        )
        .where(known.c.id.is_(None))
    )
    new_names = sql.insert(report_names).from_select(["kind", "name", "key"], new)
    known_or_new: Executable = new_names.on_conflict_do_nothing()
    return known_or_new
