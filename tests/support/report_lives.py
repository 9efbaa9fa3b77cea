"""A shop's random life, one step at a time, through the service: all that moves a report."""

import random
from collections.abc import Callable
from typing import Any

from tests.support.client import Api

NAMES = ("Gala", "GALA", "Ball", "ball", "Straße")
CATEGORIES = ("VIP", "vip", "Floor")
VENUES = (
    *("Arena", "ARENA"),
    *("Cafe\N{COMBINING ACUTE ACCENT}", "Caf\N{LATIN SMALL LETTER E WITH ACUTE}"),
)
METHODS = ("card", "Card", "cash", "bank  transfer", "Bank transfer")


class ShopLife:
    """Every step may be refused by the service; then nothing has happened."""

    def __init__(self, api: Api, seed: int) -> None:
        self._api = api
        self.random = random.Random(seed)
        self._users = [api.user(name) for name in ("ann", "bob", "eve")]
        self._tickets = [self._ticket() for _ in range(3)]
        self._orders: list[int] = []
        self._payments: list[int] = []
        self._steps: list[Callable[[], Any]] = [
            *[self._order] * 4,
            *[self._pay] * 5,
            *[self._settle] * 5,
            self._confirm,
            self._complete,
            *[self._cancel] * 2,
            *[self._refund] * 3,
            *[self._delete] * 2,
            self._add,
            self._rename,
            *[self._wait] * 3,
            self._touch,
            *[self._register] * 2,
            *[self._change_user] * 3,
            self._remove_user,
        ]

    def step(self) -> None:
        self.random.choice(self._steps)()

    def _ticket(self) -> Any:
        return self._api.ticket(
            **self._names(), price=self.random.randint(0, 900) / 10, total_quantity=50
        )

    def _names(self) -> dict[str, str]:
        choose = self.random.choice
        return {
            "event_name": choose(NAMES),
            "category": choose(CATEGORIES),
            "venue": choose(VENUES),
        }

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._api.request(method, path, json=body)
        assert answer.status_code < 500, answer.text
        return answer.json() if answer.is_success and answer.content else None

    def _order(self) -> None:
        lines = self.random.sample(self._tickets, self.random.randint(0, len(self._tickets)))
        items = [{"ticket_id": one["id"], "quantity": self.random.randint(1, 3)} for one in lines]
        user = self.random.choice(self._users)["id"]
        placed = self._send("POST", "/api/orders/", {"user_id": user, "items": items})
        if placed:
            self._orders.append(placed["id"])

    def _any_order(self) -> int:
        return self.random.choice(self._orders) if self._orders else 1

    def _any_payment(self) -> int:
        return self.random.choice(self._payments) if self._payments else 1

    def _pay(self) -> None:
        part = self.random.choice((None, None, 0.5, 7))
        body = {"payment_method": self.random.choice(METHODS), "amount": part}
        made = self._send("POST", "/api/transactions/", {"order_id": self._any_order(), **body})
        if made:
            self._payments.append(made["id"])

    def _settle(self) -> None:
        status = self.random.choice(("success", "success", "success", "failed"))
        path = f"/api/transactions/{self._any_payment()}/status"
        self._send("PATCH", path, {"status": status})

    def _confirm(self) -> None:
        self._send("PATCH", f"/api/orders/{self._any_order()}/status", {"status": "confirmed"})

    def _complete(self) -> None:
        self._send("PATCH", f"/api/orders/{self._any_order()}/status", {"status": "completed"})

    def _cancel(self) -> None:
        self._send("POST", f"/api/orders/{self._any_order()}/cancel")

    def _refund(self) -> None:
        part = self.random.choice((None, 0.5, 1.25))
        self._send("POST", f"/api/transactions/{self._any_payment()}/refund", {"amount": part})

    def _delete(self) -> None:
        self._send("DELETE", f"/api/orders/{self._any_order()}")

    def _add(self) -> None:
        line = {"ticket_id": self.random.choice(self._tickets)["id"], "quantity": 1}
        self._send("POST", f"/api/orders/{self._any_order()}/items", line)

    def _rename(self) -> None:
        self._send("PUT", f"/api/tickets/{self.random.choice(self._tickets)['id']}", self._names())

    def _register(self) -> None:
        self._users.append(self._api.user(f"guest{self.random.random()}"[:20]))

    def _change_user(self) -> None:
        path = f"/api/users/{self.random.choice(self._users)['id']}"
        self._send("PUT", path, {"is_active": self.random.choice((True, False))})

    def _remove_user(self) -> None:
        self._send("DELETE", f"/api/users/{self._users[-1]['id']}")

    def _touch(self) -> None:
        """An order whose hold ran out expires when it is touched."""
        self._send("PUT", f"/api/orders/{self._any_order()}", {"notes": "late"})

    def _wait(self) -> None:
        # Holds end after 15 minutes, days at midnight, and three of these end a month.
        self._api.clock.advance(minutes=self.random.choice((7, 16, 60 * 11, 60 * 24 * 12)))
