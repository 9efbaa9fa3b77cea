"""A clock that tests set."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TICK = timedelta(milliseconds=1)


class ManualClock:
    """Starts at noon of 1 March 2026 and ticks a millisecond per look, so that times differ."""

    tick = TICK

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.now = START

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def __call__(self) -> datetime:
        self.now += TICK
        return self.now
