"""Codes that are good once: those of an authenticator (TOTP, RFC 6238), and for when it is lost."""

import hmac
import re
import secrets
import unicodedata
from base64 import b32encode
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from cryptography.hazmat.primitives.twofactor.totp import TOTP

# What every authenticator understands, whatever an address says besides.
STEP_SECONDS = 30
_DIGITS = 6
_SECRET_BYTES = 20
# A clock may be a step ahead or behind, and a code takes a moment to be typed.
_DRIFT = 1
RECOVERY_CODES = 10
# 120 random bits, for which a plain hash is enough; in groups that people can copy.
_RECOVERY_BYTES, _GROUP = 15, 6
# Blanks, and what a keyboard or a word processor makes of a hyphen.
_FILLING = re.compile(r"[\s\u2010-\u2015-]")


def new_secret() -> bytes:
    return secrets.token_bytes(_SECRET_BYTES)


def shown_secret(secret: bytes) -> str:
    """As it is typed where no picture of the address can be taken."""
    return b32encode(secret).decode()


def address_of(secret: bytes, *, account: str, issuer: str) -> str:
    """The ``otpauth://`` address that authenticators read, mostly from a QR code."""
    totp = TOTP(secret, _DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - what RFC 6238 means
    return totp.get_provisioning_uri(account, issuer)


def code_at(secret: bytes, step: int) -> str:
    hotp = HOTP(secret, _DIGITS, SHA1())  # noqa: S303 - as above
    return hotp.generate(step).decode()


def step_at(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def step_of(secret: bytes, code: str, now: datetime) -> int | None:
    """The time step that a code is of; however it is wrong, finding that out takes as long."""
    said, middle = code.encode(errors="surrogatepass"), step_at(now)
    steps = range(middle - _DRIFT, middle + _DRIFT + 1)
    found = [step for step in steps if hmac.compare_digest(code_at(secret, step).encode(), said)]
    return found[-1] if found else None


def new_recovery_code() -> str:
    code = b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def as_meant(typed: str) -> str:
    """A code without the blanks and hyphens that it is read and typed with, in plain digits."""
    return _FILLING.sub("", unicodedata.normalize("NFKC", typed)).lower()
