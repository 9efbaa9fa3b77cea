"""What one connection may send before a request, after an answer, and how long it may take."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from core.http.connections import BoundedProtocol
from tests.support.sockets import (
    PATIENCE,
    answer,
    drip,
    is_cut_off,
    pause,
    said_until_the_end,
    until,
)

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
LARGE = 30_000_000
MEGABYTE = b"x" * 1_000_000


class Hasty(BoundedProtocol):
    """With less time than callers are given, for tests would have to wait that long."""

    head_seconds = 0.5
    unread_seconds = 0.5
    made = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        type(self).made += 1


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells how large the body was; ``/early`` does not wait for it, ``/large`` says a lot."""
    body = b""
    if scope["path"] != "/early":
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message.get("body", b""), message.get("more_body", False)
    said = b"x" * LARGE if scope["path"] == "/large" else b"%d" % len(body)
    headers = [(b"content-length", b"%d" % len(said))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": said})


@contextmanager
def served(served_app: Any = app, **options: Any) -> Iterator[uvicorn.Server]:
    config = uvicorn.Config(served_app, http=Hasty, lifespan="off", log_config=None, **options)
    server = uvicorn.Server(config)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        until(lambda: server.started)
        try:
            yield server
        finally:
            server.should_exit = server.force_exit = True
            thread.join(PATIENCE)


@pytest.fixture(scope="module")
def server() -> Iterator[uvicorn.Server]:
    with served() as running:
        yield running


def connect(server: uvicorn.Server, receive_bytes: int | None = None) -> socket.socket:
    (listener,) = server.servers[0].sockets
    caller = socket.socket()
    if receive_bytes is not None:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    caller.settimeout(PATIENCE)
    caller.connect(listener.getsockname())
    return caller


class TestHeads:
    def test_as_everybody_sends_them_are_served_again_and_again(
        self, server: uvicorn.Server
    ) -> None:
        with closing(connect(server)) as caller:
            for _ in range(3):
                caller.sendall(GET + b"\r\n")
                assert answer(caller).startswith(b"HTTP/1.1 200 ")
                caller.sendall(POST + b"Content-Length: 100000\r\n\r\n" + b"x" * 100_000)
                assert answer(caller).endswith(b"100000")
            caller.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
            caller.sendall(b"64\r\n" + b"x" * 100 + b"\r\n" + b"0\r\n\r\n")
            assert answer(caller).endswith(b"100")

    @pytest.mark.parametrize(
        "line",
        [b"X: " + MEGABYTE, b"X: y\r\n" * 200_000, MEGABYTE + b": y"],
        ids=["value", "many", "name"],
    )
    def test_without_end_are_refused(self, server: uvicorn.Server, line: bytes) -> None:
        with closing(connect(server)) as caller:
            caller.sendall(GET)
            assert is_cut_off(caller, line, times=41)
            assert_nothing_is_open(server)

    @pytest.mark.parametrize(
        "lines",
        [
            b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            b"Transfer-Encoding: gzip\r\n",
            b"Transfer-Encoding : chunked\r\n",
            b"Content-Length: +5\r\n",
        ],
    )
    def test_that_tell_two_lengths_or_none_are_not_understood(
        self, server: uvicorn.Server, lines: bytes
    ) -> None:
        """What two readers see an end at differently, one of them takes for another request."""
        with closing(connect(server)) as caller:
            caller.sendall(POST + lines + b"\r\n0\r\n\r\n" + GET + b"\r\n")
            said = said_until_the_end(caller)
        assert said.startswith(b"HTTP/1.1 400 ")
        assert said.count(b"HTTP/1.1") == 1

    def test_that_are_too_large_are_told_so(self, server: uvicorn.Server) -> None:
        size = BoundedProtocol.max_head_bytes
        for line in (b"X: " + b"y" * size, b"X: y\r\n" * (size // 6) + b"X: y"):
            with closing(connect(server)) as caller:
                caller.sendall(GET + line + b"\r\n\r\n")
                said = said_until_the_end(caller)
            assert said.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
            assert b'"code":"headers_too_large"' in said
            assert b"connection: close" in said.lower()

    def test_that_are_too_large_are_so_behind_another_request(self, server: uvicorn.Server) -> None:
        with closing(connect(server)) as caller:
            caller.sendall(GET + b"\r\n")
            answer(caller)
            caller.sendall(GET + b"X: " + b"y" * 20_000)
            assert said_until_the_end(caller).startswith(b"HTTP/1.1 431 ")

    def test_that_are_none_are_not_understood(self, server: uvicorn.Server) -> None:
        with closing(connect(server)) as caller:
            caller.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
            said = said_until_the_end(caller)
        assert said.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b'"code":"malformed_request"' in said


class TestTime:
    def test_ends_for_who_says_nothing(self, server: uvicorn.Server) -> None:
        with closing(connect(server)) as caller:
            assert said_until_the_end(caller) == b""

    @pytest.mark.parametrize(
        "said",
        [b"G", GET, GET + b"X: y", GET + b"X: y\r\n"],
        ids=["method", "line", "header", "headers"],
    )
    def test_ends_for_who_says_half_a_head_and_no_more(
        self, server: uvicorn.Server, said: bytes
    ) -> None:
        with closing(connect(server)) as caller:
            caller.sendall(said)
            assert said_until_the_end(caller).startswith(b"HTTP/1.1 408 ")
            assert_nothing_is_open(server)

    def test_ends_for_half_a_head_that_came_along_with_a_whole_one(self) -> None:
        with served(timeout_keep_alive=1) as server, closing(connect(server)) as caller:
            caller.sendall(GET + b"\r\n" + GET + b"X")
            assert said_until_the_end(caller).startswith(b"HTTP/1.1 200 ")
            assert_nothing_is_open(server)

    def test_ends_for_who_says_the_head_in_drops(self, server: uvicorn.Server) -> None:
        with closing(connect(server)) as caller:
            caller.sendall(GET)
            assert drip(caller, b"X: y\r\n").startswith(b"HTTP/1.1 408 ")

    def test_ends_for_the_next_request_as_well(self, server: uvicorn.Server) -> None:
        with closing(connect(server)) as caller:
            caller.sendall(GET + b"\r\n")
            answer(caller)
            caller.sendall(b"GET /")
            assert drip(caller, b"x").startswith(b"HTTP/1.1 408 ")

    def test_ends_for_a_body_that_nobody_waits_for(self, server: uvicorn.Server) -> None:
        with closing(connect(server)) as caller:
            caller.sendall(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
            assert answer(caller).startswith(b"HTTP/1.1 200 ")
            drip(caller, b"x")

    @pytest.mark.parametrize(
        "framing", [b"1;" + MEGABYTE, b"0\r\nX: " + MEGABYTE], ids=["extension", "trailer"]
    )
    def test_and_bytes_end_for_what_stands_around_a_body(
        self, server: uvicorn.Server, framing: bytes
    ) -> None:
        with closing(connect(server)) as caller:
            caller.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
            caller.sendall(framing)
            assert is_cut_off(caller, MEGABYTE, times=40)
            assert_nothing_is_open(server)


class TestAnswers:
    @pytest.mark.parametrize("ending", [b"", b"Connection: close\r\n"], ids=["kept", "closed"])
    def test_that_nobody_reads_are_dropped(self, server: uvicorn.Server, ending: bytes) -> None:
        with closing(connect(server, receive_bytes=4096)) as caller:
            made = Hasty.made
            caller.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n" + ending + b"\r\n")
            until(lambda: Hasty.made == made + 1 or bool(server.server_state.connections))
            assert_nothing_is_open(server)

    def test_that_are_read_slowly_arrive(self, server: uvicorn.Server) -> None:
        """For longer than an answer may lie unread, a piece in each of such times."""
        heard, begun = 0, time.monotonic()
        with closing(connect(server, receive_bytes=65536)) as caller:
            caller.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            while time.monotonic() - begun < 4 * Hasty.unread_seconds:
                heard += len(caller.recv(4096))
                pause(0.01)
            while more := caller.recv(1_000_000):
                heard += len(more)
        assert heard > LARGE


class TestConnections:
    def test_that_are_too_many_are_refused_until_one_ends(self) -> None:
        with served(limit_concurrency=3) as server, ExitStack() as stack:
            callers = [stack.enter_context(closing(connect(server))) for _ in range(3)]
            for caller in callers:
                caller.sendall(POST + b"Content-Length: 1\r\n\r\n")
            until(lambda: len(server.server_state.connections) == 3)
            with closing(connect(server)) as caller:
                said = said_until_the_end(caller)
            assert said.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
            assert b"retry-after: 1\r\n" in said.lower()
            assert b'"code":"service_busy"' in said
            callers[0].sendall(b"x")
            assert answer(callers[0]).endswith(b"1")
            callers[0].close()
            until(lambda: len(server.server_state.connections) == 2)
            with closing(connect(server)) as caller:
                caller.sendall(GET + b"\r\n")
                assert answer(caller).startswith(b"HTTP/1.1 200 ")

    def test_that_their_peer_has_reset_are_waited_for_no_longer(
        self, server: uvicorn.Server
    ) -> None:
        with closing(connect(server)) as caller:
            caller.sendall(GET + b"\r\n")
            assert answer(caller).startswith(b"HTTP/1.1 200 ")
            protocol: Any = next(iter(server.server_state.connections))
            assert protocol.timeout_keep_alive_task is not None
            # It ends without a farewell.
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert_nothing_is_open(server)
        assert protocol.timeout_keep_alive_task is None


def assert_nothing_is_open(server: uvicorn.Server) -> None:
    until(lambda: not server.server_state.connections)


class TestWhatFollowsABody:
    """Trailers were not there when the head was judged, nor when it was asked who pays."""

    def test_is_not_taken_for_a_header(self) -> None:
        seen: list[bytes] = []

        async def telling(scope: Scope, receive: Receive, send: Send) -> None:
            while (await receive())["more_body"]:
                pass
            seen.extend(name for name, _ in scope["headers"])
            await app({**scope, "path": "/early"}, receive, send)

        with served(telling) as server, closing(connect(server)) as caller:
            for _ in range(2):
                caller.sendall(POST + b"Transfer-Encoding: chunked\r\nX: y\r\n\r\n")
                caller.sendall(b"1\r\nx\r\n0\r\nAuthorization: Bearer more\r\n\r\n")
                answer(caller)
        assert seen == [b"host", b"transfer-encoding", b"x"] * 2
