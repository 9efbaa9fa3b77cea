"""Copies of the database on the command line: whole while it is sold on, and sold on from."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import URL
from typer.testing import CliRunner, Result

import cli
from core.settings import Settings
from core.store.schema_version import alembic_config, migration_connection
from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.service import Service, fresh_database, running_service, settings_for
from tools.postgres import new_database, programs

# Has a database open until its input ends, as a service that nobody asks anything.
HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
print("open", flush=True)
sys.stdin.read()
"""
IN_USE, AGREE = "is in use: stop the service first", "The books agree: "


@pytest.fixture(scope="module")
def sold_out_shop(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Path]:
    """A database in which one order was paid and one waits; to be copied."""
    with fresh_database("sqlite", request, f"{worker_name}_backup") as url:
        with running_service(settings_for(url)) as service:
            api = api_of(service)
            user, ticket = api.user(), api.ticket()
            api.paid_order(user, (ticket, 2))
            api.order(user, (ticket, 1))
        yield Path(str(url.database))


@pytest.fixture
def shop(sold_out_shop: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sold_out_shop, tmp_path / "shop.db"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    (tmp_path / "copies").mkdir()
    return tmp_path / "copies" / "monday #1?.db"


def api_of(service: Service) -> Api:
    return Api(service.client, service.clock, service.app)


def settings_at(file: Path) -> Settings:
    return settings_for(URL.create("sqlite", database=str(file)))


def run(at: Path, *words: object) -> Result:
    told = {"DATABASE_URL": settings_at(at).database_url}
    return CliRunner().invoke(cli.app, [str(word) for word in words], env=told)


def done(at: Path, *words: object) -> str:
    result = run(at, *words)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def refused(at: Path, *words: object) -> str:
    result = run(at, *words)
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    return line


def is_sold_on(file: Path, *, orders: int) -> None:
    """A service has what was there, sells more of it, and its books agree."""
    with running_service(settings_at(file)) as service:
        api = api_of(service)
        assert len(api.get("/api/orders/", limit=100)) == orders
        sold = api.stock({"id": 1})
        api.paid_order({"id": 1}, ({"id": 1}, 1))
        assert api.stock({"id": 1}) == (sold[0] - 1, sold[1], sold[2] + 1, sold[3])
        assert disagreements(service.database, clock=service.clock) == []


def spoil(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


@contextmanager
def opened_elsewhere(file: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        yield
        process.communicate()


def sell(api: Api, number: int) -> None:
    for _ in range(number):
        api.paid_order({"id": 1}, ({"id": 1}, 1))


def orders_in(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM orders").fetchone()[0])


def damage(file: Path) -> None:
    """As a disk does: what stands between the first page and the last is something else."""
    with file.open("r+b") as opened:
        opened.seek(100)
        opened.write(b"\xff" * (file.stat().st_size - 200))


def address_of(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def run_line(line: str, url: URL) -> None:
    told = {"PATH": programs(), "DATABASE_URL": address_of(url)}
    subprocess.run(["sh", "-c", line], env=told, check=True)


class TestBackup:
    def test_is_whole_in_the_midst_of_sales_and_is_sold_on_from(
        self, shop: Path, copy: Path, tmp_path: Path
    ) -> None:
        with running_service(settings_at(shop)) as service, ThreadPoolExecutor(1) as pool:
            sales = pool.submit(sell, api_of(service), 20)
            said = done(shop, "backup", copy)
            sales.result()
        assert AGREE in said
        assert f"The database was copied to {copy}." in said
        restored = tmp_path / "restored.db"
        done(restored, "restore", copy)
        is_sold_on(restored, orders=orders_in(copy))

    def test_is_one_file_for_its_owner_alone(self, shop: Path, copy: Path) -> None:
        before = os.umask(0o022)
        try:
            done(shop, "backup", copy)
        finally:
            os.umask(before)
        assert list(copy.parent.iterdir()) == [copy]
        assert copy.stat().st_mode & 0o777 == 0o600

    def test_has_what_stands_in_the_log_alone(self, shop: Path, copy: Path) -> None:
        """A copy of the file itself would not."""
        with running_service(settings_at(shop)) as service:
            api_of(service).order({"id": 1}, ({"id": 1}, 1))
            done(shop, "backup", copy)
        assert orders_in(copy) == 3

    def test_over_one_that_was_looked_at_gets_nothing_of_that(
        self, shop: Path, copy: Path, tmp_path: Path
    ) -> None:
        """Whoever looked at it and was killed left a log beside it."""
        done(shop, "backup", copy)
        with running_service(settings_at(copy)) as service:
            api_of(service).user("looker")
            shutil.copy(copy.with_name(f"{copy.name}-wal"), tmp_path / "log")
        shutil.copy(tmp_path / "log", copy.with_name(f"{copy.name}-wal"))
        done(shop, "backup", copy, "--force")
        assert not copy.with_name(f"{copy.name}-wal").exists()

    def test_does_not_go_over_a_database_that_is_served(self, shop: Path, copy: Path) -> None:
        done(shop, "backup", copy)
        # As a service does, which a copy is not until then.
        with closing(sqlite3.connect(copy)) as served:
            served.execute("PRAGMA journal_mode=WAL").fetchall()
        with opened_elsewhere(copy):
            line = refused(shop, "backup", copy, "--force")
            assert line == f"Not done: {copy} {IN_USE}"

    def test_replaces_nothing_unless_it_is_told_to(self, shop: Path, copy: Path) -> None:
        copy.write_text("of last week")
        line = refused(shop, "backup", copy)
        assert line == f"Not done: {copy} is there already: --force replaces it"
        assert copy.read_text() == "of last week"
        done(shop, "backup", copy, "--force")
        assert orders_in(copy) == 2

    def test_does_not_replace_the_database_itself(self, shop: Path) -> None:
        line = refused(shop, "backup", shop, "--force")
        assert line == f"Not done: {shop} is the database itself"

    def test_that_failed_leaves_nothing(self, shop: Path, copy: Path, tmp_path: Path) -> None:
        assert "unable to open database file" in refused(tmp_path / "no.db", "backup", copy)
        assert not (tmp_path / "no.db").exists()
        damage(shop)
        assert refused(shop, "backup", copy).startswith("Not done: ")
        assert "No such file" in refused(shop, "backup", tmp_path / "nowhere" / "x.db")
        assert list(copy.parent.iterdir()) == []

    def test_of_books_that_disagree_is_made_and_told_of(self, shop: Path, copy: Path) -> None:
        spoil(shop, "UPDATE orders SET total_amount = 500 WHERE id = 2")
        result = run(shop, "backup", copy)
        assert result.exit_code == 1
        assert "order_total: order 2: total_amount is 5.00" in result.stdout
        assert orders_in(copy) == 2

    def test_of_another_release_is_made_without_a_look_at_its_books(
        self, shop: Path, copy: Path
    ) -> None:
        spoil(shop, "UPDATE alembic_version SET version_num = '9999'")
        assert "The books were not checked: " in done(shop, "backup", copy)
        assert orders_in(copy) == 2


class TestRestore:
    @pytest.fixture
    def copied(self, shop: Path, copy: Path) -> Path:
        done(shop, "backup", copy)
        return copy

    def test_takes_the_place_of_what_is_there_where_it_is_told_to(
        self, shop: Path, copied: Path
    ) -> None:
        is_sold_on(shop, orders=2)
        line = refused(shop, "restore", copied)
        assert line == f"Not done: {shop} is there already: --force replaces it"
        assert AGREE in done(shop, "restore", copied, "--force")
        assert shop.stat().st_mode & 0o777 == 0o600
        is_sold_on(shop, orders=2)

    @pytest.mark.parametrize("moved", [False, True], ids=["there", "moved"])
    def test_leaves_alone_what_is_in_use(self, shop: Path, copied: Path, *, moved: bool) -> None:
        with opened_elsewhere(shop):
            if moved:
                shop.rename(shop.with_name("away.db"))
            line = refused(shop, "restore", copied, "--force")
            assert line == f"Not done: {shop} {IN_USE}"
            assert shop.exists() is not moved

    def test_leaves_no_log_of_the_database_before(self, shop: Path, copied: Path) -> None:
        """SQLite would put it into the one that was restored."""
        with sqlite3.connect(shop) as killed:
            killed.execute("UPDATE orders SET notes = 'in the log'")
            killed.commit()
            log = shop.with_name("shop.db-wal")
            left = log.read_bytes()
        killed.close()
        log.write_bytes(left)
        done(shop, "restore", copied, "--force")
        assert not log.exists()
        is_sold_on(shop, orders=2)

    @pytest.mark.parametrize("left", ["-wal", "-shm", "-journal"])
    def test_asks_before_it_removes_what_is_left_of_a_database(
        self, left: str, shop: Path, copied: Path
    ) -> None:
        shop.unlink()
        rest = shop.with_name(f"shop.db{left}")
        rest.write_bytes(b"what was sold last")
        assert "--force replaces it" in refused(shop, "restore", copied)
        assert rest.read_bytes() == b"what was sold last"
        done(shop, "restore", copied, "--force")
        assert not rest.exists()
        is_sold_on(shop, orders=2)

    def test_replaces_a_database_that_is_damaged(self, shop: Path, copied: Path) -> None:
        damage(shop)
        done(shop, "restore", copied, "--force")
        is_sold_on(shop, orders=2)

    def test_brings_an_older_copy_up_to_date(self, tmp_path: Path) -> None:
        target = tmp_path / "new.db"
        older = tmp_path / "older.db"
        with migration_connection(settings_at(older)) as connection:
            command.upgrade(alembic_config(connection), "0001")
        assert AGREE in done(target, "restore", older)
        with running_service(settings_at(target)) as service:
            assert api_of(service).get("/api/orders/") == []

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda file: file.write_text("of last week"), "file is not a database"),
            (lambda file: file.write_bytes(b""), "there is no database of this service in it"),
            (
                lambda file: spoil(file, "UPDATE alembic_version SET version_num = '9999'"),
                "newer than this release's",
            ),
            (Path.unlink, "unable to open database file"),
            (damage, "Not done: "),
        ],
        ids=["text", "empty", "newer", "missing", "damaged"],
    )
    def test_takes_no_file_that_is_no_copy(
        self, change: object, said: str, shop: Path, copied: Path
    ) -> None:
        assert callable(change)
        change(copied)
        before = shop.read_bytes()
        assert said in refused(shop, "restore", copied, "--force")
        assert shop.read_bytes() == before
        assert {path.name for path in shop.parent.iterdir()} <= {"shop.db", "copies"}

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
    def test_by_root_is_the_services(self, shop: Path, copied: Path) -> None:
        """Which has a user of its own."""
        os.chown(shop, 4711, 4712)
        done(shop, "restore", copied, "--force")
        assert (shop.stat().st_uid, shop.stat().st_gid) == (4711, 4712)
        shop.unlink()
        os.chown(shop.parent, 4713, 4714)
        done(shop, "restore", copied)
        assert (shop.stat().st_uid, shop.stat().st_gid) == (4713, 4714)


class TestPostgres:
    """What it brings for this is told, word for word."""

    @staticmethod
    def line_for(url: URL, *words: str) -> str:
        told = {"DATABASE_URL": address_of(url)}
        result = CliRunner().invoke(cli.app, words, env=told)
        assert (result.exit_code, result.stdout) == (2, "")
        said, _, line = result.stderr.partition(": ")
        assert said == "PostgreSQL does this itself"
        assert address_of(url) not in line
        return line

    def test_a_dump_is_sold_on_from(self, postgres: URL, worker_name: str, tmp_path: Path) -> None:
        dump = str(tmp_path / "monday.dump")
        with (
            new_database(postgres, f"{worker_name}_dumped") as dumped,
            new_database(postgres, f"{worker_name}_loaded") as loaded,
        ):
            with running_service(settings_for(dumped)) as service:
                api = api_of(service)
                api.paid_order(api.user(), (api.ticket(), 2))
                run_line(self.line_for(dumped, "backup", dump), dumped)
            run_line(self.line_for(loaded, "restore", dump), loaded)
            with running_service(settings_for(loaded)) as service:
                api = api_of(service)
                api.paid_order({"id": 1}, ({"id": 1}, 1))
                assert api.stock({"id": 1}) == (97, 0, 3, 0)
                assert disagreements(service.database, clock=service.clock) == []
