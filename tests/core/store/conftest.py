"""A database's file, a folder for what starts leave behind, and a start that processes share."""

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL

from core.settings import Settings
from core.store import first_file
from core.store.schema_version import prepare_schema
from tests.support.service import BACKENDS, fresh_database, migrate, settings_for
from tools.postgres import new_database


class Moulds:
    """Databases that are made once, and of which a test gets a copy of its own: migrations take
    longer than all else here.
    """

    def __init__(self, backend: str, request: pytest.FixtureRequest, name: str) -> None:
        self._backend, self._request, self._name = backend, request, f"{name}_mould"
        self._made: dict[Callable[[Settings], None], URL] = {}
        self._until_the_end = ExitStack()

    @contextmanager
    def copied(self, make: Callable[[Settings], None]) -> Iterator[Settings]:
        """The settings of a database as ``make`` leaves an empty one."""
        mould, name = str(self._mould(make).database), f"{self._name}_copy"
        if self._backend == "postgres":
            with new_database(self._request.getfixturevalue("postgres"), name, mould) as url:
                yield settings_for(url)
        else:
            with fresh_database("sqlite", self._request, name) as url:
                shutil.copy(mould, str(url.database))
                yield settings_for(url)

    def _mould(self, make: Callable[[Settings], None]) -> URL:
        if make not in self._made:
            name = f"{self._name}_{len(self._made)}"
            opened = fresh_database(self._backend, self._request, name)
            url = self._until_the_end.enter_context(opened)
            make(settings_for(url))
            self._made[make] = url
        return self._made[make]

    def break_up(self) -> None:
        self._until_the_end.close()


@pytest.fixture(scope="session")
def moulds_on_sqlite(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Moulds]:
    moulds = Moulds("sqlite", request, worker_name)
    yield moulds
    moulds.break_up()


@pytest.fixture(scope="session")
def moulds_on_postgres(
    request: pytest.FixtureRequest, postgres: URL, worker_name: str
) -> Iterator[Moulds]:
    # The server goes after what is on it.
    assert postgres
    moulds = Moulds("postgres", request, worker_name)
    yield moulds
    moulds.break_up()


@pytest.fixture(params=BACKENDS)
def moulds(request: pytest.FixtureRequest) -> Moulds:
    on_backend: Moulds = request.getfixturevalue(f"moulds_on_{request.param}")
    return on_backend


@pytest.fixture
def migrated(moulds: Moulds) -> Iterator[Settings]:
    """The settings of a database with all tables and without rows; nobody has started on it."""
    with moulds.copied(migrate) as settings:
        yield settings


@pytest.fixture(scope="session")
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
