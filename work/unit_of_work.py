"""A request's way to the database and back: one call of a service, one answer.

The service runs in one transaction, and what it returns is rendered before the commit: an answer
that can't be rendered changes nothing, and a commit that fails is not answered with success.
Identity and ``Idempotency-Key`` belong here: both concern the whole unit.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

import anyio
from fastapi import HTTPException, Request, Response
from pydantic import BaseModel
from pydantic_core import from_json
from sqlmodel import Session
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from core import deadline
from core.clock import Clock
from core.errors import DomainError, RequestInProgressError, UnavailableError
from core.etags import Precondition, is_among, tag_of_all
from core.http.bodies import parsed, require_acceptable
from core.http.event_streams import EventStream, Source
from core.http.files import CsvFile
from core.http.idempotency_key import REPLAYED, KeyedRequest, keyed_request
from core.http.middleware import all_said, note
from core.http.problems import refusal
from core.pagination import Page
from core.schemas import Rendered, Resource, as_json, tagged
from core.settings import Settings
from database import Database
from work import idempotency
from work.access import Right, is_repeatable, is_signed, right_of
from work.caller import Caller
from work.conditions import precondition_of
from work.context import Admitted, Context, Known, NotAdmittedError, Question, Terms

logger = logging.getLogger("nexticket.unit_of_work")

T = TypeVar("T")
Service = Callable[[Context], T]
Served: TypeAlias = BaseModel | Rendered[Any]


class Entry(Admitted, Protocol):
    """A transaction's attempt to be let in; who asks is known once its questions are answered."""

    questions: list[Question]
    principal: str | None
    # Who that is, as soon as it is known, let in or not.
    asking: Caller | None


# What each transaction of an operation begins with: (key of the object, now) → its entry.
Admission = Callable[[Any, datetime], Entry]

# How long a request waits for its twin's answer, as a part of the time that it has. PostgreSQL
# tells nobody when a transaction ends without keeping a connection for that, so it looks again.
_PATIENCE = 0.5
_FIRST_LOOK, _LAST_LOOK = 0.01, 0.2


class Gatekeeper(Protocol):
    """Who decides whether a request may do what it asks for; see ``Auth.gatekeeper``."""

    def admission(self, scope: Scope, right: Right, now: datetime) -> Admission:
        """Raises for who shows at once that he may not ask, before the body is read."""

    def room(self, scope: Scope) -> idempotency.Room: ...


class UnitOfWork(Request):
    """A request that is carried out; ``work.routing`` makes it for the operations that name it."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        super().__init__(scope, receive)
        state = self.app.state
        # Under which a second try is answered as the first one.
        self.key: KeyedRequest | None = None
        self._precondition: Precondition | None = None
        self._clock: Clock = state.clock
        self._settings: Settings = state.settings
        self._terms: Terms = state.terms
        right = right_of(scope["endpoint"])
        if right is None:
            raise AssertionError("no app starts with an operation without a right")
        self._gatekeeper: Gatekeeper = state.gatekeeper
        self._admit = self._gatekeeper.admission(scope, right, self._clock())
        self._room: idempotency.Room | None = None
        self._about: Any = None
        self._principal: str | None = None
        self._aside: Callable[[Session], None] | None = None

    @property
    def _database(self) -> Database:
        database: Database = self.app.state.database
        return database

    async def json(self) -> Any:
        """The body; whoever reads it, this service or the framework, reads it so, and once."""
        if not hasattr(self, "_json"):
            self._json = parsed(await self.body())
        return self._json

    async def identify(self, takes: str | None) -> None:
        """Read what tells the request from others; who may not ask at all was told so by now.

        ``takes`` is the kind of body that its operation takes.
        """
        if self.method == "GET":
            return
        self._precondition = precondition_of(self.scope)
        if self.method not in _WITH_BODY or is_signed(self.scope["endpoint"]):
            return
        try:
            await require_acceptable(self, takes)
            if not is_repeatable(self.scope["endpoint"]):
                self.key = await keyed_request(self)
                self._room = self._gatekeeper.room(self.scope) if self.key else None
        except ClientDisconnect:
            # Nobody is there to hear it.
            raise HTTPException(400) from None

    def about(self, key: Any) -> "UnitOfWork":
        """Name the object whose owner may do this: a user's, order's, item's or payment's key."""
        self._about = key
        return self

    def on_behalf_of(self, principal: str) -> "UnitOfWork":
        """Name whose an ``Idempotency-Key`` is, where that stands in the body."""
        self._principal = principal
        return self

    @property
    def now(self) -> datetime:
        """For what happens between transactions, each of which has a time of its own."""
        return self._clock()

    @property
    def steps(self) -> "Steps":
        """For a flow, which does more than this one transaction."""
        return Steps(self, self._database)

    async def read(self, service: Service[Served]) -> Response:
        """Answer 200 with an object that one statement reads."""
        return await self.run(self._database.read, lambda context: self._object(service(context)))

    async def report(self, service: Service[BaseModel]) -> Response:
        """Answer 200 with an object made from many statements over one state of the data."""
        return await self.run(
            self._database.snapshot, lambda context: self._object(service(context))
        )

    async def page(self, service: Service[Page[Served]]) -> Response:
        """Answer 200 with a JSON array, and the headers that lead on."""
        return await self.run(self._database.read, lambda context: self._list(service(context)))

    async def export(self, name: str, service: Service[Iterator[bytes]]) -> Response:
        """Answer 200 with a file of this name, made while it is sent, of one state of the data."""
        caller = await self.run(self._database.read, lambda context: context.caller)
        now, known = self._clock(), Known(caller)
        export = await self._database.exports.start(
            lambda session: service(Context(session, now, self._terms, known))
        )
        return CsvFile(export, name=name)

    async def listen(self, source: Callable[[], Awaitable[Source]]) -> Response:
        """Answer 200 with events, as long as there are any and the caller listens."""
        await self.run(self._database.read, lambda context: context.caller)
        return EventStream(await source())

    async def change(self, service: Service[Served | DomainError]) -> Response:
        """Change something and answer 200 with the object.

        A refusal that the service returns, rather than raises, is answered as one; but what was
        done is committed.
        """
        return await self.answer(lambda context: _ok_unless_refused(service(context)))

    async def answer(self, service: Service[Response | DomainError]) -> Response:
        """Change something and answer what a flow has made of it."""
        return await self._write(service)

    async def create(self, service: Service[Resource]) -> Response:
        """Make something and answer 201 with it and its ``Location``."""
        return await self._write(lambda context: self._created(service(context)))

    async def take_step(self, name: str, service: Service[Resource]) -> Response:
        """Make something on the way to an answer; once, where the request has a key."""
        key = None if self.key is None else self.key.for_step(name)
        return await self._write(lambda context: self._created(service(context)), key)

    async def end_with(self, answer: Response) -> Response:
        """Answer as a step was answered, and keep that for whoever sends the request again."""
        return await self._write(lambda _context: answer)

    async def remove(self, service: Service[None]) -> Response:
        """Remove something and answer 204."""

        def serve(context: Context) -> Response:
            service(context)
            return Response(status_code=204)

        return await self._write(serve)

    async def run(
        self, way: Callable[[Callable[[Session], T]], Awaitable[T]], service: Service[T]
    ) -> T:
        """Take a way of the database with the service, and commit what is to be remembered."""
        result = await way(lambda session: self._admitted(session, service))
        if self._aside is not None:
            try:
                await self._database.write(self._aside)
            except UnavailableError as error:
                # The request's own work is committed; this can wait for the next one.
                logger.warning("not remembered: %s", error.detail)
        return result

    def _admitted(self, session: Session, service: Service[T]) -> T:
        """Serve a caller who may; who may not is told so, whatever else would be refused."""
        now = self._clock()
        entry = self._admit(self._about, now)
        entry.principal = self._principal or entry.principal
        # Whether it was heard is of this transaction.
        precondition = None if self._precondition is None else replace(self._precondition)
        context = Context(session, now, self._terms, entry, entry.questions, precondition)
        try:
            result = context.serve(service)
            self._aside = context.caller.aside
        except NotAdmittedError as error:
            raise error.refusal from None
        finally:
            self._note(entry.asking)
        return result

    def _note(self, asking: Caller | None) -> None:
        """Have the log tell who asked, also where that one may not."""
        if asking is not None:
            actor = asking.actor
            told = {"caller": actor.name} | ({"means": actor.means} if actor.means else {})
            note(self.scope, **told)

    async def _write(
        self, serve: Service[Response | DomainError], key: KeyedRequest | None = None
    ) -> Response:
        key = key or self.key

        def serve_as_meant(context: Context) -> Response | DomainError:
            answer = serve(context)
            context.require_heard()
            return answer

        answer = await self._with_patience(lambda context: self._once(context, key, serve_as_meant))
        if isinstance(answer, DomainError):
            raise answer
        return answer

    async def _with_patience(self, unit: Service[T]) -> T:
        """Where a twin is being carried out, wait for its answer."""
        seconds = self._settings.request_timeout_seconds
        look = _FIRST_LOOK
        with deadline.within(seconds):
            while True:
                try:
                    return await self.run(self._database.write, unit)
                except RequestInProgressError:
                    if deadline.remaining() < seconds * _PATIENCE:
                        raise
                # Without a connection meanwhile: the twin may be waiting for one.
                await anyio.sleep(look)
                look = min(look * 2, _LAST_LOOK)

    def _once(
        self,
        context: Context,
        key: KeyedRequest | None,
        serve: Service[Response | DomainError],
    ) -> Response | DomainError:
        """Serve; under a key that was used, what was answered then."""
        if key is None or self._room is None:
            return serve(context)
        return idempotency.carry_out(context, key, self._room, serve, self._refuse)

    def _refuse(self, error: DomainError) -> Response:
        return refusal(self, error)

    def _created(self, item: Resource) -> Response:
        # A proxy may serve us under a prefix, which only the request knows.
        location = self.scope.get("root_path", "") + item.location()
        answer = _ok(item)
        answer.status_code = 201
        answer.raw_headers.append((b"location", location.encode()))
        return answer

    def _object(self, item: Served) -> Response:
        return self._unless_known(*tagged(item), {})

    def _list(self, page: Page[Served]) -> Response:
        headers: dict[str, str] = {}
        if page.next is not None:
            headers["Link"] = f'<{self._address_with(page.next)}>; rel="next"'
        if page.total is not None:
            name = "X-Total-Count" if page.total.is_exact else "X-Total-Count-At-Least"
            headers[name] = str(page.total.number)
        written = [as_json(item) for item in page.items]
        # With what the headers say: a page may stay as it is, and another one follow it.
        parts = [
            *map(_mark, page.items, written),
            *(f"{name}: {said}".encode() for name, said in headers.items()),
        ]
        return self._unless_known(b"[" + b",".join(written) + b"]", tag_of_all(parts), headers)

    def _unless_known(self, body: bytes, tag: bytes, headers: dict[str, str]) -> Response:
        """The answer, or 304 to a caller who has it already."""
        said = all_said(self.scope, b"if-none-match")
        if said is not None and is_among(tag, said):
            answer = Response(status_code=304, headers=headers)
        else:
            answer = Response(body, headers=headers or None, media_type="application/json")
        answer.raw_headers.append((b"etag", tag))
        return answer

    def _address_with(self, changes: Mapping[str, str]) -> str:
        """The request's address, changed; without a host, for what Host says is the caller's."""
        # The cursor stands where the page ended, so what was skipped must not be skipped again.
        url = self.url.remove_query_params("skip").include_query_params(**changes)
        return f"{url.path}?{url.query}"


class Made(NamedTuple):
    """What a step has made, as it was served."""

    item: Any
    # It was made when the request came before; what has become of it since is not told.
    is_replay: bool


class Steps:
    """The transactions of a flow: short ones, with the caller admitted in each.

    Between them nothing is held open, so a flow may wait there as long as it takes. What it answers
    is made by the unit of work itself, in the last transaction.
    """

    def __init__(self, work: UnitOfWork, database: Database) -> None:
        self._work = work
        self._database = database

    async def read(self, service: Service[T]) -> T:
        return await self._work.run(self._database.read, service)

    async def write(self, service: Service[T]) -> T:
        """Commit something that is no harm to do again, as whoever repeats the request will."""
        return await self._work.run(self._database.write, service)

    async def once(self, name: str, service: Service[Resource]) -> "Made | Response":
        """Commit what must not be done again, and what it made.

        Who repeats the request under its key is told what was made then; without a key, it is made
        anew. A refusal that is kept under the key is the answer to the whole request.
        """
        made = await self._work.take_step(name, service)
        if made.status_code >= _REFUSED:
            return made
        return Made(from_json(bytes(made.body)), is_replay=REPLAYED in made.headers)

    async def earlier_answer(self) -> Response | None:
        """How this very request was answered before, where it could not be carried out again."""
        key = self._work.key
        if key is None:
            return None
        return await self.read(lambda context: idempotency.find_answer(context, key))


def _ok_unless_refused(item: Served | DomainError) -> Response | DomainError:
    return item if isinstance(item, DomainError) else _ok(item)


def _ok(item: Served) -> Response:
    """What was made or changed; of an object that can be changed again, with its state."""
    if not (isinstance(item, Rendered) or hasattr(item, "updated_at")):
        return Response(as_json(item), media_type="application/json")
    body, tag = tagged(item)
    answer = Response(body, media_type="application/json")
    answer.raw_headers.append((b"etag", tag))
    return answer


def _mark(item: Served, written: bytes) -> bytes:
    """What tells an item of a list from another, and from itself once it is changed."""
    return item.tag if isinstance(item, Rendered) else written


_REFUSED = 400
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


Work = UnitOfWork
