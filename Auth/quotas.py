"""Quotas, and how a store counts what is asked of them."""

from dataclasses import dataclass
from math import ceil, floor
from typing import cast

from limits import RateLimitItem
from limits.aio.storage import SlidingWindowCounterSupport, Storage

from core.settings import rate_limit


@dataclass(frozen=True)
class Quota:
    """So many requests in a window of so many seconds, under the name that callers are told."""

    name: str
    item: RateLimitItem

    @property
    def requests(self) -> int:
        return self.item.amount

    @property
    def seconds(self) -> int:
        return self.item.get_expiry()


@dataclass(frozen=True)
class Count:
    """How a quota stands after a request."""

    quota: Quota
    is_within: bool
    remaining: int
    # Until there is more; for a request that was refused, until it would be let through.
    seconds: int


def quota(name: str, limit: str, *, times: int = 1) -> Quota | None:
    if not limit:
        return None
    item = rate_limit(limit)
    return Quota(name, type(item)(item.amount * times, item.multiples))


async def hit(store: Storage, quota: Quota, *key: str) -> Count:
    windows = cast("SlidingWindowCounterSupport", store)
    name, limit, seconds = quota.item.key_for(quota.name, *key), quota.requests, quota.seconds
    is_within = await windows.acquire_sliding_window_entry(name, limit, seconds)
    before, before_ends, now, now_ends = await windows.get_sliding_window(name, seconds)
    rest_of_window = now_ends - seconds
    if is_within:
        # The window before counts for as much of it as the last ``seconds`` still reach into.
        used = floor(before * before_ends / seconds + now)
        return Count(quota, is_within, max(0, limit - used), max(1, ceil(rest_of_window)))
    # Either this window is full, or it is not and the one before has to fade far enough.
    is_full = now >= limit or not before
    wait = rest_of_window if is_full else before_ends - (limit - now) * seconds / before
    # A moment after, as at that time itself it is still one too many.
    return Count(quota, is_within, 0, max(1, floor(wait) + 1))


async def add(store: Storage, quota: Quota, amount: int, *key: str) -> None:
    """Count more of what was let through; where so much is not left, all that is left."""
    windows = cast("SlidingWindowCounterSupport", store)
    name, limit, seconds = quota.item.key_for(quota.name, *key), quota.requests, quota.seconds
    before, before_ends, now, _ = await windows.get_sliding_window(name, seconds)
    left = limit - floor(before * before_ends / seconds + now)
    if (most := min(amount, left)) > 0:
        await windows.acquire_sliding_window_entry(name, limit, seconds, most)
