"""A customer who orders, and what becomes of the holds."""

from datetime import datetime
from functools import partial
from typing import Any

from Order.services.expiry_service import expire_overdue_orders
from tests.support.client import Api
from tests.support.service import Service
from work.chores import Chore
from work.context import unattended


class Buyer:
    """A customer with a browser, whose log-in lasts however far a test sets the clock."""

    def __init__(self, api: Api, name: str = "ann") -> None:
        self._api = api
        self.user, _ = api.someone("customer", name)

    @property
    def api(self) -> Api:
        return self._api.bearer(self._api.log_in(self.user["username"])["access_token"])

    def order(self, *lines: tuple[Any, int]) -> Any:
        return self.api.order(self.user, *lines)

    def refused(self, *lines: tuple[Any, int]) -> Any:
        items = [{"ticket_id": ticket["id"], "quantity": units} for ticket, units in lines]
        return self.api.refused(
            "POST", "/api/orders/", {"user_id": self.user["id"], "items": items}
        )

    def puts_in_cart(self, ticket: Any, units: int) -> None:
        line = {"user_id": self.user["id"], "ticket_id": ticket["id"], "quantity": units}
        self.api.post("/api/cart/", line)

    def adds(self, order: Any, ticket: Any, units: int) -> Any:
        line = {"ticket_id": ticket["id"], "quantity": units}
        return self.api.post(f"/api/orders/{order['id']}/items", line)

    def gives_back(self, order: Any, way: str) -> None:
        if way == "delete":
            self.api.delete(f"/api/orders/{order['id']}")
        else:
            self.api.post(f"/api/orders/{order['id']}/cancel")


def chore(service: Service, done: Chore) -> int:
    unit = unattended(partial(done, limit=100), service.settings, service.clock)
    return service.database.write_now(unit)


def ends(order: Any) -> datetime:
    return datetime.fromisoformat(order["expires_at"])


def swept(service: Service) -> None:
    assert chore(service, expire_overdue_orders) == 1
