"""A database's file, a folder for what starts leave behind, and a start that processes share."""

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import Settings
from core.store import first_file
from core.store.schema_version import prepare_schema
from tests.support.moulds import Moulds
from tests.support.service import migrate, settings_for


@pytest.fixture
def migrated(moulds: Moulds) -> Iterator[Settings]:
    """The settings of a database with all tables and without rows; nobody has started on it."""
    with moulds.copied(migrate) as url:
        yield settings_for(url)


@pytest.fixture
def file(moulds_on_sqlite: Moulds, tmp_path: Path) -> Path:
    """In a folder of its own, which can be moved as well."""
    folder = tmp_path / "data"
    folder.mkdir()
    return moulds_on_sqlite.copy_to(folder / "shop.db", prepare_schema)


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
