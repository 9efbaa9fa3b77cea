"""Whether the SQLite file that a process works with still is the one at its path.

SQLite goes on with a file that somebody moved away, replaced or removed, and says nothing: what is
sold then is nowhere once the process ends. So a process remembers which files it opened, and looks
again before it answers that something was written.
"""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL

from core import deadline
from core.errors import DatabaseUnavailableError
from core.private_files import INDEX, LOG
from core.settings import Settings
from core.store.first_file import Identity, Mark, identity_of
from core.store.fitness import ReadOnlyError
from core.store.turns import use_wal

logger = logging.getLogger("nexticket.database")

# To look at a file costs a few microseconds, at all of them a third of a small read: so often that
# is done, and after each write only the database itself is looked at. What was written meanwhile to
# a log that was removed is put into the database then.
_GLANCE_SECONDS = 0.5


def existing_file(url: URL, mode: str = "rw") -> URL:
    """The URL under which SQLite opens a file, and makes none where there is none."""
    name = url.database or ""
    query = {"mode": mode} | ({"mode": "ro"} if url.query.get("mode") == "ro" else {})
    uri = name if name.startswith("file:") else f"file:{quote(name)}"
    return url.set(database=uri, query={**url.query, "uri": "true", **query})


class OpenFile:
    """The file of a process, with one connection that keeps it open.

    As long as somebody has the database open, the files beside it are neither removed nor made
    anew: so another one under their name is somebody else's doing.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._mark = Mark(settings)
        self._lock = threading.Lock()
        self._keeper: sqlite3.Connection | None = None
        self._known: list[tuple[str, Identity]] = []
        self._is_lost = False
        self._glance_at = 0.0

    def open(self) -> None:
        """For the first who connects; all others find it open."""
        with self._lock:
            if self._keeper is not None:
                return
            keeper = _connection(self._settings)
            try:
                self._known = _files_of(keeper, self._settings, self._mark)
            except BaseException as error:
                keeper.close()
                if isinstance(error, OSError):
                    raise DatabaseUnavailableError from error
                raise
            self._keeper = keeper

    def glance(self) -> None:
        """For who begins something."""
        if self._is_lost or time.monotonic() >= self._glance_at:
            self.require_all()

    def require_database(self) -> None:
        """For who is about to say that something is in it."""
        if not _are_same(self._known[:1]):
            self._lose()
            raise DatabaseUnavailableError

    def require_all(self) -> None:
        if not _are_same(self._known):
            self._lose()
            raise DatabaseUnavailableError
        self._glance_at = time.monotonic() + _GLANCE_SECONDS
        self._keep_mark()
        if self._is_lost:
            self._is_lost = False
            logger.warning("the database's file is back")

    def require_writable(self) -> None:
        """For who tells whether the service can do its work; who writes is told by SQLite."""
        if not os.access(self._known[0][0], os.W_OK):
            raise ReadOnlyError("the file, or the disk that it is on, can't be written to")

    def close(self) -> None:
        """After all who were connected, for it is here that the log is put into the database."""
        if self._keeper is None:
            return
        if not _are_same(self._known):
            self._save_log()
        self._keeper.close()
        self._keeper = None

    def _keep_mark(self) -> None:
        """Who is started anew has to know the file, and needs to most where that is gone."""
        self._mark.keep(self._known[0][1])

    def _lose(self) -> None:
        self._keep_mark()
        if not self._is_lost:
            self._is_lost = True
            logger.error(
                "the database's file was moved, replaced or removed: nothing is served until the"
                " same one is back, or until the service is started again",
                extra={"file": self._known[0][0]},
            )
        self._save_log()

    def _save_log(self) -> None:
        """Put what is only in the log into the database, wherever that is by now.

        Nothing that was answered is lost then with the log; and who puts another database in its
        place does not have the log of this one put into that.
        """
        # Somebody may be reading, or doing the same; the next who looks tries again.
        with suppress(sqlite3.Error), self._lock:
            if self._keeper is not None:
                self._keeper.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _connection(settings: Settings) -> sqlite3.Connection:
    dialect = settings.database.get_dialect()()
    words, options = dialect.create_connect_args(existing_file(settings.database))
    ours = {"check_same_thread": False, "timeout": settings.work_seconds, "isolation_level": None}
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect
    return connect(*words, **{**options, **ours})


def _files_of(
    connection: sqlite3.Connection, settings: Settings, mark: Mark
) -> list[tuple[str, Identity]]:
    """Open all of them, and tell which they are."""
    names = _names(connection, settings.database)
    opened = identity_of(names[0])
    first = mark.read()
    if first not in {None, opened}:
        # The others sell nothing from it either.
        raise DatabaseUnavailableError
    with deadline.within(settings.work_seconds):
        use_wal(connection)
    # Only who reads opens the files beside it.
    connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    connection.execute("PRAGMA busy_timeout=0")
    # Where a disk can't do it there is no log, and nothing beside the database.
    found = [(name, identity_of(name)) for name in names if Path(name).exists()]
    if found[:1] != [(names[0], opened)]:
        # Put in its place while we waited.
        raise DatabaseUnavailableError
    if first is None:
        mark.leave(opened)
    return found


def _names(connection: sqlite3.Connection, url: URL) -> list[str]:
    """The database's by which it was opened, which may be a link, and those of the files beside."""
    (_, _, file), *_ = connection.execute("PRAGMA database_list")
    name = url.database or ""
    opened = file if name.startswith("file:") else str(Path(name).absolute())
    return [opened, f"{file}{LOG}", f"{file}{INDEX}"]


def _are_same(known: list[tuple[str, Identity]]) -> bool:
    try:
        return all(identity_of(name) == identity for name, identity in known)
    except OSError:
        return False
