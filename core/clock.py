"""The one source of time; services receive it as ``now``, so that tests can set it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Never a whole second: it would be served without a fraction, and come back as precise as that
    though it was not cut, so that another change in the same second would not show.
    """
    now = datetime.now(UTC)
    return now if now.microsecond else now + timedelta.resolution
