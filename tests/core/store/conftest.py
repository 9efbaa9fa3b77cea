"""A folder for what starts leave behind, and a start that its processes share."""

import multiprocessing
from pathlib import Path

import pytest

from core.store import first_file


@pytest.fixture
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where starts leave theirs."""
    folder = tmp_path / "memory"
    folder.mkdir()
    monkeypatch.setattr(first_file, "_MEMORY", folder)
    return folder


@pytest.fixture
def one_start(marks: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each service is a worker that the same server has started."""
    parent = multiprocessing.current_process()
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: parent)
    return marks
