"""Writing in bulk: one spelling of SQL for both databases, but for how a time is written."""

# ruff: noqa: S608 - tables, columns and numbers are those of this package

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
from sqlalchemy import URL


class Bulk:
    """A connection to either database, and how it spells a time and the end of a seeding."""

    def __init__(self, connection: Any, backend: str) -> None:
        self._cursor = connection.cursor()
        self.is_postgres = backend == "postgresql"
        self.now = int(time.time())

    def run(self, statement: str) -> None:
        self._cursor.execute(statement)

    def insert(self, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
        mark = "%s" if self.is_postgres else "?"
        marks = ", ".join([mark] * len(rows[0]))
        self._cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)

    def at(self, seconds: str) -> str:
        """A time, from an expression of seconds since 1970."""
        if self.is_postgres:
            return f"to_timestamp({seconds})"
        return f"strftime('%Y-%m-%d %H:%M:%S.000000', {seconds}, 'unixepoch')"

    def time_of(self, seconds: int) -> str:
        zone = "+00" if self.is_postgres else ""
        return time.strftime(f"%Y-%m-%d %H:%M:%S.000000{zone}", time.gmtime(seconds))

    def finish(self) -> None:
        """What is made next gets the ids behind those that were given."""
        if self.is_postgres:
            for table in ("users", "tickets", "orders", "transactions"):
                last = f"(SELECT MAX(id) FROM {table})"
                self.run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last})")


def connected(url: URL) -> Any:
    """A connection of the driver itself to a PostgreSQL."""
    return psycopg2.connect(host=url.host, port=url.port, user=url.username, dbname=url.database)


@contextmanager
def opened(url: URL) -> Iterator[Bulk]:
    backend = url.get_backend_name()
    if backend == "postgresql":
        with closing(connected(url)) as connection:
            bulk = Bulk(connection, backend)
            # The keys are known to be there, and looking each up takes half of the time.
            bulk.run("SET session_replication_role = replica")
            bulk.run("SET synchronous_commit = off")
            bulk.run("SET work_mem = '256MB'")
            yield bulk
            connection.commit()
            connection.autocommit = True
            bulk.run("VACUUM ANALYZE")
        return
    with closing(sqlite3.connect(str(url.database))) as connection:
        bulk = Bulk(connection, backend)
        bulk.run("PRAGMA synchronous = OFF")
        bulk.run("PRAGMA cache_size = -200000")
        yield bulk
        connection.commit()
        bulk.run("PRAGMA wal_checkpoint(TRUNCATE)")


def numbers(count: int) -> str:
    """The beginning of a statement that selects from ``numbers``: i from 1 to a count."""
    return f"""WITH RECURSIVE numbers(i) AS (
            SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < {count})"""
