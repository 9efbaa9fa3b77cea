"""Shoppers who pay by a payment provider as well, and whatever can go wrong with that."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.soak.provider import METHOD, Provider, Seen
from tests.support.faults.client import Client
from tests.support.faults.journal import Outcome
from tests.support.faults.shopper import Shopper, cents, made

# Cards of the provider, by what they do; see docs/payments.md.
GOOD, DECLINED, ASKED = "4242424242424242", "4000000000000002", "4000000000003220"
TWICE, OTHER_AMOUNT = "4000000000000119", "4000000000000127"
WORDS: Mapping[str, str] = {
    "lost": "4000000000000143",
    "doubled": "4000000000000150",
    "out of order": "4000000000000168",
    "late": "4000000000000176",
    "before the answer": "4000000000000184",
}
REFUND_REFUSED, REFUND_FAILS, REFUND_LATER = (
    "4000000000000192",
    "4000000000000200",
    "4000000000000218",
)
SLOW, DOWN, NONSENSE = "4000000000000226", "4000000000000234", "4000000000000242"
# Of which the money arrives, sooner or later.
_PAYING = (
    *(GOOD, "4000000000000101", *WORDS.values()),
    *(REFUND_REFUSED, REFUND_FAILS, REFUND_LATER, TWICE, OTHER_AMOUNT, SLOW, DOWN, NONSENSE),
)
# How often somebody pays who sees nothing come of it.
_PERSISTENCE = 3


class PayingShopper(Shopper):
    def __init__(
        self, client: Client, user_id: int, tickets: list[int], provider: Provider
    ) -> None:
        super().__init__(client, user_id, tickets)
        self.provider = provider
        # Payments begun for orders that were left alone.
        self.left: list[Any] = []

    def go_on(self) -> None:
        if self.client.choices.random() < 0.5:
            super().go_on()
            return
        stories: dict[Callable[[], object], int] = {
            self.buys_by_card: 8,
            self.buys_with_trouble: 6,
            self.pays_a_part_by_card: 2,
            self.tries_another_card: 2,
            self.pays_in_two_windows: 2,
            self.cancels_while_paying: 2,
            self.leaves_the_page: 2,
            self.comes_back_to_the_page: 2,
            self.wants_it_back_by_card: 4,
        }
        (story,) = self.client.choices.choices(list(stories), list(stories.values()))
        story()

    def buys_by_card(self) -> None:
        if (payment := self.begins(self.orders())) and self.pays(payment, GOOD):
            self._comes_back(payment)

    def buys_with_trouble(self) -> None:
        if (payment := self.begins(self.orders())) and self.pays(payment, self._some_card()):
            self._comes_back(payment)

    def pays_a_part_by_card(self) -> None:
        """The rest is paid at the box office."""
        if not (order := self.orders()):
            return
        half = round(order["total_amount"] / 2, 2)
        if (payment := self.begins(order, half)) and self.pays(payment, self._some_card()):
            rest = round(order["total_amount"] - half, 2)
            if second := self.announces(order, rest):
                self.succeeds(second)

    def tries_another_card(self) -> None:
        if not (payment := self.begins(self.orders())):
            return
        self.pays(payment, DECLINED)
        if self.client.choices.random() < 0.5:
            self.pays(payment, ASKED)
            self.pays(payment, authentication=self.client.choices.choice(("passed", "failed")))
        else:
            self.pays(payment, GOOD)
        self._comes_back(payment)

    def pays_in_two_windows(self) -> None:
        order = self.orders()
        payments = [one for one in (self.begins(order), self.begins(order)) if one]
        for payment in payments:
            self.pays(payment, self._some_card())

    def cancels_while_paying(self) -> None:
        if payment := self.begins(self.orders()):
            self._one_of(
                lambda: self.cancels(payment["order_id"]), lambda: self.deletes(payment["order_id"])
            )
            self.pays(payment, self._some_card())

    def leaves_the_page(self) -> None:
        if payment := self.begins(self.orders()):
            self.left.append(payment)

    def comes_back_to_the_page(self) -> None:
        if self.left:
            self.pays(self.left.pop(0), self._some_card())

    def wants_it_back_by_card(self) -> None:
        payment = self.begins(self.orders())
        card = self.client.choices.choice((GOOD, REFUND_REFUSED, REFUND_FAILS, REFUND_LATER))
        if payment and self.pays(payment, card):
            self.asks_the_service(payment)
            self._one_of(
                lambda: self.cancels(payment["order_id"]),
                lambda: self.gets_refunds(payment, parts=1),
                lambda: self.gets_refunds(payment, parts=3),
            )

    # The steps that stories are made of.

    def begins(self, order: Any, amount: float | None = None) -> Any:
        if not order:
            return None
        amount = order["total_amount"] if amount is None else amount
        body = {"order_id": order["id"], "payment_method": METHOD, "amount": amount}
        wanted = order["id"], cents(amount)
        return made(self.client.perform("begin", "POST /api/transactions/", body, wanted=wanted))

    def pays(self, payment: Any, card: str = "", **said: str) -> bool:
        """On the provider's page; whether there it looks as if it were paid."""
        action = payment["next_action"]
        if action is None:
            # It has ended before it was begun.
            return False
        wanted = payment["id"], cents(payment["amount"]), card
        said = {"card": card, **said} if card else said
        with self.client.doing("charge", wanted) as operation:
            for _ in range(_PERSISTENCE):
                seen = self.provider.pay(action["url"], **said)
                if seen is not Seen.NOTHING:
                    break
            if seen is Seen.PAID:
                operation.outcome = Outcome.DONE
            elif seen is Seen.NOT_PAID:
                operation.outcome = Outcome.REFUSED
        return operation.outcome is not Outcome.REFUSED

    def asks_the_service(self, payment: Any) -> None:
        self.client.send("POST", f"/api/transactions/{payment['id']}/sync")

    def _comes_back(self, payment: Any) -> None:
        """To the shop; or the tab is closed."""
        if self.client.choices.random() < 0.5:
            self.asks_the_service(payment)
            if self.client.choices.random() < 0.3:
                self._one_of(
                    lambda: self.completes(payment["order_id"]),
                    lambda: self.gets_refunds(payment, parts=2),
                )

    def _some_card(self) -> str:
        return self.client.choices.choice(_PAYING)
