"""What every command works with: the settings and the database, and one line for what fails."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import typer
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from core import logs
from core.errors import DomainError
from core.production import load_safe_settings
from core.settings import ConfigurationError, Settings
from core.store.schema_version import prepare_schema
from core.traces import reason
from database import Database
from work.caller import Actor
from work.context import Context, unattended

T = TypeVar("T")


@dataclass(frozen=True)
class Service:
    settings: Settings
    database: Database
    # Whose doing it is.
    actor: Actor

    def read(self, command: Callable[[Context], T]) -> T:
        return self.database.read_now(self._unit(command))

    def snapshot(self, command: Callable[[Context], T]) -> T:
        return self.database.snapshot_now(self._unit(command))

    def write(self, command: Callable[[Context], T]) -> T:
        return self.database.write_now(self._unit(command))

    def _unit(self, command: Callable[[Context], T]) -> Callable[[Session], T]:
        return unattended(command, self.settings, actor=self.actor)


@contextmanager
def open_service(
    command: str, prepare: Callable[[Settings], None] = prepare_schema, **changes: float
) -> Iterator[Service]:
    """The service's settings and database; what the operator can mend is told in one line."""
    try:
        settings = load_safe_settings()
        prepare(settings)
    except ConfigurationError as error:
        raise failed(f"Not started: {error}") from None
    with service_with(settings.model_copy(update=changes), command) as service:
        yield service


@contextmanager
def service_with(settings: Settings, command: str) -> Iterator[Service]:
    """The database that settings name, for a command of that name."""
    database = Database(settings)
    # All that the command writes down has one id, as what a request writes down.
    token = logs.request_id.set(logs.new_request_id())
    try:
        yield Service(settings, database, _actor(command))
    except DomainError as error:
        raise failed(error.detail) from None
    except DBAPIError as error:
        # A trace would show rows in the terminal, and in whatever keeps what it shows.
        raise failed(f"The database refused: {reason(error)}") from None
    finally:
        database.close()
        logs.request_id.reset(token)


def _actor(command: str) -> Actor:
    """The command, and which account of the system ran it, as far as the system knows."""
    getuid = getattr(os, "getuid", None)
    return Actor(f"command:{command}", means=None if getuid is None else f"uid:{getuid()}")


def failed(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(code=1)
