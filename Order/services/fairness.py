"""How much one customer may hold: the whole policy, so that what is scarce is left for others.

- So many open orders at once, with lines or without.
- So many units of one ticket, held and bought together; what was refunded is given back.
- What a customer holds of a ticket runs out together, however many orders hold it. Who gives some
  back, or orders more, goes on with the time of the first hold; once that has run out unpaid, it
  is the others' turn for a while.
- So many orders within a day that end unpaid.

The settings say how many; 0 is no limit. Customers order for themselves alone. The box office,
which orders for others, is exempt: what the accounts that it orders for hold is not looked at.

A customer's orders are placed one after the other, so that each sees those before: the limits are
exact under any race. That costs no message of its own, see ``Exchange.take_turn``.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Executable, and_, bindparam, or_, select

from core.errors import RetryTransaction
from core.store.batches import remove_batch
from core.store.dialects import Sql
from core.store.exchange import lock_number
from core.store.statements import Row, statement
from models import MovementKind, UserRole, ended_holds, movements
from Order.causes import Cause
from Order.errors import (
    HoldAgainLaterError,
    OpenOrdersLimitError,
    UnitsLimitError,
    UnpaidOrdersLimitError,
)
from Order.services import standing
from work.context import Context

DAY = timedelta(days=1)


def binds(context: Context, buyer_id: int) -> bool:
    """Whether the caller is the customer who buys, as far as that is known without asking.

    Who has an API key is known only once something was asked.
    """
    return context.terms.limit_customers and context.may_be_asked_by(buyer_id)


def take_turn(context: Context, buyer_id: int) -> None:
    """Wait, with the next question, for the orders that the customer is placing elsewhere.

    Before any order is locked, or two could wait for each other.
    """
    context.take_turn(_turn_of(buyer_id))


def take_callers_turn(context: Context) -> bool:
    """The same for a change of the caller's own order; False for who is bound by nothing."""
    if not context.terms.limit_customers or context.caller.is_box_office:
        return False
    if context.caller.user_id is not None:
        take_turn(context, context.caller.user_id)
    return True


def values(context: Context, buyer_id: int) -> dict[str, Any]:
    """What ``standing`` has to know."""
    terms = context.terms
    return {
        "buyer_id": buyer_id,
        "now": context.now,
        "pause_since": context.now - terms.hold_again,
        "day_since": context.now - DAY,
        "unpaid_before": max(terms.max_unpaid_orders - 1, 0),
    }


def require_one_more(context: Context, stands: Row) -> None:
    """Another order, whatever it holds."""
    terms = context.terms
    if 0 < terms.max_open_orders <= stands.open_orders:
        raise OpenOrdersLimitError(limit=terms.max_open_orders, held=stands.open_orders)
    if terms.max_unpaid_orders and stands.unpaid_at is not None:
        wait = _seconds(stands.unpaid_at + DAY - context.now)
        raise UnpaidOrdersLimitError(wait, terms.max_unpaid_orders)


def require_units(context: Context, rows: Sequence[Row], quantities: Mapping[int, int]) -> None:
    """So many more of each ticket."""
    limit = context.terms.max_customers_units
    lines = [
        {"ticket_id": row.id, "requested": quantities[row.id], "held": int(row.units)}
        for row in sorted(rows, key=lambda row: row.id)
        if row.units + quantities[row.id] > limit
    ]
    if limit and lines:
        raise UnitsLimitError(limit, lines)


def held_until(context: Context, rows: Sequence[Row], until: datetime) -> datetime:
    """How long the tickets may be held at most; refused where that time is over."""
    pause = context.terms.hold_again
    if not pause:
        return until
    over = [row for row in rows if min(_bounds(row), default=until) <= _known(context, row)]
    if over:
        ended = max(at for row in over for at in (row.ended_at, row.lapsed_at) if at is not None)
        wait = _seconds(ended + pause - context.now)
        raise HoldAgainLaterError(wait, sorted(row.id for row in over))
    return min([until, *(bound for row in rows for bound in _bounds(row))])


def more_until(context: Context, order: Row, wanted: Mapping[int, int]) -> datetime:
    """How long a pending order may hold more of some tickets, and with them all that it holds."""
    rows = _standing(context, order.user_id, wanted)
    require_units(context, rows, wanted)
    return held_until(context, rows, order.expires_at)


def leaves_room(context: Context, order: Row, wanted: Mapping[int, int]) -> bool:
    """Whether late money may buy the units of an order that expired, beside all that was got since.

    Orders that the box office placed are no customer's. The order is locked already, where waiting
    for the turn might be waiting for each other: so whoever does not get it begins anew.
    """
    limit = context.terms.max_customers_units
    if not limit or context.row(_placed_at_box_office, order_id=order.id) is not None:
        return True
    turn = context.row(_turn_taken, turn=lock_number(_turn_of(order.user_id)))
    if turn is None or not turn.is_taken:
        raise RetryTransaction
    rows = _standing(context, order.user_id, wanted)
    return all(row.units + wanted[row.id] <= limit for row in rows)


def note_ended(context: Context, order_ids: Collection[int], *, may_go_on: bool = True) -> None:
    """Remember holds that are about to end unpaid; the orders are locked, and still pending.

    Where the customer may not go on with the rest of their time, they are over at once.
    """
    ending = [(order_id,) for order_id in order_ids]
    context.write(standing.hold_ended, ending=ending, now=context.now, may_go_on=may_go_on)


def note_paid(context: Context, order_id: int) -> None:
    """The order was paid after all."""
    context.write(standing.paid_after_all, of_order=order_id)


def forget_ended_holds(context: Context, *, limit: int) -> int:
    """Remove what ended longer ago than anybody asks; how many rows there were."""
    ended = ended_holds.c
    old = select(ended.id).where(ended.ended_at <= context.now - DAY).order_by(ended.ended_at)
    batch = old.limit(limit).with_for_update(skip_locked=True)
    return remove_batch(context.session, ended_holds, batch)


def _turn_of(buyer_id: int) -> str:
    return f"orders of user {buyer_id}"


@statement
def _placed_at_box_office(_sql: Sql) -> Executable:
    lines = movements.c
    is_placing = and_(lines.kind == MovementKind.ORDER, lines.cause == Cause.ORDER_PLACED)
    is_ours = or_(lines.actor_role == UserRole.STAFF, lines.actor_role == UserRole.ADMIN)
    return select(lines.id).where(lines.order_id == bindparam("order_id"), is_placing, is_ours)


@statement
def _turn_taken(sql: Sql) -> Executable:
    return select(sql.lock_is_ours(bindparam("turn", type_=BigInteger)).label("is_taken"))


def _standing(context: Context, buyer_id: int, wanted: Mapping[int, int]) -> list[Row]:
    """How the customer stands with each of the tickets."""
    asked = [(ticket_id,) for ticket_id in wanted]
    return context.rows(standing.of_tickets, asked=asked, **values(context, buyer_id))


def _bounds(row: Row) -> Iterator[datetime]:
    """When the holds of a ticket that were not paid run out, or did."""
    for bound in (row.first_until, row.lapsed_at, row.given_back_until):
        if bound is not None:
            yield bound


def _known(context: Context, row: Row) -> datetime:
    """What time it is: who waited for a turn may have seen the clock before others did."""
    return context.now if row.ended_at is None else max(context.now, row.ended_at)


def _seconds(wait: timedelta) -> int:
    return max(1, math.ceil(wait.total_seconds()))
