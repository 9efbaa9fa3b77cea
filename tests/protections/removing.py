"""Takes a protection out of a copy of the code, to see that a test misses it."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_TESTS_FAILED, _HANGS = 1, -1
# All the tests together take some minutes, and each of them seconds.
_PATIENCE = 1200


@dataclass(frozen=True)
class Edit:
    """A place in a file, and what stands there without the protection."""

    path: str
    text: str
    without: str = ""


@dataclass(frozen=True)
class Protection:
    """What keeps a promise, the edits that take it away, and a test that then fails.

    Where a second wall stands behind it, the edits take both away.
    """

    name: str
    edits: Sequence[Edit]
    test: str


def is_missed(protection: Protection, checkout: Path) -> bool:
    """Whether the test fails without the protection; the checkout is as before afterwards."""
    before = {edit.path: (checkout / edit.path).read_text("utf-8") for edit in protection.edits}
    try:
        for edit in protection.edits:
            _apply(edit, checkout / edit.path)
        return run_tests(checkout, protection.test) == _TESTS_FAILED
    finally:
        for path, text in before.items():
            (checkout / path).write_text(text, "utf-8")


def run_tests(checkout: Path, *tests: str) -> int:
    words = ["-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", *tests]
    command = [sys.executable, *words]
    try:
        return subprocess.run(command, cwd=checkout, check=False, timeout=_PATIENCE).returncode
    except subprocess.TimeoutExpired:
        # Whoever waits for ever has not missed anything.
        return _HANGS


def _apply(edit: Edit, path: Path) -> None:
    text = path.read_text("utf-8")
    if text.count(edit.text) != 1:
        raise ValueError(f"{edit.path} has {text.count(edit.text)} places like {edit.text!r}")
    path.write_text(text.replace(edit.text, edit.without), "utf-8")
