"""Structured logs: one JSON object a line, or readable text in development."""

import json
import logging
import secrets
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from core.settings import Settings
from core.traces import trace

# Ours, always: what is written down under it can't be made to look like something else's.
request_id: ContextVar[str] = ContextVar("request_id", default="-")
# What the caller calls the request, where it was said: its own log may tell more.
client_request_id: ContextVar[str | None] = ContextVar("client_request_id", default=None)

# What the ``logging`` module itself puts on a record; everything else is ours to print.
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


def new_request_id() -> str:
    return secrets.token_hex(8)


def configure_logs(settings: Settings) -> None:
    """Send everything, the server's own messages included, through one handler."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        TextFormatter() if settings.environment == "development" else JsonFormatter()
    )
    _leave_out_what_no_line_tells()
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        server = logging.getLogger(name)
        server.handlers = []
        server.propagate = True
    # Our own line per request says more and costs half.
    logging.getLogger("uvicorn.access").disabled = True
    # Each process that migrates would otherwise tell how it is set up, and each request to a
    # provider that it was answered, with its address.
    for name in ("alembic", "httpx2"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _leave_out_what_no_line_tells() -> None:
    """As ``logging`` documents under "Optimization": half of what a line costs."""
    logging._srcfile = None  # noqa: SLF001
    logging.logThreads = False
    logging.logProcesses = False
    logging.logMultiprocessing = False
    if hasattr(logging, "logAsyncioTasks"):
        logging.logAsyncioTasks = False


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            **_fields(record),
        }
        if (error := _error_of(record)) is not None:
            line["exception"] = trace(error)
        return _json(line)


class TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        more = "".join(f" {key}={value}" for key, value in _fields(record).items())
        line = f"{time} {record.levelname:<7} {record.getMessage()}{more}"
        if request_id.get() != "-":
            line += f" request_id={request_id.get()}"
        if (error := _error_of(record)) is not None:
            line += f"\n{trace(error)}"
        return line


def _error_of(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def _json(line: dict[str, Any]) -> str:
    try:
        return to_json(line, fallback=str).decode()
    except PydanticSerializationError:
        # Half of a surrogate pair, say, which is no text that could be encoded.
        return json.dumps(line, default=str, ensure_ascii=False)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}
