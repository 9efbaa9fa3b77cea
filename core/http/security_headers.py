"""What every answer tells browsers and caches: trust nothing, show nothing, keep nothing."""

import logging
from collections.abc import Mapping
from enum import Enum

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.http.docs_pages import ASSETS
from core.http.middleware import route_path
from core.settings import Settings

logger = logging.getLogger("nexticket.start")

_ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"x-frame-options": b"DENY",
}
_POLICY, _CACHE_CONTROL = b"content-security-policy", b"cache-control"
# The base of addresses and the targets of forms do not follow the default.
_NOTHING = (
    b"default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'"
)
# Swagger UI and ReDoc set their styles and start themselves inline; ReDoc searches in a worker
# that it makes from a blob. Both call the API from here, and load from nowhere else.
_DOCS = (
    b"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    b"child-src blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    b"frame-ancestors 'none'"
)
_DOCS_PAGES = {"/docs", "/redoc"}
_ONE_YEAR_OF_HTTPS = (b"strict-transport-security", b"max-age=31536000")
_CREDENTIALS = {b"authorization", b"x-api-key"}
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
        always = dict(_ALWAYS)
        if settings.is_open:
            always[b"x-auth-mode"] = b"open"
        self._always = list(always.items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # Read before the routes see it: a mounted part of the application changes the scope.
        path = route_path(scope)
        added, policy = self._always, (_POLICY, _DOCS if _is_docs(path) else _NOTHING)
        # Over plain HTTP anybody on the way could have written it, so that browsers ignore it.
        if scope.get("scheme") == "https":
            added = [*added, _ONE_YEAR_OF_HTTPS]
        caching = self._caching_of(scope, path)

        async def protected_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                headers.extend(added)
                # A page says itself what it loads.
                if all(name != _POLICY for name, _ in headers):
                    headers.append(policy)
                if caching and all(name != _CACHE_CONTROL for name, _ in headers):
                    headers.append((_CACHE_CONTROL, caching))
            await send(message)

        await self.app(scope, receive, protected_send)

    def _caching_of(self, scope: Scope, path: str) -> bytes | None:
        """What an answer without a ``Cache-Control`` of its own gets; None leaves it without."""
        if _has_credentials(scope):
            return b"no-store"
        said = {self._caching[address] for address in self._caching if _is_below(path, address)}
        if Caching.NEVER in said:
            return b"no-store"
        if not _is_below(path, _API):
            return None
        is_public = scope["method"] in {"GET", "HEAD"} and Caching.PUBLIC_READS in said
        return None if is_public else b"private, no-cache"


def announce_mode(settings: Settings) -> None:
    """Say in the log that no identity is asked for, where that is so."""
    if settings.is_open:
        logger.warning(
            "open mode: requests of this machine without credentials act as an administrator; "
            "AUTH_REQUIRED=true ends that"
        )


def _has_credentials(scope: Scope) -> bool:
    return any(name in _CREDENTIALS for name, _ in scope["headers"])


def _is_docs(path: str) -> bool:
    return path.rstrip("/") in _DOCS_PAGES or _is_below(path, ASSETS)


def _is_below(path: str, address: str) -> bool:
    return path == address or path.startswith(f"{address}/")
