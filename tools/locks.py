"""The locks that `make lock` writes: exact versions, with the hashes of all files of a release."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What the service needs, what payments by Stripe need on top of that, what developing needs on top
# of both, what `make lock` works with, and what tests generate a client with.
SERVICE = ROOT / "requirements.lock"
STRIPE = ROOT / "requirements-stripe.lock"
DEVELOPMENT = ROOT / "requirements-dev.lock"
TOOLS = ROOT / "requirements-tools.lock"
CLIENTS = ROOT / "requirements-clients.lock"
LOCKS = (SERVICE, STRIPE, DEVELOPMENT, TOOLS, CLIENTS)

# A name with its extras, for pip takes one that another package asks for with extras for unpinned.
_PIN = re.compile(
    r"(?P<name>[\w.-]+)(?:\[[\w,-]+\])?==(?P<version>[^\s;]+)(?: ; (?P<marker>.+?))?(?= --hash|$)"
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})(?= |$)")


@dataclass(frozen=True)
class Pin:
    name: str
    version: str
    # Where it is needed at all; empty: everywhere.
    marker: str
    hashes: tuple[str, ...]


def pins(lock: Path) -> list[Pin]:
    return [_pin(line) for line in _lines(lock.read_text(encoding="utf-8"))]


def normal(name: str) -> str:
    """As names are compared: the locks have them so."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _lines(text: str) -> Iterator[str]:
    """The requirements, each with what stands in the lines that go on from it."""
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    return (line for line in joined.splitlines() if line and not line.startswith("#"))


def _pin(line: str) -> Pin:
    found = _PIN.match(line)
    if not found:
        raise ValueError(f"not one exact version: {line}")
    return Pin(found["name"], found["version"], found["marker"] or "", tuple(_HASH.findall(line)))
