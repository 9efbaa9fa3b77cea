"""Whether what was measured did what it should: each checkout's own check of all books."""

import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.layout import Layout
from benchmarks.subjects import Checkout

AFTER_SEEDING, AFTERWARDS = "after seeding", "after the measurements"
_LOOK_SECONDS = 0.02


class BooksDisagreeError(Exception):
    """What was seeded could not have come about, or what was measured did something wrong."""


@dataclass(frozen=True)
class Checked:
    """What the check took, and what it said in the end."""

    seconds: float
    peak_mib: float
    verdict: str


@dataclass(frozen=True)
class Reconciled:
    """A check as the tables tell it."""

    backend: str
    contender: str
    rows: int
    moment: str
    seconds: float
    peak_mib: float
    # That served it meanwhile.
    workers: int = 1


@dataclass(frozen=True)
class Shop:
    """A filled database, and the checkout that serves it by so many processes."""

    backend: str
    checkout: Checkout
    layout: Layout
    database: str
    workers: int = 1

    def reconciled(self, moment: str) -> Reconciled:
        checked = require_clean(self.checkout, self.database)
        print(f"{self.checkout.name}, {moment}: {checked.verdict}", flush=True)
        return Reconciled(
            self.backend,
            self.checkout.name,
            self.layout.all_orders,
            moment,
            checked.seconds,
            checked.peak_mib,
            self.workers,
        )


def require_clean(checkout: Checkout, database: str) -> Checked:
    """Ask the checkout's own command line."""
    environment = {**checkout.environment, "DATABASE_URL": database}
    began = time.monotonic()
    # A pipe that nobody reads meanwhile would stop a command that has much to say.
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, "cli.py", "reconcile"],
            cwd=checkout.folder,
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        peak = _watched(process)
        seconds = time.monotonic() - began
        said.seek(0)
        text = said.read().strip()
    if process.returncode:
        raise BooksDisagreeError(f"{checkout.name}: {text[-4000:]}")
    return Checked(seconds, peak, text.splitlines()[-1])


def _watched(process: subprocess.Popen[bytes]) -> float:
    """The most memory that it had, looked at until its end."""
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _peak_mib(process.pid))
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_SECONDS)
    return peak


def _peak_mib(pid: int) -> float:
    """What the program used at most; what a parent is told also counts the parent's own memory."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0
