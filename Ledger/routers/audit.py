"""The audit over HTTP."""

from typing import Annotated

from fastapi import Query, Response

from core.http.problems import responses
from Ledger.schemas import AuditList, AuditRead
from Ledger.services import audit_service
from work.access import ADMIN, allowed
from work.routing import Router
from work.unit_of_work import Work

router = Router(tags=["Audit"])


@router.get(
    "/api/audit",
    summary="List what was done",
    operation_id="list_audit_entries",
    response_model=list[AuditRead],
    responses=responses(),
)
@allowed(ADMIN)
async def list_audit_entries(query: Annotated[AuditList, Query()], work: Work) -> Response:
    """Who changed accounts, rights, keys, passwords and prices: in requests, and on the command
    line. What moved stock, money and orders is in each order's history.
    """
    return await work.page(lambda context: audit_service.list_entries(context, query))
