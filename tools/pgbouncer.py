"""A real PgBouncer between a service and its PostgreSQL, with the settings it has by itself."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from tools import processes
from tools.postgres import free_port, not_as_root

# Where Debian has it, which is not on everybody's path.
_FOLDERS = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin"


class PgbouncerUnavailableError(Exception):
    """There is no PgBouncer on this machine."""


@contextmanager
def pgbouncer_before(databases: Mapping[str, URL]) -> Iterator["Pgbouncer"]:
    """Databases by how their connections are pooled: by session, transaction or statement."""
    program = _program()
    with tempfile.TemporaryDirectory(prefix="nxt-pgbouncer-") as name:
        pooler = Pgbouncer(program, Path(name), databases)
        try:
            pooler.start()
            yield pooler
        finally:
            pooler.stop()


class Pgbouncer:
    def __init__(self, program: str, folder: Path, databases: Mapping[str, URL]) -> None:
        self._port = free_port()
        self._log = folder / "log"
        settings = folder / "pgbouncer.ini"
        settings.write_text(_settings(self._port, databases))
        # Whoever it runs as has to read it, whatever mask the tests left.
        settings.chmod(0o644)
        self._command = [*not_as_root(folder), program, str(settings)]
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, pooling: str) -> URL:
        """Of the database whose connections are pooled so."""
        return URL.create(
            "postgresql+psycopg2", "shop", host="127.0.0.1", port=self._port, database=pooling
        )

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        processes.await_listening(self._process, self._port, self._log)

    def crash(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait(processes.START_SECONDS)

    def stop(self) -> None:
        """At once, whoever is connected."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(processes.START_SECONDS)


def _program() -> str:
    found = shutil.which("pgbouncer") or shutil.which("pgbouncer", path=_FOLDERS)
    if found is None:
        raise PgbouncerUnavailableError("no PgBouncer: install it (pgbouncer on Debian)")
    return found


def _settings(port: int, databases: Mapping[str, URL]) -> str:
    """No more than what it can't start without; whoever comes is let in."""
    entries = "\n".join(
        f"{pooling} = {_server(url)} pool_mode={pooling}" for pooling, url in databases.items()
    )
    own = f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
    return f"[databases]\n{entries}\n[pgbouncer]\n{own}"


def _server(url: URL) -> str:
    said = {
        "host": url.host,
        "port": url.port,
        "dbname": url.database,
        "user": url.username,
        "password": url.password,
    }
    return " ".join(f"{name}={value}" for name, value in said.items() if value)
