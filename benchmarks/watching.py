"""What a service keeps of its PostgreSQL, looked at from outside."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, create_engine, text

_SECONDS = 0.05
_ACTIVITY = text("""
    SELECT count(*), coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)
    FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
        AND pid <> pg_backend_pid()""")


@dataclass
class Seen:
    """The most connections at once, and the longest that a transaction was open, in seconds."""

    connections: int = 0
    longest_transaction: float = 0

    def look(self, connection: Connection) -> None:
        connections, longest = connection.execute(_ACTIVITY).one()
        self.connections = max(self.connections, connections)
        self.longest_transaction = max(self.longest_transaction, float(longest))


@contextmanager
def watching(url: str) -> Iterator[Seen]:
    """Look again and again, until the block ends."""
    seen, ended = Seen(), threading.Event()
    engine = create_engine(url, isolation_level="AUTOCOMMIT")

    def look_on() -> None:
        with engine.connect() as connection:
            while not ended.wait(_SECONDS):
                seen.look(connection)

    thread = threading.Thread(target=look_on)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()
        engine.dispose()
