"""What the databases' errors mean to the service, once for both drivers."""

import logging
import re
import sqlite3
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import SQLModel

from core.errors import (
    BusyError,
    ConstraintConflictError,
    DatabaseUnavailableError,
    DomainError,
    RetryTransaction,
    ValueOutOfRangeError,
)
from core.traces import reason

logger = logging.getLogger("nexticket.database")

# Serialisation failure and deadlock: the only ones that surely changed nothing and may succeed
# when the transaction is run again as it was.
_RETRYABLE = {"40001", "40P01"}
# Lock timeout, statement timeout, too many connections.
_BUSY = {"55P03", "57014", "53300"}
# A statement that was interrupted ran past its request's deadline.
_SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT}
_OUT_OF_RANGE = "22003"
# Connection failures, server shut down or starting, no disk or memory, a read-only standby.
_DOWN = ("08", "57P", "53", "25006")
_SQLITE_DOWN = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
}

# What surely is a wrong setting, or a right that is missing: who asks, for which database, where.
# A connection that fails has no code, so that only the message tells. A host without an address is
# not among them: names are away at times like databases are.
_WRONG_STATES = ("28", "3D", "42")
_WRONG_WORDS = (
    "authentication failed",
    "certificate",
    "does not exist",
    "invalid",
    "no password supplied",
    "not permitted to log in",
    "pg_hba.conf",
    "permission denied",
    "SSL was required",
    "unrecognized configuration parameter",
    # A pooler's.
    "bouncer config error",
    "PQexec disallowed",
    "SSL required",
    "TLS connection required",
    "login rejected",
    "no such database",
    "no such user",
    "transaction blocks not allowed",
    "unsupported startup parameter",
)
# What a pooler calls all that it refuses.
_POOLERS = "08P01"
# Between the name of a host and what is wrong with it.
_REASON = " failed: "
# Names are anybody's words.
_NAMES = re.compile(r'"[^"]*"')
# Somebody has the lock, or the disk is full or sick: none of it is a setting.
_SQLITE_PASSING = _SQLITE_BUSY | {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


class translated(AbstractContextManager[None]):  # noqa: N801 - reads as a word in `with`
    """Database errors leave as the service's own refusals, the same for both databases."""

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, PoolTimeoutError):
            raise BusyError from error
        if not isinstance(error, DBAPIError):
            return
        if is_retryable(error):
            raise RetryTransaction from error
        refusal = translate(error)
        if refusal is not None:
            # Its own words would tell what was in the rows, and in the statement.
            told = {"code": refusal.code, "reason": reason(error)}
            logger.info("the database refused", extra=told)
            raise refusal from error


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
    if error.connection_invalidated or _is_down(error):
        return DatabaseUnavailableError()
    return None


def is_lasting(error: DBAPIError) -> bool:
    """Whether another attempt is in vain: a wrong password, say, or a database that is not there.

    In doubt it passes, as all does that a server says while it starts, stops or is full.
    """
    if isinstance(error.orig, sqlite3.Error):
        return primary_code(error.orig) not in _SQLITE_PASSING
    state = _sqlstate(error) or _POOLERS
    if state != _POOLERS:
        return state.startswith(_WRONG_STATES)
    if isinstance(error, ProgrammingError):
        return True  # The driver itself can make nothing of the URL.
    # A line for each host that was tried.
    said = _NAMES.sub("", str(error.orig))
    lines = [line for line in said.splitlines() if _REASON in line]
    reasons = [line.partition(_REASON)[2] for line in lines] or [said]
    return all(any(word in reason for word in _WRONG_WORDS) for reason in reasons)


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "pgcode", None)


def _is_busy(error: DBAPIError) -> bool:
    return primary_code(error.orig) in _SQLITE_BUSY or _sqlstate(error) in _BUSY


def _is_down(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        return primary_code(error.orig) in _SQLITE_DOWN
    state = _sqlstate(error)
    if state is None:
        return isinstance(error, OperationalError)  # The server never answered.
    return state.startswith(_DOWN)


def primary_code(driver_error: object) -> int | None:
    """SQLite's, of the low byte; the rest tells flavours of the same. None for other errors."""
    code = getattr(driver_error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _broken_rule(error: IntegrityError) -> DomainError:
    name = _constraint_name(error.orig) or ""
    # The guard of a foreign key says that the target is missing; who deletes it is told otherwise.
    still_referenced = name.startswith("fk_") and (error.statement or "").startswith("DELETE")
    guard = None if still_referenced else DomainError.guards.get(name)
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
