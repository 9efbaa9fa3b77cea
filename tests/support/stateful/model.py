"""The shop as its contract tells it: who holds which units, and whose the money is.

Nothing is moved here. An order holds its units while its status says so, and the counters of a
ticket follow from that. A step changes the shop or raises :class:`Refusal`; what is left of the
shop then is of no use, unless the refusal says what was done all the same, so steps are tried on a
copy.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.support.stateful.things import (
    ARRIVED,
    HOLD,
    LATE,
    LIMIT,
    PAYMENT,
    SOLD,
    Order,
    Payment,
    Refusal,
    Ticket,
)

NEXT = {"pending": ("confirmed", "cancelled"), "confirmed": ("completed", "cancelled")}
OUTCOMES = {"pending": ("success", "failed"), "failed": ("success",)}
HOLDING = ("pending", *SOLD)


@dataclass
class Shop:
    minute: int = 0
    tickets: dict[int, Ticket] = field(default_factory=dict)
    carts: dict[int, Counter[int]] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    payments: dict[int, Payment] = field(default_factory=dict)

    def buy(self, user: int, lines: Iterable[tuple[int, int]]) -> Order:
        wanted: Counter[int] = Counter()
        for ticket, units in lines:
            _require_small(units)
            wanted[ticket] += units
        return self._take(self._new_order(user), wanted)

    def add(self, order_id: int, ticket: int, units: int) -> None:
        _require_small(units)
        order = self.settled(order_id)
        if order.status != "pending":
            raise Refusal("order_not_pending")
        self._take(order, Counter({ticket: units}))

    def put_into_cart(self, user: int, ticket: int, units: int) -> None:
        self.carts[user][ticket] += units
        self._require_sale([ticket])
        self._require_stock(Counter({ticket: self.carts[user][ticket]}))

    def buy_cart(self, user: int) -> Order:
        if not self.carts[user]:
            raise Refusal("cart_empty")
        order = self._take(self._new_order(user), self.carts[user])
        self.carts[user] = Counter()
        return order

    def pay(self, order_id: int, amount: int | None) -> Payment:
        order = self.settled(order_id)
        if order.status == "cancelled":
            raise Refusal("order_not_payable")
        return Payment(order_id, _within(order.due, amount, "amount_exceeds_balance"))

    def change_amount(self, payment_id: int, amount: int) -> None:
        payment, order = self.locked(payment_id)
        if amount != payment.amount:
            if payment.by_provider:
                raise Refusal("settled_by_provider")
            if payment.status != "pending":
                raise Refusal("transaction_not_pending")
            payment.amount = _within(order.payable, amount, "amount_exceeds_balance")

    def settle(self, payment_id: int, status: str, *, with_reason: bool = False) -> None:
        payment, order = self.locked(payment_id)
        if status == payment.status and not payment.abandoned:
            return
        if status != payment.status and status not in OUTCOMES.get(payment.status, ()):
            raise Refusal("invalid_transition")
        if payment.by_provider and not with_reason:
            raise Refusal("settled_by_provider")
        if status == "success":
            payment.by_hand = payment.by_provider
            self.receive(payment, order)
        else:
            self.fail(payment)

    def refund(self, payment_id: int, amount: int | None, *, restock: bool) -> None:
        payment, order = self.locked(payment_id)
        if payment.status in {"pending", "failed"}:
            raise Refusal("transaction_not_refundable")
        left = payment.amount - payment.refunded
        returned = _within(left, amount, "refund_exceeds_payment")
        payment.give_back(returned)
        payment.status = "refunded" if returned == left else "success"
        if order.status == "pending":
            order.counted -= returned
        elif order.status == "confirmed" and order.due == 0 and self.kept(payment.order) == 0:
            self._cancel(payment.order, restock=restock)

    def move(self, order_id: int, status: str) -> None:
        order = self.settled(order_id)
        if status == order.status:
            if order.expired:
                # Late money does not sell what somebody gave up.
                order.expired = False
                self._give_up_money(order_id)
            return
        if status not in NEXT.get(order.status, ()):
            raise Refusal("invalid_transition")
        if status == "cancelled":
            self._cancel(order_id)
        elif not order.lines:
            raise Refusal("order_empty")
        elif status == "confirmed":
            order.on_trust = order.due > 0
        order.status = status

    def delete(self, order_id: int) -> None:
        order = self.settled(order_id)
        if order.status not in {"pending", "cancelled"}:
            raise Refusal("order_not_deletable")
        if self.paid(order_id) or self.awaits_money(order_id):
            raise Refusal("order_has_payments")
        if self.has_just_failed(order_id):
            raise Refusal("payment_just_failed")
        del self.orders[order_id]
        self.payments = {id_: p for id_, p in self.payments.items() if p.order != order_id}

    def change_price(self, ticket: int, price: int) -> None:
        self._require_known([ticket])
        self.tickets[ticket].price = price

    def stop(self, ticket: int, status: str) -> None:
        self._require_known([ticket])
        self.tickets[ticket].stopped = None if status == "available" else status

    def resize(self, ticket: int, total: int | None = None, available: int | None = None) -> None:
        self._require_known([ticket])
        shelf = self.tickets[ticket]
        shelf.total = shelf.total if total is None else total
        if available is not None:
            shelf.withheld += self.available(ticket) - available
        if self.available(ticket) < 0 or shelf.withheld < 0:
            raise Refusal("stock_conflict")

    def remove(self, ticket: int) -> None:
        self._require_known([ticket])
        if any(order.units[ticket] for order in self.orders.values()):
            raise Refusal("ticket_has_orders")
        del self.tickets[ticket]
        for cart in self.carts.values():
            del cart[ticket]

    def sweep(self) -> None:
        for order_id in self.orders:
            self.settled(order_id)

    def settled(self, order_id: int) -> Order:
        """The order as it may be changed: a hold that ran out ends first."""
        if order_id not in self.orders:
            raise Refusal("order_not_found", 404)
        order = self.orders[order_id]
        if self.is_overdue(order):
            self._end(order_id)
            order.expired = True
        return order

    def locked(self, payment_id: int) -> tuple[Payment, Order]:
        """A payment and its order, as they may be changed."""
        if payment_id not in self.payments:
            raise Refusal("transaction_not_found", 404)
        payment = self.payments[payment_id]
        return payment, self.settled(payment.order)

    def is_overdue(self, order: Order) -> bool:
        return order.status == "pending" and self.minute >= order.until

    def prolong(self, order: Order) -> None:
        """Its buyer begins to pay by a provider."""
        if order.status == "pending":
            latest = order.since + HOLD + PAYMENT
            order.until = max(order.until, min(self.minute + PAYMENT, latest))

    def held(self, ticket: int, *statuses: str) -> int:
        return sum(o.units[ticket] for o in self.orders.values() if o.status in statuses)

    def available(self, ticket: int) -> int:
        shelf = self.tickets[ticket]
        return shelf.total - shelf.withheld - self.held(ticket, *HOLDING)

    def obtainable(self, ticket: int) -> int:
        """What a buyer gets: overdue orders hold no longer than nobody needs it."""
        overdue = [order.units[ticket] for order in self.orders.values() if self.is_overdue(order)]
        return self.available(ticket) + sum(overdue)

    def paid(self, order_id: int) -> int:
        money = (p for p in self.payments.values() if p.order == order_id)
        return sum(p.amount for p in money if p.status in ARRIVED)

    def awaits_money(self, order_id: int) -> bool:
        money = (p for p in self.payments.values() if p.order == order_id)
        # What a provider has begun may be paid at any time.
        return any(p.status == "pending" or p.abandoned or p.reference for p in money)

    def has_just_failed(self, order_id: int) -> bool:
        failures = (p.failed_at for p in self.payments.values() if p.order == order_id)
        return any(at is not None and self.minute < at + LATE for at in failures)

    def refunded(self, order_id: int) -> int:
        return sum(p.refunded for p in self.payments.values() if p.order == order_id)

    def kept(self, order_id: int) -> int:
        return self.paid(order_id) - self.refunded(order_id)

    def _new_order(self, user: int) -> Order:
        return Order(user, self.minute, self.minute + HOLD)

    def _take(self, order: Order, wanted: Counter[int]) -> Order:
        if any(order.units[ticket] + units > LIMIT for ticket, units in wanted.items()):
            raise Refusal("quantity_limit")
        self._require_sale(wanted)
        self._require_stock(wanted)
        for ticket, units in wanted.items():
            order.lines[ticket, self.tickets[ticket].price] += units
        return order

    def receive(self, payment: Payment, order: Order) -> None:
        """Money is never refused: what buys nothing goes back at once."""
        payment.status, payment.abandoned = "success", False
        if order.status == "cancelled":
            self._receive_late(payment, order)
        elif payment.amount > order.due:
            payment.go_back()
        else:
            order.counted += payment.amount
            if order.status == "pending" and order.due == 0:
                order.status = "confirmed"

    def fail(self, payment: Payment) -> None:
        """The payer has said so now."""
        payment.status, payment.abandoned, payment.failed_at = "failed", False, self.minute

    def _receive_late(self, payment: Payment, order: Order) -> None:
        if order.expired and payment.amount >= order.total and self._is_to_be_had(order):
            order.status, order.expired, order.counted = "confirmed", False, payment.amount
        else:
            payment.go_back()

    def _is_to_be_had(self, order: Order) -> bool:
        try:
            self._require_sale(order.units)
            self._require_stock(order.units)
        except Refusal:
            return False
        return self._is_same_sale(order)

    def _is_same_sale(self, order: Order) -> bool:
        prices = all(self.tickets[ticket].price == price for ticket, price in order.lines)
        return prices and self.minute < order.until + LATE

    def _give_up_money(self, order_id: int) -> None:
        for payment in self.payments.values():
            if payment.order == order_id and payment.status == "pending":
                payment.status, payment.abandoned = "failed", True

    def _cancel(self, order_id: int, *, restock: bool = True) -> None:
        self._give_up_money(order_id)
        if not restock:
            for ticket, units in self.orders[order_id].units.items():
                self.tickets[ticket].withheld += units
        self._end(order_id)

    def _end(self, order_id: int) -> None:
        self.orders[order_id].status = "cancelled"
        for payment in self.payments.values():
            if payment.order == order_id and payment.status == "success":
                payment.go_back()

    def _require_known(self, tickets: Iterable[int]) -> None:
        if not set(tickets) <= self.tickets.keys():
            raise Refusal("ticket_not_found", 404)

    def _require_sale(self, tickets: Iterable[int]) -> None:
        self._require_known(tickets)
        if any(self.tickets[ticket].stopped for ticket in tickets):
            raise Refusal("ticket_not_on_sale")

    def _require_stock(self, wanted: Counter[int]) -> None:
        if any(units > self.obtainable(ticket) for ticket, units in wanted.items()):
            raise Refusal("insufficient_stock")


def _require_small(units: int) -> None:
    if units > LIMIT:
        raise Refusal("validation_error", 422)


def _within(most: int, amount: int | None, code: str) -> int:
    """An amount of money, by default the most there is; never nothing."""
    amount = most if amount is None else amount
    if not 0 < amount <= most:
        raise Refusal(code)
    return amount
