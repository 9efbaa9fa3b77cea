"""A request's way to the database and back: one call of a service, one answer.

The service runs in one thread and one transaction, and what it returns is rendered before the
commit: an answer that can't be rendered changes nothing, and a commit that fails is not answered
with success. Identity and ``Idempotency-Key`` belong here: both concern the whole unit.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Concatenate, ParamSpec, Protocol, TypeVar

from fastapi import Depends, HTTPException, Request, Response
from pydantic import BaseModel
from sqlmodel import Session
from starlette.types import Scope

from core.caller import Caller
from core.clock import Clock
from core.errors import UnavailableError
from core.pagination import Page
from core.schemas import Resource
from core.settings import Settings
from database import Database

logger = logging.getLogger("nexticket.unit_of_work")

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")
A = TypeVar("A")


class Gate(Protocol):
    """Who decides whether a request may do what it asks for; see ``Auth.gatekeeper``."""

    def check_for(self, scope: Scope, operation_id: str) -> "Check":
        """What the request's transaction runs first: (session, subject) → the caller."""
        ...


Check = Callable[[Session, Any], Caller]


class UnitOfWork:
    def __init__(self, request: Request) -> None:
        state = request.app.state
        self._request = request
        self._database: Database = state.database
        self._clock: Clock = state.clock
        self._subject: Any = None
        gate: Gate = state.gate
        self._check = gate.check_for(request.scope, request.scope["route"].operation_id)
        self.settings: Settings = state.settings
        # Handed to services before it is known: the transaction finds out who it is, first of all.
        self.caller = Caller()

    @property
    def now(self) -> datetime:
        return self._clock()

    def about(self, subject: Any) -> "UnitOfWork":
        """Name the object whose owner may do this: a user's, order's, item's or payment's key."""
        self._subject = subject
        return self

    async def read(
        self,
        service: Callable[Concatenate[Session, P], BaseModel],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Answer 200 with an object that one statement reads."""
        return await self._run(self._database.read, self._unit(_ok, service, *args, **kwargs))

    async def report(
        self,
        service: Callable[Concatenate[Session, P], BaseModel],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Answer 200 with an object made from many statements over one state of the data."""
        return await self._run(self._database.snapshot, self._unit(_ok, service, *args, **kwargs))

    async def page(
        self,
        service: Callable[Concatenate[Session, P], Page[BaseModel]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Answer 200 with a JSON array, and the headers that lead on."""
        return await self._run(
            self._database.read, self._unit(self._list, service, *args, **kwargs)
        )

    async def change(
        self,
        service: Callable[Concatenate[Session, P], BaseModel],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Change something and answer 200 with the object."""
        return await self._run(self._database.write, self._unit(_ok, service, *args, **kwargs))

    async def create(
        self,
        service: Callable[Concatenate[Session, P], Resource],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Make something and answer 201 with it and its ``Location``."""
        return await self._run(
            self._database.write, self._unit(self._created, service, *args, **kwargs)
        )

    async def remove(
        self,
        service: Callable[Concatenate[Session, P], None],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Remove something and answer 204."""
        return await self._run(
            self._database.write, self._unit(_no_content, service, *args, **kwargs)
        )

    async def fetch(
        self, service: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Read something that is not yet the answer."""
        return await self._run(self._database.read, self._unit(_itself, service, *args, **kwargs))

    async def perform(
        self, service: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Commit something that is not yet the answer."""
        return await self._run(self._database.write, self._unit(_itself, service, *args, **kwargs))

    async def identify(self) -> Caller:
        """Who asks, where the work itself depends on it."""
        await self.fetch(lambda _session: None)
        return self.caller

    async def _run(
        self, way: Callable[[Callable[[Session], A]], Awaitable[A]], unit: Callable[[Session], A]
    ) -> A:
        answer = await way(unit)
        if self.caller.aside is not None:
            try:
                await self._database.write(self.caller.aside)
            except UnavailableError as error:
                # The request's own work is committed; this can wait for the next one.
                logger.warning("not remembered: %s", error.detail)
        return answer

    def _unit(
        self,
        render: Callable[[R], A],
        service: Callable[Concatenate[Session, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Callable[[Session], A]:
        """The whole of a transaction: may the caller, then do, then render."""

        def run(session: Session) -> A:
            self.caller.become(self._check(session, self._subject))
            return render(service(session, *args, **kwargs))

        return run

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


def _no_content(_nothing: None) -> Response:
    return Response(status_code=204)


def _itself(value: T) -> T:
    return value


def _ok(item: BaseModel) -> Response:
    return Response(_json(item), media_type="application/json")


async def _unit_of_work(request: Request) -> UnitOfWork:
    if request.method in _WITH_BODY and not _is_form(request):
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


def _is_form(request: Request) -> bool:
    """A form was read as a stream already, and is text that cannot be malformed."""
    return request.headers.get("content-type", "").startswith(_FORMS)


_FORMS = ("application/x-www-form-urlencoded", "multipart/")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


Work = Annotated[UnitOfWork, Depends(_unit_of_work)]
