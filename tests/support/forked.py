"""Programs of the service in processes of their own that do not import all of it first.

That takes four seconds, and what is asked of a program that has started is the same. They are
forked from a process that has it imported and has done nothing else; each is given the folder, the
environment and the words that a shell would give it, and ends as it would end there. That a program
starts from nothing is for the tests of starting: tests/test_start.py, tests/test_serving.py.
"""

import multiprocessing
import os
import runpy
import signal
import socket
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

from core.store.schema_version import ROOT
from tools import server

_AT_HAND = ["cli", "alembic.command", "uvicorn.lifespan.on", "uvicorn.loops.auto", __name__]
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(_AT_HAND)


class Forked:
    """``python`` with these words, where only the imports have been done already."""

    def __init__(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        output: IO[Any],
        *,
        folder: Path = ROOT,
        listener: socket.socket | None = None,
    ) -> None:
        # As what knows how to get to another process.
        with Connection(os.dup(output.fileno())) as says:
            given = (list(words), dict(environment), folder, listener, says)
            self._process = _CONTEXT.Process(target=_become, args=given)
            self._process.start()

    def send_signal(self, number: signal.Signals) -> None:
        assert self._process.pid
        os.kill(self._process.pid, number)

    def terminate(self) -> None:
        self._process.terminate()

    def wait(self, seconds: float) -> int:
        """The exit code, as subprocess tells it."""
        self._process.join(seconds)
        code = self._process.exitcode
        assert code is not None, "it did not end when asked to"
        return code

    def close(self) -> None:
        self._process.kill()
        self._process.join(server.STOP_SECONDS)
        self._process.close()


def _become(
    words: list[str],
    environment: dict[str, str],
    folder: Path,
    listener: socket.socket | None,
    says: Connection,
) -> None:
    """Be the program; nothing of the process around it is to be seen in how it ends."""
    os.setsid()
    # Started by nobody, a start of its own.
    multiprocessing.process._parent_process = None  # type: ignore[attr-defined]
    multiprocessing.current_process().authkey = os.urandom(32)
    for output in (1, 2):
        os.dup2(says.fileno(), output)
    says.close()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    if action := environment.get("PYTHONWARNINGS"):
        warnings.simplefilter(action)  # type: ignore[arg-type]
    if listener is not None:
        words = [*words, "--fd", str(listener.detach())]
    code: object = 0
    try:
        if words[0] == "-m":
            sys.argv = words[1:]
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = words
            runpy.run_path(str(folder / words[0]), run_name="__main__")
    except SystemExit as end:
        code = end.code or 0
    except KeyboardInterrupt:
        # As Python itself does.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:  # noqa: BLE001 - told as Python does
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


@contextmanager
def forked_server(settings_env: Mapping[str, str]) -> Iterator[str]:
    """Serve this checkout as ``tools.server.running_server`` does: its base URL."""
    with serving_forked(ROOT, server.default_environment() | dict(settings_env)) as url:
        yield url


@contextmanager
def serving_forked(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Serve in a folder, in exactly this environment, and see that it ends when it is asked to."""
    with tempfile.TemporaryFile() as log, server.new_listener() as listener:
        url = server.url_of(listener)
        words = ["cli.py", "serve"]
        process = Forked(words, environment, log, folder=folder, listener=listener)
        try:
            # From here on a server that dies takes the socket with it, and callers are refused.
            listener.close()
            server.await_readiness(url, log)
            yield url
            process.terminate()
            process.wait(server.STOP_SECONDS)
        finally:
            process.close()


def ended(words: Sequence[str], environment: Mapping[str, str], folder: Path) -> tuple[int, str]:
    """The exit code of a program that ends by itself, and what it printed."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = Forked(words, environment, output, folder=folder)
        try:
            code = process.wait(server.START_SECONDS)
        finally:
            process.close()
        output.seek(0)
        return code, output.read()


def said_by(words: Sequence[str], environment: Mapping[str, str], folder: Path) -> str:
    """What a program prints that must succeed."""
    code, said = ended(words, environment, folder)
    assert code == 0, said
    return said
