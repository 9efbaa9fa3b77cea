"""What happens around every request, as plain ASGI: the decorator form costs ten times as much."""

import logging
import re
import secrets
import time
from typing import Any

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import logs
from core.problems import unexpected_problem
from core.settings import ConfigurationError

logger = logging.getLogger("nexticket.access")

_SANE_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")


class RequestContextMiddleware:
    """Names the request, answers what nothing else caught, and logs one line."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        token = logs.request_id.set(request_id)
        started = time.perf_counter()
        # Stays 499 if the caller is gone before there is an answer.
        status = 499

        async def named_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, named_send)
        finally:
            _log(scope, status, time.perf_counter() - started)
            logs.request_id.reset(token)


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


class TrailingSlashMiddleware:
    """``/api/tickets`` and ``/api/tickets/`` are one address, and neither is a redirect."""

    def __init__(self, app: ASGIApp, *, collections: frozenset[str]) -> None:
        self.app = app
        self._collections = collections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            bare = scope["path"].rstrip("/")
            if bare:
                scope["path"] = f"{bare}/" if f"{bare}/" in self._collections else bare
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
        except BaseException:
            if failure is not None:
                await send(failure)
            raise


def _request_id(scope: Scope) -> str:
    """The caller's own if it is sane, so that its log and ours tell one story; else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_REQUEST_ID.fullmatch(value):
            return str(value.decode("ascii"))
    return secrets.token_hex(8)


def _log(scope: Scope, status: int, seconds: float) -> None:
    fields: dict[str, Any] = {
        "method": scope["method"],
        "route": _route_template(scope),
        "status": status,
        "duration_ms": round(seconds * 1000, 2),
    }
    if code := scope["state"].get("problem_code"):
        fields["code"] = code
    logger.info("request", extra=fields)


def _route_template(scope: Scope) -> str:
    """``/api/orders/{order_id}``: paths carry ids, routes can be counted."""
    context = scope.get("fastapi", {}).get("effective_route_context")
    path = getattr(context, "path", None) or getattr(scope.get("route"), "path", None)
    return path or "(no route)"
