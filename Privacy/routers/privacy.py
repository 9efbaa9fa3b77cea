"""What is kept about a person, over HTTP."""

from typing import Annotated

from fastapi import Query, Response

from core.http.problems import responses
from core.schemas import IdPath
from Privacy.schemas import ExportQuery, PersonalData
from Privacy.services import export_service
from User.access import USER
from User.errors import UserNotFoundError
from work.access import allowed, owner_or_admin
from work.routing import Router
from work.unit_of_work import Work

router = Router(prefix="/api/users", tags=["Privacy"])


@router.get(
    "/{user_id}/export",
    summary="Get all that is kept about a user",
    operation_id="export_user",
    response_model=PersonalData,
    responses=responses(UserNotFoundError),
)
@allowed(owner_or_admin(USER))
async def export_user(
    user_id: IdPath, query: Annotated[ExportQuery, Query()], work: Work
) -> Response:
    """Account, log-ins, keys, cart and shares, and the orders with their lines, money and ledger.

    As of one moment. Who has more orders than `limit` goes on with `after`.
    """
    answer = await work.about(user_id).report(
        lambda context: export_service.export_user(context, user_id, query)
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
