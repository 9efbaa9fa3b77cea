"""Until when the work at hand must be done; whatever waits for a database looks here.

A request says it where it arrives, and whatever works for the request sees it.
"""

import math
import time
from contextvars import ContextVar

_end: ContextVar[float] = ContextVar("deadline", default=math.inf)


class within:  # noqa: N801 - reads as a word in `with`
    """Bound the block to so many seconds from now, or to fewer if it was bounded before."""

    # Every request is bounded several times, and a generator would cost three times as much.
    __slots__ = ("_seconds", "_token")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._token = _end.set(min(_end.get(), time.monotonic() + self._seconds))

    def __exit__(self, *_: object) -> None:
        _end.reset(self._token)


def remaining() -> float:
    """The seconds that are left: negative when time is up, infinite where nothing was said."""
    return _end.get() - time.monotonic()
