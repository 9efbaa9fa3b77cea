"""What a request shows of its identity, and whether it comes from this very machine."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope


@dataclass(frozen=True)
class Credentials:
    """Either an access token or an API key."""

    secret: str


def credentials_of(scope: Scope) -> Credentials | None:
    key: bytes | None = None
    for name, said in scope["headers"]:
        if name == b"authorization":
            scheme, _, value = said.decode("latin-1").partition(" ")
            # A scheme that we do not speak proves nothing, and must not pass for no credentials.
            return Credentials(value.strip() if scheme.lower() == "bearer" else "")
        if name == b"x-api-key" and key is None:
            key = said
    return None if key is None else Credentials(key.decode("latin-1").strip())


def comes_from_this_machine(scope: Scope, cors_origins: tuple[str, ...]) -> bool:
    """A loopback peer that names a loopback host, and no page of another site behind it.

    A browser on this machine runs pages from anywhere: their requests carry the page's Origin,
    and a name that an attacker has pointed at 127.0.0.1 shows in Host.
    """
    client = scope.get("client")
    headers = Headers(scope=scope)
    if client is None or not _is_loopback(client[0]):
        return False
    if any(name in headers for name in ("forwarded", "x-forwarded-for", "x-real-ip")):
        return False  # The peer is a proxy, and whom it stands for is not known here.
    host = headers.get("host", "")
    if not _is_loopback(_hostname(f"//{host}")):
        return False
    if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return False
    origin = headers.get("origin")
    return origin is None or origin in cors_origins or urlsplit(origin).netloc == host


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
