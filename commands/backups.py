"""Copies of the database on the command line: made while the service runs, and put back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from commands.books import PATIENCE, check_books
from commands.service import failed, service_with
from core.private_files import database_file
from core.production import load_safe_settings
from core.settings import ConfigurationError, Settings
from core.store import backup as copies
from core.store.schema_version import prepare_schema, require_own_schema, require_schema

File = Annotated[Path, typer.Argument(dir_okay=False, help="Where the copy is.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]

# What PostgreSQL brings for it; the database's address would show a password.
DUMP = 'pg_dump --format=custom --file={} "$DATABASE_URL"'
LOAD = 'pg_restore --clean --if-exists --single-transaction --dbname="$DATABASE_URL" {}'


def backup(file: File, *, force: Force = False) -> None:
    """Copy the database while the service runs, and check the copy and its books.

    Of PostgreSQL it tells what to run instead, and ends with 2.
    """
    with _sqlite_settings(DUMP.format(file)) as settings:
        source = database_file(settings).resolve()
        copies.require_another(file, source)
        copies.require_unused(file)
        copies.require_room(file, may_replace=force)
        with copies.private_copy(source, file.parent) as copy:
            is_consistent = _agrees(copies.settings_with(copy, settings), "backup")
            copies.replace(copy, file)
    _tell(f"The database was copied to {file}.", is_consistent=is_consistent)


def restore(file: File, *, force: Force = False) -> None:
    """Put a copy back, checked as it was when it was made; the service must not run.

    Of PostgreSQL it tells what to run instead, and ends with 2.
    """
    with _sqlite_settings(LOAD.format(file)) as settings:
        target = database_file(settings).resolve()
        copies.require_unused(target)
        copies.require_room(target, may_replace=force)
        with copies.private_copy(file, target.parent) as copy:
            restored = copies.settings_with(copy, settings)
            require_own_schema(restored)
            prepare_schema(restored)
            is_consistent = _agrees(restored, "restore")
            copies.replace_database(copy, target)
    _tell(f"The database is the one of {file}.", is_consistent=is_consistent)


@contextmanager
def _sqlite_settings(instead: str) -> Iterator[Settings]:
    """The settings; what the operator can mend is told in one line."""
    try:
        settings = load_safe_settings()
        if not settings.is_sqlite:
            typer.echo(f"PostgreSQL does this itself: {instead}", err=True)
            raise typer.Exit(code=2)
        yield settings
    except ConfigurationError as error:
        raise failed(f"Not done: {error}") from None
    except (copies.CopyError, OSError) as error:
        raise failed(f"Not done: {error}") from None


def _agrees(settings: Settings, command: str) -> bool:
    """Whether the books do, of a database that this release can read."""
    try:
        require_schema(settings)
    except ConfigurationError as error:
        typer.echo(f"The books were not checked: {error}.")
        return True
    with service_with(settings.model_copy(update=PATIENCE), command) as service:
        return check_books(service)


def _tell(done: str, *, is_consistent: bool) -> None:
    """What was done is done; whoever goes on from here must know what it holds."""
    typer.echo(done)
    if not is_consistent:
        raise typer.Exit(code=1)
