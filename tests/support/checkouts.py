"""Checkouts of this repository, and programs that are run in them as the documents say."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from core.store.schema_version import ROOT
from tools.server import default_environment

# All that the programs need of the surroundings; a make or pytest around us must not reach them.
PLAIN = {"PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"}
# Everything of a checkout that git would not clone, but for what Python compiled of it.
_NOT_CLONED = shutil.ignore_patterns(
    ".git", ".venv*", "venv", ".*cache", ".hypothesis", ".coverage*", ".env", "*.db*"
)


def run(*words: str | Path, folder: Path = ROOT, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        words,
        cwd=folder,
        env=PLAIN | (environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def python(*words: str, **arguments: Any) -> str:
    return run(sys.executable, *words, **arguments)


def environment_for(database: URL) -> dict[str, str]:
    address = database.set(drivername="postgresql").render_as_string(hide_password=False)
    return default_environment() | {"DATABASE_URL": address}


def folder_with_env(folder: Path) -> Path:
    """What a program needs of a checkout that has all modules already."""
    for name, copied in (("cli.py", "cli.py"), (".env.example", ".env")):
        shutil.copy(ROOT / name, folder / copied)
    return folder


def checkout_with_env(folder: Path) -> Path:
    """A fresh checkout after ``cp .env.example .env``."""
    copy = fresh_checkout(folder)
    shutil.copy(copy / ".env.example", copy / ".env")
    return copy


def fresh_checkout(folder: Path) -> Path:
    copy = folder / "checkout"
    shutil.copytree(ROOT, copy, ignore=_NOT_CLONED)
    return copy


@contextmanager
def databases_removed(folder: Path) -> Iterator[None]:
    """What was made beside the code is gone for who comes next."""
    try:
        yield
    finally:
        for file in folder.glob("*.db*"):
            file.unlink()
