"""A request's way to the database and back: one call of a service, one answer.

The service runs in one thread and one transaction, and what it returns is rendered before the
commit: an answer that can't be rendered changes nothing, and a commit that fails is not answered
with success. Identity and ``Idempotency-Key`` belong here: both concern the whole unit.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Concatenate, ParamSpec

from fastapi import Depends, HTTPException, Request, Response
from pydantic import BaseModel
from sqlmodel import Session

from core.clock import Clock
from core.pagination import Page
from core.schemas import Resource
from core.settings import Settings
from database import Database

P = ParamSpec("P")


class UnitOfWork:
    def __init__(self, request: Request) -> None:
        self._request = request
        self._database: Database = request.app.state.database
        self._clock: Clock = request.app.state.clock
        self.settings: Settings = request.app.state.settings

    @property
    def now(self) -> datetime:
        return self._clock()

    async def read(
        self,
        service: Callable[Concatenate[Session, P], BaseModel],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Answer 200 with an object that one statement reads."""
        return await self._database.read(lambda s: _ok(service(s, *args, **kwargs)))

    async def report(
        self,
        service: Callable[Concatenate[Session, P], BaseModel],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Answer 200 with an object made from many statements over one state of the data."""
        return await self._database.snapshot(lambda s: _ok(service(s, *args, **kwargs)))

    async def page(
        self,
        service: Callable[Concatenate[Session, P], Page[BaseModel]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Answer 200 with a JSON array, and the headers that lead on."""
        return await self._database.read(lambda s: self._list(service(s, *args, **kwargs)))

    async def change(
        self,
        service: Callable[Concatenate[Session, P], BaseModel],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Change something and answer 200 with the object."""
        return await self._database.write(lambda s: _ok(service(s, *args, **kwargs)))

    async def create(
        self,
        service: Callable[Concatenate[Session, P], Resource],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Make something and answer 201 with it and its ``Location``."""
        return await self._database.write(lambda s: self._created(service(s, *args, **kwargs)))

    async def remove(
        self,
        service: Callable[Concatenate[Session, P], None],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Remove something and answer 204."""

        def run(session: Session) -> Response:
            service(session, *args, **kwargs)
            return Response(status_code=204)

        return await self._database.write(run)

    def _created(self, item: Resource) -> Response:
        # A proxy may serve us under a prefix, which only the request knows.
        location = self._request.scope.get("root_path", "") + item.location()
        return Response(
            _json(item),
            status_code=201,
            headers={"Location": location},
            media_type="application/json",
        )

    def _list(self, page: Page[BaseModel]) -> Response:
        headers = {}
        if page.next is not None:
            headers["Link"] = f'<{self._url_with(page.next)}>; rel="next"'
        if page.total is not None:
            headers["X-Total-Count"] = str(page.total)
        body = b"[" + b",".join(_json(item) for item in page.items) + b"]"
        return Response(body, headers=headers, media_type="application/json")

    def _url_with(self, changes: Mapping[str, str]) -> str:
        # The cursor stands where the page ended, so what was skipped must not be skipped again.
        url = self._request.url.remove_query_params("skip")
        return str(url.include_query_params(**changes))


def _json(item: BaseModel) -> bytes:
    return item.__pydantic_serializer__.to_json(item)


def _ok(item: BaseModel) -> Response:
    return Response(_json(item), media_type="application/json")


async def _unit_of_work(request: Request) -> UnitOfWork:
    if request.method in _WITH_BODY:
        await _require_utf_8(request)
    return UnitOfWork(request)


async def _require_utf_8(request: Request) -> None:
    """The framework guesses a body's encoding; the contract knows only one."""
    body = await request.body()
    try:
        body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise HTTPException(400) from None
    # No JSON in UTF-8 holds a zero byte, and no English text in UTF-16 is without.
    if b"\0" in body:
        raise HTTPException(400)


_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


Work = Annotated[UnitOfWork, Depends(_unit_of_work)]
