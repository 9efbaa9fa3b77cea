"""What the drivers' errors mean to callers, whichever database they come from."""

import sqlite3
from typing import Any

import pytest
from sqlalchemy import exc, text
from sqlmodel import Session

from core.errors import (
    BusyError,
    ConstraintConflictError,
    DatabaseUnavailableError,
    DomainError,
    ValueOutOfRangeError,
)
from core.store.errors import is_retryable, translate
from tests.support.service import Service

Kind = type[exc.DBAPIError]


class PostgresError(Exception):
    """As psycopg2 tells it: a code of five characters, or none from a server that is gone."""

    def __init__(self, code: str | None) -> None:
        super().__init__(code)
        self.pgcode = code


def from_postgres(code: str | None, kind: Kind = exc.OperationalError) -> exc.DBAPIError:
    return kind("SELECT 1", {}, PostgresError(code))


def from_sqlite(code: int, kind: Kind = exc.OperationalError) -> exc.DBAPIError:
    error: Any = sqlite3.OperationalError("told in words")
    error.sqlite_errorcode = code
    return kind("SELECT 1", {}, error)


POSTGRES = [
    ("55P03", BusyError),  # lock timeout
    ("57014", BusyError),  # statement timeout
    ("53300", BusyError),  # too many connections
    ("08006", DatabaseUnavailableError),  # connection failure
    ("57P01", DatabaseUnavailableError),  # shut down by the administrator
    ("57P03", DatabaseUnavailableError),  # starting up
    ("53100", DatabaseUnavailableError),  # disk full
    ("25006", DatabaseUnavailableError),  # a standby after a failover
    (None, DatabaseUnavailableError),  # nobody answered
    ("42P01", None),  # undefined table: a fault of ours
]
SQLITE = [
    (sqlite3.SQLITE_BUSY, BusyError),
    (sqlite3.SQLITE_BUSY_SNAPSHOT, BusyError),
    (sqlite3.SQLITE_LOCKED, BusyError),
    (sqlite3.SQLITE_INTERRUPT, BusyError),
    (sqlite3.SQLITE_FULL, DatabaseUnavailableError),
    (sqlite3.SQLITE_IOERR_FSYNC, DatabaseUnavailableError),
    (sqlite3.SQLITE_CANTOPEN, DatabaseUnavailableError),
    (sqlite3.SQLITE_READONLY, DatabaseUnavailableError),
    (sqlite3.SQLITE_ERROR, None),
]


@pytest.mark.parametrize(("code", "meaning"), POSTGRES)
def test_postgres_codes_have_a_meaning(code: str | None, meaning: type | None) -> None:
    assert type(translate(from_postgres(code))) is (meaning or type(None))


@pytest.mark.parametrize(("code", "meaning"), SQLITE)
def test_sqlite_codes_have_a_meaning(code: int, meaning: type | None) -> None:
    assert type(translate(from_sqlite(code))) is (meaning or type(None))


@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_only_lost_races_are_run_again(code: str) -> None:
    assert is_retryable(from_postgres(code))


def test_reads_that_lost_a_race_are_told_to_come_again(service: Service) -> None:
    def lose(_session: Session) -> None:
        raise from_postgres("40P01")

    for way in (service.database.read_now, service.database.snapshot_now):
        with pytest.raises(BusyError):
            way(lose)


@pytest.mark.parametrize("code", [None, "55P03", "08007", "57P01", "23505"])
def test_what_may_have_happened_is_not_run_again(code: str | None) -> None:
    assert not is_retryable(from_postgres(code))
    assert not is_retryable(from_sqlite(sqlite3.SQLITE_BUSY))


def test_a_connection_that_broke_means_that_the_database_is_gone() -> None:
    error = exc.InterfaceError("SELECT 1", {}, PostgresError(None))
    assert translate(error) is None
    error.connection_invalidated = True
    assert isinstance(translate(error), DatabaseUnavailableError)


def test_a_sum_that_does_not_fit_is_out_of_range_on_postgres(service: Service) -> None:
    """SQLite's integers have 64 bits everywhere, and what comes in is bounded."""
    statement = text("SELECT CAST(2147483647 AS INTEGER) + CAST(1 AS INTEGER)")
    if service.settings.is_sqlite:
        assert service.database.read_now(lambda s: s.execute(statement).scalar_one()) == 2**31
        return
    with pytest.raises(ValueOutOfRangeError) as refused:
        service.database.read_now(lambda s: s.execute(statement).scalar_one())
    # As each 422 brings them; the database does not say which value it was.
    assert refused.value.extra == {"errors": []}


def test_an_integrity_error_without_a_name_is_a_conflict() -> None:
    error = exc.IntegrityError("INSERT", {}, sqlite3.IntegrityError("NOT NULL: a.b"))
    assert type(translate(error)) is ConstraintConflictError


def test_guards_are_named_after_constraints_once() -> None:
    guarded = [error.constraint for error in refusals(DomainError) if "constraint" in vars(error)]
    assert len(guarded) == len(set(guarded))


def refusals(kind: type[DomainError]) -> list[type[DomainError]]:
    return [kind, *(error for child in kind.__subclasses__() for error in refusals(child))]
