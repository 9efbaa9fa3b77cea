"""Four days of business whose figures can be added up by hand."""

from dataclasses import dataclass
from typing import Any

from tests.support.client import Api

REPORTS = ("dashboard", "sales", "revenue", "users", "tickets")
SERIES = ("sales", "revenue", "users")


@dataclass(frozen=True)
class Shop:
    ann: Any
    bob: Any
    vip: Any
    standard: Any
    jazz: Any
    # The orders by number, as they were answered last.
    orders: list[Any]


def report(api: Api, name: str, **parameters: Any) -> Any:
    return api.get(f"/api/analytics/{name}", **parameters)


def figures(orders: int, tickets_sold: int, revenue: float) -> dict[str, float]:
    return {"orders": orders, "tickets_sold": tickets_sold, "revenue": revenue}


def held_by(user: Any) -> dict[str, Any]:
    """What the only pending order of the shop holds."""
    held = {"total_quantity": 40, "held_quantity": 1, "holders": 1, "largest_holding": 1}
    return held | {"largest_share": 0.025, "largest_holder": user["id"], "expired_holds": 0}


def pay(api: Api, order: Any, *, by: str, amount: float | None = None) -> Any:
    """Successful money for an order."""
    body = {"order_id": order["id"], "payment_method": by, "amount": amount}
    return api.settle(api.post("/api/transactions/", body))


def refund(api: Api, transaction: Any, amount: float | None = None) -> None:
    api.post(f"/api/transactions/{transaction['id']}/refund", {"amount": amount})


def set_status(api: Api, order: Any, status: str) -> Any:
    return api.patch(f"/api/orders/{order['id']}/status", {"status": status})


def open_shop(api: Api) -> Shop:
    """Sunday 1 March to Wednesday 4 March 2026; the Tuesday is quiet."""
    concert = {"event_name": "Concert", "venue": "Arena"}
    club = {"venue": "Club"}
    # Of the VIP tickets 84 are withheld, so that what is left comes to exactly a tenth.
    vip = api.ticket(**concert, category="VIP", price=99.99, available_quantity=16)
    standard = api.ticket(**concert, category="Standard", price=33.33, total_quantity=40)
    jazz = api.ticket(**club, event_name="Jazz", category="Standard", price=10.10, total_quantity=6)
    gala = api.ticket(**club, event_name="Gala", category="Dinner", price=500, total_quantity=5)
    api.patch(f"/api/tickets/{gala['id']}/status", {"status": "cancelled"})
    ann, bob, eve = api.user("ann"), api.user("bob"), api.user("eve")
    api.patch(f"/api/users/{eve['id']}/deactivate")

    first = api.order(ann, (vip, 2), (jazz, 1))
    pay(api, first, by="card")
    expired = api.order(bob, (standard, 3))

    api.clock.advance(days=1)
    # Whoever touches an order whose hold ran out finds it expired.
    api.put(f"/api/orders/{expired['id']}", {"notes": "too late"})
    third = api.order(ann, (standard, 3))
    pay(api, third, by="cash", amount=50)
    pay(api, third, by="cash")
    set_status(api, third, "completed")
    returned = api.order(bob, (vip, 1))
    refund(api, pay(api, returned, by="card"))

    api.clock.advance(days=2)
    fifth = api.order(bob, (jazz, 5))
    refund(api, pay(api, fifth, by="card"), 20.20)
    invoiced = api.order(ann, (vip, 4))
    set_status(api, invoiced, "confirmed")
    api.payment(invoiced)
    pending = api.order(bob, (standard, 1))
    api.settle(api.payment(pending), "failed")
    api.user("dan")
    made = (first, expired, third, returned, fifth, invoiced, pending)
    return Shop(ann, bob, vip, standard, jazz, [api.again(order, "orders") for order in made])
