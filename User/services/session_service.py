"""A user's log-ins, as the user sees them: from which devices, and to be ended."""

from sqlalchemy import and_, bindparam, select

from core.pagination import Page
from core.store.listing import Listing, Where
from Ledger.services import audit_service
from models import login_sessions
from User.actions import Action
from User.errors import NotByApiKeyError, SessionNotFoundError
from User.schemas.identity import SessionList, SessionRead
from User.services import log_in_service
from work.context import Context

_COLUMNS = login_sessions.c
_SESSIONS = Listing(
    select(
        _COLUMNS.id,
        _COLUMNS.device,
        _COLUMNS.created_at,
        _COLUMNS.updated_at.label("last_used_at"),
        _COLUMNS.expires_at,
    ),
    _COLUMNS,
    {
        "user_id": Where("user_id", _COLUMNS.user_id == bindparam("user_id")),
        "now": Where(
            "now", and_(_COLUMNS.revoked_at.is_(None), _COLUMNS.expires_at > bindparam("now"))
        ),
    },
)


def list_sessions(context: Context, query: SessionList) -> Page[SessionRead]:
    """The caller's log-ins that have not ended."""
    _require_person(context)
    current = context.caller.log_in_id
    own = {"user_id": context.caller.user_id, "now": context.now}
    return _SESSIONS.page(context.rows, query, **own).map(
        lambda row: SessionRead(**row._mapping, is_current=row.id == current)
    )


def end_session(context: Context, session_id: int) -> None:
    """End one of the caller's log-ins, its access tokens included."""
    _require_person(context)
    is_own = _COLUMNS.user_id == context.caller.user_id
    is_open = _COLUMNS.expires_at > context.now
    if not log_in_service.revoke(context, is_own, is_open, _COLUMNS.id == session_id):
        raise SessionNotFoundError
    _audit(context, 1)


def end_other_sessions(context: Context) -> None:
    """End all of the caller's log-ins but the one that asks."""
    _require_person(context)
    is_own = _COLUMNS.user_id == context.caller.user_id
    is_other = _COLUMNS.id != context.caller.log_in_id
    is_open = _COLUMNS.expires_at > context.now
    _audit(context, log_in_service.revoke(context, is_own, is_other, is_open))


def _audit(context: Context, ended: int) -> None:
    """Remember it of those whose log-ins are remembered, for a thief would do it as well."""
    if ended and context.caller.is_box_office:
        about = f"user:{context.caller.user_id}"
        audit_service.record(context, Action.SESSIONS_ENDED, about, {"sessions": (ended, 0)})


def _require_person(context: Context) -> None:
    """A program's key must not tell of its maker's devices, nor shut the maker out."""
    if context.caller.key_id is not None:
        raise NotByApiKeyError
