"""405 that names every method of the address: the router knows only those of the first route."""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException

from core.http.middleware import route_path


def install_allowed_methods(app: FastAPI) -> None:
    """Complete the ``Allow`` header; the handler of all HTTP errors goes on answering."""
    answer: Any = app.exception_handlers[HTTPException]

    async def method_not_allowed(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - how Starlette types handlers
        if methods := _allowed_methods(app, request):
            error.headers = {"Allow": ", ".join(methods)}
        response: Response = await answer(request, error)
        return response

    app.add_exception_handler(405, method_not_allowed)


def _allowed_methods(app: FastAPI, request: Request) -> list[str]:
    path = route_path(request.scope)
    routes = [
        route
        for route in iter_route_contexts(app.routes)
        if route.methods and route.path_regex.match(path)
    ]
    # What is named is no value for a parameter of another address.
    named = [route for route in routes if route.path == path]
    found = {method for route in named or routes for method in route.methods or ()}
    return sorted(found | {"HEAD"} if "GET" in found else found)
