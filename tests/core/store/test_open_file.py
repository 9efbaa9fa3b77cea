"""A database whose file is moved, replaced or removed is not served, and loses nothing."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, text
from sqlmodel import Session
from typer.testing import CliRunner

import cli
from core.errors import DatabaseUnavailableError
from core.http.idempotency_key import HEADER as KEY
from core.settings import Settings
from core.store import open_file
from core.store.schema_version import AwayError, prepare_schema
from database import Database
from main import create_app
from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.service import (
    Service,
    local_client,
    running_service,
    settings_for,
)

COUNT = text("SELECT count(*) FROM orders")


@pytest.fixture
def settings(file: Path) -> Settings:
    return settings_of(file)


def settings_of(file: Path) -> Settings:
    return settings_for(URL.create("sqlite", database=str(file)), log_level="CRITICAL")


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    with running_service(settings) as service:
        yield service


@pytest.fixture
def shop(service: Service) -> Api:
    """Where something was sold, so that there is a log."""
    api = Api(service.client, service.clock, service.app)
    api.order(api.user(), (api.ticket(), 2))
    return api


def beside(file: Path, suffix: str) -> Path:
    return file.with_name(file.name + suffix)


def away(path: Path) -> Path:
    return path.rename(path.with_name(f"{path.name}.away"))


def replace(file: Path) -> None:
    """By a copy, as who restores one by hand does."""
    copy = shutil.copy(file, beside(file, ".copy"))
    Path(copy).replace(file)


def link_elsewhere(file: Path) -> None:
    file.symlink_to(away(file).name)
    other = shutil.copy(file, beside(file, ".other"))
    file.unlink()
    file.symlink_to(Path(other).name)


HARM: dict[str, Callable[[Path], object]] = {
    "moved": away,
    "removed": Path.unlink,
    "replaced": replace,
    "linked": link_elsewhere,
    "log_moved": lambda file: away(beside(file, "-wal")),
    "log_removed": lambda file: beside(file, "-wal").unlink(),
    "index_removed": lambda file: beside(file, "-shm").unlink(),
    "folder_moved": lambda file: away(file.parent),
}


def place(api: Api, key: str) -> Any:
    items = [{"ticket_id": 1, "quantity": 1}]
    body = {"user_id": 1, "items": items}
    return api.request("POST", "/api/orders/", json=body, headers={KEY: key})


def is_refused(api: Api) -> None:
    for answer in (
        place(api, "refused"),
        api.request("GET", "/api/orders/1"),
        api.request("GET", "/health/ready"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert answer.headers["retry-after"]
    assert api.request("GET", "/health").status_code == 200


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


def orders_in(file: Path) -> int:
    """Of this file alone, whatever stands beside it."""
    alone = shutil.copy(file, file.parent / "alone.db")
    with closing(sqlite3.connect(alone)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return int(connection.execute(COUNT.text).fetchone()[0])


@pytest.fixture
def attentive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody looks, also where somebody has just done so."""
    monkeypatch.setattr(open_file, "_GLANCE_SECONDS", 0)


@pytest.mark.usefixtures("attentive")
class TestWhileServing:
    @pytest.mark.parametrize("harm", HARM.values(), ids=HARM.keys())
    def test_nothing_is_acknowledged_and_no_file_appears(
        self, harm: Callable[[Path], object], file: Path, shop: Api
    ) -> None:
        harm(file)
        there = names(file.parent.parent)
        is_refused(shop)
        assert names(file.parent.parent) == there

    @pytest.mark.parametrize("moved", ["", "-wal", "-shm", "folder"])
    def test_the_same_file_is_served_again_once_it_is_back(
        self, moved: str, file: Path, shop: Api, service: Service
    ) -> None:
        path = file.parent if moved == "folder" else beside(file, moved)
        elsewhere = away(path)
        is_refused(shop)
        elsewhere.rename(path)
        assert shop.get("/health/ready")["status"] == "ok"
        answer = place(shop, "refused")
        assert (answer.status_code, "idempotency-replayed" in answer.headers) == (201, False)
        assert shop.stock({"id": 1}) == (97, 3, 0, 0)
        assert disagreements(service.database, clock=service.clock) == []

    def test_nothing_connects_to_another_file_in_its_place(self, file: Path, shop: Api) -> None:
        assert shop.get("/api/orders/1")["id"] == 1
        with closing(Database(settings_of(file))) as database:
            database.write_now(lambda session: session.execute(COUNT).scalar_one())
            replace(file)
            before = file.read_bytes()
            with pytest.raises(DatabaseUnavailableError):
                database.read_now(lambda session: session.execute(COUNT).scalar_one())
        assert file.read_bytes() == before


def test_a_file_that_nothing_can_be_written_to_is_not_ready(
    shop: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a disk that was mounted for reading alone; root may write whatever its mode says."""
    monkeypatch.setattr(os, "access", lambda _file, mode: mode != os.W_OK)
    answer = shop.request("GET", "/health/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_read_only")
    assert shop.get("/api/orders/1")["id"] == 1


def test_what_is_written_while_it_goes_is_neither_acknowledged_nor_kept(
    file: Path, shop: Api, service: Service
) -> None:
    """Also where it was there a moment before: nobody looks at each row."""
    moved = []

    def write(session: Session) -> None:
        session.execute(text("UPDATE tickets SET venue = 'Elsewhere'"))
        moved.append(away(file))

    assert shop.get("/health/ready")["status"] == "ok"
    with pytest.raises(DatabaseUnavailableError):
        service.database.write_now(write)
    is_refused(shop)
    moved[0].rename(file)
    assert shop.get("/api/tickets/1")["venue"] == "Main Arena"


@pytest.mark.usefixtures("attentive")
class TestLog:
    """What was sold last stands in the log, and that stays where the database is no more."""

    def test_goes_with_the_file_that_is_moved_away(self, file: Path, settings: Settings) -> None:
        with running_service(settings) as service:
            api = Api(service.client, service.clock, service.app)
            api.order(api.user(), (api.ticket(), 2))
            moved = away(file)
            assert orders_in(moved) == 0
            is_refused(api)
            assert orders_in(moved) == 1

    def test_goes_with_it_also_where_nobody_asks_any_more(
        self, file: Path, settings: Settings
    ) -> None:
        with running_service(settings) as service:
            api = Api(service.client, service.clock, service.app)
            api.order(api.user(), (api.ticket(), 2))
            moved = away(file)
        assert orders_in(moved) == 1

    def test_does_not_get_into_another_database(self, file: Path, settings: Settings) -> None:
        other = Path(shutil.copy(file, beside(file, ".other")))
        with running_service(settings) as service:
            api = Api(service.client, service.clock, service.app)
            api.order(api.user(), (api.ticket(), 2))
            away(file)
            other.rename(file)
            is_refused(api)
        with running_service(settings) as service:
            api = Api(service.client, service.clock, service.app)
            assert api.get("/api/tickets/") == []
            api.order(api.user(), (api.ticket(), 1))
            assert disagreements(service.database, clock=service.clock) == []
        assert orders_in(file) == 1

    def test_that_was_removed_is_saved(self, file: Path, settings: Settings) -> None:
        with running_service(settings) as service:
            api = Api(service.client, service.clock, service.app)
            api.order(api.user(), (api.ticket(), 2))
            beside(file, "-wal").unlink()
            is_refused(api)
        with running_service(settings) as service:
            api = Api(service.client, service.clock, service.app)
            assert api.get("/api/orders/1")["id"] == 1
            assert disagreements(service.database, clock=service.clock) == []


class TestStart:
    """A log that stands alone belongs to a database that is elsewhere."""

    @pytest.fixture
    def log(self, file: Path) -> Path:
        file.unlink()
        log = beside(file, "-wal")
        log.write_bytes(b"what was sold last")
        return log

    def test_makes_no_database_beside_it(self, log: Path, settings: Settings) -> None:
        with pytest.raises(AwayError, match=r"shop\.db is not there, but shop\.db-wal, in which"):
            prepare_schema(settings)
        assert names(log.parent) == {log.name}

    def test_of_a_command_is_refused_in_one_line(self, log: Path, settings: Settings) -> None:
        told = {"DATABASE_URL": settings.database_url}
        result = CliRunner().invoke(cli.app, ["list-users"], env=told)
        assert (result.exit_code, result.stdout) == (1, "")
        (line,) = result.stderr.splitlines()
        assert line.startswith("Not started: ")
        assert names(log.parent) == {log.name}

    def test_of_a_worker_serves_once_the_database_is_back(
        self, file: Path, settings: Settings
    ) -> None:
        """A start that fails would end the other workers, which wait for it as well."""
        beside(file, "-wal").touch()
        elsewhere = away(file)
        with local_client(create_app(settings)) as client:
            assert client.get("/health/ready").status_code == 503
            assert not file.exists()
            elsewhere.rename(file)
            assert client.get("/health/ready").status_code == 200
            assert client.get("/api/tickets/").json() == []
