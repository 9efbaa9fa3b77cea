"""Orders that lived through everything that can happen to one."""

from typing import Any

from tests.support.client import Api


def refund(api: Api, transaction: Any, **body: Any) -> Any:
    return api.post(f"/api/transactions/{transaction['id']}/refund", body)


def live(api: Api) -> None:
    """All that moves stock, money or orders, at least once."""
    ann = api.user("ann")
    gala = api.ticket(price=99.99, total_quantity=100, available_quantity=90)
    ball = api.ticket(price=10, total_quantity=5)
    _edit(api, gala)
    _pay_in_parts(api, ann, gala, ball)
    _refund_and_cancel(api, ann, gala, ball)
    _pay_twice(api, ann, gala)
    _delete(api, ann, gala)
    _complete(api, ann, gala)
    _come_late(api, ann, ball)
    _give_away(api, ann)
    api.delete(f"/api/tickets/{api.ticket(available_quantity=30)['id']}")


def _edit(api: Api, ticket: Any) -> None:
    path = f"/api/tickets/{ticket['id']}"
    api.put(path, {"total_quantity": 120})
    api.put(path, {"available_quantity": 100})
    api.put(path, {"total_quantity": 110, "available_quantity": 95})
    api.put(path, {"price": 80})


def _pay_in_parts(api: Api, user: Any, gala: Any, ball: Any) -> None:
    """From a cart, with an item added at another price, and a card that failed first."""
    line = {"user_id": user["id"], "ticket_id": gala["id"], "quantity": 2}
    api.post("/api/cart/", line)
    order = api.post(f"/api/orders/from-cart/{user['id']}")
    api.put(f"/api/tickets/{gala['id']}", {"price": 99.99})
    for ticket in (gala, ball):
        item = {"ticket_id": ticket["id"], "quantity": 1}
        order = api.post(f"/api/orders/{order['id']}/items", item)
    api.settle(api.payment(order), "failed")
    first = api.settle(api.payment(order, 50))
    refund(api, first, amount=20)
    api.settle(api.payment(order, 100))
    api.settle(api.payment(order))
    assert api.again(order, "orders")["status"] == "confirmed"
    refund(api, first, amount=1.5, reason="moved seats")


def _refund_and_cancel(api: Api, user: Any, gala: Any, ball: Any) -> None:
    for restock in (True, False):
        _, payment = api.paid_order(user, (gala, 3), (ball, 1))
        refund(api, payment, amount=0.01)
        refund(api, payment, restock=restock)
    taken_back, _ = api.paid_order(user, (gala, 2))
    api.post(f"/api/orders/{taken_back['id']}/cancel", {"reason": "rain"})
    waiting = api.order(user, (gala, 1), (ball, 2))
    api.settle(api.payment(waiting, 10))
    on_its_way = api.payment(waiting)
    api.post(f"/api/orders/{waiting['id']}/cancel")
    assert api.settle(on_its_way)["failure_reason"] == "order_cancelled"


def _pay_twice(api: Api, user: Any, gala: Any) -> None:
    """With a card that was declined, with another, and with both of them after all."""
    order = api.order(user, (gala, 1))
    declined, first, second = (api.payment(order, amount) for amount in (None, 60, None))
    for payment, status in ((declined, "failed"), (first, "success"), (second, "success")):
        api.settle(payment, status)
    assert api.again(second, "transactions")["failure_reason"] == "already_paid"
    api.settle(api.payment(order))
    assert api.again(order, "orders")["status"] == "confirmed"
    assert api.settle(declined)["failure_reason"] == "already_paid"


def _delete(api: Api, user: Any, ticket: Any) -> None:
    pending = api.order(user, (ticket, 2))
    api.settle(api.payment(pending), "failed")
    cancelled = api.order(user, (ticket, 3))
    api.post(f"/api/orders/{cancelled['id']}/cancel")
    # Until nobody tries the card again.
    api.clock.advance(days=1)
    for order in (pending, cancelled):
        api.delete(f"/api/orders/{order['id']}")


def _complete(api: Api, user: Any, ticket: Any) -> None:
    """Invoices that are paid after the event: one is given back in full, one is announced then."""
    first, second = api.order(user, (ticket, 4)), api.order(user, (ticket, 1))
    payment = api.payment(first)
    for order in (first, second):
        for status in ("confirmed", "completed"):
            api.patch(f"/api/orders/{order['id']}/status", {"status": status})
    refund(api, api.settle(payment))
    api.settle(api.payment(second, 30))


def _come_late(api: Api, user: Any, ticket: Any) -> None:
    """One buyer takes what three let go; of these, one finds enough left and one does not."""
    left = api.stock(ticket)[0]
    revived = api.order(user, (ticket, 1))
    late, swept = api.order(user, (ticket, left - 1)), api.order(user)
    part = api.settle(api.payment(late, 1))
    payments = [api.payment(revived), api.payment(late)]
    api.clock.advance(minutes=16)
    api.order(user, (ticket, left - 1))
    api.settle(payments[0])
    api.settle(payments[1])
    assert api.again(revived, "orders")["status"] == "confirmed"
    assert api.again(part, "transactions")["status"] == "refunded"
    assert api.again(payments[1], "transactions")["failure_reason"] == "order_expired"
    # Whoever touches an order whose hold ran out finds it expired.
    api.put(f"/api/orders/{swept['id']}", {"notes": "too late"})


def _give_away(api: Api, user: Any) -> None:
    free = api.order(user, (api.ticket(price=0), 2))
    api.patch(f"/api/orders/{free['id']}/status", {"status": "confirmed"})
    empty = api.order(user)
    api.post(f"/api/orders/{empty['id']}/cancel")
