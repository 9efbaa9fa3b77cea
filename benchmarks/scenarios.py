"""What is asked of a service, a scenario each: its requests and the answer that is expected."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.driver import Plan, Request, request
from benchmarks.layout import HOT, ON_SALE, SOLD_OUT, owner_of
from benchmarks.subjects import Subject

CLIENTS = 16
# So many different requests are repeated until the time is over.
VARIETY = 595
# Other lines of an order lie so far apart; it has no divisor in common with the tickets on sale.
_STRIDE = 11


@dataclass(frozen=True)
class Scenario:
    """A request is made from a number; from the ids of a pool, where it uses up its rows."""

    name: str
    title: str
    make: Callable[[Subject, int], Request]
    expected: int = 200
    clients: int = CLIENTS
    pool: str = ""
    # Whether the app without a database, and the one that everybody writes first, can answer it.
    has_floor: bool = True
    has_orm: bool = False

    def plan(self, subject: Subject, seconds: float, share: float) -> Plan:
        """For a window of time; of a pool it takes at most such a share."""
        return Plan(
            subject.address.host,
            subject.address.port or 80,
            [self.make(subject, number) for number in self._numbers(subject, share)],
            self.expected,
            self.clients,
            seconds,
            repeated=not self.pool or subject.is_endless,
        )

    def few(self, subject: Subject, count: int, clients: int) -> Plan:
        """So many requests, once each."""
        requests = self.plan(subject, math.inf, 1).requests[:count]
        if len(requests) < count:
            raise ValueError(f"{self.name} has {len(requests)} rows left, not {count}")
        plan = self.plan(subject, math.inf, 0)
        return replace(plan, requests=requests, clients=clients, repeated=False)

    def _numbers(self, subject: Subject, share: float) -> Sequence[int]:
        if not self.pool or subject.is_endless:
            return range(1, VARIETY)
        ids: range = getattr(subject.layout, self.pool)
        used = subject.used.get(self.pool, 0)
        return ids[used : used + int(len(ids) * share)]


def _get(path: str) -> Callable[[Subject, int], Request]:
    """A customer asks for something that is everybody's."""

    def make(subject: Subject, number: int) -> Request:
        token = subject.token(subject.customer(number))
        return request("GET", path.format(ticket=_ticket(number)), token=token)

    return make


def _ticket(number: int, line: int = 0) -> int:
    return ON_SALE[(number + line * _STRIDE) % len(ON_SALE)]


def _order_of(subject: Subject, number: int) -> Request:
    """One of the fifty orders of a customer."""
    user = subject.customer(number)
    place = number // 64 % 49
    order = user - 1 + place * subject.layout.users
    return request("GET", f"/api/orders/{order}", token=subject.token(user))


def _orders_of(subject: Subject, number: int) -> Request:
    user = subject.customer(number)
    return request("GET", f"/api/users/{user}/orders?limit=50", token=subject.token(user))


def _ordering(tickets: Callable[[int], Sequence[int]]) -> Callable[[Subject, int], Request]:
    def make(subject: Subject, number: int) -> Request:
        user = subject.customer(number)
        items = [{"ticket_id": ticket, "quantity": 1} for ticket in tickets(number)]
        return _write(subject.token(user), "/api/orders/", {"user_id": user, "items": items})

    return make


def _write(token: str, path: str, body: Any = None, method: str = "POST") -> Request:
    return request(method, path, token=token, body=body, keyed=True)


def _lines(count: int) -> Callable[[int], Sequence[int]]:
    return lambda number: [_ticket(number, line) for line in range(count)]


def _to_cart(subject: Subject, number: int) -> Request:
    user = subject.customer(number)
    body = {"user_id": user, "ticket_id": _ticket(number), "quantity": 1}
    return _write(subject.token(user), "/api/cart/", body)


def _from_cart(subject: Subject, user: int) -> Request:
    return _write(subject.staff, f"/api/orders/from-cart/{user}")


def _announce(subject: Subject, order: int) -> Request:
    body = {"order_id": order, "payment_method": "card"}
    return _write(subject.token(owner_of(order)), "/api/transactions/", body)


def _settle(subject: Subject, money: int) -> Request:
    path = f"/api/transactions/{money}/status"
    return _write(subject.staff, path, {"status": "success"}, "PATCH")


def _refund(subject: Subject, money: int) -> Request:
    return _write(subject.staff, f"/api/transactions/{money}/refund")


def _cancel(subject: Subject, order: int) -> Request:
    return _write(subject.token(owner_of(order)), f"/api/orders/{order}/cancel")


_SEARCH = "/api/tickets/search/by-event?q=concert+orchestra&limit=50"
_hot = _ordering(lambda _: [HOT])

SCENARIOS = (
    Scenario("read", "read a ticket", _get("/api/tickets/{ticket}"), has_orm=True),
    Scenario("list", "list 50 tickets", _get("/api/tickets/?limit=50"), has_orm=True),
    Scenario("order-read", "read an order", _order_of),
    Scenario("user-orders", "a user's 50 orders", _orders_of),
    Scenario("search", "search for two words", _get(_SEARCH)),
    Scenario("order", "order of 2 lines", _ordering(_lines(2)), 201, has_orm=True),
    Scenario("order-10", "order of 10 lines", _ordering(_lines(10)), 201),
    Scenario("hot", "one hot ticket", _hot, 201),
    Scenario("hot-128", "one hot ticket, 128 clients", _hot, 201, 128, has_floor=False),
    Scenario("hot-256", "one hot ticket, 256 clients", _hot, 201, 256, has_floor=False),
    Scenario("sold-out", "order of what is sold out", _ordering(lambda _: [SOLD_OUT]), 409),
    Scenario("cart", "add to the cart", _to_cart, 201),
    Scenario("from-cart", "order the cart", _from_cart, 201, pool="carts"),
    Scenario("announce", "announce a payment (POST)", _announce, 201, pool="unpaid"),
    Scenario("pay", "settle a payment (PATCH)", _settle, pool="announced"),
    Scenario("refund", "refund a payment", _refund, pool="paid"),
    Scenario("cancel", "cancel an order", _cancel, pool="to_cancel"),
)
