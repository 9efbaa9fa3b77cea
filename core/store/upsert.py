"""INSERT … ON CONFLICT for a statement that is built as it is needed."""

from typing import Any

from sqlalchemy import Table
from sqlmodel import Session

from core.store.dialects import Sql


def insert_into(session: Session, table: Table) -> Any:
    """An INSERT for the session's database that may go on with ``on_conflict_do_…``."""
    return Sql(session.get_bind().dialect).insert(table)
