"""Whether a webhook is its sender's word: signed with a secret that both know, and lately.

The signature stands in a header, ``t=…,v1=…``: when it was made, and the HMAC-SHA256 of that time,
a dot and the body. There may be several, while the sender changes its secret.
"""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime

from Payment.port import UnverifiedError

_TIME = re.compile(r"t=(\d{1,12})")
_MARK = re.compile(r"v1=([0-9a-f]{64})")
# Nobody makes us compare more than that.
_MOST_PARTS = 10


def require_signed(
    raw: bytes, header: str, secrets: Sequence[str], *, now: datetime, tolerance: float
) -> None:
    """Raise ``UnverifiedError`` for a body that none of the secrets has signed, or too long ago."""
    if not secrets:
        raise UnverifiedError("there is no secret to verify it with")
    stamp, marks = _parts(header)
    if abs(now.timestamp() - int(stamp)) > tolerance:
        raise UnverifiedError("it was signed too long ago, or will be")
    signed = stamp.encode() + b"." + raw
    own = [hmac.digest(secret.encode(), signed, "sha256").hex() for secret in secrets]
    if not any(hmac.compare_digest(mark, one) for mark in marks for one in own):
        raise UnverifiedError("it is signed by somebody else")


def _parts(header: str) -> tuple[str, list[str]]:
    parts = [part.strip() for part in header.split(",", _MOST_PARTS)]
    times = [found[1] for part in parts if (found := _TIME.fullmatch(part))]
    marks = [found[1] for part in parts if (found := _MARK.fullmatch(part))]
    if len(times) != 1 or not marks:
        raise UnverifiedError("it is not signed")
    return times[0], marks
