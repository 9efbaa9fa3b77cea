"""What stands for accounts and addresses where they are not told: in the log, in the database's
stored answers, in a store of rate limits. Always the same, and telling neither.

Whoever guesses passwords shows by the account or the household that comes again and again. Which
one that is finds out who has the key, by asking for a name; the log alone does not tell.
"""

import hashlib
import hmac
from functools import lru_cache

from starlette.types import Scope

from Auth.addresses import household_of
from core.settings import Settings
from core.signing_keys import signing_keys

# How many households a process keeps in mind; some hundred bytes each.
_REMEMBERED = 4096
_DIGEST_BYTES = 8


class Pseudonyms:
    def __init__(self, settings: Settings) -> None:
        secret = signing_keys(settings)[0]
        self._key = hmac.digest(secret.encode(), b"pseudonyms in the log", "sha256")
        self._counting_key = hmac.digest(secret.encode(), b"names of counters", "sha256")
        self._proxies = settings.trusted_proxies
        self._known = lru_cache(_REMEMBERED)(self._of_household)

    def account(self, account: str) -> str:
        """Of what attempts on an account are counted by."""
        return self._digest(f"account {account}")

    def household(self, scope: Scope) -> str:
        """Of where a request comes from, as the rate limits see it."""
        return self._known(household_of(scope, self._proxies))

    def counted(self, name: str) -> str:
        """Of what is counted, in a store that may belong to others; the log has other ones."""
        said = name.encode(errors="surrogatepass")
        return hashlib.blake2b(said, key=self._counting_key, digest_size=16).hexdigest()

    def _of_household(self, name: str) -> str:
        return self._digest(f"household {name}")

    def _digest(self, text: str) -> str:
        said = text.encode(errors="surrogatepass")
        return hashlib.blake2b(said, key=self._key, digest_size=_DIGEST_BYTES).hexdigest()
