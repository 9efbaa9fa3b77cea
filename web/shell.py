"""The frame of every page, and what a browser may do with it."""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException

from core.etags import is_among, tag_of
from core.settings import Settings
from web.static_files import static_files

ASSETS = "/assets"
# Scripts and styles come from files of ours, and nothing is asked of anybody else. What is shown
# was never text of a page: scripts can't turn a string into one.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
# Of what has another address as soon as it is another.
FOR_EVER = "public, max-age=31536000, immutable"
_TEMPLATES = Path(__file__).parent / "templates"


def show(request: Request, template: str, **values: Any) -> Response:
    """A page. It holds no data: its scripts ask the API, as who looks at it."""
    settings: Settings = request.app.state.settings
    root = request.scope.get("root_path", "")
    page = (
        _templates()
        .get_template(template)
        .render(
            root=root,
            settings=settings,
            path=request.url.path.removeprefix(root),
            asset=lambda path: asset(path, root),
            modules=lambda path: [asset(one, root) for one in static_files().modules_of(path)],
            **values,
        )
    )
    return _answer(request, page.encode())


def asset(path: str, root: str = "") -> str:
    """The address of a static file."""
    files = static_files()
    if path not in files.by_path:
        raise AssertionError(f"there is no static file {path}")
    return f"{root}{ASSETS}/{files.digest}/{path}"


async def require_pages(request: Request) -> None:
    """Where somebody else's front end is served, there are none of ours."""
    settings: Settings = request.app.state.settings
    if not settings.pages_enabled:
        raise HTTPException(404)


def _answer(request: Request, page: bytes) -> Response:
    tag = tag_of(page)
    headers = {
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-cache",
        "ETag": tag.decode(),
        "Vary": "Accept",
    }
    if is_among(tag, request.headers.get("if-none-match", "").encode("latin-1")):
        return Response(status_code=304, headers=headers)
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
