"""Another commit of this repository in a folder of its own, to be measured beside this one."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.subjects import OWN, Checkout
from core.store.schema_version import ROOT


def own() -> Checkout:
    return Checkout(OWN, ROOT)


def revision(name: str = "HEAD") -> str:
    """The short id of a commit, with a mark where the files differ from it."""
    short = _git("rev-parse", "--short", f"{name}^{{commit}}")
    return f"{short}-changed" if name == "HEAD" and _git("status", "--porcelain") else short


@contextmanager
def checked_out(commit: str) -> Iterator[Checkout]:
    """The files of a commit; the repository itself is not touched."""
    with tempfile.TemporaryDirectory(prefix="nxt-baseline-") as place:
        packed = Path(place) / "files.tar"
        folder = Path(place) / "checkout"
        folder.mkdir()
        _git("archive", "--output", str(packed), commit)
        subprocess.run(["tar", "-xf", packed, "-C", folder], check=True)  # noqa: S603, S607
        yield Checkout(revision(commit), folder)


def _git(*words: str) -> str:
    command = ["git", *words]
    done = subprocess.run(  # noqa: S603 - of this repository
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
