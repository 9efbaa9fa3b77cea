"""How the service is served: what every server of it is started with, whoever starts it."""

import logging
import signal
from math import ceil
from typing import Any

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.supervisors import multiprocess

from core.http.connections import BoundedProtocol
from core.settings import Settings

logger = logging.getLogger("nexticket.start")

APP = "main:app"
# What hangs has this much longer than requests have, once the process was asked to stop.
_GRACE_SECONDS = 2
# A worker that does not answer its parent is killed and made anew. Where the machine is busy one
# takes longer than uvicorn's five seconds to begin with, and none would ever come up.
_START_SECONDS = 20


class Worker(multiprocess.Process):
    """A worker whose parent hears at once that it ended, even while it was about to begin.

    uvicorn's own keeps the worker's end of their pipe open as well: its parent asks a worker that
    is being killed, and waits for the answer as long as it would for one that hangs.
    """

    def start(self) -> None:
        super().start()
        self.child_conn.close()


def serve(settings: Settings, **where: Any) -> None:
    """Serve until a signal comes; ``where`` are uvicorn's options for address and processes."""
    # uvicorn makes its workers of what has this name, and takes no other word for it.
    multiprocess.Process = Worker  # type: ignore[misc]
    uvicorn.run(APP, **where, **server_options(settings))


def server_options(settings: Settings) -> dict[str, Any]:
    return {
        "http": "core.http.connections:BoundedProtocol",
        "ws": "none",
        "limit_concurrency": settings.max_connections,
        "timeout_graceful_shutdown": ceil(settings.request_timeout_seconds) + _GRACE_SECONDS,
        "timeout_worker_healthcheck": _START_SECONDS,
        # Whom a caller stands for is TRUSTED_PROXIES' to say, which the service itself asks.
        "proxy_headers": False,
        # The service writes a line for each request by itself.
        "access_log": False,
        "server_header": False,
    }


def bound_server(settings: Settings) -> None:
    """Give the server that is starting us what ``serve`` would have: ``uvicorn main:app`` does not.

    uvicorn believes ``X-Forwarded-For`` of every peer on this machine unless it is told otherwise,
    and it rewrites who asks before we see it; nor does it bound what a connection may take. It
    starts us before it listens, and makes each connection from its options as they are then.
    """
    # The server listens to signals before it starts us, and nothing else tells which one it is.
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if isinstance(server, uvicorn.Server):
        _set_options(server.config, settings)
    elif settings.environment == "production":
        logger.warning("not served by uvicorn: the server has to bound its connections itself")


def _set_options(config: uvicorn.Config, settings: Settings) -> None:
    """What was not named at the start is as it is with ``serve``."""
    options = server_options(settings)
    if isinstance(config.loaded_app, ProxyHeadersMiddleware):
        config.loaded_app = config.loaded_app.app
    if not issubclass(config.http_protocol_class, BoundedProtocol):
        config.http_protocol_class = BoundedProtocol
    # Connections that are handed on to another protocol would leave the bounds behind.
    config.ws_protocol_class = None
    for name in ("limit_concurrency", "timeout_graceful_shutdown"):
        if getattr(config, name) is None:
            setattr(config, name, options[name])
    hidden = (b"server", b"uvicorn")
    config.encoded_headers = [header for header in config.encoded_headers if header != hidden]
