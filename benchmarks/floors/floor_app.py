"""What the framework alone costs: the product's wire models, no database, and of middleware only
what names the currency.

Written as everybody writes it: functions with a response model, which make their answer of fields
that they have at hand. As ``def``, which the framework runs in a thread, and as ``async def``.
"""

import functools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from fastapi import FastAPI, HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.layout import SOLD_OUT
from core.money import ZERO, selling_in
from models import OrderStatus, TicketStatus, TransactionStatus
from Order.schemas.cart import CartItemCreate, CartItemRead, CartTicket
from Order.schemas.order import OrderCreate, OrderItemRead, OrderItemTicket, OrderRead
from Order.schemas.transaction import TransactionCreate, TransactionRead, TransactionStatusChange
from Ticket.schemas import TicketRead

_NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
_PRICE = Decimal("49.90")
_TIMES: Mapping[str, Any] = {"created_at": _NOW, "updated_at": _NOW}
_EVENT: Mapping[str, Any] = {
    "event_name": "Concert 7 of the City Orchestra",
    "event_date": _NOW,
    "venue": "Hall 3",
    "category": "Gallery",
}


def sync_app() -> FastAPI:
    return _app(lambda function: function)


def async_app() -> FastAPI:
    return _app(_without_thread)


def _without_thread(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(**arguments: Any) -> Any:
        return function(**arguments)

    return call


class _InDollars:
    """The wire models have to know which amounts they are told."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with selling_in("USD"):
            await self.app(scope, receive, send)


def _app(made: Callable[[Callable[..., Any]], Callable[..., Any]]) -> FastAPI:
    app = FastAPI()
    app.add_middleware(_InDollars)
    app.get("/health/ready")(made(_ready))
    app.get("/api/tickets/search/by-event", response_model=list[TicketRead])(made(_tickets))
    app.get("/api/tickets/", response_model=list[TicketRead])(made(_tickets))
    app.get("/api/tickets/{ticket_id}", response_model=TicketRead)(made(_ticket))
    app.get("/api/orders/{order_id}", response_model=OrderRead)(made(_order))
    app.get("/api/users/{user_id}/orders", response_model=list[OrderRead])(made(_orders))
    app.post("/api/orders/", response_model=OrderRead, status_code=201)(made(_place))
    app.post("/api/orders/from-cart/{user_id}", response_model=OrderRead, status_code=201)(
        made(_place_cart)
    )
    app.post("/api/orders/{order_id}/cancel", response_model=OrderRead)(made(_order))
    app.post("/api/cart/", response_model=CartItemRead, status_code=201)(made(_add))
    app.post("/api/transactions/", response_model=TransactionRead, status_code=201)(made(_announce))
    app.patch("/api/transactions/{transaction_id}/status", response_model=TransactionRead)(
        made(_settle)
    )
    app.post("/api/transactions/{transaction_id}/refund", response_model=TransactionRead)(
        made(_refund)
    )
    return app


def _ready() -> dict[str, str]:
    return {"status": "ok"}


def _ticket(ticket_id: int) -> TicketRead:
    return TicketRead.model_validate(_TICKETS[ticket_id % len(_TICKETS)])


def _tickets(limit: int = 50) -> list[TicketRead]:
    return [TicketRead.model_validate(fields) for fields in _TICKETS[:limit]]


def _order(order_id: int) -> OrderRead:  # noqa: ARG001 - part of the address
    return OrderRead.model_validate(_ORDERS[2])


def _orders(user_id: int, limit: int = 50) -> list[OrderRead]:  # noqa: ARG001 - likewise
    return [OrderRead.model_validate(_ORDERS[2]) for _ in range(limit)]


def _place(body: OrderCreate) -> OrderRead:
    if body.items[0].ticket_id == SOLD_OUT:
        raise HTTPException(409, "Not enough tickets are available")
    return OrderRead.model_validate(_ORDERS[len(body.items)])


def _place_cart(user_id: int) -> OrderRead:  # noqa: ARG001 - part of the address
    return OrderRead.model_validate(_ORDERS[2])


def _add(body: CartItemCreate) -> CartItemRead:  # noqa: ARG001 - it is parsed, and that is all
    return CartItemRead.model_validate(_CART_ITEM)


def _announce(body: TransactionCreate) -> TransactionRead:  # noqa: ARG001 - likewise
    return TransactionRead.model_validate(_TRANSACTION)


def _settle(transaction_id: int, body: TransactionStatusChange) -> TransactionRead:  # noqa: ARG001
    return TransactionRead.model_validate(_TRANSACTION)


def _refund(transaction_id: int) -> TransactionRead:  # noqa: ARG001 - part of the address
    return TransactionRead.model_validate(_TRANSACTION)


def _a_ticket(number: int) -> TicketRead:
    return TicketRead(
        id=number,
        **_EVENT,
        event_description="An evening with the orchestra.",
        price=_PRICE,
        currency="USD",
        total_quantity=10_000,
        available_quantity=9_000,
        reserved_quantity=100,
        sold_quantity=900,
        withheld_quantity=0,
        status=TicketStatus.AVAILABLE,
        **_TIMES,
    )


def _an_order(lines: int) -> OrderRead:
    items = [
        OrderItemRead(
            id=number,
            ticket_id=number,
            quantity=1,
            unit_price=_PRICE,
            line_total=_PRICE,
            **_EVENT,
            ticket=OrderItemTicket.model_validate({**_EVENT, "status": TicketStatus.AVAILABLE}),
        )
        for number in range(1, lines + 1)
    ]
    return OrderRead(
        id=lines,
        order_reference="ORD-7KQ2M9XWPA",
        user_id=3,
        status=OrderStatus.PENDING,
        total_amount=_PRICE * lines,
        amount_paid=ZERO,
        amount_refunded=ZERO,
        balance_due=_PRICE * lines,
        currency="USD",
        notes=None,
        items=items,
        expires_at=_NOW,
        confirmed_at=None,
        allowed_actions=["update", "add_item", "pay", "confirm", "cancel", "delete"],
        cancel_reason=None,
        **_TIMES,
    )


Fields = dict[str, Any]

_TICKETS: list[Fields] = [_a_ticket(number).model_dump() for number in range(1, 101)]
_ORDERS: dict[int, Fields] = {lines: _an_order(lines).model_dump() for lines in (1, 2, 10)}
_CART_ITEM: Fields = CartItemRead(
    id=1,
    user_id=3,
    ticket_id=1,
    quantity=1,
    unit_price=_PRICE,
    line_total=_PRICE,
    currency="USD",
    ticket=CartTicket(**_EVENT, status=TicketStatus.AVAILABLE, available_quantity=9_000),
    **_TIMES,
).model_dump()
_TRANSACTION: Fields = TransactionRead(
    id=1,
    transaction_number="TXN-3FHB8RWZ2C",
    order_id=1,
    amount=_PRICE,
    refunded_amount=ZERO,
    currency="USD",
    payment_method="card",
    transaction_reference=None,
    provider=None,
    provider_reference=None,
    next_action=None,
    status=TransactionStatus.SUCCESS,
    failure_reason=None,
    **_TIMES,
).model_dump()
