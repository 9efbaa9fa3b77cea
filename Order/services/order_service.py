"""Complex order business logic: placing, changing and ending orders."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, delete

from core.store.upsert import insert_into
from Ledger.services.ledger_service import NOWHERE, Move, order_moved
from models import OrderStatus, order_items, orders, transactions
from Order.causes import Cause
from Order.errors import (
    CartEmptyError,
    OrderEmptyError,
    OrderHasPaymentsError,
    OrderNotDeletableError,
    OrderNotPendingError,
    QuantityLimitError,
    QuantityTooLargeError,
)
from Order.schemas.order import (
    OrderCancel,
    OrderCreate,
    OrderLine,
    OrderRead,
    OrderStatusChange,
    OrderUpdate,
)
from Order.services import (
    cart_service,
    duties,
    fairness,
    money_to_come,
    order_lifecycle,
    order_queries,
    placing,
)
from Order.services.availability import available_offers
from Order.services.order_states import (
    DELETABLE,
    ORDER_TRANSITIONS,
    may_be_sold_again,
    require_transition,
)
from Ticket.services import stock_service, ticket_service
from Ticket.services.stock_service import Holding, Shift, Stock
from User.services import user_service
from work.context import Context

_ADD = Shift(Stock.AVAILABLE, Stock.RESERVED, Cause.ITEM_ADDED)
_FREE = Shift(Stock.RESERVED, Stock.AVAILABLE, Cause.ORDER_DELETED)


def place_order(context: Context, body: OrderCreate) -> OrderRead:
    """Take the stock of all lines or of none, at today's prices."""
    _require_small_lines(context, body.items, "#/items/{}/quantity")
    quantities = _merged(body.items)
    _require_within_limit(context, quantities)
    offers = placing.look(context, body.user_id, quantities)
    return placing.place(context, body.user_id, offers, quantities, notes=body.notes)


def place_order_from_cart(context: Context, user_id: int) -> OrderRead:
    """Order all that is in the cart, and leave it empty."""
    cart = cart_service.lines_of(context, user_id)
    if not cart:
        user_service.require_active(context, user_id)
        raise CartEmptyError
    quantities = {line.ticket_id: line.quantity for line in cart}
    _require_within_limit(context, quantities)
    offers = placing.look(context, user_id, quantities)
    answer = placing.place(context, user_id, offers, quantities)
    cart_service.take(context, cart)
    return answer


def add_item(context: Context, order_id: int, line: OrderLine) -> OrderRead:
    """Add units to a pending order, at today's price."""
    _require_small_lines(context, [line], "#/quantity")
    is_bound = fairness.take_callers_turn(context)
    order = order_lifecycle.lock_as_meant(context, order_id)
    if order.status != OrderStatus.PENDING:
        raise OrderNotPendingError(order_status=order.status.value)
    user_service.require_active(context, order.user_id)
    holdings = order_lifecycle.holdings_of(context, [order_id])
    held = sum(one.quantity for one in holdings if one.ticket_id == line.ticket_id)
    _require_within_limit(context, {line.ticket_id: held + line.quantity})
    wanted = {line.ticket_id: line.quantity}
    until = fairness.more_until(context, order, wanted) if is_bound else order.expires_at
    offers = available_offers(context, wanted)
    added = offers[line.ticket_id].price * line.quantity
    total = order.total_amount + added
    placing.require_exact(total)
    _insert_items(context, order_id, offers, wanted)
    order_lifecycle.change_order(context, order_id, total_amount=total, expires_at=until)
    answer = order_queries.get_order(context, order_id)
    _tell_held(answer, offers[line.ticket_id], line.quantity)
    more = Holding(order_id, line.ticket_id, line.quantity, added)
    # Last of all: the ticket's lock is what other buyers wait for.
    stock_service.take(context, [more], _ADD)
    return answer


def _tell_held(answer: OrderRead, offer: Row[Any], quantity: int) -> None:
    """How the ticket stands once its units are taken, which is done last."""
    for item in answer.items:
        if item.ticket_id == offer.id:
            item.ticket.status = ticket_service.status_once_held(offer, quantity)


def update_order(context: Context, order_id: int, body: OrderUpdate) -> OrderRead:
    order = order_lifecycle.lock_as_meant(context, order_id, body)
    if changes := body.changed_in(order):
        user_service.require_not_erased(context, order.user_id)
        order_lifecycle.change_order(context, order_id, **changes)
    return order_queries.get_order(context, order_id)


def change_status(context: Context, order_id: int, body: OrderStatusChange) -> OrderRead:
    """Move an order by hand; naming the state that it is in changes nothing."""
    order = order_lifecycle.lock_as_meant(context, order_id, body)
    if body.status != order.status:
        duties.require_may_name(context, order, body.status)
        require_transition(ORDER_TRANSITIONS, order.status, body.status)
        _enter(context, order, body.status)
    elif context.caller.is_box_office and may_be_sold_again(order):
        _enter(context, order, body.status)
    return order_queries.get_order(context, order_id)


def cancel_order(context: Context, order_id: int, body: OrderCancel | None) -> OrderRead:
    body = body or OrderCancel()
    order = order_lifecycle.lock_as_meant(context, order_id, body)
    if order.status != OrderStatus.CANCELLED:
        require_transition(ORDER_TRANSITIONS, order.status, OrderStatus.CANCELLED)
    if order.status != OrderStatus.CANCELLED or may_be_sold_again(order):
        duties.require_may_cancel(context, order)
        reason = user_service.words_to_keep(context, order.user_id, body.reason)
        order_lifecycle.cancel(context, order, reason=reason)
    return order_queries.get_order(context, order_id)


def delete_order(context: Context, order_id: int) -> None:
    """Remove an order for which no money came, nor may still come; its stock returns."""
    order = order_lifecycle.lock_as_meant(context, order_id)
    if order.status not in DELETABLE:
        raise OrderNotDeletableError(order_status=order.status.value)
    if order.amount_paid > 0:
        raise OrderHasPaymentsError
    money_to_come.require_none(context, order_id)
    pending = order.status == OrderStatus.PENDING
    held = order_lifecycle.holdings_of(context, [order_id]) if pending else []
    if pending and not context.caller.is_box_office:
        fairness.note_ended(context, [order_id])
    context.session.execute(delete(transactions).where(transactions.c.order_id == order_id))
    context.session.execute(delete(orders).where(orders.c.id == order_id))
    gone = order_moved(order_id, Move(order.status, NOWHERE, Cause.ORDER_DELETED))
    stock_service.move(context, held, _FREE, also=[gone])


def _enter(context: Context, order: Row[Any], status: OrderStatus) -> None:
    if status == OrderStatus.CANCELLED:
        duties.require_may_cancel(context, order)
        order_lifecycle.cancel(context, order, reason=None)
    elif status == OrderStatus.CONFIRMED:
        _confirm(context, order)
    else:
        duties.require_cashier(context, order)
        order_lifecycle.complete(context, order)


def _confirm(context: Context, order: Row[Any]) -> None:
    """Sell without payment: on the box office's word, or because there is nothing to pay."""
    duties.require_may_confirm(context, order)
    holdings = order_lifecycle.holdings_of(context, [order.id])
    if not holdings:
        raise OrderEmptyError
    order_lifecycle.confirm(context, order, holdings)


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
            **{name: getattr(offers[ticket_id], name) for name in placing.COPIED},
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
