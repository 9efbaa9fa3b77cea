"""What the service writes to its log, line by line."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from core.logs import configure_logs
from core.settings import Settings
from tests.support.service import local_client

LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic", "httpx2")


@contextmanager
def restored_logging() -> Iterator[None]:
    loggers = [logging.getLogger(), *(logging.getLogger(name) for name in LOGGERS)]
    before = [(it, list(it.handlers), it.level, it.propagate, it.disabled) for it in loggers]
    try:
        yield
    finally:
        for it, handlers, level, propagate, disabled in before:
            it.handlers[:] = handlers
            it.setLevel(level)
            it.propagate, it.disabled = propagate, disabled


class Lines:
    def __init__(self) -> None:
        self._stream = io.StringIO()

    def configure(self, settings: Settings) -> None:
        with redirect_stderr(self._stream):
            configure_logs(settings)

    @contextmanager
    def of(self, app: FastAPI) -> Iterator[TestClient]:
        """The lines of a service from its start on."""
        with ExitStack() as stack:
            with redirect_stderr(self._stream):
                client = stack.enter_context(local_client(app))
            yield client

    def text(self) -> list[str]:
        """The lines written since the last look."""
        written = self._stream.getvalue()
        self._stream.seek(0)
        self._stream.truncate()
        return written.splitlines()

    def json(self, logger: str | None = None) -> list[Any]:
        parsed = [json.loads(line) for line in self.text()]
        return [line for line in parsed if logger in {None, line["logger"]}]

    def request(self) -> Any:
        """The one line of the request that was just answered."""
        (line,) = self.json("nexticket.access")
        return line
