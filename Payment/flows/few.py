"""What is due with somebody outside, a few at a time: none of it waits long for the others."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
# What is taken at a time, and asked for at once: before another process may take it, it is done.
_AT_ONCE = 8


async def see_to_few(
    take: Callable[[int], Awaitable[Sequence[T]]],
    see_to: Callable[[T], Awaitable[bool]],
    *,
    limit: int,
) -> int:
    """Take what is due, and see to it, at most so many; how many there were.

    Where none of a few could be seen to, all others wait for the next time: so a process that is
    asked to stop waits for one provider that does not answer, and not for it again and again.
    """
    seen_to, goes_on = 0, True
    while goes_on and seen_to < limit:
        due = await take(min(_AT_ONCE, limit - seen_to))
        seen_to += len(due)
        goes_on = any(await asyncio.gather(*map(see_to, due)))
    return seen_to
