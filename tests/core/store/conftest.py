"""A database's file, a folder for what starts leave behind, and a start that processes share."""

import multiprocessing
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.store import first_file
from core.store.schema_version import prepare_schema
from tests.support.service import fresh_database, settings_for


@pytest.fixture(scope="module")
def empty_shop(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Path]:
    """To be copied, for migrations take longer than all else here."""
    with fresh_database("sqlite", request, f"{worker_name}_shop") as url:
        prepare_schema(settings_for(url))
        yield Path(str(url.database))


@pytest.fixture
def file(empty_shop: Path, tmp_path: Path) -> Path:
    """In a folder of its own, which can be moved as well."""
    folder = tmp_path / "data"
    folder.mkdir()
    return Path(shutil.copy(empty_shop, folder / "shop.db"))


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
