"""Access tokens (signed, short-lived) and opaque secrets (random, stored as hashes)."""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt

from core.schemas import MAX_ID
from core.settings import Settings
from core.signing_keys import signing_keys

ISSUER = AUDIENCE = "nexticket"
ACCESS = "access"
KEY_PREFIX = "nxt_"
# How many tokens' claims a process keeps; some hundred bytes each.
_REMEMBERED = 4096
# Ours have some 300 characters.
_LONGEST = 2000
# What ``new_secret`` makes.
_KEY = re.compile(f"{KEY_PREFIX}[A-Za-z0-9_-]{{43}}")
_CLAIMS = ["exp", "iat", "sub", "sid", "jti", "iss", "aud", "typ"]


@dataclass(frozen=True)
class AccessToken:
    """What a valid access token says: whom it is for, and from which log-in it comes."""

    user_id: int
    log_in_id: int
    # In seconds since 1970.
    ends: int

    def has_ended(self, now: datetime) -> bool:
        return now.timestamp() >= self.ends


class TokenSigner:
    def __init__(self, settings: Settings) -> None:
        self._algorithm = settings.algorithm
        self.lifetime = timedelta(minutes=settings.access_token_expire_minutes)
        # The first one signs; tokens of the one before it stay valid while they last.
        self._keys = signing_keys(settings)
        # A token is shown with each request, and its signature stays what it is. Forged ones are
        # not kept: they would push out the others.
        self._verified = lru_cache(_REMEMBERED)(self._decode)

    def sign(
        self, *, user_id: int, log_in_id: int, now: datetime, lifetime: timedelta | None = None
    ) -> str:
        claims = {
            "sub": str(user_id),
            "sid": log_in_id,
            "iat": now,
            "exp": now + (lifetime or self.lifetime),
            "jti": secrets.token_hex(8),
            "iss": ISSUER,
            "aud": AUDIENCE,
            "typ": ACCESS,
        }
        return jwt.encode(claims, self._keys[0], algorithm=self._algorithm)

    def read(self, token: str, *, now: datetime) -> AccessToken | None:
        """What the token says, or None if it is forged, expired, or no access token."""
        if len(token) > _LONGEST:
            return None
        for key in self._keys:
            try:
                claims = self._verified(token, key)
                said = _said_by(claims)
            # Whoever has the key can sign any number, also one without end.
            except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
                continue
            return None if said.has_ended(now) or claims["typ"] != ACCESS else said
        return None

    def marks(self, text: str) -> list[str]:
        """What stands for a text, the same each time, that nobody can find out by trying.

        Today's first; what was marked with the previous key is still known by the other.
        """
        said = b"mark\0" + text.encode()
        return [hmac.digest(key.encode(), said, "sha256").hex() for key in self._keys]

    def _decode(self, token: str, key: str) -> dict[str, Any]:
        return jwt.decode(
            token,
            key,
            algorithms=[self._algorithm],
            audience=AUDIENCE,
            issuer=ISSUER,
            # The service's own clock tells the time, so that tests can set it.
            options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False},
        )


def _said_by(claims: Mapping[str, Any]) -> AccessToken:
    said = AccessToken(int(claims["sub"]), int(claims["sid"]), int(claims["exp"]))
    if not (0 < said.user_id <= MAX_ID and 0 < said.log_in_id <= MAX_ID):
        raise ValueError("no database can hold such an id")
    return said


def is_key(secret: str) -> bool:
    """Whether it looks like an API key, as far as that can be told without asking for it."""
    return _KEY.fullmatch(secret) is not None


def new_secret() -> str:
    """256 random bits: no list of guesses reaches it, so a plain hash protects it."""
    return secrets.token_urlsafe(32)


def successor(secret: str, salt: str) -> str:
    """The secret that follows another one, for whoever has both that and the salt.

    The database has the salt and a hash of the secret, a thief of an old token has that alone:
    neither of them can tell the new one.
    """
    digest = hmac.digest(secret.encode(), salt.encode(), "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
