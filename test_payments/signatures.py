"""How a webhook shows whose word it is, and when it was said.

``Test-Payments-Signature: t=1764000000,v1=…``: the HMAC-SHA256, in base 16, of the time, a dot and
the body, with a secret that the shop shares. With several secrets there are several ``v1``, so that
a shop can change its own at any time.
"""

import hmac
from collections.abc import Iterable

HEADER = "Test-Payments-Signature"


def signature(body: bytes, secrets: Iterable[str], moment: float) -> str:
    stamp = str(int(moment))
    signed = stamp.encode() + b"." + body
    marks = (hmac.digest(secret.encode(), signed, "sha256").hex() for secret in secrets)
    return ",".join([f"t={stamp}", *(f"v1={mark}" for mark in marks)])
