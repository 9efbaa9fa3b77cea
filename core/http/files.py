"""Answers that are made while they are sent: files for spreadsheets, of any length."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.errors import DomainError
from core.http.hanging_up import hang_up_of
from core.http.problems import responses

logger = logging.getLogger("nexticket.exports")

CSV = "text/csv"
# Who takes no more of an answer for so long is not waited for.
_PATIENCE = 30


class Pieces(Protocol):
    """Of a file that is being made."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def close(self) -> None: ...


class CsvAnswer(Response):
    """How an export is declared in the OpenAPI document."""

    media_type = CSV


def csv_responses(example: str, *errors: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """The answers of an export, for ``responses=`` of its route."""
    told = {"schema": {"type": "string"}, "example": example}
    file = {
        "description": "The file, in UTF-8; its first line names the columns.",
        "content": {CSV: told},
        "headers": {
            "Content-Disposition": {"schema": {"type": "string"}, "description": "Its name."}
        },
    }
    return {200: file, **responses(*errors)}


class CsvFile(CsvAnswer):
    """A CSV file to be saved under a name, sent piece by piece.

    What fails on the way breaks the connection off, so that nobody takes a part for the whole.
    """

    def __init__(self, pieces: Pieces, *, name: str) -> None:
        super().__init__(
            headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
            media_type=f"{CSV}; charset=utf-8",
        )
        # It has no length yet.
        del self.headers["content-length"]
        self._pieces = pieces
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with hang_up_of(receive) as hung_up:
                await self._send(scope, hung_up, send)
        except (DomainError, TimeoutError) as error:
            # The server closes the connection of who is left without the end of an answer.
            logger.warning("export broken off", extra={"file": self._name, "reason": str(error)})
        finally:
            await self._pieces.close()

    async def _send(self, scope: Scope, hung_up: "asyncio.Task[None]", send: Send) -> None:
        async with asyncio.timeout(_PATIENCE):
            await send(self._start())
        # Who only asked for the head shows by now.
        if scope["method"] == "HEAD" or await self._is_sent_whole(hung_up, send):
            await send(_body(b"", more=False))

    async def _is_sent_whole(self, hung_up: "asyncio.Task[None]", send: Send) -> bool:
        async for piece in self._pieces:
            if hung_up.done():
                return False
            async with asyncio.timeout(_PATIENCE):
                await send(_body(piece, more=True))
        return not hung_up.done()

    def _start(self) -> dict[str, Any]:
        return {"type": "http.response.start", "status": 200, "headers": self.raw_headers}


def _body(piece: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": piece, "more_body": more}
