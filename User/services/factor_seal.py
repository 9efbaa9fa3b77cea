"""How the secrets of second factors are kept: shut, so that the database alone makes no codes."""

import hmac
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.settings import Settings
from core.signing_keys import signing_keys

# As the cipher is used everywhere; drawn anew for each secret.
_NONCE_BYTES = 12


@dataclass(frozen=True)
class Opened:
    secret: bytes
    # Whether it was shut with a key that is on its way out.
    is_outdated: bool


class FactorSeal:
    """Shuts with a key made of the signing key; opens with that of the one before it, too."""

    def __init__(self, settings: Settings) -> None:
        self._ciphers = [
            AESGCM(hmac.digest(key.encode(), b"second factors", "sha256"))
            for key in signing_keys(settings)
        ]

    def shut(self, user_id: int, secret: bytes) -> str:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._ciphers[0].encrypt(nonce, secret, _owner(user_id))
        return b64encode(sealed).decode()

    def open(self, user_id: int, sealed: str) -> Opened | None:
        """None if it was shut with neither key, or for somebody else."""
        said = b64decode(sealed)
        nonce, shut = said[:_NONCE_BYTES], said[_NONCE_BYTES:]
        for number, cipher in enumerate(self._ciphers):
            try:
                return Opened(cipher.decrypt(nonce, shut, _owner(user_id)), number > 0)
            except InvalidTag:
                continue
        return None


def _owner(user_id: int) -> bytes:
    """Who can write to the database must not give an administrator a secret of their own."""
    return f"user {user_id}".encode()
