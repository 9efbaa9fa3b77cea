"""The OpenAPI document, and pages that show it.

``/docs`` and ``/redoc`` come from files of a package: they work where no outside host is reached.
"""

from importlib.util import find_spec
from pathlib import Path

from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

ASSETS = "/docs-assets"
OPENAPI = "/openapi.json"


def install_docs(app: FastAPI) -> None:
    app.mount(ASSETS, StaticFiles(directory=_assets()), name="docs-assets")

    @app.get(OPENAPI, include_in_schema=False)
    async def openapi(request: Request) -> JSONResponse:
        root = request.scope.get("root_path", "")
        # FastAPI would name the address without the prefix as well, where a proxy has another site.
        # The first time it takes a second to make, in which others want to be served.
        document = await to_thread.run_sync(app.openapi)
        return JSONResponse(document | ({"servers": [{"url": root}]} if root else {}))

    @app.get("/docs", include_in_schema=False)
    async def swagger_ui(request: Request) -> Response:
        root = request.scope.get("root_path", "")
        if request.scope.get("raw_path", b"").endswith(b"/"):
            # It asks for tokens at an address that is relative to the page's own.
            return RedirectResponse(f"{root}/docs")
        return get_swagger_ui_html(
            openapi_url=f"{root}{OPENAPI}",
            title=f"{app.title} - interactive documentation",
            swagger_js_url=f"{root}{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{root}{ASSETS}/favicon.png",
            swagger_ui_parameters={"displayRequestDuration": True, "tryItOutEnabled": True},
        )

    @app.get("/redoc", include_in_schema=False)
    async def redoc(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        return get_redoc_html(
            openapi_url=f"{root}{OPENAPI}",
            title=f"{app.title} - documentation",
            redoc_js_url=f"{root}{ASSETS}/redoc.standalone.js",
            redoc_favicon_url=f"{root}{ASSETS}/favicon.png",
            with_google_fonts=False,
        )


def _assets() -> Path:
    """The static files of ``fastapi-offline``; its code is not used."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise RuntimeError("fastapi-offline is not installed: run `make install`")
    return Path(spec.origin).parent / "static"
