"""What the service signs and seals with: SECRET_KEY, or what stands for it where there is none.

A key that each process made by itself would be known to one worker of several: the others would
refuse its tokens, and could open nothing that it shut.
"""

import hmac
import multiprocessing

from core.settings import Settings


def signing_keys(settings: Settings) -> list[str]:
    """The first one signs; what was signed with the one before it is still known by the other."""
    said = (settings.secret_key, settings.secret_key_previous)
    keys = [key.get_secret_value() for key in said if key.get_secret_value()]
    # Only development starts without a key: what was signed then lasts as long as the server.
    return keys or [secret_of_this_start(b"signing key of a start")]


def secret_of_this_start(purpose: bytes) -> str:
    """Random, and the same in all processes that one server started, also those started later.

    Python draws such a secret in the first process, and hands it on to each that this one makes.
    """
    secret = bytes(multiprocessing.current_process().authkey)
    return hmac.digest(secret, purpose, "sha256").hex()
