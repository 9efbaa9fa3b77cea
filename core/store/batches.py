"""Removing rows a few at a time."""

from typing import Any

from sqlalchemy import Select, Table, delete, select
from sqlmodel import Session


def remove_batch(session: Session, table: Table, batch: Select[Any]) -> int:
    """Remove the rows whose ids a SELECT finds; how many there were.

    It is looked for once. PostgreSQL may carry out a SELECT within a condition again and again, and
    one with a limit that skips what is locked finds other rows each time: more than the limit.
    """
    found = batch.cte("batch").prefix_with("MATERIALIZED", dialect="postgresql")
    gone = delete(table).where(table.c.id.in_(select(found.c.id))).returning(table.c.id)
    return len(session.execute(gone).all())
