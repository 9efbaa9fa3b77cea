"""The head of a request: bounded, and with one meaning, before anything reads what it says."""

import re
from collections.abc import Iterable
from functools import lru_cache

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from core.http.kinds import AMBIGUOUS, HEADERS_TOO_LARGE, URI_TOO_LONG, Kind
from core.http.problems import problem

# Browsers send twenty, and proxies add a few.
MAX_HEADERS = 100
# Path and query together; what is longer is no filter of a list.
MAX_TARGET = 8192
MAX_PARAMETERS = 100

# Where one of these stands twice, a proxy that reads the first and a service that reads the last
# take the same request for two.
_SAID_ONCE = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"host",
        b"origin",
        b"referer",
        b"sec-fetch-site",
        b"x-api-key",
    }
)
# A name or an address, and a port: no user, no path, and nothing that has to be decoded.
_HOST = re.compile(rb"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

Fault = tuple[Kind, str]

_TWICE = (AMBIGUOUS, "A header that can only be said once is there twice.")
_NO_HOST = (AMBIGUOUS, "The Host header is missing, or is no host.")
_TOO_LONG = (
    URI_TOO_LONG,
    f"An address has at most {MAX_TARGET} characters and {MAX_PARAMETERS} parameters.",
)
_TOO_MANY = (HEADERS_TOO_LARGE, f"A request has at most {MAX_HEADERS} headers.")


class RequestHeadMiddleware:
    """Refuses a head that is too large, or that two readers would read differently."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = _fault_of(scope) if scope["type"] == "http" else None
        if fault is None:
            await self.app(scope, receive, send)
        else:
            await problem(Request(scope), *fault)(scope, receive, send)


def _fault_of(scope: Scope) -> Fault | None:
    headers, query = scope["headers"], scope["query_string"]
    if len(headers) > MAX_HEADERS:
        return _TOO_MANY
    if len(scope["path"]) + len(query) > MAX_TARGET or query.count(b"&") >= MAX_PARAMETERS:
        return _TOO_LONG
    said = dict(headers)
    if len(said) != len(headers) and _says_twice(headers):
        return _TWICE
    host = said.get(b"host")
    if host is None:
        # HTTP/1.0 knows no such header.
        return None if scope["http_version"] == "1.0" else _NO_HOST
    return None if hostname(host) else _NO_HOST


def _says_twice(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    once = [name for name, _ in headers if name in _SAID_ONCE]
    return len(set(once)) != len(once)


@lru_cache(100)
def hostname(host: bytes) -> str:
    """The name in a Host header, in small letters, without the port; empty where it is none."""
    found = _HOST.fullmatch(host)
    return found[1].decode().strip("[]").lower() if found else ""
