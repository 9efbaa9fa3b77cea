"""The service as tests run it: in their own process, on either database, at a time they set."""

import atexit
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import URL
from starlette.types import ASGIApp

from core.settings import Settings
from database import Database
from tests.support.clock import ManualClock
from tests.support.in_process import InProcess
from tests.support.web.browser import BrowserUnavailableError
from tools.nginx import NginxUnavailableError
from tools.pgbouncer import PgbouncerUnavailableError
from tools.postgres import PostgresUnavailableError, new_database

BACKENDS = ("sqlite", "postgres")
# As rarely as can be set; in the tests' own process never, see below.
NO_SWEEPS = 3600
# What serves where the processes of a service are many, and how they are started is not the matter.
FORKING = ("-m", "tests.support.forked_workers", "serve")


@dataclass(frozen=True)
class Service:
    """A running application with its database."""

    app: FastAPI
    client: TestClient
    database: Database
    settings: Settings
    clock: ManualClock


def settings_for(url: URL, **changes: object) -> Settings:
    fields: dict[str, object] = {
        "database_url": url.render_as_string(hide_password=False),
        # Open to this machine, so that a test without credentials may do everything.
        "environment": "development",
        # All tests come from one address; tests/Auth/test_limits.py sets limits.
        "login_rate_limit": "",
        "login_day_rate_limit": "",
        "registration_rate_limit": "",
        "write_rate_limit": "",
        "read_rate_limit": "",
        "stored_answers_rate_limit": "",
        "stored_bytes_rate_limit": "",
        "account_rate_limit": "",
        "share_rate_limit": "",
        "password_hash_memory_kib": 8,
        "password_hash_iterations": 1,
        "sweep_seconds": NO_SWEEPS,
        "live_stock_seconds": 3600,
        "database_pool_size": 8,
        # A machine that is busy with many tests may stand still for longer than callers would wait.
        "request_timeout_seconds": 20,
        "payment_providers": ("test", "test_confirm"),
        "test_payments_file": str(_payments_file(url)),
        "log_level": "WARNING",
        **changes,
    }
    return Settings.model_validate(fields)


def _payments_file(url: URL) -> Path:
    """What the test provider keeps beside a database; made when a test pays, gone at the end."""
    name = re.sub(r"\W", "_", url.database or "")
    return Path(_payments_folder()) / f"{name}.db"


@cache
def _payments_folder() -> str:
    folder = tempfile.TemporaryDirectory(prefix="nxt-payments-")
    atexit.register(folder.cleanup)
    return folder.name


@contextmanager
def _needing(unavailable: type[Exception]) -> Iterator[None]:
    """Where a program can't be had the tests skip, but never in CI."""
    try:
        yield
    except unavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


needing_postgres = partial(_needing, PostgresUnavailableError)
needing_nginx = partial(_needing, NginxUnavailableError)
needing_pgbouncer = partial(_needing, PgbouncerUnavailableError)
needing_browser = partial(_needing, BrowserUnavailableError)


@contextmanager
def fresh_database(backend: str, request: pytest.FixtureRequest, name: str) -> Iterator[URL]:
    """An empty database without a schema."""
    if backend == "postgres":
        with new_database(request.getfixturevalue("postgres"), name) as url:
            yield url
    else:
        parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
        with tempfile.TemporaryDirectory(prefix="nxt-", dir=parent) as folder:
            yield URL.create("sqlite", database=str(Path(folder) / f"{name}.db"))


def local_client(app: ASGIApp, **options: Any) -> TestClient:
    """A client on the service's own machine: in development it may do everything."""
    local: dict[str, Any] = {"base_url": "http://localhost", "client": ("127.0.0.1", 50000)}
    return TestClient(app, **local, **options) if options else InProcess(app, **local)


def migrate(settings: Settings) -> None:
    from alembic import command

    from core.store.schema_version import alembic_config, migration_connection

    with migration_connection(settings) as connection:
        command.upgrade(alembic_config(connection), "head")


@contextmanager
def running_service(settings: Settings) -> Iterator[Service]:
    from main import create_app

    if not settings.is_sqlite:
        migrate(settings)
    clock = ManualClock()
    app = create_app(_undisturbed(settings), clock=clock)
    _share_document(app, settings)
    with local_client(app) as client:
        yield Service(app, client, app.state.database, settings, clock)
    # Whoever comes next on a database of the same name was told nothing yet.
    Path(settings.test_payments_file).unlink(missing_ok=True)


def _undisturbed(settings: Settings) -> Settings:
    """Chores take turns: the first of a dozen would come in the midst of a test, after minutes."""
    is_quiet = settings.sweep_seconds == NO_SWEEPS
    return settings.model_copy(update={"sweep_seconds": 1e9}) if is_quiet else settings


# OpenAPI documents by the settings that they were made for.
_documents: dict[str, dict[str, Any]] = {}


def _share_document(app: FastAPI, settings: Settings) -> None:
    """To make one takes longer than most tests, and services that are set alike have the same."""
    set_alike = settings.model_dump_json(exclude={"database_url", "test_payments_file"})
    make = app.openapi

    def document() -> dict[str, Any]:
        if set_alike not in _documents:
            _documents[set_alike] = make()
        return _documents[set_alike]

    app.openapi = document  # type: ignore[method-assign]
