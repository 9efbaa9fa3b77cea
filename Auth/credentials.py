"""What a request shows of its identity, and whether it comes from this very machine."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from core.http.heads import hostname

# What proxies and content delivery networks add to what they pass on, whether or not it tells for
# whom: the peer is one of them then, and this machine only stands at its end.
_PASSED_ON = frozenset(
    {
        "akamai-origin-hop",
        "cdn-loop",
        "client-ip",
        "fastly-client-ip",
        "fly-client-ip",
        "forwarded",
        "true-client-ip",
        "via",
        "x-amzn-trace-id",
        "x-arr-log-id",
        "x-client-ip",
        "x-cloud-trace-context",
        "x-cluster-client-ip",
        "x-original-forwarded-for",
        "x-original-host",
        "x-proxyuser-ip",
        "x-real-ip",
        "x-varnish",
    }
)
_PASSED_ON_AS = ("cf-", "x-azure-", "x-envoy-", "x-forwarded", "x-vercel-")

# What a browser keeps of a log-in. A cookie of this prefix it takes from the host itself alone, and
# over TLS: no other host of the same domain can put another log-in in its place.
SECURE_COOKIE = "__Host-nexticket-login"
# Over plain HTTP, for development, it would not take that one.
PLAIN_COOKIE = "nexticket-login"


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


def said_in_cookies(scope: Scope, name: str) -> tuple[str, ...]:
    """All values of a cookie. A head may have it in any number, and anything beside it."""
    lines = (line.decode("latin-1") for key, line in scope["headers"] if key == b"cookie")
    pairs = (pair.strip().partition("=") for line in lines for pair in line.split(";"))
    return tuple(value for key, _, value in pairs if key == name)


def comes_from_this_machine(scope: Scope, cors_origins: tuple[str, ...]) -> bool:
    """A loopback peer that names a loopback host, no proxy, and no page of another site behind it.

    A browser on this machine runs pages from anywhere: their requests carry the page's Origin,
    and a name that an attacker has pointed at 127.0.0.1 shows in Host.
    """
    client = scope.get("client")
    if client is None or not _is_loopback(client[0]):
        return False
    headers = Headers(scope=scope)
    if not _is_loopback(hostname(headers.get("host", "").encode("latin-1"))):
        return False
    return not _was_passed_on(scope, headers) and _is_of_this_site(headers, cors_origins)


def is_asked_by_own_page(scope: Scope, cors_origins: tuple[str, ...]) -> bool:
    """Whether no page asks, or one that may use what the browser keeps for this site.

    That is a page of this very origin, or of one that is listed and of the same site. What
    browsers say in Sec-Fetch-Site is about the address that they asked, whatever a proxy has made
    of the host since; only who does not say it is judged by Origin or, of old, Referer.
    """
    headers = Headers(scope=scope)
    origin = headers.get("origin") or _origin(headers.get("referer", ""))
    # With all origins allowed none is known to be ours.
    is_listed = origin in cors_origins and "*" not in cors_origins
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"none", "same-origin"} or (site == "same-site" and is_listed)
    # A proxy may have ended the encryption, but none has begun it.
    host = headers.get("host")
    own = {f"{scope['scheme']}://{host}", f"https://{host}"}
    return not origin or is_listed or origin in own


def _was_passed_on(scope: Scope, headers: Headers) -> bool:
    """Whether a proxy stands between, and so somebody who is not known here.

    HTTP/1.0 is what proxies speak that nobody has set up; no browser and no curl does.
    """
    return scope.get("http_version") == "1.0" or any(
        name in _PASSED_ON or name.startswith(_PASSED_ON_AS) for name in headers
    )


def _is_of_this_site(headers: Headers, cors_origins: tuple[str, ...]) -> bool:
    """No page of another site asks. A proxy may have changed the host, but not what pages say."""
    if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return False
    host = headers.get("host")
    origin, referer = headers.get("origin"), headers.get("referer")
    if origin is not None and origin not in cors_origins and _netloc(origin) != host:
        return False
    return not referer or _origin(referer) in cors_origins or _netloc(referer) == host


def _netloc(url: str) -> str | None:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return None


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
