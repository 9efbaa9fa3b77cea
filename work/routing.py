"""Routers whose operations are units of work, and that are passed over for what is not theirs."""

from collections.abc import Callable, Coroutine
from inspect import signature
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from core.http.middleware import route_path
from work.unit_of_work import UnitOfWork

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class WorkRoute(APIRoute):
    """Makes the unit of work that an operation names as a parameter.

    The framework hands an endpoint its request whatever kind of request that is, which costs much
    less than a dependency; and who may not ask at all is told so before the body is read.
    """

    def get_route_handler(self) -> Handler:
        serve: Handler = super().get_route_handler()
        kinds = {parameter.annotation for parameter in signature(self.endpoint).parameters.values()}
        if UnitOfWork not in kinds:
            return serve

        async def handle(request: Request) -> Response:
            work = UnitOfWork(request.scope, request.receive)
            await work.identify()
            return await serve(work)

        return handle


class Router(APIRouter):
    """A router whose prefix is looked at before its routes.

    The framework asks each route in turn, twice: of sixty, that was a third of a small request.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=WorkRoute, **options)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if not route_path(scope).startswith(self.prefix):
            return Match.NONE, {}
        return super().matches(scope)
