"""What happens around every request, as plain ASGI: the decorator form costs ten times as much."""

import asyncio
import logging
import re
import time
from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import deadline, logs
from core.http.kinds import BODY_TOO_LARGE
from core.http.problems import problem, unexpected_problem
from core.money import selling_in
from core.settings import ConfigurationError

logger = logging.getLogger("nexticket.access")

# Whoever guesses passwords or tries doors shows in the log.
_LEVELS = dict.fromkeys((401, 403, 429), logging.WARNING)
_NOTED = "noted"
# No id has so many.
_ID_DIGITS = 20
_SANE_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")


class RequestContextMiddleware:
    """Names the request and the currency of its amounts, and logs one line."""

    def __init__(self, app: ASGIApp, *, household: Callable[[Scope], str], currency: str) -> None:
        self.app = app
        self._currency = currency
        # Stands for where a request comes from.
        self._household = household

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, client_id = logs.new_request_id(), _client_request_id(scope)
        told = client_id or request_id
        scope.setdefault("state", {})["request_id"] = told
        tokens = logs.request_id.set(request_id), logs.client_request_id.set(client_id)
        started = time.perf_counter()
        # Stays 499 if the caller is gone before there is an answer.
        status = 499

        async def named_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", told.encode()))
            await send(message)

        try:
            with selling_in(self._currency):
                await self.app(scope, receive, named_send)
        finally:
            self._log(scope, status, time.perf_counter() - started)
            logs.request_id.reset(tokens[0])
            logs.client_request_id.reset(tokens[1])

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        level = _LEVELS.get(status, logging.INFO)
        if not logger.isEnabledFor(level):
            return
        fields: dict[str, Any] = {
            "method": scope["method"],
            "route": _route_template(scope),
            "status": status,
            "duration_ms": round(seconds * 1000, 2),
            "household": self._household(scope),
            **scope["state"].get(_NOTED, {}),
            **_objects(scope),
        }
        if (client_id := logs.client_request_id.get()) is not None:
            fields["client_request_id"] = client_id
        if code := scope["state"].get("problem_code"):
            fields["code"] = code
        logger.log(level, "request", extra=fields)


class UnexpectedErrorMiddleware:
    """Logs a fault of ours with its trace and tells the caller nothing but the request id."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched_send)
        except Exception:
            if scope["type"] != "http" or started:
                raise
            logging.getLogger("nexticket.errors").exception("unexpected error")
            await unexpected_problem(Request(scope))(scope, receive, send)


class DeadlineMiddleware:
    """Gives the work of a request its time, and refuses a body that does not arrive in it."""

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self.app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_answered = False

        async def timely_receive() -> Message:
            if is_answered:
                # This waits for the caller to hang up, however long that takes.
                return await receive()
            try:
                async with asyncio.timeout(deadline.remaining()):
                    return await receive()
            except TimeoutError:
                # What comes later would be taken for the next request.
                raise HTTPException(408, headers={"Connection": "close"}) from None

        async def watched_send(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            await send(message)

        with deadline.within(self._seconds):
            await self.app(scope, timely_receive, watched_send)


class BodyLimitMiddleware:
    """Refuses a body that is too large before it fills the memory.

    The framework's own limit stands outside of everything here: its answer has neither a request
    id nor CORS headers, and is no problem document.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self.app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = header(scope, b"content-length") or b""
        if not announced.isdigit():
            await self.app(scope, self._counting(receive), send)
        elif int(announced) > self._max_bytes:
            await _too_large(Request(scope))(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _counting(self, receive: Receive) -> Receive:
        """A body sent in chunks tells its size only as it comes."""
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                # The routes leave this one to the error handlers.
                raise HTTPException(413)
            return message

        return counted


class TrailingSlashMiddleware:
    """``/api/things`` and ``/api/things/`` are one address, and neither is a redirect."""

    def __init__(self, app: ASGIApp, *, collections: frozenset[str]) -> None:
        self.app = app
        self._collections = collections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = route_path(scope)
            if bare := path.rstrip("/"):
                prefix = scope["path"].removesuffix(path)
                wanted = f"{bare}/" if f"{bare}/" in self._collections else bare
                scope["path"] = f"{prefix}{wanted}"
        await self.app(scope, receive, send)


class StartupRefusalMiddleware:
    """A start that is refused says why in one line instead of a trace."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        failure: Message | None = None

        async def hold_failure(message: Message) -> None:
            nonlocal failure
            if message["type"] == "lifespan.startup.failed":
                failure = message
            else:
                await send(message)

        try:
            await self.app(scope, receive, hold_failure)
        except ConfigurationError as refusal:
            await send({"type": "lifespan.startup.failed", "message": f"Not started: {refusal}"})
            # The server has its line, and ends. Whoever else runs us would take it for a start.
            raise
        except BaseException:
            if failure is not None:
                await send(failure)
            raise


def route_path(scope: Scope) -> str:
    """The path as the routes know it, without the prefix that a proxy serves us under."""
    prefix = scope.get("root_path", "")
    path: str = scope["path"]
    return path.removeprefix(prefix) if prefix and path.startswith(f"{prefix}/") else path


def header(scope: Scope, name: bytes) -> bytes | None:
    """A request's header by its name in small letters; the first one, where it stands twice."""
    return next((value for key, value in scope["headers"] if key == name), None)


def all_said(scope: Scope, name: bytes) -> bytes | None:
    """All that a request says in headers of that name, which may be a list in several lines."""
    said = [value for key, value in scope["headers"] if key == name]
    return b", ".join(said) if said else None


def note(scope: Scope, **fields: str) -> None:
    """Have the request's line in the log tell this as well."""
    scope.setdefault("state", {}).setdefault(_NOTED, {}).update(fields)


def _objects(scope: Scope) -> dict[str, int]:
    """The ids that stand in the path; what else stands there may be anything."""
    values = scope.get("path_params") or {}
    return {
        name: int(value)
        for name, value in values.items()
        if name.endswith("_id") and value.isascii() and value.isdigit() and len(value) < _ID_DIGITS
    }


def _too_large(request: Request) -> Response:
    return problem(request, BODY_TOO_LARGE, "The body is larger than this service accepts.")


def _client_request_id(scope: Scope) -> str | None:
    """What the caller calls the request, if it is sane: it is answered, and kept beside ours."""
    value = header(scope, b"x-request-id")
    if value is not None and _SANE_REQUEST_ID.fullmatch(value):
        return value.decode("ascii")
    return None


def _route_template(scope: Scope) -> str:
    """``/api/things/{thing_id}``: paths carry ids, routes can be counted."""
    context = scope.get("fastapi", {}).get("effective_route_context")
    path = getattr(context, "path", None) or getattr(scope.get("route"), "path", None)
    return path or "(no route)"
