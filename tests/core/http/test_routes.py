"""Each address leads to the operation that the router would find by asking one after the other."""

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

import main
from core.http.routes import Shortcut, install_routes

ROUTES = [route for router in main.DOMAINS.routers for route in router.routes]
# Words that could be a parameter as well as the word of another route.
WORDS = ("7", "search", "items", "by-event", "from-cart", "status", "{id}", "{}", "route", "")


def scope(method: str, path: str) -> Scope:
    return {"type": "http", "method": method, "path": path, "root_path": ""}


def asked_in_turn(request: Scope) -> object:
    matches = ((route.matches(request)[0], route) for route in ROUTES)
    return next((route for match, route in matches if match is Match.FULL), None)


def methods_named(path: str) -> set[str]:
    """What can be done at an address that is named as it is, without a parameter."""
    named = [route for route in ROUTES if isinstance(route, APIRoute) and route.path == path]
    assert named
    return {method for route in named for method in route.methods or ()}


@pytest.fixture(scope="module")
def shortcut() -> Shortcut:
    return Shortcut(ROUTES)


@pytest.mark.parametrize("word", WORDS)
def test_it_is_the_route_that_the_router_would_find(shortcut: Shortcut, word: str) -> None:
    for route in ROUTES:
        assert isinstance(route, APIRoute)
        path = "/".join(word if part.startswith("{") else part for part in route.path.split("/"))
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
            request = scope(method, path)
            try:
                match, found = shortcut.matches(request)
            except HTTPException:
                # The name of an address is no value for a parameter of another.
                assert method not in methods_named(path)
                continue
            if match is Match.FULL:
                assert found["route"] is asked_in_turn(request)


def test_every_route_is_found_by_it(shortcut: Shortcut) -> None:
    """Else a part of the service would be slower, and nobody would see it."""
    for route in ROUTES:
        assert isinstance(route, APIRoute)
        path = "/".join("7" if part.startswith("{") else part for part in route.path.split("/"))
        for method in route.methods or ():
            match, found = shortcut.matches(scope(method, path))
            assert match is Match.FULL, path
            assert found["path_params"] == dict.fromkeys(route.param_convertors, "7")


def test_routes_go_on_knowing_their_addresses() -> None:
    app = FastAPI()
    install_routes(app, main.DOMAINS.routers)
    assert app.url_path_for("get_ticket", ticket_id="7") == "/api/tickets/7"


def test_what_it_does_not_know_is_looked_for_by_the_router() -> None:
    router = APIRouter()

    @router.get("/files/{path:path}")
    def serve(path: str) -> str:
        return path

    app = FastAPI()
    install_routes(app, [router])
    with TestClient(app) as client:
        assert client.get("/files/a/b/c").json() == "a/b/c"
        assert client.post("/files/a/b/c").status_code == 405
        assert client.get("/nowhere").status_code == 404
