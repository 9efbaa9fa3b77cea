"""Which SQLite file the processes of one start sell from: the one that the first of them opened.

A process in the place of one that ended begins like the first. Where the file is away by then, with
all that lay beside it, that would make an empty one; and take for its own whatever was put there
meanwhile, from which the others sell nothing.

So the first leaves a mark for those after it. Their parent can't: of ``uvicorn main:app --workers``
it is a process that never sees our code. What they all know is the secret that names the mark, so
that the next start has one of its own. Others of the machine may see that it is there, and those
that run as the same user may remove it, as some do with all that this user left: whoever has the
file open leaves it anew.
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


class Mark:
    """What a start leaves for its later processes: which file it is.

    Who was started by nobody is a start of its own, and remembers by itself.
    """

    def __init__(self, settings: Settings) -> None:
        self._path = _path(settings)
        self._is_refused = False

    def read(self) -> Identity | None:
        """The file that another process of this start has opened, if one has.

        A mark that can't be read is an OSError: that does not tell that there is no file yet.
        """
        if self._path is None:
            return None
        try:
            device, number = self._path.read_text("ascii").split()
            return int(device), int(number)
        except FileNotFoundError:
            return None
        except ValueError:
            raise OSError(f"{self._path} names no file") from None

    def leave(self, opened: Identity) -> None:
        """For the first; two at once have opened the same file, and say the same of it."""
        if self._path is None:
            return
        try:
            _write(self._path, "{} {}".format(*opened))
        except OSError as error:
            if not self._is_refused:
                # It serves; only who is started anew while the file is away will not know.
                logger.warning("which file the database is can't be told to others: %s", error)
            self._is_refused = True
            return
        self._is_refused = False
        for left in _of_those_that_ended(self._path.parent):
            with suppress(OSError):
                left.unlink()

    def keep(self, opened: Identity) -> None:
        """For who has the file open; where a mark is there it costs a look."""
        if self._path is not None and not os.path.exists(self._path):  # noqa: PTH110
            self.leave(opened)


def _path(settings: Settings) -> Path | None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return None
    file = database_file(settings).absolute()
    secret = secret_of_this_start(b"database " + os.fsencode(file))
    return folder() / f"{_PREFIX}{_namespace()}-{parent.pid}-{secret}"


def folder() -> Path:
    return _MEMORY if os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())


def _namespace() -> int:
    """Within which the numbers of processes mean the same; containers may share the memory."""
    with suppress(OSError):
        return Path("/proc/self/ns/pid").stat().st_ino
    return 0


def _write(mark: Path, said: str) -> None:
    """All at once: who reads it finds all of it, or none."""
    descriptor, name = tempfile.mkstemp(prefix=f"{mark.name}-", dir=mark.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(said)
        Path(name).replace(mark)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _of_those_that_ended(folder: Path) -> Iterator[Path]:
    """Marks of servers that run no more; they could not clear them away."""
    prefix = f"{_PREFIX}{_namespace()}-"
    for mark in folder.glob(f"{prefix}*"):
        number = mark.name.removeprefix(prefix).partition("-")[0]
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
