"""One's own log-ins over HTTP."""

from typing import Annotated

from fastapi import Query, Response

from core.http.problems import responses
from core.schemas import IdPath
from User.errors import NotByApiKeyError, SessionNotFoundError
from User.schemas.identity import SessionList, SessionRead
from User.services import session_service
from work.access import OWN, allowed
from work.routing import Router
from work.unit_of_work import Work

router = Router(prefix="/api/auth", tags=["Auth"])


@router.get(
    "/sessions",
    summary="List log-ins",
    operation_id="list_sessions",
    response_model=list[SessionRead],
    responses=responses(NotByApiKeyError),
)
@allowed(OWN)
async def list_sessions(query: Annotated[SessionList, Query()], work: Work) -> Response:
    """One's own that have not ended: since when, from which device, and which one asks."""
    return await work.page(lambda context: session_service.list_sessions(context, query))


@router.delete(
    "/sessions",
    summary="End all other log-ins",
    operation_id="end_other_sessions",
    status_code=204,
    responses=responses(NotByApiKeyError, parameters=False),
)
@allowed(OWN)
async def end_other_sessions(work: Work) -> Response:
    """All of one's own but the one that asks; their tokens end at once."""
    return await work.remove(session_service.end_other_sessions)


@router.delete(
    "/sessions/{session_id}",
    summary="End a log-in",
    operation_id="end_session",
    status_code=204,
    responses=responses(NotByApiKeyError, SessionNotFoundError),
)
@allowed(OWN)
async def end_session(session_id: IdPath, work: Work) -> Response:
    """One of one's own, its tokens included."""
    return await work.remove(lambda context: session_service.end_session(context, session_id))
