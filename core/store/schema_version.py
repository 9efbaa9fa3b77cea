"""Whether the database's schema is the one this code was written for, and how it gets there."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from core import deadline
from core.errors import UnavailableError
from core.private_files import LOG, database_file
from core.settings import ConfigurationError, Settings
from core.store.currency import claim, currency_problem, is_claimed
from core.store.engines import postgres_engine
from core.store.errors import is_lasting
from core.store.first_file import Identity, Mark, identity_of
from core.store.fitness import encoding_problem
from core.store.open_file import existing_file
from core.store.postgres_settings import POOLED, connect_arguments
from core.store.turns import use_wal

if TYPE_CHECKING:
    from alembic.config import Config

logger = logging.getLogger("nexticket.start")

ROOT = Path(__file__).resolve().parents[2]
# Any constant will do: it names the lock under which one process at a time migrates.
_MIGRATION_LOCK = 7_203_451
# A migration may take long, but whether there is a server shows soon.
_CONNECT_SECONDS = 30
# Alembic's table of what was migrated.
_VERSIONS = "alembic_version"
# For another process that makes or migrates the same file.
_PATIENCE_SECONDS = 30
_Look = Callable[[Connection, str], str | None]


class SchemaOutdatedError(UnavailableError):
    code = "schema_outdated"
    title = "The database's schema is not this release's"
    retry_after_seconds = 30


def alembic_config(connection: Connection | None = None) -> "Config":
    # Who only serves has no use for it, and would wait for it at each start.
    from alembic.config import Config

    config = Config(ROOT / "alembic.ini")
    config.attributes["connection"] = connection
    return config


class AwayError(ConfigurationError):
    """The database does not answer, or not yet; nothing says that the settings are wrong."""


@cache
def _revisions() -> tuple[str, ...]:
    """All that the release knows, the newest first; their files are named by them."""
    files = (ROOT / "migrations" / "versions").glob("[0-9]*_*.py")
    return tuple(sorted((file.name.partition("_")[0] for file in files), reverse=True))


def schema_problem(connection: Connection) -> str | None:
    """What is wrong with the schema and what to run, or None."""
    present = _present_revision(connection)
    expected = _revisions()[0]
    if present == expected:
        return None
    if present is None:
        return "the database has no schema yet: run `make migrate`"
    if present in _revisions():
        return f"the database's schema {present} is older than {expected}: run `make migrate`"
    return (
        f"the database's schema {present} is newer than this release's {expected}:"
        " start the release that made it, or run its `alembic downgrade`"
    )


def prepare_schema(settings: Settings, *, may_make_file: bool = True) -> None:
    """Bring SQLite up to date; refuse to start on a PostgreSQL that is not.

    On PostgreSQL many processes and releases share the database, so migrating is a step of the
    deployment and never a side effect of a start. That it is for this currency the first start
    writes down on both. SQLite's file is made where there is none, but not by one process of
    several whose start has one already, or which can't know whether it has.
    """
    prepare: Callable[[Settings, _Look], str | None] = _look_at_postgres
    if settings.is_sqlite:
        prepare = partial(_prepare_sqlite, may_make_file=may_make_file)
    _require_no_problem(settings, lambda: prepare(settings, _problem_once_decided))


def require_schema(settings: Settings) -> None:
    """Refuse another schema or currency than this release's, and leave the database as it is."""
    look = _look_at_sqlite if settings.is_sqlite else _look_at_postgres
    _require_no_problem(settings, lambda: look(settings, _problem))


def require_own_schema(settings: Settings) -> None:
    """Refuse an SQLite file that no release of this service made."""
    _require_no_problem(settings, lambda: _look_at_sqlite(settings, _strangeness))


def _strangeness(connection: Connection, _code: str) -> str | None:
    is_ours = _present_revision(connection) is not None
    return None if is_ours else "there is no database of this service in it"


def _problem(connection: Connection, code: str) -> str | None:
    """What is wrong with a database for selling in a currency, or None."""
    return schema_problem(connection) or currency_problem(connection, code)


def _problem_once_decided(connection: Connection, code: str) -> str | None:
    """Likewise; where no currency is decided yet, it is from here on."""
    problem = _problem(connection, code)
    if problem or is_claimed(connection):
        return problem
    claim(connection, code)
    return currency_problem(connection, code)


def _problem_or_none_decided(connection: Connection, code: str) -> str | None:
    """Likewise; that no currency is decided yet is wrong as well."""
    problem = _problem(connection, code)
    return problem or (None if is_claimed(connection) else "no currency is decided yet")


def _require_no_problem(settings: Settings, look: Callable[[], str | None]) -> None:
    try:
        problem = look()
    except DBAPIError as error:
        kind = ConfigurationError if is_lasting(error) else AwayError
        raise kind(unusable(settings, error)) from None
    if problem:
        raise ConfigurationError(problem)


def unusable(settings: Settings, error: DBAPIError) -> str:
    """One line for the operator: which database, without its password, and why."""
    reason = next(iter(str(error.orig).strip().splitlines()), "no reason was told")
    return f"{settings.database.set(query={})} can't be used: {reason}"


def _prepare_sqlite(settings: Settings, look: _Look, *, may_make_file: bool) -> str | None:
    mark = Mark(settings)
    try:
        first = mark.read()
    except OSError as error:
        raise AwayError(f"which file this start sells from can't be read: {error}") from None
    if first is None and may_make_file:
        problem = _upgrade_sqlite(settings, look)
    else:
        problem = _upgrade_sqlite(_with_file_that_is_there(settings, first), look)
    if first is None and problem is None:
        # Where it is gone already, who opens it finds out.
        with suppress(OSError):
            mark.leave(identity_of(str(database_file(settings).absolute())))
    return problem


def _with_file_that_is_there(settings: Settings, first: Identity | None) -> Settings:
    """The settings with a database that nobody makes, and that of this start if it has one."""
    file = database_file(settings).absolute()
    try:
        is_right = first in {None, identity_of(str(file))}
    except OSError:
        instead = "make one with `make migrate`" if first is None else "start the service again"
        raise AwayError(f"{file} is not there: put it back, or {instead}") from None
    if not is_right:
        raise AwayError(
            f"{file} is another file than this start has sold from: put that one back, or start"
            " the service again"
        )
    url = existing_file(settings.database).render_as_string(hide_password=False)
    return settings.model_copy(update={"database_url": url})


def _upgrade_sqlite(settings: Settings, look: _Look) -> str | None:
    # Mostly there is nothing to do, and then nobody has to wait for the write lock. Whatever keeps
    # us from looking is met again below, and told.
    with suppress(DBAPIError):
        if _look_at_sqlite(settings, _problem_or_none_decided) is None:
            return None
    from alembic import command

    with migration_connection(settings) as connection:
        if _present_revision(connection) in {None, *_revisions()[1:]}:
            command.upgrade(alembic_config(connection), "head")
        return look(connection, settings.currency)


def _look_at_sqlite(settings: Settings, look: _Look) -> str | None:
    url = existing_file(settings.database, "ro")
    with create_engine(url, poolclass=NullPool, hide_parameters=True).connect() as connection:
        return look(connection, settings.currency)


def _look_at_postgres(settings: Settings, look: _Look) -> str | None:
    # A pooler that lets nobody begin a transaction is found out here, and not by the first buyer.
    engine = postgres_engine(settings, size=1).execution_options(isolation_level="READ COMMITTED")
    try:
        with deadline.within(settings.request_timeout_seconds), engine.begin() as connection:
            if connection.info[POOLED]:
                logger.info("a pooler is in between: nothing is prepared on the server")
            # It keeps the currency, where this start has decided it.
            return encoding_problem(connection) or look(connection, settings.currency)
    finally:
        engine.dispose()


def _present_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSIONS):
        return None
    revisions = connection.execute(text(f"SELECT version_num FROM {_VERSIONS}"))  # noqa: S608
    return revisions.scalar_one_or_none()


@contextmanager
def migration_connection(settings: Settings) -> Iterator[Connection]:
    """A connection inside one transaction, alone: a second process waits until it is done.

    SQLite's foreign keys stay off (the driver's default): a batch ALTER rebuilds its table, and
    dropping the old one would cascade into every child row.
    """
    if settings.is_sqlite:
        _require_no_log_alone(database_file(settings).resolve())
    arguments = {} if settings.is_sqlite else connect_arguments(settings, _CONNECT_SECONDS)
    engine = create_engine(
        settings.database, hide_parameters=True, poolclass=NullPool, connect_args=arguments
    )
    if settings.is_sqlite:
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _begin_immediate)
    with engine.begin() as connection:
        if not settings.is_sqlite:
            if problem := encoding_problem(connection):
                raise ConfigurationError(problem)
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
        yield connection


def _require_no_log_alone(file: Path) -> None:
    """Make no new database where one was, for SQLite would throw away what is in its log."""
    log = file.with_name(f"{file.name}{LOG}")
    if log.exists() and not file.exists():
        raise AwayError(
            f"{file} is not there, but {log.name}, in which stands what was last written to it, is:"
            " put the database back, or remove this as well to begin with an empty one"
        )


def _leave_transactions_to_us(driver_connection: sqlite3.Connection, _record: object) -> None:
    driver_connection.isolation_level = None
    driver_connection.execute(f"PRAGMA busy_timeout={_PATIENCE_SECONDS * 1000}")
    with deadline.within(_PATIENCE_SECONDS):
        use_wal(driver_connection)


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
