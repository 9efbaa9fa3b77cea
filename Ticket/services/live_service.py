"""What has changed of tickets that somebody looks at."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Executable, select

from core.columns import BigId
from core.schemas import as_json
from core.store.dialects import Sql
from core.store.statements import Row, statement
from models import tickets
from Ticket.schemas import TicketState
from work.context import Context


class State(NamedTuple):
    """Of one ticket, as it was read, and as it is told."""

    row: Row
    json: bytes


_TOLD = [tickets.c[name] for name in TicketState.model_fields if name in tickets.c]


def changes(context: Context, known: Mapping[int, Row | None]) -> dict[int, State | None]:
    """The tickets that are not as they are known, and None for those that are gone."""
    rows = context.rows(_told, wanted=[(ticket_id,) for ticket_id in known])
    found = {row.id: row for row in rows}
    changed: dict[int, State | None] = dict.fromkeys(known.keys() - found.keys())
    for ticket_id, row in found.items():
        if row != known[ticket_id]:
            changed[ticket_id] = State(row, _written(row, context.terms.currency))
    return changed


def _written(row: Any, currency: str) -> bytes:
    return as_json(TicketState.model_validate({**row._mapping, "currency": currency}))


@statement
def _told(sql: Sql) -> Executable:
    wanted = sql.rows("wanted", ticket_id=BigId)
    return select(*_TOLD).where(tickets.c.id.in_(select(wanted.c.ticket_id)))
