"""What people do with a ticket shop: each story is told until one of its steps fails."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.faults.client import Client
from tests.support.faults.journal import Operation, Outcome

MOST_UNITS = 4


@dataclass
class Shopper:
    """A customer and, where the story wants one, the box office as well."""

    client: Client
    user_id: int
    tickets: list[int]
    # Payments announced for orders that were left alone: their money may arrive late.
    forgotten: list[Any] = field(default_factory=list)

    def go_on(self) -> None:
        stories: dict[Callable[[], object], int] = {
            self.buys_and_pays: 8,
            self.pays_in_parts: 3,
            self.has_a_bad_card: 2,
            self.pays_for_what_was_given_up: 2,
            self.thinks_better_of_it: 3,
            self.fills_a_cart: 3,
            self.wants_an_invoice: 2,
            self.forgets_to_pay: 2,
            self.pays_late: 2,
            self.changes_the_stock: 2,
            self.offers_another_ticket: 1,
        }
        (story,) = self.client.choices.choices(list(stories), list(stories.values()))
        story()

    def buys_and_pays(self) -> None:
        if not (order := self.orders()) or not (payment := self.announces(order)):
            return
        if not self.succeeds(payment):
            return
        self._one_of(
            lambda: self.completes(order["id"]),
            lambda: self.cancels(order["id"]),
            lambda: self.gets_refunds(payment, parts=1),
            lambda: self.gets_refunds(payment, parts=3),
            lambda: None,
        )

    def pays_in_parts(self) -> None:
        if not (order := self.orders()):
            return
        half = round(order["total_amount"] / 2, 2)
        if (first := self.announces(order, half)) and self.succeeds(first):
            rest = round(order["total_amount"] - half, 2)
            if (second := self.announces(order, rest)) and self.succeeds(second):
                self.gets_refunds(first, parts=1)

    def has_a_bad_card(self) -> None:
        if (order := self.orders()) and (payment := self.announces(order)):
            wanted = payment["id"], payment["order_id"]
            self._settles("fail", payment, {"status": "failed", "failure_reason": "no"}, wanted)
            if second := self.announces(order):
                self.succeeds(second)

    def pays_for_what_was_given_up(self) -> None:
        if not (order := self.orders()) or not (payment := self.announces(order)):
            return
        if second := self.announces(order):
            self._one_of(lambda: self.cancels(order["id"]), lambda: self.succeeds(second))
        self.succeeds(payment)

    def thinks_better_of_it(self) -> None:
        if not (order := self.orders()):
            return
        ticket, units = self._some_ticket(), self._some_units()
        self.client.perform(
            "add",
            f"POST /api/orders/{order['id']}/items",
            {"ticket_id": ticket, "quantity": units},
            wanted=(order["id"], ticket, units),
        )
        self._one_of(lambda: self.cancels(order["id"]), lambda: self.deletes(order["id"]))

    def fills_a_cart(self) -> None:
        ticket = self._some_ticket()
        for units in (self._some_units(), self._some_units()):
            line = {"user_id": self.user_id, "ticket_id": ticket, "quantity": units}
            self.client.perform(
                "collect", "POST /api/cart/", line, wanted=(self.user_id, ticket, units)
            )
        path = f"/api/orders/from-cart/{self.user_id}"
        if order := made(self.client.perform("check out", f"POST {path}", wanted=self.user_id)):
            self._one_of(lambda: self.announces(order), lambda: self.cancels(order["id"]))

    def wants_an_invoice(self) -> None:
        if order := self.orders():
            self.moves(order["id"], "confirm", "confirmed")
            self._one_of(
                lambda: self.completes(order["id"]),
                lambda: self.cancels(order["id"]),
                lambda: self.announces(order),
            )

    def forgets_to_pay(self) -> None:
        if not (order := self.orders()) or not (payment := self.announces(order)):
            return
        self.forgotten.append(payment)
        if self.client.choices.random() < 0.5:
            half = round(order["total_amount"] / 2, 2)
            if part := self.announces(order, half):
                self.succeeds(part)

    def pays_late(self) -> None:
        if self.forgotten:
            self.succeeds(self.forgotten.pop(0))

    def changes_the_stock(self) -> None:
        ticket = self.client.read(f"/api/tickets/{self._some_ticket()}")
        if ticket is None:
            return
        more = self.client.choices.randint(5, 40) if ticket["available_quantity"] < 40 else -5
        body = {
            "total_quantity": ticket["total_quantity"] + more,
            "price": self.client.choices.randint(100, 9999) / 100,
            "updated_at": ticket["updated_at"],
        }
        path = f"/api/tickets/{ticket['id']}"
        self.client.perform("resize", f"PUT {path}", body, wanted=(ticket["id"], more))

    def offers_another_ticket(self) -> None:
        offer = ticket_body("x", units=self._some_units(), price=10)
        self.client.perform("offer", "POST /api/tickets/", offer, marked="event_name")

    # The steps that stories are made of.

    def orders(self) -> Any:
        chosen = self.client.choices.sample(self.tickets, self.client.choices.choice((1, 1, 2)))
        lines = {ticket: self._some_units() for ticket in chosen}
        items = [{"ticket_id": ticket, "quantity": units} for ticket, units in lines.items()]
        body = {"user_id": self.user_id, "items": items}
        return made(
            self.client.perform("order", "POST /api/orders/", body, wanted=lines, marked="notes")
        )

    def announces(self, order: Any, amount: float | None = None) -> Any:
        amount = order["total_amount"] if amount is None else amount
        body = {"order_id": order["id"], "payment_method": "card", "amount": amount}
        operation = self.client.perform(
            "announce",
            "POST /api/transactions/",
            body,
            wanted=(order["id"], cents(amount)),
            marked="transaction_reference",
        )
        return made(operation)

    def succeeds(self, payment: Any) -> Any:
        wanted = payment["id"], cents(payment["amount"])
        return self._settles("pay", payment, {"status": "success"}, wanted)

    def gets_refunds(self, payment: Any, parts: int) -> None:
        whole = cents(payment["amount"])
        for part in range(parts):
            # The last part may leave something, or be all the rest.
            amount = whole // parts if part else whole // parts + whole % parts
            self.client.perform(
                "refund",
                f"POST /api/transactions/{payment['id']}/refund",
                {"amount": amount / 100, "restock": self.client.choices.random() < 0.7},
                wanted=(payment["id"], amount),
                marked="reason",
            )

    def cancels(self, order_id: int) -> None:
        path = f"/api/orders/{order_id}/cancel"
        self.client.perform("cancel", f"POST {path}", wanted=order_id, marked="reason")

    def completes(self, order_id: int) -> None:
        self.moves(order_id, "complete", "completed")

    def moves(self, order_id: int, kind: str, status: str) -> None:
        path = f"/api/orders/{order_id}/status"
        self.client.perform(kind, f"PATCH {path}", {"status": status}, wanted=order_id)

    def deletes(self, order_id: int) -> None:
        self.client.perform("delete", f"DELETE /api/orders/{order_id}", wanted=order_id)

    def _settles(self, kind: str, payment: Any, body: dict[str, Any], wanted: Any) -> Any:
        path = f"/api/transactions/{payment['id']}/status"
        return made(self.client.perform(kind, f"PATCH {path}", body, wanted=wanted))

    def _some_ticket(self) -> int:
        return self.client.choices.choice(self.tickets)

    def _some_units(self) -> int:
        return self.client.choices.randint(1, MOST_UNITS)

    def _one_of(self, *steps: Callable[[], object]) -> None:
        self.client.choices.choice(steps)()


def ticket_body(name: str, *, units: int, price: float) -> dict[str, Any]:
    return {
        "event_name": name,
        "event_date": "2040-01-01T20:00:00Z",
        "venue": "Arena",
        "category": "Floor",
        "price": price,
        "total_quantity": units,
    }


def cents(amount: float) -> int:
    return round(amount * 100)


def made(operation: Operation) -> Any:
    """The object, if the step surely succeeded: otherwise the story ends here."""
    if operation.outcome is Outcome.DONE and operation.answer:
        return operation.answer.body
    return None
