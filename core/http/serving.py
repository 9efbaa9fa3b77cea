"""How the service is served: what every server of it is started with, whoever starts it."""

from math import ceil
from typing import Any

import uvicorn

from core.settings import Settings

APP = "main:app"
# What hangs has this much longer than requests have, once the process was asked to stop.
_GRACE_SECONDS = 2


def serve(settings: Settings, **where: Any) -> None:
    """Serve until a signal comes; ``where`` are uvicorn's options for address and processes."""
    uvicorn.run(APP, **where, **server_options(settings))


def server_options(settings: Settings) -> dict[str, Any]:
    return {
        "http": "core.http.connections:BoundedProtocol",
        "ws": "none",
        "limit_concurrency": settings.max_connections,
        "timeout_graceful_shutdown": ceil(settings.request_timeout_seconds) + _GRACE_SECONDS,
        # Whom a caller stands for is TRUSTED_PROXIES' to say, which the service itself asks.
        "proxy_headers": False,
        # The service writes a line for each request by itself.
        "access_log": False,
        "server_header": False,
    }
