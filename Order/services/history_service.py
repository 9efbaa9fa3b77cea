"""What became of an order, told from the ledger; and what is told beside it."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Executable, Row, and_, bindparam, exists, select

from core.store.dialects import Sql
from core.store.statements import statement
from Ledger.services.ledger_service import NOWHERE, SELLER, shown_actor
from models import MovementKind, movements, orders, payment_reasons, transactions
from Order.errors import OrderNotFoundError
from Order.schemas.history import (
    MoneyMove,
    OrderEvent,
    OrderHistory,
    PaymentReasonShown,
    StockMove,
)
from Order.services import dispute_service
from work.caller import MIGRATION, Caller
from work.context import Context


def get_order_history(context: Context, order_id: int) -> OrderHistory:
    """All that happened to an order, oldest first."""
    reason = payment_reasons.c.reason.label("reason")
    statement = (
        select(orders.c.order_reference, *movements.c, reason)
        .join_from(orders, movements, movements.c.order_id == orders.c.id, isouter=True)
        .join(payment_reasons, _explains_a_move(), isouter=True)
        .where(orders.c.id == order_id)
        .order_by(movements.c.id)
    )
    rows = context.session.execute(statement).all()
    if not rows:
        raise OrderNotFoundError
    moves = [row for row in rows if row.id is not None]
    tells_all = context.caller.is_box_office
    return OrderHistory(
        order_id=order_id,
        order_reference=rows[0].order_reference,
        currency=context.terms.currency,
        events=[_event(group, context.caller) for group in _by_event(moves)],
        reasons=_reasons_beside(context, order_id) if tells_all else [],
        disputes=dispute_service.disputes_of_order(context, order_id) if tells_all else [],
    )


def _reasons_beside(context: Context, order_id: int) -> list[PaymentReasonShown]:
    """What was said of payments that moved no money: they were settled as failed."""
    rows = context.rows(_unmoved, order_id=order_id)
    return [PaymentReasonShown.model_validate(row) for row in rows]


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
        money=[_money(move, reader) for move in moves if move.kind is MovementKind.MONEY],
    )


def _stock(move: Row[Any]) -> StockMove:
    return StockMove(
        ticket_id=move.ticket_id,
        quantity=move.quantity,
        from_counter=move.origin,
        to_counter=move.target,
        amount=move.amount,
    )


def _money(move: Row[Any], reader: Caller) -> MoneyMove:
    return MoneyMove(
        transaction_id=move.transaction_id,
        direction="received" if move.target == SELLER else "returned",
        amount=move.amount,
        reason=move.reason if reader.is_box_office else None,
    )


def _explains_a_move() -> ColumnElement[bool]:
    """What somebody says of money belongs to the moves that the same request made of it."""
    said = payment_reasons.c
    return and_(
        movements.c.kind == MovementKind.MONEY,
        said.transaction_id == movements.c.transaction_id,
        said.request_id == movements.c.request_id,
    )


@statement
def _unmoved(_sql: Sql) -> Executable:
    said, money = payment_reasons.c, transactions.c
    moved = exists().where(movements.c.order_id == money.order_id, _explains_a_move())
    return (
        select(*said, said.created_at.label("occurred_at"))
        .join_from(payment_reasons, transactions, money.id == said.transaction_id)
        .where(money.order_id == bindparam("order_id"), ~moved)
        .order_by(said.id)
    )
