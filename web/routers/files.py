"""The static files of pages, at addresses that change with them."""

from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException

from core.http.accepting import takes_gzip
from web.shell import ASSETS, FOR_EVER, require_pages
from web.static_files import static_files

router = APIRouter(prefix=ASSETS, dependencies=[Depends(require_pages)], include_in_schema=False)


@router.get("/{digest}/{path:path}")
async def static_file(request: Request, digest: str, path: str) -> Response:
    """A page of another release, which is open still, gets today's files, but only for now."""
    files = static_files()
    file = files.by_path.get(path)
    if file is None:
        raise HTTPException(404)
    headers = {
        "Cache-Control": FOR_EVER if digest == files.digest else "no-store",
        "Vary": "Accept-Encoding",
    }
    body = file.plain
    if file.compressed is not None and takes_gzip(request.headers.get("accept-encoding", "")):
        body = file.compressed
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=file.media_type, headers=headers)
