"""What must not go into production: a start that would be unsafe is refused, with every reason."""

import logging
import multiprocessing
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import IPv6Network

from pydantic import SecretStr

from core.private_files import file_reasons
from core.settings import (
    Allowance,
    ConfigurationError,
    Network,
    Settings,
    load_settings,
    rate_limit,
)
from core.transport import clear_origins, transport_reasons

logger = logging.getLogger("nexticket.start")

# RFC 7518: a key is at least as long as the hash that it is for.
_KEY_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
# What people write where a secret will have to stand, without what is between the words.
_PLACEHOLDER = re.compile(
    "change(me|this|it|in|before)|replace(me|this|it|with)|your(super|very|own)*(secret|key)"
    "|(secret|key|value)(goes)?here|placeholder"
)
# Random text of 32 characters has more different ones, also when written in base 16.
_DIFFERENT_CHARACTERS = 8


# What argon2id has to cost: OWASP's choices, from 7 MiB and five rounds to 46 MiB and one, all have
# at least this product of KiB and rounds.
_HASH_MEMORY_KIB, _HASH_WORK_KIB = 7_168, 35_840
# Who has stolen a token can use it for so long.
_TOKEN_MINUTES = 24 * 60
# Networks with fewer bits are no list of proxies; the private addresses of IPv6 are one network.
_PROXY_BITS = {4: 8, 6: 16}
_PRIVATE_IPV6 = IPv6Network("fc00::/7")
_GUESSES_PER_MINUTE = 60
_REQUEST_SECONDS = 60
_SERVING_OTHERS = {"staging", "production"}
_BODY_BYTES = 16 * 1024 * 1024


def load_safe_settings() -> Settings:
    """The settings of a process that serves or administers; unsafe ones stop its start."""
    settings = load_settings()
    if reasons := unsafe_reasons(settings):
        raise ConfigurationError(f"unsafe in {settings.environment}: {'; '.join(reasons)}")
    return settings


def require_shared_key(settings: Settings) -> None:
    """Refuse to serve where each of several processes would sign with a key of its own.

    What a server starts by Python's means has one: see ``core.signing_keys``. What a manager forks
    does not, unless SECRET_KEY says one.
    """
    if _is_apart() and not settings.secret_key.get_secret_value():
        raise ConfigurationError(
            "SECRET_KEY is missing, and each of several processes would make its own, so that none"
            " would know the log-ins of the others"
        )


def is_forked() -> bool:
    """Whether a manager forked this process, which hands nothing on to all that it forks."""
    manager = os.environ.get("SERVER_SOFTWARE", "")
    return manager.startswith("gunicorn") and not _is_handed_on_to()


def _is_apart() -> bool:
    """Whether there may be others that were handed nothing; a number alone may be no manager's."""
    return is_forked() or (_told_processes() > 1 and not _is_handed_on_to())


def _is_handed_on_to() -> bool:
    """Whether Python made this process, which then knows what the first one drew."""
    return multiprocessing.parent_process() is not None


def unsafe_reasons(settings: Settings) -> list[str]:
    """Why the service must not run like this in its environment; none in development."""
    if settings.environment == "staging":
        return _key_reasons(settings)
    if settings.environment != "production":
        return []
    return [
        *_key_reasons(settings),
        *_production_reasons(settings),
        *_allowable_reasons(settings, lambda kind: kind not in settings.allow_unsafe),
    ]


def announce_allowances(settings: Settings) -> None:
    """Say in the log what would have stopped the start, had ALLOW_UNSAFE not named it."""
    if settings.environment != "production":
        return
    for reason in _allowable_reasons(settings, lambda kind: kind in settings.allow_unsafe):
        logger.warning("UNSAFE, and started all the same because ALLOW_UNSAFE says so: %s", reason)


def announce_counts(settings: Settings) -> None:
    """Say in the log that callers may do more often what limits say, where that is so."""
    if settings.environment not in _SERVING_OTHERS or not _is_one_of_several():
        return
    if settings.rate_limit_storage.startswith("memory:"):
        logger.warning(
            "RATE_LIMIT_STORAGE is memory:// and each of several processes counts alone: callers"
            " may log in, register and write so many times as often; share a store, such as"
            " redis://host:6379"
        )


def _is_one_of_several() -> bool:
    """A server that keeps several processes is the parent of each, or was told so by the name that
    managers of processes share.
    """
    return multiprocessing.parent_process() is not None or _told_processes() > 1


def _told_processes() -> int:
    told = os.environ.get("WEB_CONCURRENCY", "")
    return int(told) if told.isdecimal() else 1


def _key_reasons(settings: Settings) -> list[str]:
    """Whoever can guess a key signs tokens for everybody; the previous one signs as well."""
    bytes_needed = _KEY_BYTES[settings.algorithm]
    present = settings.secret_key.get_secret_value().strip()
    reasons = [] if present else ["SECRET_KEY is missing"]
    for name in ("secret_key", "secret_key_previous"):
        reason = _weakness(getattr(settings, name), bytes_needed)
        reasons += [f"{name.upper()} {reason}"] if reason else []
    return reasons


def _weakness(secret: SecretStr, bytes_needed: int) -> str | None:
    """What is wrong with a key that is there."""
    key = secret.get_secret_value().strip()
    if not key:
        return None
    letters = re.sub("[^a-z0-9]", "", key.lower())
    if _PLACEHOLDER.search(letters):
        return "is a placeholder"
    if len(key.encode()) < bytes_needed:
        return f"is shorter than {bytes_needed} bytes"
    if len(set(key)) < _DIFFERENT_CHARACTERS:
        return "is a placeholder"
    return None


def _production_reasons(settings: Settings) -> list[str]:
    unsafe = {
        "DEBUG is on": settings.debug,
        "CORS_ORIGINS has *, which lets every site's pages in": "*" in settings.cors_origins,
        "AUTH_REQUIRED is false, and without identity everybody could do everything": (
            settings.auth_required is False
        ),
        "TRUSTED_PROXIES is empty, but BEHIND_PROXY is on": (
            settings.behind_proxy and not settings.trusted_proxies
        ),
        "ACCESS_TOKEN_EXPIRE_MINUTES is more than a day, for which a stolen token would do": (
            settings.access_token_expire_minutes > _TOKEN_MINUTES
        ),
        "PAYMENT_PROVIDERS has one for tests, which takes no money": settings.takes_test_payments,
        "STRIPE_SECRET_KEY is one for tests, which takes no money": (
            settings.is_taking("stripe", "stripe_checkout")
            and "_test_" in settings.stripe_secret_key.get_secret_value()
        ),
    }
    return [
        *(reason for reason, is_so in unsafe.items() if is_so),
        *(
            f"TRUSTED_PROXIES has {network}, from where everybody could say who they are"
            for network in settings.trusted_proxies
            if _is_too_wide(network)
        ),
        *(
            f"CORS_ORIGINS has {origin}, whose pages anybody on the way can change: use https"
            for origin in clear_origins(settings.cors_origins)
        ),
    ]


def _is_too_wide(network: Network) -> bool:
    if isinstance(network, IPv6Network) and network.subnet_of(_PRIVATE_IPV6):
        return False
    return network.prefixlen < _PROXY_BITS[network.version]


def _allowable_reasons(settings: Settings, chosen: Callable[[Allowance], bool]) -> list[str]:
    """What can be right where somebody has thought about it, and says so in ALLOW_UNSAFE."""
    return [
        reason for kind, find in _ALLOWABLE.items() if chosen(kind) for reason in find(settings)
    ]


def _limit_reasons(settings: Settings) -> Iterator[str]:
    for name in type(settings).model_fields:
        if name.endswith("_rate_limit") and not getattr(settings, name):
            yield f"{name.upper()} is empty, so that nothing is limited"
    if settings.login_rate_limit:
        limit = rate_limit(settings.login_rate_limit)
        if limit.amount * 60 > _GUESSES_PER_MINUTE * limit.get_expiry():
            yield f"LOGIN_RATE_LIMIT allows more than {_GUESSES_PER_MINUTE} guesses a minute"
    if settings.request_timeout_seconds > _REQUEST_SECONDS:
        yield f"REQUEST_TIMEOUT_SECONDS is above {_REQUEST_SECONDS}, so that a few hold up all"
    if settings.max_body_bytes > _BODY_BYTES:
        yield f"MAX_BODY_BYTES is above {_BODY_BYTES}, so that a few requests fill the memory"


def _hashing_reasons(settings: Settings) -> Iterator[str]:
    memory, rounds = settings.password_hash_memory_kib, settings.password_hash_iterations
    if memory < _HASH_MEMORY_KIB or memory * rounds < _HASH_WORK_KIB:
        yield (
            f"PASSWORD_HASH_MEMORY_KIB {memory} with PASSWORD_HASH_ITERATIONS {rounds} makes"
            f" passwords cheap to guess: {_HASH_MEMORY_KIB} at least, {_HASH_WORK_KIB} multiplied"
        )


_ALLOWABLE: Mapping[Allowance, Callable[[Settings], Iterable[str]]] = {
    "limits": _limit_reasons,
    "hashing": _hashing_reasons,
    "tls": transport_reasons,
    "files": file_reasons,
}
