"""The end of a soak: nothing is broken any more, and what is under way is waited for."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from core.errors import UnavailableError
from core.store.schema_version import ROOT
from database import Database
from tests.soak.books import Books, Ours, Theirs
from tests.soak.provider import METHOD, Provider
from tests.support.faults.connection import Connection, NoAnswerError
from tests.support.faults.journal import Journal
from tools.server import default_environment

_LOOK_SECONDS, _TELL_SECONDS = 1, 10
_FAILED = text(
    "SELECT movement_id, transaction_id, attempt FROM provider_refunds WHERE status = 'failed'"
)


class BoxOffice:
    """Sees to the refunds that a provider has refused: asked for once more, then paid out."""

    def __init__(self, address: Callable[[], str], database: Database) -> None:
        self._address = address
        self.database = database

    def see_to_refunds(self) -> None:
        try:
            with closing(Connection(self._address)) as connection:
                for row in self._failed():
                    self._see_to(row, connection)
        except (NoAnswerError, TimeoutError, UnavailableError):
            # Somebody is away still; what is left is seen to the next time.
            return

    def _failed(self) -> Sequence[Row[Any]]:
        return self.database.read_now(lambda session: session.connection().execute(_FAILED).all())

    def _see_to(self, row: Row[Any], connection: Connection) -> None:
        what, body = ("retry", None) if row.attempt == 1 else ("settle", {"reason": "cash"})
        path = f"/api/transactions/{row.transaction_id}/refunds/{row.movement_id}/{what}"
        connection.send("POST", path, body)


def books_once_all_is_done(
    journal: Journal,
    box_office: BoxOffice,
    provider: Provider,
    *,
    seconds: float,
    tell: Callable[[str], None],
) -> Books:
    """As they are once nothing is under way, or when that takes too long."""
    started = told = time.monotonic()
    while True:
        box_office.see_to_refunds()
        books = Books(journal, Ours.of(box_office.database), Theirs.of(provider))
        left = books.unfinished()
        if not left or time.monotonic() > started + seconds:
            return books
        if time.monotonic() > told + _TELL_SECONDS:
            tell("open: " + ", ".join(f"{number} {what}" for what, number in left.items()))
            told = time.monotonic()
        time.sleep(_LOOK_SECONDS)


def differences_told(settings: Mapping[str, str], since: datetime) -> list[str]:
    """What an operator is told by the command that holds the provider's books against ours."""
    command = ["cli.py", "reconcile", "--provider", METHOD, "--since", f"{since:%Y-%m-%dT%H:%M:%S}"]
    ran = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**default_environment(), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode == 0:
        return []
    *differences, _summary = ran.stdout.splitlines() or [""]
    return differences or [f"the command failed: {ran.stderr[-500:]}"]
