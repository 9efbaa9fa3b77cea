"""The ``Idempotency-Key`` of a request: what it stands for. ``work.idempotency`` keeps answers."""

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Request

from core.errors import InvalidIdempotencyKeyError
from core.http.bodies import is_form
from core.http.middleware import route_path

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
METHODS = frozenset({"POST", "PUT", "PATCH"})
# In the OpenAPI document while it is being made: an operation that takes none.
NOT_TAKEN = "x-no-idempotency-key"
MAX_LENGTH = 255
# As the cipher is used everywhere; drawn anew for each answer.
_NONCE_BYTES = 12
# Quotes are how structured fields are spelt, and say nothing themselves.
PATTERN = r"^[ -~]*[!#-~][ -~]*$"


@dataclass(frozen=True)
class Seal:
    """Shuts an answer, so that only the request that it is of can open it."""

    _key: bytes

    def encrypt(self, said: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._key).encrypt(nonce, said, None)

    def decrypt(self, sealed: bytes) -> bytes:
        nonce, said = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(self._key).decrypt(nonce, said, None)
        except InvalidTag:
            # What the release before has sealed; a day after it, there is no such answer left.
            return Fernet(urlsafe_b64encode(self._key)).decrypt(sealed)


@dataclass(frozen=True)
class KeyedRequest:
    """A request under a key: how it is told from others, and what its answer is sealed with."""

    key_hash: str
    fingerprint: str
    seal: Seal

    def for_step(self, name: str) -> "KeyedRequest":
        """The same request, for a step of it that is carried out once by itself."""
        said = f"{self.key_hash}\0{name}".encode()
        return replace(self, key_hash=hashlib.sha256(said).hexdigest())


async def keyed_request(request: Request) -> KeyedRequest | None:
    """What a request's key stands for; None if it has none, or is of a kind that needs none."""
    if request.method not in METHODS or (key := _key_of(request)) is None:
        return None
    said = b"\0".join([*_address(request), await _content(request)])
    # Bodies hold passwords: who reads the database must not be able to try some, so both of
    # these need the key.
    fingerprint = hmac.digest(key.encode(), b"request\0" + said, "sha256")
    sealing = hmac.digest(key.encode(), b"answer\0" + said, "sha256")
    key_hash = hashlib.sha256(key.encode()).hexdigest()
    return KeyedRequest(key_hash, fingerprint.hex(), Seal(sealing))


def _key_of(request: Request) -> str | None:
    """The header's value; the quoted form of structured fields and the bare one are the same."""
    values = request.headers.getlist(HEADER)
    if not values:
        return None
    key = said = values[0].strip(" \t")
    if len(said) > 1 and said[0] == said[-1] == '"':
        key = said[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    # What PATTERN says; matched against it, a long text with a bad end would take for ever.
    says_something = said.isascii() and said.isprintable() and said.strip(' "')
    if len(values) > 1 or len(key) > MAX_LENGTH or not says_something:
        raise InvalidIdempotencyKeyError
    return key


def _address(request: Request) -> list[bytes]:
    """Method, path and query; the order of parameters says nothing."""
    query = sorted(parse_qsl(request.scope["query_string"], keep_blank_values=True))
    parameters = [part for pair in query for part in pair]
    path = route_path(request.scope).rstrip("/")
    # A lone surrogate can stand in a path that is not UTF-8.
    return [request.method.encode(), path.encode(errors="surrogatepass"), *parameters]


async def _content(request: Request) -> bytes:
    """The body, the same for all ways to write the same JSON or form."""
    if is_form(request):
        form = await request.form()
        return repr(sorted(form.multi_items(), key=repr)).encode()
    body = await request.body()
    try:
        # Kept by the request, which is going to be asked for it again.
        value = await request.json()
    except (ValueError, RecursionError):
        # No JSON, or nested without end: no operation takes it, and it has but one spelling.
        return body
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
