"""What every command works with: the settings and the database, and one line for what fails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import typer
from sqlalchemy.exc import DBAPIError

from core.errors import DomainError
from core.production import load_safe_settings
from core.settings import ConfigurationError, Settings
from core.store.schema_version import prepare_schema
from core.traces import reason
from database import Database
from work.context import Context, unattended

T = TypeVar("T")


@dataclass(frozen=True)
class Service:
    settings: Settings
    database: Database

    def read(self, command: Callable[[Context], T]) -> T:
        return self.database.read_now(unattended(command, self.settings))

    def snapshot(self, command: Callable[[Context], T]) -> T:
        return self.database.snapshot_now(unattended(command, self.settings))

    def write(self, command: Callable[[Context], T]) -> T:
        return self.database.write_now(unattended(command, self.settings))


@contextmanager
def open_service(
    prepare: Callable[[Settings], None] = prepare_schema, **changes: float
) -> Iterator[Service]:
    """The service's settings and database; what the operator can mend is told in one line."""
    try:
        settings = load_safe_settings()
        prepare(settings)
        settings = settings.model_copy(update=changes)
        database = Database(settings)
    except ConfigurationError as error:
        raise failed(f"Not started: {error}") from None
    try:
        yield Service(settings, database)
    except DomainError as error:
        raise failed(error.detail) from None
    except DBAPIError as error:
        # A trace would show rows in the terminal, and in whatever keeps what it shows.
        raise failed(f"The database refused: {reason(error)}") from None
    finally:
        database.close()


def failed(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(code=1)
