"""Hears the signal that ends the process at once: the server tells the application last of all.

uvicorn ends the application when all connections are closed. Until then requests that wait for
their turn would go on waiting, and new ones would be admitted on connections that are open.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_Handler = Callable[[int, FrameType | None], object]


@contextmanager
def on_stop(prepare: Callable[[], None]) -> Iterator[None]:
    """Inside the block, a signal that stops the process first calls this in the event loop."""
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        # Only the main thread hears signals; elsewhere somebody else ends the application.
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                stack.enter_context(_before(number, lambda: loop.call_soon_threadsafe(prepare)))
        yield


@contextmanager
def _before(number: signal.Signals, do: Callable[[], object]) -> Iterator[None]:
    """Do this before what the signal's handler does, if it has one."""
    handler = signal.getsignal(number)
    if not callable(handler):
        yield
        return
    handle: _Handler = handler

    def both(received: int, frame: FrameType | None) -> None:
        do()
        handle(received, frame)

    signal.signal(number, both)
    try:
        yield
    finally:
        signal.signal(number, handler)
