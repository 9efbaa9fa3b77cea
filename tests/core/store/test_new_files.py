"""Several who make the same SQLite file at once wait for one another."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, text

from core.store import turns
from core.store.schema_version import migration_connection
from tests.support.service import settings_for

PATIENCE = 60
STARTERS = 4


def test_who_makes_a_file_waits_for_who_is_about_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite refuses that at once, however long it may wait."""
    file, refused, executes = tmp_path / "new.db", threading.Event(), turns._executes

    def watched(connection: sqlite3.Connection, statement: str) -> bool:
        is_done = executes(connection, statement)
        if not is_done:
            refused.set()
        return is_done

    def make() -> Any:
        settings = settings_for(URL.create("sqlite", database=str(file)))
        with migration_connection(settings) as connection:
            return connection.execute(text("PRAGMA journal_mode")).scalar_one()

    monkeypatch.setattr(turns, "_executes", watched)
    with (
        closing(sqlite3.connect(file, isolation_level=None)) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        other.executescript("CREATE TABLE things (id); BEGIN IMMEDIATE;")
        making = pool.submit(make)
        making.add_done_callback(lambda _: refused.set())
        assert refused.wait(PATIENCE)
        other.execute("ROLLBACK")
        assert making.result() == "wal"


def test_all_who_make_the_same_file_at_once_succeed(tmp_path: Path) -> None:
    together = threading.Barrier(STARTERS)

    def make(file: Path) -> None:
        settings = settings_for(URL.create("sqlite", database=str(file)))
        together.wait(PATIENCE)
        with migration_connection(settings) as connection:
            assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"

    with ThreadPoolExecutor(STARTERS) as pool:
        for number in range(40):
            list(pool.map(make, [tmp_path / f"{number}.db"] * STARTERS))
