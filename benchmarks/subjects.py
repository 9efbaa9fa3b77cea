"""What is measured side by side: this checkout, another commit, and the floors below both."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import jwt

from benchmarks import stores
from benchmarks.layout import CUSTOMERS, STAFF, Layout
from benchmarks.seeding import HASH_ITERATIONS, HASH_MEMORY_KIB, PASSWORD
from core.store.schema_version import ROOT
from tools.server import LOCALLY, default_environment, serving

# Nobody but the benchmarks trusts it.
SECRET_KEY = "wk7Q2mZ9xTn4Rb8Vc3Lp6Hd1Gs5Jf0Ya"  # noqa: S105 - it signs for a minute
OWN = "now"

_PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": SECRET_KEY,
    # Its staff log in by password.
    "SECOND_FACTOR": "optional",
    # A run takes longer than the half hour of a token and the quarter of an hour of a hold.
    "ACCESS_TOKEN_EXPIRE_MINUTES": "1440",
    "HOLD_MINUTES": "1440",
    "MAX_UNITS_PER_TICKET": "10000",
    # A few customers buy what a town would.
    "MAX_OPEN_ORDERS_PER_USER": "0",
    "MAX_UNITS_PER_USER_AND_TICKET": "0",
    "HOLD_AGAIN_MINUTES": "0",
    "MAX_UNPAID_ORDERS_PER_DAY": "0",
    "LOGIN_RATE_LIMIT": "",
    "LOGIN_DAY_RATE_LIMIT": "",
    "REGISTRATION_RATE_LIMIT": "",
    "WRITE_RATE_LIMIT": "",
    # So much that nobody meets it, for what it costs to count is part of what a read costs.
    "READ_RATE_LIMIT": "1000000000/minute",
    "STORED_ANSWERS_RATE_LIMIT": "",
    "STORED_BYTES_RATE_LIMIT": "",
    "PASSWORD_HASH_MEMORY_KIB": str(HASH_MEMORY_KIB),
    "PASSWORD_HASH_ITERATIONS": str(HASH_ITERATIONS),
    "ALLOW_UNSAFE": "limits,hashing",
}


@dataclass(frozen=True)
class Checkout:
    """A commit of this repository in a folder, and what it is called in the tables."""

    name: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Production's. Another commit is told only what it needs; it may have other settings."""
        own = default_environment() if self.folder == ROOT else {}
        return {"PATH": os.environ.get("PATH", ""), **own, **_PRODUCTION}


@dataclass
class Subject:
    """A running service with its database, and how far its pools are used up."""

    name: str
    address: httpx2.URL
    process: int
    layout: Layout
    staff: str = ""
    tokens: dict[int, str] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    # Whether it has no rows that a request could use up.
    is_endless: bool = False

    def customer(self, number: int) -> int:
        return CUSTOMERS[number % len(CUSTOMERS)]

    def token(self, user: int) -> str:
        """Empty where the service knows no users."""
        return self.tokens.get(user, "")


@contextmanager
def served(
    checkout: Checkout,
    database: str,
    layout: Layout,
    *,
    log: Path,
    workers: int = 1,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Subject]:
    """Serve a checkout on a database that is filled; the users are logged in."""
    environment = {**checkout.environment, "DATABASE_URL": database, **(settings or {})}
    with serving(checkout.folder, environment, workers, log) as (address, process):
        subject = Subject(checkout.name, httpx2.URL(address), process.pid, layout)
        with httpx2.Client(base_url=address, **LOCALLY) as client:
            subject.staff = _logged_in(client, STAFF)
            subject.tokens = {user: _logged_in(client, user) for user in CUSTOMERS}
        yield subject


# What is below the service, without its middleware: how an app of it is made.
SYNC = "floor, def"
FLOORS = {
    SYNC: "benchmarks.floors.floor_app:sync_app",
    "floor, async": "benchmarks.floors.floor_app:async_app",
}
ORM = "ORM style"
# The databases alone.
PGBENCH, PLAIN_SQLITE = "pgbench", "plain sqlite3"


@contextmanager
def served_app(name: str, made_by: str, layout: Layout, *, database: str = "") -> Iterator[Subject]:
    """Serve another app by the same server: ``made_by`` names the module and its function."""
    module, function = made_by.split(":")
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": database,
        "SECRET_KEY": SECRET_KEY,
    }
    with tempfile.TemporaryDirectory(prefix="nxt-floor-") as folder:
        source = f"from {module} import {function}\n\napp = {function}()\n"
        (Path(folder) / "main.py").write_text(source)
        with serving(Path(folder), environment) as (address, process):
            tokens = {user: jwt.encode({"sub": str(user)}, SECRET_KEY) for user in CUSTOMERS}
            yield Subject(
                name, httpx2.URL(address), process.pid, layout, tokens=tokens, is_endless=True
            )


def _logged_in(client: httpx2.Client, user: int) -> str:
    form = {"username": f"user{user}", "password": PASSWORD}
    answer = client.post("/api/auth/token", data=form).raise_for_status()
    return str(answer.json()["access_token"])


def prepare(checkout: Checkout, store: stores.Store, layout: Layout, name: str) -> str:
    """A filled database, brought to the schema of the checkout."""
    url = store.copy(layout, name)
    stores.migrate(url, checkout.folder, checkout.environment)
    database = stores.written(url)
    if _knows(checkout, "fold-ledger"):
        # A shop that is served for a while has done so by itself.
        subprocess.run(
            [sys.executable, "cli.py", "fold-ledger"],
            cwd=checkout.folder,
            env={**checkout.environment, "DATABASE_URL": database},
            capture_output=True,
            check=True,
        )
    return database


def _knows(checkout: Checkout, command: str) -> bool:
    """Whether a commit's command line has a command; one from before has not."""
    return f"books.{command.replace('-', '_')}" in (checkout.folder / "cli.py").read_text()
