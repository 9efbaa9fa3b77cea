"""Complex order business logic: placing, changing and ending orders."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, delete, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from core.caller import Caller
from core.errors import NotAllowedError, RetryTransaction, StaleObjectError
from core.money import ZERO
from core.settings import Settings
from Ledger.services import ledger_service
from Ledger.services.ledger_service import NOWHERE, Cause, Entry
from models import (
    OrderStatus,
    UserOrderRole,
    order_items,
    orders,
    transactions,
    user_orders,
)
from Order.errors import (
    CartEmptyError,
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
    OrderUpdate,
)
from Order.services import (
    cart_service,
    expiry_service,
    order_lifecycle,
    order_queries,
    user_service,
)
from Order.services.order_states import (
    DELETABLE,
    ORDER_TRANSITIONS,
    may_cancel,
    require_transition,
)
from Order.services.references import order_reference
from Ticket.services import stock_service, ticket_service
from Ticket.services.stock_service import Holding, Stock


@dataclass(frozen=True)
class OrderTerms:
    """What the deployment fixes for every order."""

    currency: str
    hold: timedelta
    max_units: int

    @classmethod
    def of(cls, settings: Settings) -> "OrderTerms":
        hold = timedelta(minutes=settings.hold_minutes)
        return cls(settings.currency, hold, settings.max_units_per_ticket)


def place_order(
    session: Session, body: OrderCreate, *, terms: OrderTerms, caller: Caller, now: datetime
) -> OrderRead:
    """Take the stock of all lines or of none, at today's prices."""
    _require_small_lines(body.items, terms, "#/items/{}/quantity")
    user_service.require_active(session, body.user_id)
    quantities = _merged(body.items)
    return _place(
        session, body.user_id, quantities, notes=body.notes, terms=terms, caller=caller, now=now
    )


def place_order_from_cart(
    session: Session, user_id: int, *, terms: OrderTerms, caller: Caller, now: datetime
) -> OrderRead:
    """Order all that is in the cart, and leave it empty."""
    user_service.require_active(session, user_id)
    quantities = cart_service.take_all(session, user_id)
    if not quantities:
        raise CartEmptyError
    return _place(session, user_id, quantities, notes=None, terms=terms, caller=caller, now=now)


def add_item(
    session: Session,
    order_id: int,
    line: OrderLine,
    *,
    terms: OrderTerms,
    caller: Caller,
    now: datetime,
) -> OrderRead:
    """Add units to a pending order, at today's price."""
    _require_small_lines([line], terms, "#/quantity")
    order = order_lifecycle.lock_order(session, order_id, now=now)
    if order.status != OrderStatus.PENDING:
        raise OrderNotPendingError(order_status=order.status.value)
    user_service.require_active(session, order.user_id)
    holdings = order_lifecycle.holdings_of(session, [order_id])
    held = sum(one.quantity for one in holdings if one.ticket_id == line.ticket_id)
    _require_within_limit({line.ticket_id: held + line.quantity}, terms)
    wanted = {line.ticket_id: line.quantity}
    offers = _available_offers(session, wanted, caller, now)
    _insert_items(session, order_id, offers, wanted)
    added = offers[line.ticket_id].price * line.quantity
    order_lifecycle.change_order(
        session, [order_id], now=now, total_amount=order.total_amount + added
    )
    return _answer_and_take(
        session,
        order_id,
        [Holding(order_id, line.ticket_id, line.quantity, added)],
        cause=Cause.ITEM_ADDED,
        terms=terms,
        caller=caller,
        now=now,
    )


def update_order(
    session: Session,
    order_id: int,
    body: OrderUpdate,
    *,
    caller: Caller,
    currency: str,
    now: datetime,
) -> OrderRead:
    order = order_lifecycle.lock_order(session, order_id, now=now)
    if body.updated_at is not None and body.updated_at != order.updated_at:
        raise StaleObjectError(updated_at=order.updated_at)
    if changes := body.sent():
        order_lifecycle.change_order(session, [order_id], now=now, **changes)
    return order_queries.get_order(session, order_id, caller=caller, currency=currency, now=now)


def change_status(
    session: Session,
    order_id: int,
    status: OrderStatus,
    *,
    caller: Caller,
    currency: str,
    now: datetime,
) -> OrderRead:
    """Move an order by hand; naming the state that it is in changes nothing."""
    order = order_lifecycle.lock_order(session, order_id, now=now)
    if status != order.status:
        require_transition(ORDER_TRANSITIONS, order.status, status)
        _enter(session, order, status, now)
    return order_queries.get_order(session, order_id, caller=caller, currency=currency, now=now)


def cancel_order(
    session: Session,
    order_id: int,
    body: OrderCancel | None,
    *,
    caller: Caller,
    currency: str,
    now: datetime,
) -> OrderRead:
    order = order_lifecycle.lock_order(session, order_id, now=now)
    if order.status != OrderStatus.CANCELLED:
        require_transition(ORDER_TRANSITIONS, order.status, OrderStatus.CANCELLED)
        if not may_cancel(order.status, caller):
            raise NotAllowedError("Only the box office takes back what is sold.")
        reason = body.reason if body else None
        order_lifecycle.cancel(session, order, reason=reason, now=now)
    return order_queries.get_order(session, order_id, caller=caller, currency=currency, now=now)


def delete_order(session: Session, order_id: int, *, now: datetime) -> None:
    """Remove an order on which no money was ever received; its stock returns."""
    order = order_lifecycle.lock_order(session, order_id, now=now)
    if order.status not in DELETABLE:
        raise OrderNotDeletableError(order_status=order.status.value)
    if order.amount_paid > 0:
        raise OrderHasPaymentsError
    pending = order.status == OrderStatus.PENDING
    held = order_lifecycle.holdings_of(session, [order_id]) if pending else []
    session.execute(delete(transactions).where(transactions.c.order_id == order_id))
    session.execute(delete(orders).where(orders.c.id == order_id))
    stock_service.move(
        session,
        held,
        origin=Stock.RESERVED,
        to=Stock.AVAILABLE,
        cause=Cause.ORDER_DELETED,
        now=now,
        also=[ledger_service.order_moved(Cause.ORDER_DELETED, order_id, order.status, NOWHERE)],
    )


def _enter(session: Session, order: Row[Any], status: OrderStatus, now: datetime) -> None:
    if status == OrderStatus.CONFIRMED:
        order_lifecycle.confirm(session, order.id, now=now)
    elif status == OrderStatus.COMPLETED:
        order_lifecycle.complete(session, order.id, now=now)
    else:
        order_lifecycle.cancel(session, order, reason=None, now=now)


def _place(
    session: Session,
    user_id: int,
    quantities: Mapping[int, int],
    *,
    notes: str | None,
    terms: OrderTerms,
    caller: Caller,
    now: datetime,
) -> OrderRead:
    _require_within_limit(quantities, terms)
    offers = _available_offers(session, quantities, caller, now)
    total = sum((offers[ticket_id].price * n for ticket_id, n in quantities.items()), ZERO)
    order_id = _insert_order(session, user_id, total, notes=notes, terms=terms, now=now)
    _insert_items(session, order_id, offers, quantities)
    return _answer_and_take(
        session,
        order_id,
        [Holding(order_id, key, n, offers[key].price * n) for key, n in sorted(quantities.items())],
        cause=Cause.ORDER_PLACED,
        terms=terms,
        caller=caller,
        now=now,
        also=[
            ledger_service.order_moved(Cause.ORDER_PLACED, order_id, NOWHERE, OrderStatus.PENDING)
        ],
    )


def _answer_and_take(
    session: Session,
    order_id: int,
    wanted: list[Holding],
    *,
    cause: Cause,
    terms: OrderTerms,
    caller: Caller,
    now: datetime,
    also: Iterable[Entry] = (),
) -> OrderRead:
    """Take the stock last of all: its locks are what other buyers wait for."""
    answer = order_queries.get_order(
        session, order_id, caller=caller, currency=terms.currency, now=now
    )
    if not stock_service.take(session, wanted, to=Stock.RESERVED, cause=cause, now=now, also=also):
        # Somebody was faster. Run again, the look at the offers tells what is left.
        raise RetryTransaction
    return answer


def _available_offers(
    session: Session, quantities: Mapping[int, int], caller: Caller, now: datetime
) -> dict[int, Row[Any]]:
    """The tickets as they are sold now; refuses what is not there even if overdue holds end.

    The prices are those of this moment: a price that changes before the commit is the next
    order's.
    """
    offers = ticket_service.offers(session, quantities)
    ticket_service.require_on_sale(offers.values(), caller=caller, now=now)
    if ticket_service.short_lines(offers.values(), quantities):
        expiry_service.free_overdue_stock(session, quantities, now=now)
        offers = ticket_service.offers(session, quantities)
    ticket_service.require_stock(offers.values(), quantities)
    return offers


def _insert_order(
    session: Session,
    user_id: int,
    total: Decimal,
    *,
    notes: str | None,
    terms: OrderTerms,
    now: datetime,
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
        expires_at=now + terms.hold,
        created_at=now,
        updated_at=now,
    )
    order_id: int = session.execute(statement.returning(orders.c.id)).scalar_one()
    owner = {"user_id": user_id, "order_id": order_id, "role": UserOrderRole.OWNER}
    session.execute(insert(user_orders).values(**owner, created_at=now))
    return order_id


def _insert_items(
    session: Session, order_id: int, offers: Mapping[int, Row[Any]], quantities: Mapping[int, int]
) -> None:
    """Write the lines in one statement; units of a line that is there at this price add up."""
    if not quantities:
        return
    copied = ("event_name", "event_key", "event_date", "venue", "category", "category_key")
    rows = [
        {
            "order_id": order_id,
            "ticket_id": ticket_id,
            "quantity": quantities[ticket_id],
            "unit_price": offers[ticket_id].price,
            "line_total": offers[ticket_id].price * quantities[ticket_id],
            **{name: getattr(offers[ticket_id], name) for name in copied},
        }
        for ticket_id in sorted(quantities)
    ]
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(order_items)
    added = statement.excluded
    session.execute(
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


def _require_small_lines(lines: list[OrderLine], terms: OrderTerms, pointer: str) -> None:
    too_large = [
        pointer.format(index) for index, line in enumerate(lines) if line.quantity > terms.max_units
    ]
    if too_large:
        raise QuantityTooLargeError(terms.max_units, too_large)


def _require_within_limit(quantities: Mapping[int, int], terms: OrderTerms) -> None:
    lines = [
        {"ticket_id": ticket_id, "requested": quantity}
        for ticket_id, quantity in sorted(quantities.items())
        if quantity > terms.max_units
    ]
    if lines:
        raise QuantityLimitError(terms.max_units, lines)
