"""The only writer of the ledger: what moved, from where to where, and why.

A movement is written in the transaction that makes it, so the ledger is never ahead of the
counters nor behind them. ``reconciliation_service`` recomputes the counters from it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Executable, bindparam, insert, select

from core.logs import client_request_id, request_id
from core.money import ZERO
from core.store.dialects import Sql
from core.store.statements import statement
from Ledger.schemas import ActorShown
from models import MovementKind, movements
from work.caller import Actor
from work.context import Context

# What each entry says, and what all that are written at once have in common.
_COLUMNS = (
    "kind",
    "cause",
    "origin",
    "target",
    "quantity",
    "amount",
    "order_id",
    "ticket_id",
    "transaction_id",
)
_OF_ALL = (
    "request_id",
    "client_request_id",
    "actor",
    "actor_role",
    "actor_means",
    "created_at",
)

# Where units and orders come from, and where they go when they are deleted.
NOWHERE = "nowhere"
# Who has the money.
BUYER, SELLER = "buyer", "seller"


@dataclass(frozen=True)
class Move:
    """From where to where, and why: the name of a domain's cause."""

    origin: str
    target: str
    cause: str


@dataclass(frozen=True)
class Entry:
    """A line of the ledger; ``amount`` is money, or what the units are worth to the order."""

    kind: MovementKind
    move: Move
    quantity: int = 0
    amount: Decimal = ZERO
    order_id: int | None = None
    ticket_id: int | None = None
    transaction_id: int | None = None


def record(context: Context, entries: Iterable[Entry]) -> None:
    """Write entries, thousands if need be; none is fine."""
    rows = [_values(entry) for entry in entries]
    if rows:
        context.write(_recorded, entries=rows, **provenance(context))


def provenance(context: Context, actor: Actor | None = None) -> dict[str, Any]:
    """Who does it, in which request, and when: what every line of the books has."""
    actor = actor or context.caller.actor
    return {
        "request_id": request_id.get(),
        "client_request_id": client_request_id.get(),
        "actor": actor.name,
        "actor_role": actor.role,
        "actor_means": actor.means,
        "created_at": context.now,
    }


def stock_moved(
    move: Move,
    *,
    ticket_id: int,
    quantity: int,
    order_id: int | None = None,
    amount: Decimal = ZERO,
) -> Entry:
    """Units of a ticket went from one counter to another."""
    return Entry(
        MovementKind.STOCK,
        move,
        quantity=quantity,
        amount=amount,
        order_id=order_id,
        ticket_id=ticket_id,
    )


def order_moved(order_id: int, move: Move) -> Entry:
    """An order went from one state to another."""
    return Entry(MovementKind.ORDER, move, order_id=order_id)


def money_moved(order_id: int, transaction_id: int, amount: Decimal, move: Move) -> Entry:
    """Money of a transaction changed hands."""
    return Entry(
        MovementKind.MONEY, move, amount=amount, order_id=order_id, transaction_id=transaction_id
    )


def shown_actor(row: Any) -> ActorShown:
    """Whose doing a line of the books says it was."""
    return ActorShown(name=row.actor, role=row.actor_role, means=row.actor_means)


@statement
def _recorded(sql: Sql) -> Executable:
    columns = movements.c
    entries = sql.rows("entries", **{name: columns[name].type for name in _COLUMNS})
    of_all = [bindparam(name, type_=columns[name].type).label(name) for name in _OF_ALL]
    lines = select(*entries.c, *of_all)
    return insert(movements).from_select([*_COLUMNS, *_OF_ALL], lines)


def _values(entry: Entry) -> tuple[Any, ...]:
    """In the order of the columns."""
    move = entry.move
    return (
        entry.kind,
        move.cause,
        move.origin,
        move.target,
        entry.quantity,
        entry.amount,
        entry.order_id,
        entry.ticket_id,
        entry.transaction_id,
    )
