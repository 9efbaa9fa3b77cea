"""A provider elsewhere, as the network has it: slow, gone in the midst, or somewhere else."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from Payment.port import AwayError
from Payment.providers.connections import Answer
from Payment.providers.network import Network, proxy_of

SECONDS = 0.2
BROKEN_OFF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes."
ELSEWHERE = b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"


async def answered(said: bytes | None) -> Answer:
    """What is made of a provider who says this and hangs up, or says nothing."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if said is not None:
            writer.write(said)
            writer.write_eof()
        # Until who asked hangs up, too.
        await reader.read()
        writer.close()
        await writer.wait_closed()
        is_over.set()

    is_over = asyncio.Event()
    network = Network(seconds=SECONDS)
    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        host, port = server.sockets[0].getsockname()
        try:
            return await network.request("GET", f"http://{host}:{port}/", headers={}, content=None)
        finally:
            await network.close()
            await is_over.wait()


def run(asked: Coroutine[Any, Any, Answer]) -> Answer:
    return asyncio.run(asked)


def test_who_says_nothing_in_time_is_away() -> None:
    with pytest.raises(AwayError, match="TimeoutError"):
        run(answered(None))


def test_who_breaks_off_is_away() -> None:
    with pytest.raises(AwayError, match="ClientPayloadError"):
        run(answered(BROKEN_OFF))


def test_nobody_is_followed_elsewhere() -> None:
    """The credentials were meant for the address that was set."""
    assert run(answered(ELSEWHERE)).status == 302


@pytest.mark.parametrize(
    ("said", "proxy"),
    [
        ({"HTTPS_PROXY": "http://proxy:1"}, "http://proxy:1"),
        ({"ALL_PROXY": "http://proxy:2"}, "http://proxy:2"),
        ({"HTTP_PROXY": "http://proxy:3"}, None),
        ({"HTTPS_PROXY": "http://proxy:4", "NO_PROXY": "api.pay.example"}, None),
        ({}, None),
    ],
)
def test_the_surroundings_name_the_proxy(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, str], proxy: str | None
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    assert proxy_of("https://api.pay.example") == proxy
