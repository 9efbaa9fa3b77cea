"""What the databases' errors mean to the service, once for both drivers."""

import re
import sqlite3
from typing import Any

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlmodel import SQLModel

from core.errors import (
    BusyError,
    ConstraintConflictError,
    DatabaseUnavailableError,
    DomainError,
    ValueOutOfRangeError,
)

# Serialisation failure and deadlock: the only ones that surely changed nothing and may succeed
# when the transaction is run again as it was.
_RETRYABLE = {"40001", "40P01"}
# Lock timeout, statement timeout, too many connections.
_BUSY = {"55P03", "57014", "53300"}
_OUT_OF_RANGE = "22003"


def is_retryable(error: DBAPIError) -> bool:
    return _sqlstate(error) in _RETRYABLE


def translate(error: DBAPIError) -> DomainError | None:
    """The refusal that an error stands for; None for a fault of our own."""
    if isinstance(error, IntegrityError):
        return _broken_rule(error)
    if isinstance(error, DataError) or _sqlstate(error) == _OUT_OF_RANGE:
        return ValueOutOfRangeError()
    if _is_busy(error):
        return BusyError()
    if error.connection_invalidated or _is_connection_failure(error):
        return DatabaseUnavailableError()
    return None


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "pgcode", None)


def _is_busy(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        # The low byte is the primary code; the rest tells flavours of the same.
        code = (getattr(error.orig, "sqlite_errorcode", None) or 0) & 0xFF
        return code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    return _sqlstate(error) in _BUSY


def _is_connection_failure(error: DBAPIError) -> bool:
    """PostgreSQL's classes 08 and 57P, or no code at all: the server never answered."""
    if isinstance(error.orig, sqlite3.Error) or not isinstance(error, OperationalError):
        return False
    state = _sqlstate(error)
    return state is None or state.startswith(("08", "57P"))


def _broken_rule(error: IntegrityError) -> DomainError:
    guard = DomainError.guards.get(_constraint_name(error.orig) or "")
    return guard() if guard else ConstraintConflictError()


def _constraint_name(driver_error: Any) -> str | None:
    diagnostics = getattr(driver_error, "diag", None)
    if diagnostics is not None:
        return str(diagnostics.constraint_name)
    message = str(driver_error)
    if named := re.match(r"CHECK constraint failed: (\w+)", message):
        return named[1]
    if unique := re.match(r"UNIQUE constraint failed: (.+)", message):
        return _unique_over(unique[1])
    return None  # SQLite does not tell which foreign key failed.


def _unique_over(columns: str) -> str | None:
    """The name of the unique rule over ``table.column, table.column``, as SQLite lists them."""
    names = [item.split(".") for item in columns.split(", ")]
    table = SQLModel.metadata.tables[names[0][0]]
    wanted = {column for _, column in names}
    rules: list[Any] = [*table.constraints, *(index for index in table.indexes if index.unique)]
    for rule in rules:
        if {column.name for column in getattr(rule, "columns", ())} == wanted:
            return str(rule.name)
    return None
