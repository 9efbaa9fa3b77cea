"""What every answer tells browsers and caches: trust nothing, show nothing, keep nothing."""

import logging
from collections.abc import Mapping
from enum import Enum

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.http.docs_pages import ASSETS
from core.http.middleware import route_path
from core.settings import Settings

logger = logging.getLogger("nexticket.start")

_NOTHING = "default-src 'none'; frame-ancestors 'none'"
# Swagger UI and ReDoc set their styles and start themselves inline; ReDoc searches in a worker
# that it makes from a blob. Both call the API from here, and load from nowhere else.
_DOCS = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "child-src blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_DOCS_PAGES = {"/docs", "/redoc"}
_ONE_YEAR = "max-age=31536000"
_API = "/api"


class Caching(Enum):
    """What caches may keep of the answers below an address."""

    # Everybody sees the same; what is changed there is nobody else's either.
    PUBLIC_READS = "public reads"
    NEVER = "never"


class SecurityHeadersMiddleware:
    def __init__(self, app: ASGIApp, *, settings: Settings, caching: Mapping[str, Caching]) -> None:
        self.app = app
        self._caching = caching
        self._is_open = settings.is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # Read before the routes see it: a mounted part of the application changes the scope.
        added = self._headers(scope)
        caching = self._caching_of(scope)

        async def protected_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(added)
                if caching:
                    headers.setdefault("Cache-Control", caching)
            await send(message)

        await self.app(scope, receive, protected_send)

    def _headers(self, scope: Scope) -> dict[str, str]:
        headers = {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "X-Frame-Options": "DENY",
            "Content-Security-Policy": _DOCS if _is_docs(scope) else _NOTHING,
        }
        # Over plain HTTP anybody on the way could have written it, so that browsers ignore it.
        if scope.get("scheme") == "https":
            headers["Strict-Transport-Security"] = _ONE_YEAR
        if self._is_open:
            headers["X-Auth-Mode"] = "open"
        return headers

    def _caching_of(self, scope: Scope) -> str | None:
        """What an answer without a ``Cache-Control`` of its own gets; None leaves it without."""
        path = route_path(scope)
        said = {self._caching[address] for address in self._caching if _is_below(path, address)}
        if _has_credentials(scope) or Caching.NEVER in said:
            return "no-store"
        if not _is_below(path, _API):
            return None
        is_public = scope["method"] in {"GET", "HEAD"} and Caching.PUBLIC_READS in said
        return None if is_public else "private, no-cache"


def announce_mode(settings: Settings) -> None:
    """Say in the log that no identity is asked for, where that is so."""
    if settings.is_open:
        logger.warning(
            "open mode: requests of this machine without credentials act as an administrator; "
            "AUTH_REQUIRED=true ends that"
        )


def _has_credentials(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "authorization" in headers or "x-api-key" in headers


def _is_docs(scope: Scope) -> bool:
    path = route_path(scope)
    return path.rstrip("/") in _DOCS_PAGES or _is_below(path, ASSETS)


def _is_below(path: str, address: str) -> bool:
    return path == address or path.startswith(f"{address}/")
