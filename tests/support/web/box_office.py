"""Who makes what a test of pages is about, and sees what really became of it: over the API."""

import secrets
from dataclasses import dataclass
from typing import Any, Self

import httpx2

from tests.support.client import PASSWORD
from tools.server import LOCALLY

# Of an event that no demo has.
_FAR = "2036-05-01T18:00:00Z"


@dataclass(frozen=True)
class Buyer:
    id: int
    username: str


class BoxOffice:
    """An administrator of the demo, who may do everything."""

    def __init__(self, url: str) -> None:
        self._client = httpx2.Client(base_url=url, **LOCALLY)
        self._client.headers["Authorization"] = f"Bearer {self.token_of('ada')}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = self._client.request(method, path, json=body, **more)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def token_of(self, username: str) -> str:
        said = {"username": username, "password": PASSWORD}
        answer = self._client.post("/api/auth/token", data=said)
        assert answer.is_success, answer.text
        token: str = answer.json()["access_token"]
        return token

    def ticket(self, units: int = 50, **fields: Any) -> Any:
        """A ticket of an event of its own."""
        said = {
            "event_name": f"Recital {secrets.token_hex(4)}",
            "event_date": _FAR,
            "venue": "Small Hall",
            "category": "Stalls",
            "price": 30,
            "total_quantity": units,
        }
        return self.ask("POST", "/api/tickets/", said | fields)

    def buyer(self) -> Buyer:
        name = f"buyer_{secrets.token_hex(6)}"
        said = {"username": name, "email": f"{name}@example.com", "full_name": "A Buyer"}
        made = self.ask("POST", "/api/users/", {**said, "password": PASSWORD})
        return Buyer(made["id"], name)

    def buys(self, ticket: Any, quantity: int, *, buyer: Buyer | None = None) -> Any:
        """An order that holds so many, of the buyer's own asking."""
        who = buyer or self.buyer()
        lines = [{"ticket_id": ticket["id"], "quantity": quantity}]
        headers = {"Authorization": f"Bearer {self.token_of(who.username)}"}
        said = {"user_id": who.id, "items": lines}
        return self.ask("POST", "/api/orders/", said, headers=headers)

    def orders_of(self, buyer: Buyer) -> list[Any]:
        found: list[Any] = self.ask("GET", f"/api/users/{buyer.id}/orders?sort=-id")
        return found

    def payments_of(self, order: Any) -> list[Any]:
        found: list[Any] = self.ask("GET", f"/api/transactions/order/{order['id']}")
        return found
