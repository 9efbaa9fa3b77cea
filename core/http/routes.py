"""How a request finds its route."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.datastructures import URLPath
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, NoMatchFound, Route
from starlette.types import Receive, Scope, Send

from core.http.middleware import route_path

# What stands in the place of a parameter, and where a way ends: no word of a path is like them.
_ANY, _END = "{}", None
_FOUND = "nexticket.route"


def install_routes(app: FastAPI, routers: Iterable[APIRouter]) -> "Shortcut":
    """Serve the routes of routers that need nothing of the app but to be found.

    ``include_router`` would have each route asked twice, one after the other.
    """
    routes = [route for router in routers for route in router.routes]
    shortcut = Shortcut(routes)
    app.router.routes += [shortcut, *routes]
    return shortcut


class Shortcut(BaseRoute):
    """Asks the one route that a request's path leads to, before the router asks all in turn.

    What it does not find, or finds with another method, the router goes on to look for.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._ways: dict[Any, Any] = {}
        # Of addresses without parameters.
        self._named: dict[str, set[str]] = {}
        for route in routes:
            if isinstance(route, Route):
                if "{" not in route.path:
                    self._named.setdefault(route.path, set()).update(route.methods or ())
                for method in route.methods or ():
                    self._lead(method, route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http":
            return Match.NONE, {}
        named = self._named.get(route_path(scope))
        if named is not None and scope["method"] not in named:
            # The name of an address is no value for a parameter of another one.
            raise HTTPException(405)
        route = self.route_of(scope)
        if route is None:
            return Match.NONE, {}
        return route.matches(scope)

    def route_of(self, scope: Scope) -> Route | None:
        """The route of a request, which is looked for once: limits ask before the router does."""
        if _FOUND not in scope:
            scope[_FOUND] = self._route_of(scope)
        found: Route | None = scope[_FOUND]
        return found

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["route"].handle(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        # The routes themselves, which stand behind this one, know their addresses.
        raise NoMatchFound(name, path_params)

    def _lead(self, method: str, route: Route) -> None:
        way = self._ways
        for word in (method, *route.path.split("/")):
            way = way.setdefault(_ANY if word.startswith("{") else word, {})
        way.setdefault(_END, route)

    def _route_of(self, scope: Scope) -> Route | None:
        way: Any = self._ways.get(scope["method"])
        for word in route_path(scope).split("/"):
            if way is None:
                return None
            way = way.get(word) or way.get(_ANY)
        return None if way is None else way.get(_END)
