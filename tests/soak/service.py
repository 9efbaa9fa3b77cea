"""The service under a soak: it is ended and started again, and its address stays."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from sqlalchemy import URL

from core.store.schema_version import ROOT
from tests.soak.address import Address
from tests.soak.provider import Provider
from tests.support.faults.site import environment
from tests.support.service import migrate, settings_for
from tools import processes
from tools.server import default_environment, serving

SHORT = {
    "HOLD_MINUTES": "0.1",
    "PAYMENT_MINUTES": "0.1",
    "SWEEP_SECONDS": "1",
    "PAYMENT_TIMEOUT_SECONDS": "2",
}


class Service:
    def __init__(
        self, settings: Mapping[str, str], workers: int, log: Path, address: Address
    ) -> None:
        self.settings = settings
        self._workers = workers
        self._log = log
        self._address = address
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def address(self) -> str:
        return self._address.url

    def start(self) -> None:
        listener = self._address.listener()
        running = serving(ROOT, self.settings, self._workers, self._log, listening=listener)
        _, self._process = self._stack.enter_context(running)

    def stop(self) -> None:
        """As a deployment does: it is asked to end, and ends."""
        self._stack.close()
        self._process = None

    close = stop

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
def market_on(
    url: URL, workers: int, folder: Path, *, through: URL | None = None
) -> Iterator[tuple[Service, Provider]]:
    """The service and a payment provider, which know one another's addresses."""
    migrate(settings_for(url))
    with closing(Address()) as ours, closing(Address()) as theirs:
        provider = Provider(folder, theirs, shop=ours.url)
        settings = environment(through or url, {**SHORT, **provider.known_to_shop})
        service = Service(
            {**default_environment(), **settings}, workers, folder / "service.log", ours
        )
        with closing(provider), closing(service):
            provider.start()
            service.start()
            yield service, provider
