"""Quotas that this process keeps alone, for what is counted too often to ask a store about it."""

import time
from math import ceil, floor

from Auth.quotas import Count, Quota, quota

# Callers hear what is left of a bucket once it is no more than this part; to write it into each
# answer would cost more than to count it.
_LITTLE = 0.1
# What is left of adding up fractions of a second is nobody's request.
_DUST = 1e-4


class Buckets:
    """A bucket for each name, which holds a quota's units and fills up within its seconds.

    Of each is kept but one number, when it will be full again, so that to take from one costs less
    than a microsecond. Whoever empties it at once has the same again over the next seconds: twice
    the quota in the first window, and the quota in each that follows. No lock is taken: of two
    threads that count in the same moment one may count for both.
    """

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self._seconds = quota.seconds
        self._pace = quota.seconds / quota.requests
        self._much = -quota.seconds * _LITTLE
        # What was not asked for in a whole period is full, and need not be known.
        self._full_at: dict[str, float] = {}
        self._older: dict[str, float] = {}
        self._turn_at = 0.0

    def take(self, name: str, units: int) -> float:
        """Take units out, and say how far it is from too many, in seconds of filling up.

        More than zero: there are not so many before that time, and nothing was taken.
        """
        now = time.monotonic()
        full_at = self._when_full(name, now) + min(units, self.quota.requests) * self._pace
        wait = full_at - now - self._seconds
        if wait > _DUST:
            return wait
        self._full_at[name] = full_at
        return min(wait, 0.0)

    def add(self, name: str, units: int) -> None:
        """Take units out that are gone already, also if there are not so many."""
        now = time.monotonic()
        self._full_at[name] = self._when_full(name, now) + units * self._pace

    def wait(self, name: str) -> float:
        """How long until there is any unit to take; zero, or less, if there is one."""
        now = time.monotonic()
        return self._when_full(name, now) + self._pace - now - self._seconds - _DUST

    def is_little(self, wait: float) -> bool:
        """Whether so little is left that callers should hear of it."""
        return wait > self._much

    def count(self, wait: float) -> Count:
        """What ``take`` said, as callers are told it."""
        if wait > 0:
            return Count(self.quota, is_within=False, remaining=0, seconds=max(1, ceil(wait)))
        left = floor((_DUST - wait) / self._pace)
        full_in = max(1, ceil(self._seconds + wait))
        return Count(self.quota, is_within=True, remaining=left, seconds=full_in)

    def _when_full(self, name: str, now: float) -> float:
        if now >= self._turn_at:
            self._turn_at = now + self._seconds
            self._older, self._full_at = self._full_at, {}
        full_at = self._full_at.get(name) or self._older.get(name, now)
        return max(now, full_at)


def buckets(name: str, limit: str, *, times: int = 1) -> Buckets | None:
    made = quota(name, limit, times=times)
    return None if made is None else Buckets(made)
