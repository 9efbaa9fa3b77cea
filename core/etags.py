"""Entity tags (RFC 9110, 8.8.3): which bytes an answer has, and which state of its object it shows.

A tag is ``"state-digest"``. The digest is of the bytes, so that a caller who has the tag has them.
The state is when the object was changed last, which is what a change by ``If-Match`` is about: what
is derived, or shown beside it, is not what a PUT would overwrite.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from core.errors import PreconditionFailedError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# So many hexadecimal digits that no two contents ever meet.
_DIGITS = 24
_ANY = "*"
_TAG = r'(W/)?"([^"]*)"'
_TAGS, _LIST = re.compile(_TAG), re.compile(rf"{_TAG}(\s*,\s*{_TAG})*")


def tag_of(body: bytes, updated_at: datetime | None = None) -> bytes:
    """The tag of an answer; of one that shows an object, with the object's state."""
    digest = sha256(body).hexdigest()[:_DIGITS]
    said = digest if updated_at is None else f"{_state_of(updated_at)}-{digest}"
    return b'"%b"' % said.encode()


def tag_of_all(parts: Iterable[bytes]) -> bytes:
    """The tag of an answer that is made of parts, by theirs."""
    return tag_of(b"\n".join(parts))


def is_among(tag: bytes, said: bytes) -> bool:
    """Whether a caller who says ``If-None-Match`` has the answer; weak tags will do."""
    # A tag has its quotes, and none within.
    return tag in said or is_any(said)


def is_any(said: bytes) -> bool:
    return said.strip() == _ANY.encode()


@dataclass
class Precondition:
    """Which state of its object a change is meant for; of one transaction, that must hear it."""

    # None: any, as long as there is one.
    states: frozenset[str] | None
    is_heard: bool = field(default=False, init=False)

    @classmethod
    def said(cls, value: bytes) -> "Precondition":
        """By ``If-Match``. What can't be read names no state, and so nothing is done."""
        text = value.decode("latin-1").strip()
        if text == _ANY:
            return cls(None)
        if not _LIST.fullmatch(text):
            return cls(frozenset())
        # A weak one tells that two answers mean the same, and not that nothing was changed.
        strong = [tag for weak, tag in _TAGS.findall(text) if not weak]
        return cls(frozenset(tag.partition("-")[0] for tag in strong))

    @classmethod
    def absence(cls) -> "Precondition":
        """By ``If-None-Match: *``: what is there is in none of the states that are meant."""
        return cls(frozenset())

    def require(self, stored: Any) -> None:
        """Raises unless the object, of which this is the row, is in such a state."""
        self.is_heard = True
        if self.states is not None and _state_of(stored.updated_at) not in self.states:
            raise PreconditionFailedError(updated_at=stored.updated_at)


def _state_of(updated_at: datetime) -> str:
    return f"{(updated_at - _EPOCH) // timedelta.resolution:x}"
