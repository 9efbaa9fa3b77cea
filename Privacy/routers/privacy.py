"""What is kept about a person, over HTTP."""

from typing import Annotated

from fastapi import Query, Response

from core.http.problems import responses
from core.schemas import IdPath
from Privacy.errors import OpenOrdersError
from Privacy.flows import export_user as exporting
from Privacy.schemas import Erasure, ExportQuery, PersonalData
from Privacy.services import erasure_service
from User.access import USER
from User.errors import LastAdministratorError, NotByApiKeyError, UserNotFoundError
from User.schemas.user import UserRead
from work.access import allowed, owner_or_admin
from work.conditions import conditional
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
    answer = await exporting.export_user(work, user_id, query)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.post(
    "/{user_id}/erase",
    summary="Erase a user",
    operation_id="erase_user",
    response_model=UserRead,
    responses=responses(
        NotByApiKeyError,
        UserNotFoundError,
        LastAdministratorError,
        OpenOrdersError,
        body=True,
    ),
)
@allowed(owner_or_admin(USER))
@conditional
async def erase_user(user_id: IdPath, work: Work, body: Erasure | None = None) -> Response:
    """Take the person out of the account, for ever: names, address, phone, notes, log-ins, keys,
    cart and shares.

    Orders and money stay, of a user who is nobody any more (`erased_at`). Orders that are not paid
    are cancelled; sold ones for events to come, or with money due, are told first.
    """
    return await work.about(user_id).change(
        lambda context: erasure_service.erase_user(context, user_id, body)
    )
