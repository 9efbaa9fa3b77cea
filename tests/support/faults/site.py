"""A service of several processes, and its database seen from outside."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sqlalchemy import URL, create_engine

from core.store.statements import Compiled
from database import Database
from tests.support.faults.connection import Answer, Connection
from tests.support.service import FORKING, migrate, settings_for
from tools.server import new_listener, running_server
from work import idempotency


def prepared_name(compiled: Compiled) -> str:
    assert compiled.prepared is not None
    return compiled.prepared.name


WORKERS = 2
# So short that some run out while a test goes on.
HOLDS = {"HOLD_MINUTES": "0.1", "SWEEP_SECONDS": "0.5"}
# What a transaction says that answers a request with a key, and no sweep does.
_DIALECT = create_engine("postgresql+psycopg2://", paramstyle="format").dialect
# What the message has in it that stores an answer, be the statement prepared or not.
KEYED = (
    prepared_name(idempotency._answered.on(_DIALECT)).encode(),
    b"INSERT INTO idempotency_keys",
)


@dataclass
class Site:
    url: str
    server: subprocess.Popen[bytes]
    database: Database
    # Of the server's processes.
    environment: Mapping[str, str] = field(default_factory=dict)

    def address(self) -> str:
        return self.url

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """One request on a connection of its own."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(Connection(self.address)) as connection:
            return connection.send(method, path, body, named)


@contextmanager
def running_site(
    url: URL,
    changes: Mapping[str, str] = HOLDS,
    *,
    through: URL | None = None,
    workers: int = WORKERS,
) -> Iterator[Site]:
    """Serve an empty database, where ``through`` is given by a way that may fail."""
    settings = settings_for(url)
    migrate(settings)
    said = environment(through or url, changes)
    with (
        running_server(said, workers, program=FORKING if workers > 1 else ()) as (address, server),
        closing(Database(settings)) as database,
    ):
        yield Site(address, server, database, said)


@contextmanager
def started_again(site: Site) -> Iterator[None]:
    """Serve with one process where one has been killed, as a supervisor would."""
    listening = new_listener(port=urlsplit(site.url).port or 0)
    with running_server(site.environment, listening=listening) as (_, site.server):
        yield


def environment(url: URL, changes: Mapping[str, str]) -> dict[str, str]:
    return {
        "DATABASE_URL": url.render_as_string(hide_password=False),
        "LOG_LEVEL": "WARNING",
        "WRITE_RATE_LIMIT": "",
        "READ_RATE_LIMIT": "",
        "STORED_ANSWERS_RATE_LIMIT": "",
        "STORED_BYTES_RATE_LIMIT": "",
        **changes,
    }
