"""An application that is served apart is asked what is below its address, and nothing else."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from core.http.apart import ApartMiddleware


async def tell(request: Request) -> JSONResponse:
    return JSONResponse({"path": request.path_params["path"], "base": str(request.base_url)})


async def ours(request: Request) -> JSONResponse:
    return JSONResponse({"ours": request.path_params["path"]})


OURS = Starlette(routes=[Route("/{path:path}", ours)])
THEIRS = Starlette(routes=[Route("/{path:path}", tell)])


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/apart/a/b", {"path": "a/b", "base": "http://testserver/apart/"}),
        ("/apart/", {"path": "", "base": "http://testserver/apart/"}),
        ("/apart", {"ours": "apart"}),
        ("/apartment", {"ours": "apartment"}),
        ("/a/apart/b", {"ours": "a/apart/b"}),
    ],
)
def test_by_the_whole_word(path: str, told: Any) -> None:
    client = TestClient(ApartMiddleware(OURS, served={"/apart": THEIRS}))
    assert client.get(path).json() == told


def test_below_the_prefix_of_a_proxy() -> None:
    app = ApartMiddleware(OURS, served={"/apart": THEIRS})
    client = TestClient(app, root_path="/shop")
    told = {"path": "a", "base": "http://testserver/shop/apart/"}
    assert client.get("/shop/apart/a").json() == told
    assert client.get("/apart/a").json() == told
