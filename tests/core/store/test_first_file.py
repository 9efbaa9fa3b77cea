"""Which database a start sells from, its first process decides; those after it make no other."""

import multiprocessing
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL

from core.settings import Settings
from core.store import first_file, open_file
from core.store.schema_version import prepare_schema
from main import create_app
from tests.support.service import local_client, settings_for
from tests.support.sockets import until
from tools import processes
from tools.server import LOCALLY, START_SECONDS, running_server

STARTED = "Application startup complete"
USER = {"username": "john_doe", "email": "john@example.com", "full_name": "John Doe"}
# Whatever proxy the surroundings name, these requests stay on this machine.
PATIENTLY: Any = {"timeout": 30, **LOCALLY}
PROGRAMS = {"serve": (), "uvicorn": ("-m", "uvicorn", "main:app")}


@pytest.fixture
def settings(file: Path) -> Settings:
    return settings_of(file)


def settings_of(file: Path) -> Settings:
    return settings_for(URL.create("sqlite", database=str(file)), log_level="CRITICAL")


def clear(folder: Path) -> None:
    for one in folder.iterdir():
        one.unlink()


def begin_another_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocessing.current_process(), "authkey", b"of another start")


def worker(settings: Settings) -> TestClient:
    return local_client(create_app(settings))


def put_away(file: Path) -> Path:
    """With all that lies beside it."""
    elsewhere = file.parent.with_name("elsewhere")
    elsewhere.mkdir()
    for one in file.parent.glob(f"{file.name}*"):
        one.rename(elsewhere / one.name)
    return elsewhere


def put_back(elsewhere: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for one in elsewhere.iterdir():
        one.replace(folder / one.name)


def replace(file: Path) -> Path:
    elsewhere = put_away(file)
    shutil.copy(elsewhere / file.name, file)
    return elsewhere


def link_elsewhere(file: Path) -> Path:
    elsewhere = put_away(file)
    other = shutil.copy(elsewhere / file.name, file.parent.with_name("other.db"))
    file.symlink_to(other)
    return elsewhere


HARM: dict[str, Callable[[Path], Path]] = {
    "moved": put_away,
    "folder_moved": lambda file: file.parent.rename(file.parent.with_name("elsewhere")),
    "replaced": replace,
    "linked": link_elsewhere,
}


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def is_refused(answer: Any) -> bool:
    return (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM.keys())
@pytest.mark.usefixtures("one_start")
def test_a_worker_that_starts_anew_sells_from_no_other_file(
    harm: Callable[[Path], Path], file: Path, settings: Settings, tmp_path: Path
) -> None:
    with worker(settings) as client:
        assert client.post("/api/users/", json=USER).status_code == 201
    elsewhere = harm(file)
    there = names(tmp_path)
    with worker(settings) as client:
        for path in ("/api/users/1", "/health/ready"):
            assert is_refused(client.get(path))
        assert is_refused(client.post("/api/users/", json=USER))
        assert client.get("/health").status_code == 200
        assert names(tmp_path) == there
        put_back(elsewhere, file.parent)
        assert client.get("/health/ready").status_code == 200
        assert client.get("/api/users/1").json()["username"] == USER["username"]


class TestMarkThatIsClearedAway:
    """By what tidies the folder, or ends a session; who has the file open leaves it anew."""

    @pytest.fixture(autouse=True)
    def attentive(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each look is one that is due."""
        monkeypatch.setattr(open_file, "_GLANCE_SECONDS", 0)

    def test_is_left_anew_by_whoever_looks_at_the_file(
        self, one_start: Path, file: Path, settings: Settings
    ) -> None:
        with worker(settings) as client:
            assert client.get("/health/ready").status_code == 200
            (mark,) = one_start.iterdir()
            said = mark.read_text()
            mark.unlink()
            assert client.get("/health/ready").status_code == 200
            assert mark.read_text() == said
            put_away(file)
            with worker(settings) as anew:
                assert is_refused(anew.get("/health/ready"))
            assert not file.exists()

    def test_is_left_anew_also_by_who_finds_the_file_gone(
        self, one_start: Path, file: Path, settings: Settings
    ) -> None:
        with worker(settings) as client:
            assert client.get("/health/ready").status_code == 200
            put_away(file)
            clear(one_start)
            assert is_refused(client.get("/health/ready"))
            with worker(settings) as anew:
                assert is_refused(anew.get("/health/ready"))
            assert not file.exists()


@pytest.mark.parametrize("harm", ["is_a_folder", "says_nothing"])
def test_a_mark_that_can_not_be_read_is_not_taken_for_none(
    harm: str, one_start: Path, file: Path, settings: Settings
) -> None:
    prepare_schema(settings)
    (mark,) = one_start.iterdir()
    mark.unlink()
    if harm == "is_a_folder":
        mark.mkdir()
    else:
        mark.touch()
    put_away(file)
    with worker(settings) as client:
        assert is_refused(client.get("/health/ready"))
    assert not file.exists()


@pytest.mark.usefixtures("one_start")
def test_nor_does_one_whose_start_has_served_nobody_yet(file: Path, settings: Settings) -> None:
    prepare_schema(settings)
    elsewhere = put_away(file)
    with worker(settings) as client:
        assert is_refused(client.get("/health/ready"))
    assert not file.exists()
    put_back(elsewhere, file.parent)
    prepare_schema(settings)


@pytest.mark.usefixtures("one_start")
def test_nor_one_of_a_start_that_began_while_the_file_was_away(
    file: Path, settings: Settings
) -> None:
    """Beside a log that stands alone none is made, and which it is shows once it is back."""
    file.with_name(f"{file.name}-wal").touch()
    back = file.rename(file.with_name("back.db"))
    with worker(settings) as client:
        assert is_refused(client.get("/health/ready"))
        back.rename(file)
        assert client.get("/health/ready").status_code == 200
    put_away(file)
    with worker(settings) as client:
        assert is_refused(client.get("/health/ready"))
    assert not file.exists()


@pytest.mark.usefixtures("one_start")
def test_the_next_start_takes_what_is_there_and_makes_what_is_not(
    file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_schema(settings)
    replace(file)
    begin_another_start(monkeypatch)
    with worker(settings) as client:
        assert client.get("/health/ready").status_code == 200
    file.unlink()
    monkeypatch.setattr(multiprocessing.current_process(), "authkey", b"of a third")
    with worker(settings) as client:
        assert client.get("/health/ready").status_code == 200


@pytest.mark.usefixtures("one_start")
def test_each_database_of_a_start_has_its_own(file: Path, settings: Settings) -> None:
    prepare_schema(settings)
    other = file.with_name("other.db")
    prepare_schema(settings_of(other))
    assert other.exists()


@pytest.mark.usefixtures("one_start")
def test_a_worker_that_starts_anew_still_brings_the_schema_up_to_date(file: Path) -> None:
    """As when code is reloaded, with a migration among it."""
    older = file.with_name("another #1.db")
    older.touch()
    settings = settings_of(older)
    first_file.Mark(settings).leave(first_file.identity_of(str(older)))
    with worker(settings) as client:
        assert client.get("/health/ready").status_code == 200


def test_a_process_alone_leaves_no_mark_and_makes_what_is_not_there(
    marks: Path, file: Path, settings: Settings
) -> None:
    for _ in range(2):
        file.unlink()
        with worker(settings) as client:
            assert client.get("/health/ready").status_code == 200
    assert list(marks.iterdir()) == []


def test_a_process_that_a_manager_forked_makes_none(
    file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can't know whether it is the first."""
    monkeypatch.setenv("SERVER_SOFTWARE", "gunicorn/23.0.0")
    file.unlink()
    with worker(settings) as client:
        assert is_refused(client.get("/health/ready"))
        assert not file.exists()
        prepare_schema(settings)
        assert client.get("/health/ready").status_code == 200


def test_a_process_alone_makes_one_whatever_number_others_are_told(
    file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform sets the name for all it runs, also for who says ``--workers 1``."""
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    file.unlink()
    with worker(settings) as client:
        assert client.get("/health/ready").status_code == 200


def test_a_mark_that_can_be_left_nowhere_keeps_nobody_from_serving(
    one_start: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_start.rmdir()
    monkeypatch.setattr(tempfile, "tempdir", str(one_start))
    with worker(settings) as client:
        assert client.get("/health/ready").status_code == 200


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_workers_that_are_killed_while_it_is_away_leave_none_that_sells(
    program: tuple[str, ...], tmp_path: Path
) -> None:
    """Made by the first start, whose mark is cleared away; moved with all beside it, replaced, and
    put back.
    """
    folder = tmp_path / "data"
    folder.mkdir()
    file, log = folder / "shop.db", tmp_path / "log"
    with running_server({"DATABASE_URL": f"sqlite:///{file}"}, 2, log, program) as (url, server):
        served = Served(url, log, server.pid)
        served.await_starts(2)
        assert served.post("/api/users/", USER).status_code == 201
        # Who opens the file leaves one, too; of the two workers no more than one has yet to.
        for _ in range(2):
            served.lose_mark()
        elsewhere = put_away(file)
        served.restart_workers()
        served.is_refused()
        assert names(folder) == set()
        shutil.copy(elsewhere / file.name, file)
        served.restart_workers()
        served.is_refused()
        put_back(elsewhere, folder)
        assert served.get("/health/ready").status_code == 200
        assert served.get("/api/users/1").json()["username"] == USER["username"]


class Served:
    """By several workers, of whom any may answer."""

    def __init__(self, url: str, log: Path, server: int) -> None:
        self._url, self._log, self._server = url, log, server
        self._starts = 0

    def await_starts(self, number: int) -> None:
        self._starts += number
        until(self._have_started, START_SECONDS)

    def _have_started(self) -> bool:
        return self._log.read_text("utf-8").count(STARTED) == self._starts

    def restart_workers(self) -> None:
        workers = processes.workers(self._server)
        processes.kill(workers)
        self.await_starts(len(workers))

    def lose_mark(self) -> None:
        """Until whoever is asked has left it anew."""
        for mark in self._marks():
            mark.unlink()
        until(lambda: self.get("/health/ready").is_success and self._marks() != [])

    def _marks(self) -> list[Path]:
        return list(first_file.folder().glob(f"nexticket-start-*{self._server}-*"))

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(f"{self._url}{path}", **PATIENTLY)

    def post(self, path: str, body: dict[str, str]) -> httpx2.Response:
        return httpx2.post(f"{self._url}{path}", json=body, **PATIENTLY)

    def is_refused(self) -> None:
        for _ in range(10):
            assert is_refused(self.get("/health/ready"))
            assert is_refused(self.get("/api/users/1"))
        assert is_refused(self.post("/api/users/", USER))
