"""How Alembic reaches the database: a connection that was handed in, or the settings'."""

from typing import Any, Literal

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import SQLModel

import models  # noqa: F401 - its import fills the metadata
from core.money import Money
from core.private_files import keep_files_private
from core.settings import ConfigurationError, load_settings
from core.store.schema_version import migration_connection, unusable
from core.traces import reason


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Revisions outlive today's code, so they name plain types only."""
    if kind == "type" and isinstance(item, Money):
        return "sa.BigInteger()"
    if kind == "type" and type(item).__name__ == "UTCDateTime":
        return "sa.DateTime(timezone=True)"
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        render_item=render_item,
        # One transaction for all: a crash or a second process never meets half a schema.
        transactional_ddl=True,
        autogenerate_plugins=["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
    )
    with context.begin_transaction():
        context.run_migrations()


def run_from_command_line() -> None:
    """What the operator can mend is told in one line."""
    keep_files_private()
    try:
        settings = load_settings()
    except ConfigurationError as error:
        raise CommandError(str(error)) from None
    try:
        with migration_connection(settings) as connection:
            run(connection)
    except ConfigurationError as error:
        raise CommandError(str(error)) from None
    except OperationalError as error:
        raise CommandError(unusable(settings, error)) from None
    except DBAPIError as error:
        # Its own words would show rows, in the terminal and in the log of the deployment.
        raise CommandError(f"the migration failed, nothing was changed: {reason(error)}") from None


handed_in = context.config.attributes.get("connection")
if handed_in is not None:
    run(handed_in)
else:
    run_from_command_line()
