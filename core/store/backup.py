"""Copies of an SQLite database: made while it is written to, and put in the place of another.

To copy the file of a running service leaves out what stands in the log beside it. To put another
file in its place leaves it that log, which SQLite would then put into the wrong database.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from core.private_files import INDEX, JOURNAL, LOG
from core.settings import Settings
from core.store.errors import primary_code

try:
    import fcntl
except ImportError:
    # Of Python on Windows.
    fcntl = None  # type: ignore[assignment]

# By SQLite's file format, who has the database open keeps this byte of the index locked.
_OPEN_BYTE = 128


class CopyError(Exception):
    """No copy was made, or not put in its place; the message is one line."""


@contextmanager
def private_copy(source: Path, folder: Path) -> Iterator[Path]:
    """A sound copy in a folder, for its owner alone; gone after the block unless it was moved."""
    descriptor, name = tempfile.mkstemp(prefix=".nexticket-", suffix=".db", dir=folder)
    os.close(descriptor)
    copy = Path(name).absolute()
    try:
        _copy(source, copy)
        yield copy
    finally:
        for file in (copy, *_beside(copy)):
            file.unlink(missing_ok=True)


def settings_with(copy: Path, settings: Settings) -> Settings:
    """The settings, with the copy as their database."""
    # As a URI, for a path may have letters in it that mean something in a URL.
    url = f"sqlite:///file:{quote(str(copy))}?uri=true"
    return settings.model_copy(update={"database_url": url})


def require_another(target: Path, source: Path) -> None:
    if target.resolve() == source:
        raise CopyError(f"{target} is the database itself")


def require_room(target: Path, *, may_replace: bool) -> None:
    """Refuse to replace what is there, also where it is but the log of a database that is gone."""
    there = [file for file in (target, *_beside(target)) if file.exists()]
    if there and not may_replace:
        raise CopyError(f"{there[0]} is there already: --force replaces it")


def require_unused(file: Path) -> None:
    """Refuse what some process has open, also where the file itself was moved away since."""
    if fcntl is not None and _is_open(file.with_name(file.name + INDEX)):
        raise _in_use(file)


def _put_in_place(copy: Path, target: Path) -> None:
    """All at once and on the disk, so that a crash leaves what was there before, or this."""
    with closing(_opened(copy)) as connection:
        # In one file, of which whoever moves it can't forget a part.
        connection.execute("PRAGMA journal_mode=DELETE").fetchall()
    _sync(copy)
    copy.replace(target)
    _sync(target.parent)


def replace_database(copy: Path, target: Path) -> None:
    """Put a copy where a service will look for its database, as the same user's as before."""
    _give_to_owner(copy, target if target.exists() else target.parent)
    replace(copy, target)


def replace(copy: Path, target: Path) -> None:
    """Put a copy where nobody has a database open; no log of another one is left beside it."""
    require_unused(target)
    with ExitStack() as stack:
        if target.exists():
            stack.enter_context(_locked(target))
        for file in _beside(target):
            file.unlink(missing_ok=True)
        _put_in_place(copy, target)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Nobody begins to use it, and what stood in its log is in it; a damaged one is not used."""
    with closing(_opened(file)) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE").fetchall()
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            if primary_code(error) == sqlite3.SQLITE_BUSY:
                raise _in_use(file) from None
        yield


def _copy(source: Path, copy: Path) -> None:
    try:
        with closing(_opened(source)) as read, closing(_opened(copy)) as written:
            # In one step, which sees one state however much is written meanwhile.
            read.backup(written)
            (found,) = written.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise CopyError(f"{source} can't be copied: {error}") from None
    if found != "ok":
        raise CopyError(f"{source} is damaged: {found.splitlines()[0]}")


def _is_open(index: Path) -> bool:
    with suppress(FileNotFoundError), index.open("r+b") as opened:
        try:
            fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _OPEN_BYTE)
        except OSError:
            return True
    return False


def _opened(file: Path) -> sqlite3.Connection:
    uri = f"file:{quote(str(file))}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)


def _beside(file: Path) -> list[Path]:
    return [file.with_name(file.name + suffix) for suffix in (LOG, INDEX, JOURNAL)]


def _in_use(file: Path) -> CopyError:
    return CopyError(f"{file} is in use: stop the service first")


def _give_to_owner(copy: Path, before: Path) -> None:
    """Root may do this for a service that could not read what is root's."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        status = before.stat()
        os.chown(copy, status.st_uid, status.st_gid)


def _sync(path: Path) -> None:
    with suppress(PermissionError):
        # Which Windows raises for a folder.
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
