"""Where a request comes from: ``X-Forwarded-For`` counts as far as trusted proxies wrote it."""

import ipaddress

from starlette.datastructures import Headers
from starlette.types import Scope

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# A socket of the file system has no address; all of its callers count as one.
UNKNOWN = "unknown"
# Whoever has one address of IPv6 has at least so many of its first bits to themselves.
_HOUSEHOLD_BITS = 64


def client_address(scope: Scope, trusted_proxies: tuple[Network, ...]) -> str:
    """The rightmost address that is no trusted proxy's.

    Each proxy appends whom it saw. What stands left of an address that is not trusted was written
    by that address, and may be anything.
    """
    client = scope.get("client")
    if client is None:
        return UNKNOWN
    seen = _address(client[0])
    if seen is None:
        return str(client[0])
    for hop in reversed(_forwarded_for(scope)):
        before = _address(hop)
        if before is None or not _is_in(seen, trusted_proxies):
            break
        seen = before
    return str(seen)


def household(address: str) -> str:
    """Those addresses that one caller may be assumed to have, as one name."""
    parsed = _address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(parsed), _HOUSEHOLD_BITS), strict=False))
    return address


def _forwarded_for(scope: Scope) -> list[str]:
    lines = Headers(scope=scope).getlist("x-forwarded-for")
    return [hop for line in lines for hop in line.split(",")]


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
