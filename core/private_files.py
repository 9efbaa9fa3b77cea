"""What lies on the disk is the service's alone: the data, and the keys of ``.env``."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from core.settings import Settings

# Modes mean nothing on Windows.
_HAS_MODES = os.name == "posix"
# What SQLite puts beside a database: what was written last, where in there (with the locks of all
# processes), and how to undo what was begun.
LOG, INDEX, JOURNAL = "-wal", "-shm", "-journal"
# With what the queue of writers puts there.
_BESIDE = ("", LOG, INDEX, JOURNAL, "-turn")


def keep_files_private() -> None:
    """What this process makes from here on, nobody else may read; for programs, not for imports."""
    os.umask(stat.S_IRWXG | stat.S_IRWXO)


def file_reasons(settings: Settings) -> list[str]:
    """Which files everybody on this machine can get at, and the line that ends it."""
    if not _HAS_MODES:
        return []
    files = [file.absolute() for file in _files(settings)]
    folders = sorted({file.parent for file in files})
    return [
        *(
            f"others can read or change {file}: chmod 600 {file}"
            for file in files
            if _others_may(stat.S_IRWXO, file)
        ),
        *(
            f"others can put files into {folder}: chmod o-w {folder}"
            for folder in folders
            if _others_may(stat.S_IWOTH, folder)
        ),
    ]


def _others_may(anything_of: int, path: Path) -> bool:
    """Whether its mode lets them, and those of the folders above let them get there."""
    if not path.exists() or not path.stat().st_mode & anything_of:
        return False
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)


def _files(settings: Settings) -> Iterator[Path]:
    if env_file := Settings.model_config.get("env_file"):
        yield Path(str(env_file))
    if settings.is_sqlite:
        database = database_file(settings)
        yield from (database.with_name(f"{database.name}{suffix}") for suffix in _BESIDE)


def database_file(settings: Settings) -> Path:
    """The path of a URL, which may itself be a URI that SQLite reads."""
    name = settings.database.database or ""
    return Path(unquote(name.removeprefix("file:")) if name.startswith("file:") else name)
