"""Which of the things that there are a step is about."""

from collections.abc import Iterable
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import precondition

from tests.support.stateful.expected import money
from tests.support.stateful.machine import BARE, KEYED, TWICE, Conversation, Request
from tests.support.stateful.things import SOLD

T = TypeVar("T")

SENT = st.sampled_from([BARE, KEYED, TWICE])
SOMETIMES = st.sampled_from([False, False, True])
# A place in a list, the likelier the further in front.
PLACE = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 5])
ANYWHERE = st.integers(0, 1000)
# Of what is due, or of a payment; the whole is asked for by leaving the amount out.
WHOLE = st.none()
SHARES = st.sampled_from([1.0, 0.5, 0.3, 1.5])

if_tickets = precondition(lambda self: self.shop.tickets)
if_orders = precondition(lambda self: self.shop.orders)
if_live = precondition(lambda self: any(map(self.is_live, self.shop.orders)))
if_payments = precondition(lambda self: self.shop.payments)
if_announced = precondition(lambda self: self.has_payment("pending"))
if_received = precondition(lambda self: self.has_payment("success"))


class Picking(Conversation):
    def wait_for(self, minutes: int) -> None:
        self.service.clock.advance(minutes=minutes)
        self.shop.minute += minutes

    def return_part(
        self, sent: str, payment_id: int, share: float | None, *, restock: bool
    ) -> None:
        amount = None if share is None else part(share, self.shop.payments[payment_id].amount)
        body = {"restock": restock, **amount_of(amount)}
        request = Request("POST", f"/api/transactions/{payment_id}/refund", body, success=200)
        self.ask(sent, request, lambda shop: shop.refund(payment_id, amount, restock=restock))

    def live_order(self, place: int) -> int:
        """Those that may still be changed stand in front, the others behind them."""
        return at(place, sorted(self.shop.orders, key=lambda id_: not self.is_live(id_)))

    def is_live(self, order_id: int) -> bool:
        order = self.shop.orders[order_id]
        return order.status == "pending" and not self.shop.is_overdue(order)

    def is_owed(self, order_id: int) -> bool:
        order = self.shop.orders[order_id]
        return order.status in SOLD and order.due > 0

    def has_payment(self, status: str) -> bool:
        return any(payment.status == status for payment in self.shop.payments.values())

    def payment(self, place: int, status: str, *, by_provider: bool | None = None) -> int:
        """Those in the state stand in front, and of those the ones that are wanted most."""

        def rank(id_: int) -> tuple[bool, bool]:
            payment = self.shop.payments[id_]
            is_other = by_provider is not None and payment.by_provider is not by_provider
            return payment.status != status, is_other

        return at(place, sorted(self.shop.payments, key=rank))


def at(place: int, things: Iterable[T]) -> T:
    things = list(things)
    return things[place % len(things)]


def part(share: float, whole: int) -> int:
    return max(int(whole * share), 1)


def amount_of(amount: int | None) -> dict[str, float]:
    return {} if amount is None else {"amount": money(amount)}
