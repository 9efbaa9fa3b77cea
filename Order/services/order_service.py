"""Complex order business logic: placing, changing and ending orders."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, delete, insert

from core.errors import NotAllowedError, RetryTransaction
from core.money import ZERO
from core.store.upsert import insert_into
from Ledger.services.ledger_service import NOWHERE, Entry, Move, order_moved
from models import OrderStatus, UserOrderRole, order_items, orders, transactions, user_orders
from Order.causes import Cause
from Order.errors import (
    CartEmptyError,
    OrderHasPaymentsError,
    OrderNotDeletableError,
    OrderNotPendingError,
    QuantityLimitError,
    QuantityTooLargeError,
)
from Order.schemas.order import OrderCancel, OrderCreate, OrderLine, OrderRead, OrderUpdate
from Order.services import cart_service, order_lifecycle, order_queries
from Order.services.availability import available_offers
from Order.services.order_states import DELETABLE, ORDER_TRANSITIONS, may_cancel, require_transition
from Order.services.references import order_reference
from Ticket.services import stock_service
from Ticket.services.stock_service import Holding, Shift, Stock
from User.services import user_service
from work.context import Context

_PLACED = Move(NOWHERE, OrderStatus.PENDING, Cause.ORDER_PLACED)
_HOLD = Shift(Stock.AVAILABLE, Stock.RESERVED, Cause.ORDER_PLACED)
_ADD = Shift(Stock.AVAILABLE, Stock.RESERVED, Cause.ITEM_ADDED)
_FREE = Shift(Stock.RESERVED, Stock.AVAILABLE, Cause.ORDER_DELETED)
# What a line keeps of its ticket, as it was when it was ordered.
_COPIED = ("event_name", "event_key", "event_date", "venue", "category", "category_key")


def place_order(context: Context, body: OrderCreate) -> OrderRead:
    """Take the stock of all lines or of none, at today's prices."""
    _require_small_lines(context, body.items, "#/items/{}/quantity")
    user_service.require_active(context, body.user_id)
    quantities = _merged(body.items)
    return _place(context, body.user_id, quantities, notes=body.notes)


def place_order_from_cart(context: Context, user_id: int) -> OrderRead:
    """Order all that is in the cart, and leave it empty."""
    user_service.require_active(context, user_id)
    quantities = cart_service.take_all(context, user_id)
    if not quantities:
        raise CartEmptyError
    return _place(context, user_id, quantities, notes=None)


def add_item(context: Context, order_id: int, line: OrderLine) -> OrderRead:
    """Add units to a pending order, at today's price."""
    _require_small_lines(context, [line], "#/quantity")
    order = order_lifecycle.lock_order(context, order_id)
    if order.status != OrderStatus.PENDING:
        raise OrderNotPendingError(order_status=order.status.value)
    user_service.require_active(context, order.user_id)
    holdings = order_lifecycle.holdings_of(context, [order_id])
    held = sum(one.quantity for one in holdings if one.ticket_id == line.ticket_id)
    _require_within_limit(context, {line.ticket_id: held + line.quantity})
    wanted = {line.ticket_id: line.quantity}
    offers = available_offers(context, wanted)
    _insert_items(context, order_id, offers, wanted)
    added = offers[line.ticket_id].price * line.quantity
    order_lifecycle.change_order(context, [order_id], total_amount=order.total_amount + added)
    more = Holding(order_id, line.ticket_id, line.quantity, added)
    return _answer_and_take(context, order_id, [more], _ADD)


def update_order(context: Context, order_id: int, body: OrderUpdate) -> OrderRead:
    order = order_lifecycle.lock_order(context, order_id)
    body.require_current(order)
    if changes := body.sent():
        order_lifecycle.change_order(context, [order_id], **changes)
    return order_queries.get_order(context, order_id)


def change_status(context: Context, order_id: int, status: OrderStatus) -> OrderRead:
    """Move an order by hand; naming the state that it is in changes nothing."""
    order = order_lifecycle.lock_order(context, order_id)
    if status != order.status:
        require_transition(ORDER_TRANSITIONS, order.status, status)
        _enter(context, order, status)
    return order_queries.get_order(context, order_id)


def cancel_order(context: Context, order_id: int, body: OrderCancel | None) -> OrderRead:
    order = order_lifecycle.lock_order(context, order_id)
    if order.status != OrderStatus.CANCELLED:
        require_transition(ORDER_TRANSITIONS, order.status, OrderStatus.CANCELLED)
        if not may_cancel(order.status, context.caller):
            raise NotAllowedError("Only the box office takes back what is sold.")
        reason = body.reason if body else None
        order_lifecycle.cancel(context, order, reason=reason)
    return order_queries.get_order(context, order_id)


def delete_order(context: Context, order_id: int) -> None:
    """Remove an order on which no money was ever received; its stock returns."""
    order = order_lifecycle.lock_order(context, order_id)
    if order.status not in DELETABLE:
        raise OrderNotDeletableError(order_status=order.status.value)
    if order.amount_paid > 0:
        raise OrderHasPaymentsError
    pending = order.status == OrderStatus.PENDING
    held = order_lifecycle.holdings_of(context, [order_id]) if pending else []
    context.session.execute(delete(transactions).where(transactions.c.order_id == order_id))
    context.session.execute(delete(orders).where(orders.c.id == order_id))
    gone = order_moved(order_id, Move(order.status, NOWHERE, Cause.ORDER_DELETED))
    stock_service.move(context, held, _FREE, also=[gone])


def _enter(context: Context, order: Row[Any], status: OrderStatus) -> None:
    if status == OrderStatus.CONFIRMED:
        order_lifecycle.confirm(context, order.id)
    elif status == OrderStatus.COMPLETED:
        order_lifecycle.complete(context, order.id)
    else:
        order_lifecycle.cancel(context, order, reason=None)


def _place(
    context: Context, user_id: int, quantities: Mapping[int, int], *, notes: str | None
) -> OrderRead:
    _require_within_limit(context, quantities)
    offers = available_offers(context, quantities)
    total = sum((offers[ticket_id].price * n for ticket_id, n in quantities.items()), ZERO)
    order_id = _insert_order(context, user_id, total, notes=notes)
    _insert_items(context, order_id, offers, quantities)
    wanted = [
        Holding(order_id, key, n, offers[key].price * n) for key, n in sorted(quantities.items())
    ]
    return _answer_and_take(context, order_id, wanted, _HOLD, also=[order_moved(order_id, _PLACED)])


def _answer_and_take(
    context: Context,
    order_id: int,
    wanted: list[Holding],
    shift: Shift,
    *,
    also: Iterable[Entry] = (),
) -> OrderRead:
    """Take the stock last of all: its locks are what other buyers wait for."""
    answer = order_queries.get_order(context, order_id)
    if not stock_service.take(context, wanted, shift, also=also):
        # Somebody was faster. Run again, the look at the offers tells what is left.
        raise RetryTransaction
    return answer


def _insert_order(
    context: Context,
    user_id: int,
    total: Decimal,
    *,
    notes: str | None,
) -> int:
    statement = insert(orders).values(
        order_reference=order_reference(),
        user_id=user_id,
        status=OrderStatus.PENDING,
        total_amount=total,
        amount_paid=ZERO,
        amount_refunded=ZERO,
        amount_reopened=ZERO,
        notes=notes,
        expires_at=context.now + context.terms.hold,
        created_at=context.now,
        updated_at=context.now,
    )
    order_id: int = context.session.execute(statement.returning(orders.c.id)).scalar_one()
    owner = {"user_id": user_id, "order_id": order_id, "role": UserOrderRole.OWNER}
    context.session.execute(insert(user_orders).values(**owner, created_at=context.now))
    return order_id


def _insert_items(
    context: Context, order_id: int, offers: Mapping[int, Row[Any]], quantities: Mapping[int, int]
) -> None:
    """Write the lines in one statement; units of a line that is there at this price add up."""
    if not quantities:
        return
    rows = [
        {
            "order_id": order_id,
            "ticket_id": ticket_id,
            "quantity": quantities[ticket_id],
            "unit_price": offers[ticket_id].price,
            "line_total": offers[ticket_id].price * quantities[ticket_id],
            **{name: getattr(offers[ticket_id], name) for name in _COPIED},
        }
        for ticket_id in sorted(quantities)
    ]
    statement = insert_into(context.session, order_items)
    added = statement.excluded
    context.session.execute(
        statement.on_conflict_do_update(
            index_elements=["order_id", "ticket_id", "unit_price"],
            set_={
                "quantity": order_items.c.quantity + added.quantity,
                "line_total": order_items.c.line_total + added.line_total,
            },
        ),
        # Not in the statement: as it is, it is compiled once for all orders.
        rows,
    )


def _merged(lines: list[OrderLine]) -> Counter[int]:
    merged: Counter[int] = Counter()
    for line in lines:
        merged[line.ticket_id] += line.quantity
    return merged


def _require_small_lines(context: Context, lines: list[OrderLine], pointer: str) -> None:
    too_large = [
        pointer.format(index)
        for index, line in enumerate(lines)
        if line.quantity > context.terms.max_units
    ]
    if too_large:
        raise QuantityTooLargeError(context.terms.max_units, too_large)


def _require_within_limit(context: Context, quantities: Mapping[int, int]) -> None:
    lines = [
        {"ticket_id": ticket_id, "requested": quantity}
        for ticket_id, quantity in sorted(quantities.items())
        if quantity > context.terms.max_units
    ]
    if lines:
        raise QuantityLimitError(context.terms.max_units, lines)
