"""Whether the database's schema is the one this code was written for, and how it gets there."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from core.errors import UnavailableError
from core.settings import ConfigurationError, Settings

ROOT = Path(__file__).resolve().parent.parent
# Any constant will do: it names the lock under which one process at a time migrates.
_MIGRATION_LOCK = 7_203_451


class SchemaOutdatedError(UnavailableError):
    code = "schema_outdated"
    title = "The database's schema is not this release's"
    retry_after_seconds = 30


def alembic_config(connection: Connection | None = None) -> Config:
    config = Config(ROOT / "alembic.ini")
    config.attributes["connection"] = connection
    return config


@cache
def expected_revision() -> str | None:
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def schema_problem(connection: Connection) -> str | None:
    """What is wrong with the schema and what to run, or None."""
    present = MigrationContext.configure(connection).get_current_revision()
    expected = expected_revision()
    if present == expected:
        return None
    if present is None:
        return "the database has no schema yet: run `make migrate`"
    known = {
        script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()
    }
    if present in known:
        return f"the database's schema {present} is older than {expected}: run `make migrate`"
    return (
        f"the database's schema {present} is newer than this release's {expected}:"
        " start the release that made it, or run its `alembic downgrade`"
    )


def prepare_schema(settings: Settings) -> None:
    """Bring SQLite up to date; refuse to start on a PostgreSQL that is not.

    On PostgreSQL many processes and releases share the database, so migrating is a step of the
    deployment and never a side effect of a start.
    """
    try:
        with migration_connection(settings) as connection:
            problem = schema_problem(connection)
            if problem and settings.is_sqlite and "newer" not in problem:
                command.upgrade(alembic_config(connection), "head")
                problem = None
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise ConfigurationError(f"the database can't be opened: {reason}") from None
    if problem:
        raise ConfigurationError(problem)


@contextmanager
def migration_connection(settings: Settings) -> Iterator[Connection]:
    """A connection inside one transaction, alone: a second process waits until it is done.

    SQLite's foreign keys stay off (the driver's default): a batch ALTER rebuilds its table, and
    dropping the old one would cascade into every child row.
    """
    engine = create_engine(settings.database, poolclass=NullPool)
    if settings.is_sqlite:
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _begin_immediate)
    with engine.begin() as connection:
        if not settings.is_sqlite:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
        yield connection
    engine.dispose()


def _leave_transactions_to_us(driver_connection: object, _record: object) -> None:
    driver_connection.isolation_level = None  # type: ignore[attr-defined]
    driver_connection.execute("PRAGMA busy_timeout=30000")  # type: ignore[attr-defined]


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
