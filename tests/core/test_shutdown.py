"""The signal that ends the process is heard before the server acts on it."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

from core.shutdown import on_stop

PATIENCE = 10
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Server:
    """Handles signals as uvicorn does: it remembers them."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def handle(self, number: int, _frame: FrameType | None) -> None:
        self.heard.append(number)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    before = {number: signal.signal(number, server.handle) for number in SIGNALS}
    yield server
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_reaches_the_application_and_the_server(
    server: Server, number: signal.Signals
) -> None:
    async def scenario() -> None:
        prepared = asyncio.Event()
        with on_stop(prepared.set):
            os.kill(os.getpid(), number)
            # Set in the event loop, which only then may wake who waits.
            await asyncio.wait_for(prepared.wait(), PATIENCE)

    asyncio.run(scenario())
    assert server.heard == [number]


def test_the_server_has_its_handlers_back_afterwards(server: Server) -> None:
    async def scenario() -> None:
        with on_stop(lambda: None):
            assert signal.getsignal(signal.SIGTERM) != server.handle
        assert [signal.getsignal(number) for number in SIGNALS] == [server.handle] * 2

    asyncio.run(scenario())


def test_a_signal_that_nobody_handles_is_left_alone(server: Server) -> None:
    """What would end the process at once still does."""
    del server
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    async def scenario() -> None:
        with on_stop(lambda: None):
            assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL

    asyncio.run(scenario())


def test_an_application_in_another_thread_hears_no_signals(server: Server) -> None:
    """Nor could it: Python lets the main thread alone handle them."""

    async def scenario() -> None:
        with on_stop(lambda: None):
            heard.append(signal.getsignal(signal.SIGTERM))

    heard: list[object] = []
    thread = threading.Thread(target=asyncio.run, args=(scenario(),))
    thread.start()
    thread.join()
    assert heard == [server.handle]
