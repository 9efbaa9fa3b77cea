"""A network that falls silent at a test's command, between the service and PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.from_thread import BlockingPortal, start_blocking_portal
from sqlalchemy import URL


class Wire:
    """Passes everything on, until it is cut; what was sent meanwhile arrives when it is mended."""

    url: URL

    def __init__(self, server: URL, portal: BlockingPortal) -> None:
        self._server = server
        self._portal = portal

    def cut(self) -> None:
        self._portal.call(self._cut)

    def mend(self) -> None:
        self._portal.call(self._whole.set)

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

    async def _connect(self, caller: ByteStream) -> None:
        server = await anyio.connect_tcp(str(self._server.host), int(self._server.port or 5432))
        async with caller, server, anyio.create_task_group() as directions:

            async def pass_on(source: ByteStream, target: ByteStream) -> None:
                # An end that hangs up without a word is an end all the same.
                with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                    async for data in source:
                        await self._whole.wait()
                        await target.send(data)
                directions.cancel_scope.cancel()

            directions.start_soon(pass_on, caller, server)
            directions.start_soon(pass_on, server, caller)


@contextmanager
def wire_to(server: URL) -> Iterator[Wire]:
    with start_blocking_portal() as portal:
        wire = Wire(server, portal)
        with portal.wrap_async_context_manager(wire.laid()):
            yield wire
