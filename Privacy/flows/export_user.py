"""Telling what is kept about a person. Whoever asks about another is remembered first.

A crash between the two leaves an entry of the audit about an answer that nobody got.
"""

from fastapi import Response

from Privacy.schemas import ExportQuery
from Privacy.services import export_service
from work.unit_of_work import UnitOfWork


async def export_user(work: UnitOfWork, user_id: int, query: ExportQuery) -> Response:
    """All that is kept about a user, as of one moment."""
    about = work.about(user_id)
    caller = await about.steps.read(lambda context: context.caller)
    if caller.user_id != user_id:
        await about.steps.write(lambda context: export_service.remember_export(context, user_id))
    return await about.report(lambda context: export_service.export_user(context, user_id, query))
