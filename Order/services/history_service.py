"""What became of an order, told from the ledger."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, select

from Ledger.schemas import MoneyMove, OrderEvent, OrderHistory, StockMove
from Ledger.services.ledger_service import NOWHERE, SELLER, shown_actor
from models import MovementKind, movements, orders
from Order.errors import OrderNotFoundError
from work.caller import MIGRATION, Caller
from work.context import Context


def get_order_history(context: Context, order_id: int) -> OrderHistory:
    """All that happened to an order, oldest first."""
    statement = (
        select(orders.c.order_reference, *movements.c)
        .join_from(orders, movements, movements.c.order_id == orders.c.id, isouter=True)
        .where(orders.c.id == order_id)
        .order_by(movements.c.id)
    )
    rows = context.session.execute(statement).all()
    if not rows:
        raise OrderNotFoundError
    moves = [row for row in rows if row.id is not None]
    return OrderHistory(
        order_id=order_id,
        order_reference=rows[0].order_reference,
        currency=context.terms.currency,
        events=[_event(group, context.caller) for group in _by_event(moves)],
    )


def _by_event(moves: Iterable[Row[Any]]) -> Iterable[list[Row[Any]]]:
    """Moves of one request for one reason."""
    groups: dict[tuple[Any, ...], list[Row[Any]]] = {}
    for move in moves:
        key = (move.created_at, move.request_id, move.cause)
        groups.setdefault(key, []).append(move)
    # The lines with which the ledger began were written by kind, not in the order of time.
    opening = [group for group in groups.values() if group[0].actor == MIGRATION]
    opening.sort(key=lambda group: group[0].created_at)
    # Ids tell the order of all others: clocks may differ, the order's lock lets one in at a time.
    return [*opening, *(group for group in groups.values() if group[0].actor != MIGRATION)]


def _event(moves: list[Row[Any]], reader: Caller) -> OrderEvent:
    # Customers are told no names of those who served them, nor of buyers who needed their hold.
    is_told = reader.is_box_office or moves[0].actor == reader.actor.name
    state = next((move for move in moves if move.kind is MovementKind.ORDER), None)
    return OrderEvent(
        occurred_at=moves[0].created_at,
        event=moves[0].cause,
        request_id=moves[0].request_id,
        client_request_id=moves[0].client_request_id if is_told else None,
        actor=shown_actor(moves[0]) if is_told else None,
        from_status=None if state is None or state.origin == NOWHERE else state.origin,
        to_status=None if state is None else state.target,
        stock=[_stock(move) for move in moves if move.kind is MovementKind.STOCK],
        money=[_money(move) for move in moves if move.kind is MovementKind.MONEY],
    )


def _stock(move: Row[Any]) -> StockMove:
    return StockMove(
        ticket_id=move.ticket_id,
        quantity=move.quantity,
        from_counter=move.origin,
        to_counter=move.target,
        amount=move.amount,
    )


def _money(move: Row[Any]) -> MoneyMove:
    return MoneyMove(
        transaction_id=move.transaction_id,
        direction="received" if move.target == SELLER else "returned",
        amount=move.amount,
    )
