"""A request's way to the database and back: one call of a service, one answer.

The service runs in one thread and one transaction, and what it returns is rendered before the
commit: an answer that can't be rendered changes nothing, and a commit that fails is not answered
with success. Identity and ``Idempotency-Key`` belong here: both concern the whole unit.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Concatenate, ParamSpec, Protocol, TypeVar

import anyio
from fastapi import Depends, Request, Response
from pydantic import BaseModel
from sqlmodel import Session
from starlette.types import Scope

from core import deadline, idempotency
from core.bodies import is_form, require_utf_8
from core.caller import Caller
from core.clock import Clock
from core.errors import DomainError, RequestInProgressError, UnavailableError
from core.idempotency import KeyedRequest
from core.pagination import Page
from core.problems import refusal
from core.schemas import Resource
from core.settings import Settings
from database import Database

logger = logging.getLogger("nexticket.unit_of_work")

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")
A = TypeVar("A")
W = TypeVar("W", bound=Response | None)

# How long a request waits for its twin's answer, as a part of the time that it has. PostgreSQL
# tells nobody when a transaction ends without keeping a connection for that, so it looks again.
_PATIENCE = 0.5
_FIRST_LOOK, _LAST_LOOK = 0.01, 0.2


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
        # Under which a second try is answered as the first one.
        self.key: KeyedRequest | None = None
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
        serve = _serving(_ok, service, *args, **kwargs)
        return await self._run(self._database.read, self._admitted(serve))

    async def report(
        self,
        service: Callable[Concatenate[Session, P], BaseModel],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Answer 200 with an object made from many statements over one state of the data."""
        serve = _serving(_ok, service, *args, **kwargs)
        return await self._run(self._database.snapshot, self._admitted(serve))

    async def page(
        self,
        service: Callable[Concatenate[Session, P], Page[BaseModel]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Answer 200 with a JSON array, and the headers that lead on."""
        serve = _serving(self._list, service, *args, **kwargs)
        return await self._run(self._database.read, self._admitted(serve))

    async def change(
        self,
        service: Callable[Concatenate[Session, P], BaseModel],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Change something and answer 200 with the object."""
        return await self._write(_ok, service, *args, **kwargs)

    async def attempt(
        self,
        service: Callable[Concatenate[Session, P], BaseModel | None],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response | None:
        """Answer 200 with the object, or None if there is none; what was done is committed."""
        return await self._write(_ok_if_any, service, *args, **kwargs)

    async def create(
        self,
        service: Callable[Concatenate[Session, P], Resource],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Make something and answer 201 with it and its ``Location``."""
        return await self._write(self._created, service, *args, **kwargs)

    async def remove(
        self,
        service: Callable[Concatenate[Session, P], None],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        """Remove something and answer 204."""
        return await self._write(_no_content, service, *args, **kwargs)

    async def fetch(
        self, service: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Read something that is not yet the answer."""
        serve = _serving(_itself, service, *args, **kwargs)
        return await self._run(self._database.read, self._admitted(serve))

    async def perform(
        self, service: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Commit something that is not yet the answer, and no harm to do again."""
        serve = _serving(_itself, service, *args, **kwargs)
        return await self._run(self._database.write, self._admitted(serve))

    async def find_answer(self) -> Response | None:
        """How this very request was answered before, where it could not be carried out again."""
        if self.key is None:
            return None
        return await self.fetch(self._find_answer, self.key)

    async def identify(self) -> Caller:
        """Who asks, where the work itself depends on it."""
        await self.fetch(lambda _session: None)
        return self.caller

    def _find_answer(self, session: Session, key: KeyedRequest) -> Response | None:
        return idempotency.find_answer(session, key, self.caller.principal)

    async def _write(
        self,
        render: Callable[[R], W],
        service: Callable[Concatenate[Session, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> W:
        unit = self._once(_serving(render, service, *args, **kwargs))
        seconds = self.settings.request_timeout_seconds
        look = _FIRST_LOOK
        with deadline.within(seconds):
            while True:
                try:
                    return await self._run(self._database.write, unit)
                except RequestInProgressError:
                    if deadline.remaining() < seconds * _PATIENCE:
                        raise
                # Without a connection meanwhile: the twin may be waiting for one.
                await anyio.sleep(look)
                look = min(look * 2, _LAST_LOOK)

    def _once(self, serve: Callable[[Session], W]) -> Callable[[Session], W]:
        """May the caller, then serve; under a key that was used, what was answered then."""
        key = self.key
        if key is None:
            return self._admitted(serve)

        def unit(session: Session) -> W:
            return idempotency.carry_out(
                session,
                key,
                self.caller.principal,
                lambda: serve(session),
                self._refuse,
                now=self.now,
            )

        return self._admitted(unit)

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

    def _admitted(self, serve: Callable[[Session], A]) -> Callable[[Session], A]:
        """The whole of a transaction: may the caller, then serve."""

        def unit(session: Session) -> A:
            self.caller.become(self._check(session, self._subject))
            return serve(session)

        return unit

    def _refuse(self, error: DomainError) -> Response:
        return refusal(self._request, error)

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


def _serving(
    render: Callable[[R], A],
    service: Callable[Concatenate[Session, P], R],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Callable[[Session], A]:
    return lambda session: render(service(session, *args, **kwargs))


def _json(item: BaseModel) -> bytes:
    return item.__pydantic_serializer__.to_json(item)


def _no_content(_nothing: None) -> Response:
    return Response(status_code=204)


def _ok_if_any(item: BaseModel | None) -> Response | None:
    return None if item is None else _ok(item)


def _itself(value: T) -> T:
    return value


def _ok(item: BaseModel) -> Response:
    return Response(_json(item), media_type="application/json")


async def _unit_of_work(request: Request) -> UnitOfWork:
    if request.method in _WITH_BODY and not is_form(request):
        await require_utf_8(request)
    work = UnitOfWork(request)
    # Who may not ask at all is told so first.
    work.key = await idempotency.keyed_request(request)
    return work


_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


Work = Annotated[UnitOfWork, Depends(_unit_of_work)]
