"""The payment provider under a soak: a process of its own, and all that its buyers see of it."""

import signal
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from enum import Enum, auto
from pathlib import Path
from typing import Any

import httpx2

from core.store.schema_version import ROOT
from tests.soak.address import Address
from tools import processes
from tools.server import LOCALLY, serving

SECRET = "what both of them know"  # noqa: S105 - of a provider that takes no money
METHOD = "test"
# Where its page leads who has paid; nobody goes there.
_BACK = "http://localhost/thanks"
# Longer than the service waits.
_SLOW_SECONDS = 3


class Seen(Enum):
    """What a buyer sees after having paid."""

    # The way back to the shop.
    PAID = auto()
    # The page again: the bank has declined, or asks something.
    NOT_PAID = auto()
    # That this was paid already, or is being paid.
    TAKEN = auto()
    NOTHING = auto()


class Provider:
    def __init__(self, folder: Path, address: Address, *, shop: str) -> None:
        self._file = folder / "payments.db"
        self._log = folder / "provider.log"
        self._address = address
        self._webhook = f"{shop}/api/payments/webhooks/{{channel}}"
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx2.Client(**LOCALLY, timeout=10)

    @property
    def known_to_shop(self) -> Mapping[str, str]:
        return {
            "PAYMENT_PROVIDERS": METHOD,
            "PAYMENT_RETURN_URL": _BACK,
            "TEST_PAYMENTS_URL": self._address.url,
            "TEST_PAYMENTS_SECRETS": SECRET,
        }

    def start(self) -> None:
        said = {
            "--file": str(self._file),
            "--secret": SECRET,
            "--webhook": self._webhook,
            "--slow-seconds": str(_SLOW_SECONDS),
        }
        words = ["-m", "test_payments", *(word for pair in said.items() for word in pair)]
        listener = self._address.listener()
        running = serving(ROOT, {}, log_to=self._log, program=words, listening=listener)
        _, self._process = self._stack.enter_context(running)

    def stop(self) -> None:
        self._stack.close()
        self._process = None

    def close(self) -> None:
        self.stop()
        self._client.close()

    def kill(self) -> None:
        processes.kill(self._pids)
        self.stop()

    def freeze(self) -> None:
        processes.send(signal.SIGSTOP, self._pids)

    def thaw(self) -> None:
        processes.send(signal.SIGCONT, self._pids)

    def set_faults(self, **faults: Any) -> None:
        self._ask("POST", "/v1/faults", faults).raise_for_status()

    def end_faults(self) -> None:
        self._ask("DELETE", "/v1/faults").raise_for_status()

    def pay(self, page: str, **said: str) -> Seen:
        """On its page: with a card, or with what the buyer says to the bank."""
        try:
            answer = self._client.post(page, data=said)
        except httpx2.TransportError:
            return Seen.NOTHING
        if answer.status_code == httpx2.codes.CONFLICT:
            return Seen.TAKEN
        if answer.status_code != httpx2.codes.SEE_OTHER:
            return Seen.NOTHING
        return Seen.PAID if answer.headers["location"].startswith(_BACK) else Seen.NOT_PAID

    def all(self, kind: str) -> Iterator[Any]:
        """All payments, or refunds, as it tells a shop of them."""
        after, has_more = "", True
        while has_more:
            page = self._ask("GET", f"/v1/{kind}?after={after}").raise_for_status().json()
            yield from page["data"]
            has_more = page["has_more"]
            after = page["data"][-1]["id"] if has_more else ""

    @property
    def letters(self) -> int:
        """Webhooks that it has still to send."""
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as file:
            return int(file.execute("SELECT count(*) FROM messages").fetchone()[0])

    def said(self) -> str:
        return self._log.read_bytes()[-2000:].decode(errors="replace")

    @property
    def _pids(self) -> list[int]:
        return [self._process.pid] if self._process else []

    def _ask(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {SECRET}"}
        return self._client.request(method, self._address.url + path, json=body, headers=headers)
