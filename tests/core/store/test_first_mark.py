"""What a start leaves for its later processes, and what becomes of it."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import URL

from core.settings import Settings
from core.store.first_file import Mark, identity_of
from tests.support.limiting import LogLines
from tests.support.service import settings_for

OPENED = (7, 42)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(URL.create("sqlite", database=str(tmp_path / "shop.db")))


def namespace() -> int:
    """Whose numbers of processes mean the ones that run here."""
    with suppress(OSError):
        return os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116
    return 0


def test_it_is_for_the_service_alone_and_says_which_file_it_is(
    one_start: Path, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "shop.db"
    file.touch()
    Mark(settings).leave(identity_of(str(file)))
    (mark,) = one_start.iterdir()
    assert mark.stat().st_mode & 0o077 == 0
    status = file.stat()
    assert mark.read_text() == f"{status.st_dev} {status.st_ino}"
    assert Mark(settings).read() == (status.st_dev, status.st_ino)


def test_it_goes_once_its_server_has_ended(one_start: Path, settings: Settings) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    ours = namespace()
    left = one_start / f"nexticket-start-{ours}-{ended.pid}-secret"
    names = (
        # Of a container that shares the memory, and has processes of its own.
        *(f"{other}-{ended.pid}" for other in (ours + 1, "", "x")),
        *(f"{ours}-{number}" for number in (1, "9" * 30, "x", "")),
    )
    others = [one_start / f"nexticket-start-{name}-x" for name in names]
    for mark in (left, *others):
        mark.touch()
    Mark(settings).leave(OPENED)
    assert not left.exists()
    assert all(mark.exists() for mark in others)


def test_its_name_has_what_its_server_is_numbered_in(one_start: Path, settings: Settings) -> None:
    Mark(settings).leave(OPENED)
    (mark,) = one_start.iterdir()
    assert mark.name.startswith(f"nexticket-start-{namespace()}-{os.getpid()}-")


def test_one_that_is_missing_is_left_anew(one_start: Path, settings: Settings) -> None:
    mark = Mark(settings)
    for _ in range(2):
        mark.keep(OPENED)
        assert Mark(settings).read() == OPENED
        for one in one_start.iterdir():
            one.unlink()
    assert mark.read() is None


@pytest.mark.usefixtures("one_start")
def test_what_another_process_left_meanwhile_stays(settings: Settings) -> None:
    Mark(settings).leave(OPENED)
    Mark(settings).keep((1, 1))
    assert Mark(settings).read() == OPENED


def test_one_that_can_be_left_nowhere_any_more_is_warned_of_once_each_time(
    one_start: Path, settings: Settings
) -> None:
    mark, lines = Mark(settings), LogLines("nexticket.start")
    with lines:
        for warnings in (1, 2):
            one_start.rmdir()
            for _ in range(3):
                mark.keep(OPENED)
            assert len(lines.records) == warnings
            one_start.mkdir()
            mark.keep(OPENED)
            (left,) = one_start.iterdir()
            left.unlink()


def test_one_that_can_not_be_left_leaves_nothing(one_start: Path, settings: Settings) -> None:
    Mark(settings).leave(OPENED)
    (mark,) = one_start.iterdir()
    mark.unlink()
    mark.mkdir()
    Mark(settings).leave(OPENED)
    assert list(one_start.iterdir()) == [mark]
    with pytest.raises(IsADirectoryError):
        Mark(settings).read()


def test_one_that_says_nothing_is_not_none(one_start: Path, settings: Settings) -> None:
    Mark(settings).leave(OPENED)
    (mark,) = one_start.iterdir()
    for said in ("", "7", "7 x", "7 42 1", "ü 1"):
        mark.write_text(said, "utf-8")
        with pytest.raises(OSError, match="nexticket-start-"):
            Mark(settings).read()
