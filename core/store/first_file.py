"""Which SQLite file the processes of one start sell from: the one that the first of them opened.

A process in the place of one that ended begins like the first. Where the file is away by then, with
all that lay beside it, that would make an empty one; and take for its own whatever was put there
meanwhile, from which the others sell nothing.

So the first leaves a mark for those after it. Their parent can't: of ``uvicorn main:app --workers``
it is a process that never sees our code. What they all know is the secret that names the mark, so
that nobody else finds it, and the next start has one of its own.
"""

import logging
import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from core.private_files import database_file
from core.settings import Settings
from core.signing_keys import secret_of_this_start

logger = logging.getLogger("nexticket.start")

# Which file a name stands for: its device, and its number there.
Identity = tuple[int, int]

# What lies in a folder for temporary files is cleared away after days, and in memory it is not.
_MEMORY = Path("/dev/shm")  # noqa: S108 - the name is known to this start alone
_PREFIX = "nexticket-start-"


def identity_of(name: str) -> Identity:
    status = os.stat(name)  # noqa: PTH116 - a Path is made at each write otherwise
    return status.st_dev, status.st_ino


def first_file(settings: Settings) -> Identity | None:
    """The file that another process of this start has opened, if one has.

    Who was started by nobody is a start of its own, and remembers by itself.
    """
    mark = _mark(settings)
    if mark is None:
        return None
    with suppress(OSError):
        device, number = mark.read_text("ascii").split()
        return int(device), int(number)
    return None


def leave_mark(settings: Settings, opened: Identity) -> None:
    """For the first; two at once have opened the same file, and say the same of it."""
    mark = _mark(settings)
    if mark is None:
        return
    try:
        _write(mark, "{} {}".format(*opened))
    except OSError as error:
        # It serves; only who is started anew while the file is away will not know.
        logger.warning("which file the database is can't be told to other processes: %s", error)
    for left in _of_those_that_ended(mark.parent):
        with suppress(OSError):
            left.unlink()


def _mark(settings: Settings) -> Path | None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return None
    file = database_file(settings).absolute()
    secret = secret_of_this_start(b"database " + os.fsencode(file))
    return _folder() / f"{_PREFIX}{parent.pid}-{secret}"


def _folder() -> Path:
    return _MEMORY if os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())


def _write(mark: Path, said: str) -> None:
    """All at once: who reads it finds all of it, or none."""
    descriptor, name = tempfile.mkstemp(prefix=f"{mark.name}-", dir=mark.parent)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(said)
    Path(name).replace(mark)


def _of_those_that_ended(folder: Path) -> Iterator[Path]:
    """Marks of servers that run no more; they could not clear them away."""
    for mark in folder.glob(f"{_PREFIX}*"):
        number = mark.name.removeprefix(_PREFIX).partition("-")[0]
        if number.isdecimal() and not _may_run(int(number)):
            yield mark


def _may_run(number: int) -> bool:
    if os.name != "posix":
        # There the question would end it.
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
