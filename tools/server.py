"""The service as it is deployed: a server in a process and an environment of its own."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import httpx2

from core.settings import Settings
from core.store.schema_version import ROOT

APP = "main:app"
# Two slow cores that also run other tests need a while for the imports alone.
START_SECONDS = 60
STOP_SECONDS = 40
# What the requests of a server that is asked to stop are granted, with the default settings.
GRACE_SECONDS = 7
# How a server of this machine is asked: through no proxy of the surroundings, and without loading
# the certificates of all authorities, which takes longer than most answers.
LOCALLY: Any = {"trust_env": False, "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}


def default_environment() -> dict[str, str]:
    """Every setting with its default: what is named here, a developer's ``.env`` can't change."""
    fields = Settings.model_fields.items()
    return {name.upper(): as_written(field.get_default()) for name, field in fields}


def as_written(default: Any) -> str:
    """A setting's default as it stands in an environment."""
    if default is None:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ",".join(default)
    return default.get_secret_value() if hasattr(default, "get_secret_value") else str(default)


@contextmanager
def running_server(
    settings_env: Mapping[str, str],
    workers: int = 1,
    log: Path | None = None,
    program: Sequence[str] = (),
    listening: socket.socket | None = None,
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve this checkout: its base URL and its (parent) process.

    A PostgreSQL must have been migrated; SQLite needs a ``DATABASE_URL`` of its own.
    """
    environment = default_environment() | dict(settings_env)
    with serving(ROOT, environment, workers, log, program, listening) as served:
        yield served


@contextmanager
def serving(
    folder: Path,
    environment: Mapping[str, str],
    workers: int = 1,
    log_to: Path | None = None,
    program: Sequence[str] = (),
    listening: socket.socket | None = None,
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve the checkout in a folder, in exactly this environment.

    What it says is lost with it, unless there is a file to write it to. ``program`` is what serves,
    where it is not what the folder is served by; ``listening`` a socket whose address somebody
    knows already.
    """
    with (
        log_to.open("ab+") if log_to else tempfile.TemporaryFile() as log,
        listening or new_listener() as listener,
    ):
        url = url_of(listener)
        words = [*(program or _program(folder)), "--workers", str(workers)]
        process = _start(folder, environment, words, listener, log)
        # From here on a server that dies takes the socket with it, and callers are refused.
        listener.close()
        try:
            await_readiness(url, log)
            yield url, process
        finally:
            _stop(process, log)


def new_listener(port: int = 0) -> socket.socket:
    """On a port that is free, or that a server which has ended has left."""
    listener = socket.create_server(("127.0.0.1", port))
    # uvicorn sets this on sockets that it makes itself; without it answers wait for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _start(
    folder: Path,
    environment: Mapping[str, str],
    words: Sequence[str],
    listener: socket.socket,
    log: IO[bytes],
) -> subprocess.Popen[bytes]:
    """Hand the bound socket over: no other process can take the port in between."""
    descriptor = listener.fileno()
    return subprocess.Popen(
        [sys.executable, *words, "--fd", str(descriptor)],
        cwd=folder,
        env=dict(environment),
        pass_fds=[descriptor],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )


def _program(folder: Path) -> list[str]:
    """What a folder is served by: what benchmarks compare with may know no such command."""
    if (folder / "commands" / "serving.py").exists():
        return ["cli.py", "serve"]
    grace = ["--timeout-graceful-shutdown", str(GRACE_SECONDS)]
    return ["-m", "uvicorn", APP, "--no-access-log", *grace]


def await_readiness(url: str, log: IO[bytes]) -> None:
    """The socket listens already, so one request waits in line until the service is up."""
    try:
        answer = httpx2.get(f"{url}/health/ready", timeout=START_SECONDS, **LOCALLY)
    except httpx2.HTTPError as error:
        raise AssertionError(f"the server did not start: {error}\n{_said(log)}") from error
    assert answer.status_code == httpx2.codes.OK, f"{answer.text}\n{_said(log)}"


def _stop(process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"the server did not end when asked to\n{_said(log)}") from error
    finally:
        # Workers live on when their parent is killed; they are in its process group.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _said(log: IO[bytes]) -> str:
    """The end of the log: where it tells what went wrong."""
    log.seek(0)
    return log.read()[-4000:].decode(errors="replace")
