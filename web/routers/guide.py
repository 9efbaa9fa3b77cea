"""The guide: the repository's documents as pages, and their pictures."""

from functools import partial

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException

from core.etags import is_among
from core.settings import Settings
from web import documents, shelves
from web.shell import FOR_EVER, require_pages, show

router = APIRouter(
    prefix=documents.GUIDE, dependencies=[Depends(require_pages)], include_in_schema=False
)


@router.get("")
async def start(request: Request) -> Response:
    # Others are served while documents are read for the first time.
    index = await to_thread.run_sync(shelves.index)
    return show(
        request,
        "guide_start.html",
        doors=shelves.doors(),
        shelves=shelves.shelves(),
        index=index,
    )


@router.get("/images/{name:path}")
async def image(request: Request, name: str) -> Response:
    found = documents.images().get(name)
    if found is None:
        raise HTTPException(404)
    is_named = request.query_params.get("v") == found.digest
    headers = {
        "Cache-Control": FOR_EVER if is_named else "no-cache",
        "ETag": f'"{found.digest}"',
    }
    asked = request.headers.get("if-none-match", "").encode("latin-1")
    if is_among(headers["ETag"].encode(), asked):
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type="image/png", headers=headers)


@router.get("/{address:path}")
async def document(request: Request, address: str) -> Response:
    found = documents.documents().get(address)
    if found is None:
        raise HTTPException(404)
    settings: Settings = request.app.state.settings
    root = request.scope.get("root_path", "")
    read = partial(documents.page, address, root, has_contract=settings.shows_docs)
    page = await to_thread.run_sync(read)
    shelf = shelves.shelf_of(found)
    before, after = shelves.neighbours(found)
    return show(
        request,
        "guide.html",
        document=found,
        page=page,
        shelf=shelf,
        shelves=shelves.shelves(),
        before=before,
        after=after,
    )
