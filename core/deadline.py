"""Until when the work at hand must be done; whatever waits for a database looks here.

A request says it where it arrives, and the thread that works for the request sees it.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_end: ContextVar[float] = ContextVar("deadline", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Bound the block to so many seconds from now, or to fewer if it was bounded before."""
    token = _end.set(min(_end.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _end.reset(token)


def remaining() -> float:
    """The seconds that are left: negative when time is up, infinite where nothing was said."""
    return _end.get() - time.monotonic()
