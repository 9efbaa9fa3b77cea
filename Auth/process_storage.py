"""Counters of requests in this process."""

import time

from limits.aio.storage import MemoryStorage

# Counters that ended are not asked for any more; only their memory has to be given back.
_SWEEP_SECONDS = 60


class ProcessStorage(MemoryStorage):
    """The library's, without its look through all the counters at each request.

    With ten thousand callers that look takes longer than everything else about a request. No
    method waits for anything, so that requests need no locks against each other.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sweep_at = 0.0

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = time.time()
        if now >= self._sweep_at:
            self._sweep_at = now + _SWEEP_SECONDS
            self._sweep(now)
        if self.expirations.setdefault(key, now + expiry) <= now:
            self.expirations[key] = now + expiry
            self.storage[key] = 0
        self.storage[key] += amount
        return self.storage[key]

    def _sweep(self, now: float) -> None:
        for key in [key for key, ends in self.expirations.items() if ends <= now]:
            del self.expirations[key]
            del self.storage[key]
