"""Who did what to accounts, rights and prices; ``ledger_service`` tells of stock and money.

An entry is written in the transaction that does what it tells, by the service that does it.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import Executable, bindparam, insert, select, true

from core.money import currency
from core.pagination import Page
from core.store.dialects import Sql
from core.store.listing import Listing, OneOf, Where
from core.store.statements import Row, statement
from Ledger.schemas import AuditList, AuditRead
from Ledger.services.ledger_service import provenance, shown_actor
from models import audit_entries
from work.caller import Actor
from work.context import Context

# A field before and after.
Changed = tuple[Any, Any]
# Longer texts are told to have changed, as private ones are: what they were is no matter of rights.
_LONGEST = 200
NOT_TOLD: Changed = ("…", "…")

_ENTRIES = Listing(
    select(*audit_entries.c),
    audit_entries.c,
    {
        "actor": OneOf("actor", audit_entries.c.actor),
        "object": OneOf("object", audit_entries.c.object),
        "action": OneOf("action", audit_entries.c.action),
        "created_from": Where(
            "created_from", audit_entries.c.created_at >= bindparam("created_from")
        ),
        "created_to": Where("created_to", audit_entries.c.created_at < bindparam("created_to")),
    },
)
_COLUMNS = [str(column.key) for column in audit_entries.c if column.key != "id"]


def record(
    context: Context,
    action: StrEnum,
    about: str,
    changes: Mapping[str, Changed] | None = None,
    *,
    actor: Actor | None = None,
) -> None:
    """Write down what is done to an object, ``user:7``; by the caller, if no ``actor`` is named."""
    told = {name: _told(*change) for name, change in (changes or {}).items()}
    context.write(
        _recorded,
        action=action.value,
        object=about,
        changes=to_json(told).decode(),
        **provenance(context, actor),
    )


def list_entries(context: Context, query: AuditList) -> Page[AuditRead]:
    return _ENTRIES.page(context.rows, query.in_days_of(context.terms.zone)).map(_read)


@statement
def _recorded(_sql: Sql) -> Executable:
    columns = audit_entries.c
    said = [bindparam(name, type_=columns[name].type).label(name) for name in _COLUMNS]
    return insert(audit_entries).from_select(_COLUMNS, select(*said).where(true()))


def _told(before: Any, after: Any) -> dict[str, str | None]:
    texts = [None if value is None else _text(value) for value in (before, after)]
    if any(text is not None and len(text) > _LONGEST for text in texts):
        texts = list(NOT_TOLD)
    return {"before": texts[0], "after": texts[1]}


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        value = value.quantize(currency().unit)
    return value if isinstance(value, str) else to_json(value).decode().strip('"')


def _read(row: Row) -> AuditRead:
    return AuditRead(
        id=row.id,
        created_at=row.created_at,
        action=row.action,
        object=row.object,
        changes=from_json(row.changes),
        actor=shown_actor(row),
        request_id=row.request_id,
        client_request_id=row.client_request_id,
    )
