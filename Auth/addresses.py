"""Where a request comes from: ``X-Forwarded-…`` counts as far as trusted proxies wrote it."""

import ipaddress
from functools import lru_cache

from starlette.types import ASGIApp, Receive, Scope, Send

from core.http.middleware import header

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# A socket of the file system has no address, and what is no address proves none: all of these
# callers count as one, for names can be made up without end.
UNKNOWN = "unknown"
# Whoever has one address of IPv6 has at least so many of its first bits to themselves.
_HOUSEHOLD_BITS = 64
# To read an address costs more than all else that is counted of a request, and who asks asks again.
_REMEMBERED = 4096
_SHORT = 200


def client_address(scope: Scope, trusted_proxies: tuple[Network, ...]) -> str:
    """The rightmost address that is no trusted proxy's.

    Each proxy appends whom it saw. What stands left of an address that is not trusted was written
    by that address, and may be anything.
    """
    client = scope.get("client")
    if client is None:
        return UNKNOWN
    if not trusted_proxies:
        return _known_client(client[0], (), ())
    said = _forwarded_for(scope)
    # Long ones are made up, and must not fill the memory.
    see = _known_client if sum(map(len, said)) <= _SHORT else _client
    return see(client[0], said, trusted_proxies)


def household_of(scope: Scope, trusted_proxies: tuple[Network, ...]) -> str:
    """The household that a request comes from."""
    client = scope.get("client")
    if trusted_proxies or client is None:
        return household(client_address(scope, trusted_proxies))
    return _household_of_peer(client[0])


@lru_cache(_REMEMBERED)
def household(address: str) -> str:
    """Those addresses that one caller may be assumed to have, as one name."""
    parsed = _address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(parsed), _HOUSEHOLD_BITS), strict=False))
    return address


class ForwardedSchemeMiddleware:
    """Takes a trusted proxy's word for how its caller came; the server itself believes nobody."""

    def __init__(self, app: ASGIApp, *, trusted_proxies: tuple[Network, ...]) -> None:
        self.app = app
        self._trusted = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if scope["type"] == "http" and client and _is_trusted(client[0], self._trusted):
            said = header(scope, b"x-forwarded-proto")
            if said in {b"http", b"https"}:
                scope["scheme"] = said.decode()
        await self.app(scope, receive, send)


def _forwarded_for(scope: Scope) -> tuple[bytes, ...]:
    return tuple(value for name, value in scope["headers"] if name == b"x-forwarded-for")


def _client(peer: str, lines: tuple[bytes, ...], trusted_proxies: tuple[Network, ...]) -> str:
    seen = _address(peer)
    if seen is None:
        return UNKNOWN
    hops = [hop for line in lines for hop in line.decode("latin-1").split(",")]
    for hop in reversed(hops):
        before = _address(hop)
        if before is None or not _is_in(seen, trusted_proxies):
            break
        seen = before
    return str(seen)


_known_client = lru_cache(_REMEMBERED)(_client)


@lru_cache(_REMEMBERED)
def _household_of_peer(peer: str) -> str:
    return household(_client(peer, (), ()))


@lru_cache(_REMEMBERED)
def _is_trusted(peer: str, trusted_proxies: tuple[Network, ...]) -> bool:
    address = _address(peer)
    return address is not None and _is_in(address, trusted_proxies)


def _is_in(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)


def _address(text: str) -> Address | None:
    """As proxies write it: bare, ``1.2.3.4:5678`` or ``[::1]:5678``; None if it is no address."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # A socket for both kinds shows callers of IPv4 as addresses of IPv6.
    return getattr(address, "ipv4_mapped", None) or address
