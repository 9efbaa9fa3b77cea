"""What requests bring, read and held against what is taken."""

import hmac
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, TypeVar

from starlette.requests import Request

from test_payments.errors import RefusalError, bad
from test_payments.provider import PUBLISHABLE_KEY, Provider

E = TypeVar("E", bound=StrEnum)

_LARGEST_BODY = 65_536
_LARGEST_PAGE = 100
AMOUNT = r"(?=.*[1-9])\d{1,15}(\.\d{1,4})?"
CURRENCY = r"[A-Z]{3}"
ADDRESS = r"https?://[A-Za-z0-9.:\[\]-]+([/?#]\S*)?"
# Or beside its own page, for a shop that is served by the same host.
WAY_BACK = rf"{ADDRESS}|\.\./\.\./[a-z][A-Za-z0-9/?=&_-]*"
WORD = r"[a-z_]{0,50}"
_ANYTHING = r"(?s).{0,500}"
_KEY = r"[!-~]{1,255}"


def provider_of(request: Request) -> Provider:
    provider: Provider = request.app.state.provider
    return provider


def require_secret(request: Request) -> None:
    """Let in the shop."""
    _require_one_of(request, provider_of(request).options.secrets)


def require_key(request: Request) -> None:
    """Let in the shop or its front end."""
    _require_one_of(request, [*provider_of(request).options.secrets, PUBLISHABLE_KEY])


def idempotency_key(request: Request) -> str:
    key = request.headers.get("idempotency-key", "")
    if not re.fullmatch(_KEY, key):
        raise bad("idempotency_key_missing", "An Idempotency-Key is needed here.")
    return key


async def body_of(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            raise RefusalError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", "The body is too large."
            )
    return body


class Fields:
    """The members of a JSON object, of which none is passed over."""

    def __init__(self, members: dict[str, Any]) -> None:
        self._left = members

    def text(self, name: str, like: str = _ANYTHING, default: str | None = None) -> str:
        said = self._left.pop(name, default)
        if not isinstance(said, str) or (said != default and not re.fullmatch(like, said)):
            raise bad("bad_request", f"{name!r} is missing, or not what it should be.")
        return said

    def word(self, name: str, words: type[E]) -> E | None:
        """One of some words, if it is there."""
        said = self._left.pop(name, None)
        if said is None:
            return None
        if said not in set(words):
            raise bad("bad_request", f"{name!r} is one of {', '.join(words)}.")
        return words(said)

    def number(self, name: str, least: float, most: float, default: float) -> float:
        said = self._left.pop(name, default)
        if isinstance(said, bool) or not isinstance(said, int | float) or not least <= said <= most:
            raise bad("bad_request", f"{name!r} is a number from {least} to {most}.")
        return said

    def texts(self, name: str) -> dict[str, str]:
        said = self._left.pop(name, {})
        if not isinstance(said, dict) or not all(isinstance(one, str) for one in said.values()):
            raise bad("bad_request", f"{name!r} is an object of texts.")
        return said

    def require_no_more(self) -> None:
        if self._left:
            raise bad("bad_request", f"There is no such member: {', '.join(self._left)}.")


def fields_of(body: bytes) -> Fields:
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise RefusalError(HTTPStatus.BAD_REQUEST, "malformed_body", "The body is no JSON object.")
    return Fields(said)


def moment_of(query: Mapping[str, str]) -> float:
    """Since when a list is wanted."""
    try:
        moment = datetime.fromisoformat(query.get("since", "1970-01-01"))
    except ValueError:
        raise bad("bad_request", "'since' is a time of ISO 8601.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def page_size(query: Mapping[str, str]) -> int:
    said = query.get("limit", str(_LARGEST_PAGE))
    if not re.fullmatch(r"[1-9]\d{0,2}", said) or int(said) > _LARGEST_PAGE:
        raise bad("bad_request", f"'limit' is a number from 1 to {_LARGEST_PAGE}.")
    return int(said)


def _require_one_of(request: Request, keys: Iterable[str]) -> None:
    scheme, _, said = request.headers.get("authorization", "").partition(" ")
    is_known = any(hmac.compare_digest(said.encode(), key.encode()) for key in keys)
    if scheme.lower() != "bearer" or not is_known:
        raise RefusalError(HTTPStatus.UNAUTHORIZED, "unauthorized", "The key is missing or wrong.")
