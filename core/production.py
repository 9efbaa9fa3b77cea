"""What must not go into production: a start that would be unsafe is refused, with every reason."""

import re

from pydantic import SecretStr

from core.settings import ConfigurationError, Settings, load_settings

# RFC 7518: a key is at least as long as the hash that it is for.
_KEY_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
# What people write where a secret will have to stand, without what is between the words.
_PLACEHOLDER = re.compile(
    "change(me|this|it|in|before)|replace(me|this|it|with)|your(super|very|own)*(secret|key)"
    "|(secret|key|value)(goes)?here|placeholder"
)
# Random text of 32 characters has more different ones, also when written in base 16.
_DIFFERENT_CHARACTERS = 8


def load_safe_settings() -> Settings:
    """The settings of a process that serves or administers; unsafe ones stop its start."""
    settings = load_settings()
    if reasons := unsafe_reasons(settings):
        raise ConfigurationError(f"unsafe in {settings.environment}: {'; '.join(reasons)}")
    return settings


def unsafe_reasons(settings: Settings) -> list[str]:
    """Why the service must not run like this in its environment; none in development."""
    if settings.environment == "staging":
        return _key_reasons(settings)
    if settings.environment == "production":
        return [*_key_reasons(settings), *_production_reasons(settings)]
    return []


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
    }
    return [reason for reason, is_so in unsafe.items() if is_so]
