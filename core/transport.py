"""What would leave this machine in clear: where the database and the counts are, and who calls."""

import os
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qs, urlsplit

from sqlalchemy import URL

from core.settings import Settings

# With the others PostgreSQL's driver goes on in clear where the server, or somebody in between,
# says that it has no TLS.
_ENCRYPTED_MODES = {"require", "verify-ca", "verify-full"}
_TRUE = {"1", "true", "yes", "required"}


def transport_reasons(settings: Settings) -> list[str]:
    """Which connections of ours go to another machine without TLS."""
    reasons = []
    if not settings.is_sqlite and (host := _clear_postgres(settings.database)):
        reasons.append(
            f"DATABASE_URL leads to {host} without TLS: add ?sslmode=verify-full or =require"
        )
    if host := _clear_storage(settings.rate_limit_storage):
        reasons.append(
            f"RATE_LIMIT_STORAGE leads to {host} without TLS: use rediss:// for instance"
        )
    return reasons


def clear_origins(origins: Sequence[str]) -> Iterator[str]:
    """The origins whose pages anybody on the way to the browser can change."""
    for origin in origins:
        address = urlsplit(origin)
        if address.scheme == "http" and not stays_on_this_machine(address.hostname or ""):
            yield origin


def stays_on_this_machine(host: str) -> bool:
    """Whether what is sent there stays on this machine; a path names a local socket."""
    if not host or host.startswith(("/", "@")):
        return True
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _clear_postgres(url: URL) -> str | None:
    """The first host on another machine, unless all that is sent there is encrypted."""
    mode = _last(url.query.get("sslmode")) or os.environ.get("PGSSLMODE", "")
    if mode in _ENCRYPTED_MODES:
        return None
    return _elsewhere(_postgres_hosts(url))


def _postgres_hosts(url: URL) -> list[str]:
    """As the driver finds them: in the URL, in its query, or in the surroundings."""
    named = [url.host or "", *_all(url.query.get("host")), *_all(url.query.get("hostaddr"))]
    surroundings = [os.environ.get("PGHOST", ""), os.environ.get("PGHOSTADDR", "")]
    return [host for host in named if host] or surroundings


def _clear_storage(value: str) -> str | None:
    address = urlsplit(value)
    if address.scheme.startswith(("rediss", "memory")) or _asks_for_tls(address):
        return None
    # There may be several, which the standard library does not expect.
    return _elsewhere([address.netloc.rpartition("@")[2]])


def _asks_for_tls(address: SplitResult) -> bool:
    asked = parse_qs(address.query)
    return any(value.lower() in _TRUE for name in ("ssl", "tls") for value in asked.get(name, ()))


def _elsewhere(hosts: Sequence[str]) -> str | None:
    """Each may be a list, with ports."""
    single = (_without_port(one) for host in hosts for one in host.split(","))
    return next((host for host in single if not stays_on_this_machine(host)), None)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    # More than one colon is an address, and not a port.
    return host.partition(":")[0] if host.count(":") == 1 else host


def _all(value: str | Sequence[str] | None) -> Sequence[str]:
    return [value] if isinstance(value, str) else value or ()


def _last(value: str | Sequence[str] | None) -> str:
    return next(reversed(_all(value)), "")
