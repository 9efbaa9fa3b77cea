"""The databases of the benchmarks: made once by revision 0003, filled, and copied for each run."""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import URL

from benchmarks.bulk import connected
from benchmarks.layout import Layout
from benchmarks.seeding import REVISION, seed
from core.store.schema_version import ROOT
from tools.postgres import DURABLE, execute, own_postgres

# What a small server of its own would be given; what is committed is on the disk.
_POSTGRES = {
    **DURABLE,
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "max_connections": "300",
}


class Store(Protocol):
    """Where databases are made."""

    backend: str

    def copy(self, layout: Layout, name: str) -> URL:
        """A database of its own that is filled; filled once, then copied."""

    def create(self, name: str) -> URL:
        """An empty database."""

    def server(self) -> int | None:
        """The process whose CPU time is the database's; None where there is none."""

    def version(self) -> str:
        """The database's own."""


def written(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def migrate(url: URL, folder: Path, environment: Mapping[str, str], revision: str = "head") -> None:
    """Bring a database to a revision by the migrations of the checkout in a folder."""
    given = {**environment, "DATABASE_URL": written(url)}
    command = [sys.executable, "-m", "alembic", "upgrade", revision]
    subprocess.run(command, cwd=folder, env=given, check=True)  # noqa: S603 - our own


@contextmanager
def opened(backend: str, environment: Mapping[str, str]) -> Iterator[Store]:
    folder = tempfile.gettempdir()
    if backend == "postgres":
        with own_postgres(_POSTGRES, parent=folder) as server:
            yield PostgresStore(server.url, environment)
        return
    with tempfile.TemporaryDirectory(prefix="nxt-bench-", dir=folder) as place:
        yield SqliteStore(Path(place), environment)


class PostgresStore:
    backend = "postgres"

    def __init__(self, maintenance: URL, environment: Mapping[str, str]) -> None:
        self.maintenance = maintenance
        self._environment = environment
        self._templates: dict[Layout, str] = {}

    def copy(self, layout: Layout, name: str) -> URL:
        if layout not in self._templates:
            self._templates[layout] = f"template_{len(self._templates)}"
            self._fill(layout)
        template = self._templates[layout]
        return self._create(name, f'TEMPLATE "{template}" STRATEGY FILE_COPY')

    def create(self, name: str) -> URL:
        return self._create(name)

    def _create(self, name: str, options: str = "") -> URL:
        execute(self.maintenance, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        execute(self.maintenance, f'CREATE DATABASE "{name}" {options}')
        return self.maintenance.set(database=name)

    def _fill(self, layout: Layout) -> None:
        url = self.create(self._templates[layout])
        migrate(url, ROOT, self._environment, REVISION)
        seed(url, layout)

    def server(self) -> int | None:
        return int(self._asked("SELECT pg_read_file('postmaster.pid')").split()[0])

    def version(self) -> str:
        return self._asked("SHOW server_version").split()[0]

    def _asked(self, query: str) -> str:
        with closing(connected(self.maintenance)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return str(cursor.fetchone()[0])


class SqliteStore:
    backend = "sqlite"

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._templates: dict[Layout, Path] = {}

    def copy(self, layout: Layout, name: str) -> URL:
        if layout not in self._templates:
            url = self.create(f"template_{len(self._templates)}")
            migrate(url, ROOT, self._environment, REVISION)
            seed(url, layout)
            self._templates[layout] = Path(str(url.database))
        url = self.create(name)
        shutil.copyfile(self._templates[layout], str(url.database))
        return url

    def create(self, name: str) -> URL:
        path = self._folder / f"{name}.db"
        for ending in ("", "-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        return URL.create("sqlite", database=str(path))

    def server(self) -> int | None:
        return None

    def version(self) -> str:
        return sqlite3.sqlite_version
