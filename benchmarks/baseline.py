"""Another commit of this repository in a folder of its own, to be measured beside this one."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.subjects import OWN, Checkout
from core.store.schema_version import ROOT


class NoSuchCommitError(Exception):
    """The repository does not have what should be measured."""


def own() -> Checkout:
    return Checkout(OWN, ROOT)


def revision() -> str:
    """The short id of this checkout, with a mark where the files differ from it."""
    try:
        short = _short("HEAD")
    except (NoSuchCommitError, OSError):
        # What was measured for hours is kept without git, too.
        return "unversioned"
    return f"{short}-changed" if _git("status", "--porcelain") else short


@contextmanager
def checked_out(commit: str) -> Iterator[Checkout]:
    """The files of a commit; the repository itself is not touched."""
    name = _short(commit)
    with tempfile.TemporaryDirectory(prefix="nxt-baseline-") as place:
        packed = Path(place) / "files.tar"
        folder = Path(place) / "checkout"
        folder.mkdir()
        _git("archive", "--output", str(packed), name)
        subprocess.run(["tar", "-xf", packed, "-C", folder], check=True)  # noqa: S603, S607
        yield Checkout(name, folder)


def _short(commit: str) -> str:
    return _git("rev-parse", "--short", "--verify", "--end-of-options", f"{commit}^{{commit}}")


def _git(*words: str) -> str:
    command = ["git", *words]
    done = subprocess.run(  # noqa: S603 - of this repository
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NoSuchCommitError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.strip()
