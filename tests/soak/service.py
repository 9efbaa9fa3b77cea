"""The service under a soak: it is ended and started again, at another address each time."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import URL

from tests.support.faults.site import environment
from tests.support.service import migrate, settings_for
from tools import processes
from tools.server import running_server


class Service:
    def __init__(self, settings: Mapping[str, str], workers: int, log: Path) -> None:
        self._settings = settings
        self._workers = workers
        self._log = log
        self._stack = ExitStack()
        self._url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def address(self) -> str:
        return self._url

    def start(self) -> None:
        running = running_server(self._settings, self._workers, self._log)
        self._url, self._process = self._stack.enter_context(running)

    def stop(self) -> None:
        """As a deployment does: it is asked to end, and ends."""
        self._stack.close()
        self._process = None

    @property
    def workers(self) -> list[int]:
        """Those that answer; their parent starts others in their place."""
        parent = self._process.pid if self._process else 0
        return [pid for pid in processes.workers(parent) if pid != parent]

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def said(self) -> str:
        """The end of its log."""
        return self._log.read_bytes()[-6000:].decode(errors="replace")


@contextmanager
def service_on(
    url: URL, workers: int, log: Path, *, through: URL | None = None
) -> Iterator[Service]:
    migrate(settings_for(url))
    settings = environment(through or url, {"HOLD_MINUTES": "0.1", "SWEEP_SECONDS": "1"})
    service = Service(settings, workers, log)
    service.start()
    try:
        yield service
    finally:
        service.stop()
