"""More buyers at once than an HTTP client has connections, unless it is told otherwise."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.datastructures import State

from core.settings import Settings
from Payment.port import RefusedError
from Payment.providers import test
from Payment.providers.stripe_http import NetworkClient

BUYERS = 210
# How long somebody waits who would have to wait for another.
SECONDS = 3
ANSWER = b'HTTP/1.1 404 Not Found\r\nContent-Length: 27\r\n\r\n{"error": {"code": "gone"}}'


@asynccontextmanager
async def by_test(url: str) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    said = {
        "test_payments_url": url,
        "test_payments_secrets": ("secret",),
        "payment_timeout_seconds": SECONDS,
    }
    adapter = test.make(Settings.model_validate(said), State({"test_payments": None}))

    async def ask() -> None:
        with pytest.raises(RefusedError):
            await adapter.look_up("pay_1")

    yield ask
    await adapter.close()


@asynccontextmanager
async def by_stripe(url: str) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    client = NetworkClient(url, SECONDS)
    yield lambda: client.request_async("GET", url, {})
    await client.close_async()


@pytest.mark.parametrize("asking", [by_test, by_stripe])
def test_wait_for_the_provider_and_not_for_one_another(asking: Any) -> None:
    async def crowd() -> None:
        everybody = asyncio.Barrier(BUYERS)

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            """Once all have asked."""
            await reader.readuntil(b"\r\n\r\n")
            await everybody.wait()
            writer.write(ANSWER)
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", backlog=BUYERS) as server:
            host, port = server.sockets[0].getsockname()
            async with asking(f"http://{host}:{port}") as ask:
                await asyncio.gather(*(ask() for _ in range(BUYERS)))

    asyncio.run(crowd())
