"""Where clients are generated, and with what: ``make clients`` installs it."""

import os
import subprocess
from pathlib import Path

import httpx2
import pytest

from core.store.schema_version import ROOT
from tests.support.markdown import blocks_of
from tools.server import LOCALLY

HERE = ROOT / "tests/clients"
PACKAGES = HERE / "package.json"
INSTALLED = ROOT / ".venv-clients"
NODE_MODULES = INSTALLED / "node_modules"
# Without the first, what has a default would have to be sent.
TYPES = ["--default-non-nullable", "false", "--output"]
# What the buyers say; the prices and quantities stand in them.
BOUGHT = {"left": 2, "status": "confirmed", "total": 99.98}
# A linter does not tell its makers where it is used.
_SURROUNDINGS = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def run(*words: object, folder: Path = ROOT) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=os.environ | _SURROUNDINGS,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def of_guide(name: str, language: str) -> list[str]:
    """The blocks of a language in a guide."""
    blocks = blocks_of(ROOT / "docs/guides" / name)
    return [block.text for block in blocks if block.language == language]


def require(made: str, what: str) -> None:
    """For a module: where it can't be had a line says so, and in CI the tests fail."""
    if not (INSTALLED / made).exists() and not os.environ.get("CI"):
        pytest.skip(f"`make clients` has not installed {what}", allow_module_level=True)


def last_sold(address: str) -> int:
    """How many of the newest ticket the service has sold, asked by no client of its document."""
    tickets = httpx2.get(f"{address}/api/tickets/", **LOCALLY).json()
    sold: int = tickets[-1]["sold_quantity"]
    return sold
