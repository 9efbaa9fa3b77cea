"""The network between the service and PostgreSQL, that fails at a test's command."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.from_thread import BlockingPortal, start_blocking_portal
from sqlalchemy import URL

Direction = Callable[[], Awaitable[None]]
# A simple query of PostgreSQL's protocol: its letter, its length, and the statement.
# How a message ends that has the COMMIT with it.
COMMIT = b"COMMIT\x00"


class Wire:
    """Passes everything on, until it is cut; what was sent meanwhile arrives when it is mended.

    It can also lose answers to COMMIT: the server has committed, the service never learns of it.
    """

    url: URL

    def __init__(self, server: URL, portal: BlockingPortal) -> None:
        self._server = server
        self._portal = portal
        self._to_lose = 0
        self._of: Sequence[bytes] = ()
        self.lost = 0

    def cut(self) -> None:
        self._portal.call(self._cut)

    def mend(self) -> None:
        self._portal.call(self._whole.set)

    def lose_commits(self, number: int, *, of: Sequence[bytes] = (b"",)) -> None:
        """Lose the answers to the next so many, and with each its connection.

        ``of`` is what a transaction must have said to be meant, any of it.
        """
        self.lost, self._of, self._to_lose = 0, of, number

    async def _cut(self) -> None:
        self._whole = anyio.Event()

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[None]:
        await self._cut()
        self._whole.set()
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - a socket's, not Django's
        self.url = self._server.set(host="127.0.0.1", port=port)
        async with listener, anyio.create_task_group() as connections:
            connections.start_soon(listener.serve, self._connect)
            yield
            connections.cancel_scope.cancel()

    def _loses_one(self) -> bool:
        if not self._to_lose:
            return False
        self._to_lose -= 1
        return True

    async def _connect(self, caller: ByteStream) -> None:
        async with caller:
            # Where no server listens the caller is hung up on; the next one may be luckier.
            with suppress(OSError):
                server = await anyio.connect_tcp(
                    str(self._server.host), int(self._server.port or 5432)
                )
                await self._pass_on(caller, server)

    async def _pass_on(self, caller: ByteStream, server: ByteStream) -> None:
        loses = is_meant = False

        async def ask() -> None:
            nonlocal loses, is_meant
            async for data in caller:
                await self._whole.wait()
                is_meant = is_meant or any(said in data for said in self._of)
                if data.endswith(COMMIT):
                    loses, is_meant = is_meant and self._loses_one(), False
                await server.send(data)

        async def answer() -> None:
            async for data in server:
                await self._whole.wait()
                if loses:
                    self.lost += 1
                    return
                await caller.send(data)

        async with server, anyio.create_task_group() as directions:

            async def until_one_hangs_up(direction: Direction) -> None:
                # An end that hangs up without a word is an end all the same.
                with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                    await direction()
                directions.cancel_scope.cancel()

            directions.start_soon(until_one_hangs_up, ask)
            directions.start_soon(until_one_hangs_up, answer)


@contextmanager
def wire_to(server: URL) -> Iterator[Wire]:
    with start_blocking_portal() as portal:
        wire = Wire(server, portal)
        with portal.wrap_async_context_manager(wire.laid()):
            yield wire
