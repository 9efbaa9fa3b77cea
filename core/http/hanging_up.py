"""Who hangs up while an answer of any length is sent to them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Receive


@contextmanager
def hang_up_of(receive: Receive) -> "Iterator[asyncio.Task[None]]":
    """A task that is done once the caller has hung up."""
    hung_up = asyncio.create_task(_hung_up(receive))
    try:
        yield hung_up
    finally:
        hung_up.cancel()
        hung_up.add_done_callback(_heard)


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        """What is left of the request."""


def _heard(task: "asyncio.Task[None]") -> None:
    """A request that is refused while it is answered is one that broke off."""
    if not task.cancelled():
        task.exception()
