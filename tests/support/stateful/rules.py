"""What customers and the box office do, in any order."""

from collections import Counter
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from hypothesis.strategies._internal.featureflags import FeatureFlags

from Order.services.expiry_service import expire_overdue_orders
from tests.support.client import Api
from tests.support.service import Service
from tests.support.stateful.expected import money
from tests.support.stateful.machine import BARE, Exchange, Request
from tests.support.stateful.picking import (
    ANYWHERE,
    PLACE,
    SENT,
    SHARES,
    SOMETIMES,
    WHOLE,
    amount_of,
    at,
    if_announced,
    if_live,
    if_orders,
    if_payments,
    if_received,
    if_tickets,
    part,
)
from tests.support.stateful.provider_rules import PayingByProvider
from tests.support.stateful.second_party import SecondParty
from tests.support.stateful.things import HOLD, Ticket
from work.context import unattended

USERS = [1, 2]
USER = st.sampled_from(USERS)
# All that can be had of a ticket, overdue holds included, and one more than that.
ALL_LEFT, TOO_MANY = 0, -1
UNITS = st.sampled_from([1, 1, 1, 2, 2, 3, 7, ALL_LEFT, ALL_LEFT, TOO_MANY])
LINES = st.one_of(
    *[st.lists(st.tuples(PLACE, UNITS), min_size=1, max_size=3)] * 9,
    st.just([]),
)
# From nothing to the highest price there is.
PRICES = st.sampled_from([1000, 3333, 1250, 2501, 1, 999_999_999, 0])
STOCK = st.integers(0, 9)
SIZES = st.fixed_dictionaries({}, optional={"total": STOCK, "available": STOCK})
SALES = st.sampled_from(["available", "available", "reserved", "sold", "cancelled", "delete"])
CHANGES = st.sampled_from(["note", "confirmed", "completed", "pending", "cancelled", "cancel"])
OUTCOMES = st.sampled_from(["success", "success", "success", "failed"])
STATES = st.sampled_from(["success", "failed", "pending", "refunded"])


class Shopping(PayingByProvider):
    def __init__(self, service: Service, api: Api, party: SecondParty, *, all_rules: bool) -> None:
        super().__init__(service, api, party)
        if all_rules:
            # Hypothesis leaves rules out of each example, which pays off over many examples only.
            self._rules_strategy.enabled_rules_strategy = st.just(FeatureFlags())
        self._open()

    def _open(self) -> None:
        """Begin in the middle: with what many steps would lead to."""
        ids = [self.api.user(name)["id"] for name in ("ada", "bob")]
        assert ids == USERS
        self.shop.carts = {id_: Counter() for id_ in ids}
        front, back = (self._offer(BARE, 1250 * n, 4 * n, 4 * n) for n in (1, 2))
        for user, lines in ((1, [(front, 1), (back, 2)]), (2, [(back, 2)]), (1, [(back, 1)])):
            self._order(BARE, user, lines)
        for user, lines in ((2, [(front, 1)]), (2, [(back, 1)])):
            self._order(BARE, user, lines)
        # Two cards are tried for the first order; one is paid for, one given up after its card was
        # declined, and one is an invoice.
        first, second, paid, invoiced, declined = self.shop.orders
        for order in (first, first, second):
            self._pay(BARE, order, None)
        for order, outcome in ((paid, "success"), (declined, "failed")):
            payment = self._pay(BARE, order, None)
            assert payment is not None
            self._settle(BARE, payment, outcome)
        for order, status in (
            (invoiced, "confirmed"),
            (invoiced, "completed"),
            (declined, "cancelled"),
        ):
            self._move(BARE, order, status)
        for user, ticket in ((1, front), (2, back)):
            self._order(BARE, user, [(ticket, 1)])
        self.open_with_a_provider(*list(self.shop.orders)[-2:])

    @precondition(lambda self: len(self.shop.tickets) < 3)
    @rule(sent=SENT, price=PRICES, total=STOCK, available=STOCK)
    def offer(self, sent: str, price: int, total: int, available: int) -> None:
        self._offer(sent, price, max(total, available), available)

    @if_tickets
    @rule(sent=SENT, place=PLACE, change=PRICES | PRICES | SIZES | SALES)
    def change_ticket(self, sent: str, place: int, change: int | str | dict[str, int]) -> None:
        ticket = self._ticket(place)
        path = f"/api/tickets/{ticket}"
        if isinstance(change, int):
            self._change_price(sent, ticket, change)
        elif isinstance(change, dict):
            sizes = {f"{counter}_quantity": units for counter, units in change.items()}
            self.ask(sent, Request("PUT", path, sizes), lambda shop: shop.resize(ticket, **change))
        elif change == "delete":
            self.ask(BARE, Request("DELETE", path), lambda shop: shop.remove(ticket))
        else:
            request = Request("PATCH", f"{path}/status", {"status": change})
            self.ask(sent, request, lambda shop: shop.stop(ticket, change))

    @if_tickets
    @rule(sent=SENT, user=USER, lines=LINES, late=SOMETIMES)
    def buy(self, sent: str, user: int, lines: list[tuple[int, int]], *, late: bool) -> None:
        if late:
            self.wait_for(HOLD)
        wanted = [(self._ticket(place), units) for place, units in lines]
        self._order(sent, user, [(ticket, self._units(ticket, n)) for ticket, n in wanted])

    @if_tickets
    @rule(sent=SENT, user=USER, place=PLACE, units=UNITS)
    def put_into_cart(self, sent: str, user: int, place: int, units: int) -> None:
        ticket = self._ticket(place)
        units = self._units(ticket, units)
        body = {"user_id": user, "ticket_id": ticket, "quantity": units}
        request = Request("POST", "/api/cart/", body)
        self.ask(sent, request, lambda shop: shop.put_into_cart(user, ticket, units))

    @precondition(lambda self: any(self.shop.carts.values()))
    @rule(sent=SENT, user=USER)
    def buy_cart(self, sent: str, user: int) -> None:
        request = Request("POST", f"/api/orders/from-cart/{user}")
        self.make(sent, request, lambda shop: shop.buy_cart(user), lambda shop: shop.orders)

    @if_live
    @if_tickets
    @rule(sent=SENT, place=PLACE, ticket_place=PLACE, units=UNITS, price=st.none() | PRICES)
    def add_item(
        self, sent: str, place: int, ticket_place: int, units: int, price: int | None
    ) -> None:
        order = self.live_order(place)
        held = self.shop.orders[order].units
        ticket = at(ticket_place, sorted(self.shop.tickets, key=lambda id_: id_ not in held))
        if price is not None:
            self._change_price(sent, ticket, price)
        units = self._units(ticket, units)
        body = {"ticket_id": ticket, "quantity": units}
        request = Request("POST", f"/api/orders/{order}/items", body)
        self.ask(sent, request, lambda shop: shop.add(order, ticket, units))

    @rule(minutes=st.sampled_from([1, 5, HOLD]), sweeps=SOMETIMES)
    def wait(self, minutes: int, *, sweeps: bool) -> None:
        self.wait_for(minutes)
        if sweeps:
            expire = partial(expire_overdue_orders, limit=100)
            sweep = unattended(expire, self.service.settings, self.service.clock)
            self.service.database.write_now(sweep)
            self.shop.sweep()

    @if_live
    @rule(sent=SENT, place=PLACE, share=WHOLE | SHARES)
    def pay(self, sent: str, place: int, share: float | None) -> None:
        self._pay(sent, self.live_order(place), share)

    @if_live
    @rule(sent=SENT, place=PLACE, share=WHOLE | SHARES)
    def pay_at_once(self, sent: str, place: int, share: float | None) -> None:
        payment = self._pay(sent, self.live_order(place), share)
        if payment is not None:
            self._settle(sent, payment, "success")

    @precondition(lambda self: any(map(self.is_owed, self.shop.orders)))
    @rule(sent=SENT, place=PLACE, share=WHOLE | SHARES, is_settled=st.booleans())
    def pay_what_is_owed(
        self, sent: str, place: int, share: float | None, *, is_settled: bool
    ) -> None:
        order = at(place, sorted(self.shop.orders, key=lambda id_: not self.is_owed(id_)))
        payment = self._pay(sent, order, share)
        if payment is not None and is_settled:
            self._settle(sent, payment, "success")

    @if_announced
    @rule(sent=SENT, place=PLACE, status=OUTCOMES, late=SOMETIMES, instead=SOMETIMES)
    def settle(self, sent: str, place: int, status: str, *, late: bool, instead: bool) -> None:
        """Say what became of money, also in the place of the provider that it comes by."""
        if late:
            self.wait_for(HOLD)
        payment = self.payment(place, "pending", by_provider=instead)
        self._settle(sent, payment, status, with_reason=instead)

    @if_payments
    @rule(sent=SENT, place=ANYWHERE, change=STATES | SHARES)
    def change_payment(self, sent: str, place: int, change: str | float) -> None:
        payment = self.payment(place, "pending")
        if isinstance(change, str):
            self._settle(sent, payment, change)
        else:
            amount = part(change, self.shop.payments[payment].amount)
            request = Request("PUT", f"/api/transactions/{payment}", {"amount": money(amount)})
            self.ask(sent, request, lambda shop: shop.change_amount(payment, amount))

    @if_received
    @rule(sent=SENT, place=PLACE, share=WHOLE | SHARES, restock=st.booleans())
    def refund(self, sent: str, place: int, share: float | None, *, restock: bool) -> None:
        payment = self.payment(place, "success")
        self.return_part(sent, payment, share, restock=restock)

    @if_orders
    @rule(sent=SENT, place=ANYWHERE, change=CHANGES)
    def change_order(self, sent: str, place: int, change: str) -> None:
        order = self.live_order(place)
        path = f"/api/orders/{order}"
        if change == "note":
            request = Request("PUT", path, {"notes": "aisle seats"})
            self.ask(sent, request, lambda shop: shop.settled(order))
        elif change == "cancel":
            request = Request("POST", f"{path}/cancel", {"reason": "ill"}, success=200)
            self.ask(sent, request, lambda shop: shop.move(order, "cancelled"))
        else:
            self._move(sent, order, change)

    @precondition(lambda self: any(o.status == "cancelled" for o in self.shop.orders.values()))
    @rule(place=PLACE)
    def delete(self, place: int) -> None:
        orders = self.shop.orders
        order = at(place, sorted(orders, key=lambda id_: orders[id_].status != "cancelled"))
        request = Request("DELETE", f"/api/orders/{order}")
        self.ask(BARE, request, lambda shop: shop.delete(order))

    @precondition(lambda self: self.exchanges)
    @rule(place=ANYWHERE, other=st.none() | ANYWHERE)
    def retry(self, place: int, other: int | None) -> None:
        exchange = self._exchange(place)
        if other is None:
            self.repeat_later(exchange)
        elif (another := self._exchange(other).request) != exchange.request:
            self.confuse(exchange, another)

    def _offer(self, sent: str, price: int, total: int, available: int) -> int:
        body = {
            "event_name": "Concert",
            "event_date": "2027-12-25T20:00:00Z",
            "venue": "Main Arena",
            "category": "VIP",
            "price": money(price),
            "total_quantity": total,
            "available_quantity": available,
        }
        ticket = Ticket(price, total, withheld=total - available)
        request = Request("POST", "/api/tickets/", body)
        made = self.make(sent, request, lambda _shop: ticket, lambda shop: shop.tickets)
        assert made is not None
        return made

    def _change_price(self, sent: str, ticket: int, price: int) -> None:
        request = Request("PUT", f"/api/tickets/{ticket}", {"price": money(price)})
        self.ask(sent, request, lambda shop: shop.change_price(ticket, price))

    def _order(self, sent: str, user: int, lines: list[tuple[int, int]]) -> int | None:
        items = [{"ticket_id": ticket, "quantity": units} for ticket, units in lines]
        request = Request("POST", "/api/orders/", {"user_id": user, "items": items})
        return self.make(
            sent, request, lambda shop: shop.buy(user, lines), lambda shop: shop.orders
        )

    def _pay(self, sent: str, order: int, share: float | None) -> int | None:
        amount = None if share is None else part(share, self.shop.orders[order].due)
        body = {"order_id": order, "payment_method": "card", **amount_of(amount)}
        request = Request("POST", "/api/transactions/", body)
        return self.make(
            sent, request, lambda shop: shop.pay(order, amount), lambda shop: shop.payments
        )

    def _settle(self, sent: str, payment: int, status: str, *, with_reason: bool = False) -> None:
        body = {"status": status, **({"reason": "seen there"} if with_reason else {})}
        request = Request("PATCH", f"/api/transactions/{payment}/status", body)
        self.ask(sent, request, lambda shop: shop.settle(payment, status, with_reason=with_reason))

    def _move(self, sent: str, order: int, status: str) -> None:
        request = Request("PATCH", f"/api/orders/{order}/status", {"status": status})
        self.ask(sent, request, lambda shop: shop.move(order, status))

    def _ticket(self, place: int) -> int:
        return at(place, self.shop.tickets)

    def _units(self, ticket: int, units: int) -> int:
        if units > 0:
            return units
        left = self.shop.obtainable(ticket)
        return left + 1 if units == TOO_MANY else max(left, 1)

    def _exchange(self, place: int) -> Exchange:
        return self.exchanges[place % len(self.exchanges)]
