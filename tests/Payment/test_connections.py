"""A crowd waits for a slow provider, and not for one another."""

import asyncio

import httpx2
import pytest

from Payment.providers import connections
from Payment.providers.connections import SpreadClient

CROWD = 2 * 100 + 1
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Crowded:
    """A provider that answers nobody before all of a crowd have asked."""

    def __init__(self) -> None:
        self._asked = 0
        self._all_are_here = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self._asked += 1
        if self._asked == CROWD:
            self._all_are_here.set()
        await self._all_are_here.wait()
        writer.write(ANSWER)
        await writer.drain()
        writer.close()


async def statuses() -> list[int]:
    server = await asyncio.start_server(Crowded().serve, "127.0.0.1", 0, backlog=CROWD)
    port = server.sockets[0].getsockname()[1]
    client = SpreadClient(base_url=f"http://127.0.0.1:{port}", timeout=10, trust_env=False)
    try:
        asked = (client.request("GET", "/") for _ in range(CROWD))
        return [answer.status_code for answer in await asyncio.gather(*asked)]
    finally:
        await client.aclose()
        server.close()
        await server.wait_closed()


def test_so_many_wait_at_once_as_no_single_client_has_connections_for() -> None:
    assert asyncio.run(statuses()) == [200] * CROWD


def test_each_of_them_finds_no_more_than_a_few_others_with_its_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a client costs grows with what it has under way."""
    few = httpx2.Limits(max_connections=CROWD // 16 + 1)
    monkeypatch.setattr(connections, "_CONNECTIONS", few)
    assert asyncio.run(statuses()) == [200] * CROWD
